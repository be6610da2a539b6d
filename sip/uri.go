package sip

import "bytes"

// parse reads a name-addr or addr-spec with its parameters, but of the URI no more than where it is. It
// is false when there is no URI, or when a quote or bracket never ends.
func (a *Address) parse(v []byte) bool {
	name, uri, params, ok := cutAddress(v)
	if !ok {
		return false
	}
	a.Name = name
	a.URI.Raw = uri
	if len(params) > 5 && string(params[:5]) == ";tag=" && params[5] != '"' {
		a.Tag = untilParam(params[5:])
	} else {
		a.Tag, _ = param(params, "tag")
	}
	return true
}

// cutAddress cuts a name-addr or addr-spec (RFC 3261 §20.10) into display name, URI and header
// parameters.
func cutAddress(v []byte) (name, uri, params []byte, ok bool) {
	v = trimLWS(v)
	if len(v) == 0 {
		return nil, nil, nil, false
	}
	i := 0
	switch v[0] {
	case '<':
	case '"':
		end := quoteEnd(v, 0)
		if end == len(v) {
			return nil, nil, nil, false
		}
		name = v[1:end]
		for i = end + 1; i < len(v) && isLWS(v[i]); {
			i++
		}
		if i == len(v) || v[i] != '<' {
			return nil, nil, nil, false
		}
	default:
		i = bytes.IndexByte(v, '<')
		if i < 0 || startsScheme(v) {
			return cutSpec(v)
		}
		name = trimLWS(v[:i])
	}
	end := bytes.IndexByte(v[i:], '>')
	if end < 0 {
		return nil, nil, nil, false
	}
	uri = trimLWS(v[i+1 : i+end])
	return name, uri, v[i+end+1:], len(uri) > 0
}

// cutSpec cuts an addr-spec. Without angle brackets parameters are the header's, not the URI's
// (RFC 3261 §20.10).
func cutSpec(v []byte) (name, uri, params []byte, ok bool) {
	end := 0
	for end < len(v) && v[end] != ';' && v[end] != ',' && !isLWS(v[end]) {
		end++
	}
	return nil, v[:end], v[end:], end > 0
}

// startsScheme tells whether v is a URI rather than a display name.
func startsScheme(v []byte) bool {
	return len(v) >= 5 && (equalFold(v[:4], "sip:") || equalFold(v[:5], "sips:") || equalFold(v[:4], "tel:"))
}

// isPlainUser holds the characters of a user part that has neither parameters nor a password.
var isPlainUser = func() (set [256]bool) {
	for c := range set {
		set[c] = c > ' ' && c < 0x7f
	}
	for _, c := range []byte("@:;?/") {
		set[c] = false
	}
	return set
}()

// isHost holds the characters that do not end a host name or IPv4 address.
var isHost = func() (set [256]bool) {
	for c := range set {
		set[c] = c > ' '
	}
	for _, c := range []byte(":;?") {
		set[c] = false
	}
	return set
}()

// parse reads a URI by its parts; of schemes other than sip, sips and tel only Raw is set.
func (u *URI) parse(raw []byte) {
	u.Raw = raw
	var i int
	switch {
	case len(raw) < 5:
		return
	case raw[3] == ':' && raw[0]|0x20 == 's' && raw[1]|0x20 == 'i' && raw[2]|0x20 == 'p':
		i = 4
	case raw[4] == ':' && equalFold(raw[:4], "sips"):
		i = 5
	case raw[3] == ':' && equalFold(raw[:3], "tel"):
		u.tel(raw[4:])
		return
	default:
		return
	}

	user := i
	for i < len(raw) && isPlainUser[raw[i]] {
		i++
	}
	switch {
	case i == len(raw):
		i = user
	case raw[i] == '@':
		u.User = raw[user:i]
		i++
	default:
		if at := bytes.IndexByte(raw[i:], '@'); at >= 0 {
			u.userinfo(raw[user : i+at])
			i += at + 1
		} else {
			i = user
		}
	}
	u.hostport(raw[i:])
}

// userinfo cuts the password off the user part and finds the phone-context in it (RFC 3261 §25.1).
func (u *URI) userinfo(v []byte) {
	u.User, _, _ = bytes.Cut(v, []byte(":"))
	if i := bytes.IndexByte(u.User, ';'); i >= 0 {
		u.PhoneContext = phoneContext(u.User[i:])
	}
}

// hostport reads what follows the user part.
func (u *URI) hostport(v []byte) {
	i := 0
	if len(v) > 0 && v[0] == '[' { // an IPv6reference
		end := bytes.IndexByte(v, ']')
		if end < 0 {
			return
		}
		u.Host = v[1:end]
		i = end + 1
	} else {
		for i < len(v) && isHost[v[i]] {
			i++
		}
		u.Host = v[:i]
	}
	if i < len(v) && v[i] == ':' {
		port := 0
		for i++; i < len(v) && v[i]-'0' <= 9 && port <= 0xffff; i++ {
			port = port*10 + int(v[i]-'0')
		}
		if port <= 0xffff {
			u.Port = uint16(port)
		}
	}
	if i < len(v) && v[i] == ';' && u.PhoneContext == nil {
		u.PhoneContext = phoneContext(v[i:])
	}
}

// tel reads what follows "tel:" (RFC 3966 §3).
func (u *URI) tel(rest []byte) {
	u.Tel = true
	u.User = rest
	if i := bytes.IndexByte(rest, ';'); i >= 0 {
		u.User = rest[:i]
		u.PhoneContext = phoneContext(rest[i:])
	}
}

// phoneContext finds the phone-context in a run of parameters (RFC 3966 §5.1.5).
func phoneContext(params []byte) []byte {
	if len(params) < len(";phone-context=+1") {
		return nil
	}
	value, _ := param(params, "phone-context")
	if i := bytes.IndexByte(value, '?'); i >= 0 {
		value = value[:i]
	}
	return value
}

// uriHeader returns the named header of a URI, still escaped (RFC 3261 §19.1.1).
func uriHeader(uri []byte, name string) []byte {
	rest := uri
	if at := bytes.IndexByte(uri, '@'); at >= 0 && bytes.IndexByte(uri[at:], '?') >= 0 {
		rest = uri[at:] // a user part may hold a '?' of its own
	}
	question := bytes.IndexByte(rest, '?')
	if question < 0 {
		return nil
	}
	rest = rest[question+1:]
	for {
		field := rest
		end := bytes.IndexByte(rest, '&')
		if end >= 0 {
			field = rest[:end]
		}
		if eq := bytes.IndexByte(field, '='); eq >= 0 && equalFold(field[:eq], name) {
			return field[eq+1:]
		}
		if end < 0 {
			return nil
		}
		rest = rest[end+1:]
	}
}
