package sip

import "bytes"

// parse reads a name-addr or addr-spec with its parameters. It is false when there is no URI, or
// when a quote or bracket never ends.
func (a *Address) parse(v []byte) bool {
	params, ok := a.parseAddress(v)
	if !ok {
		return false
	}
	if len(params) > 5 && string(params[:5]) == ";tag=" {
		params = params[5:]
		for i, c := range params {
			if c == ';' || isLWS(c) {
				params = params[:i]
				break
			}
		}
		a.Tag = params
		return true
	}
	a.Tag, _ = param(params, "tag")
	return true
}

// parseAddress reads a name-addr or addr-spec and returns the header parameters after it.
func (a *Address) parseAddress(v []byte) (params []byte, ok bool) {
	v = trimLWS(v)
	i := 0
	if len(v) > 0 && v[0] == '"' {
		end := quoteEnd(v, 0)
		if end == len(v) {
			return nil, false
		}
		a.Name = v[1:end]
		for i = end + 1; i < len(v) && isLWS(v[i]); i++ {
		}
		if i == len(v) || v[i] != '<' {
			return nil, false
		}
	} else if i = bytes.IndexByte(v, '<'); i < 0 || startsScheme(v) {
		// addr-spec: parameters are the header's, not the URI's (RFC 3261 §20.10).
		end := 0
		for end < len(v) && v[end] != ';' && v[end] != ',' && !isLWS(v[end]) {
			end++
		}
		if end == 0 {
			return nil, false
		}
		a.URI.parse(v[:end])
		return v[end:], true
	} else {
		a.Name = trimLWS(v[:i])
	}
	end := bytes.IndexByte(v[i:], '>')
	if end < 0 {
		return nil, false
	}
	uri := trimLWS(v[i+1 : i+end])
	if len(uri) == 0 {
		return nil, false
	}
	a.URI.parse(uri)
	return v[i+end+1:], true
}

// startsScheme tells whether v is a URI rather than a display name.
func startsScheme(v []byte) bool {
	return len(v) >= 5 && (equalFold(v[:4], "sip:") || equalFold(v[:5], "sips:") || equalFold(v[:4], "tel:"))
}

// parse reads a URI by its parts; of schemes other than sip, sips and tel only Raw is set.
func (u *URI) parse(raw []byte) {
	u.Raw = raw
	var rest []byte
	switch {
	case len(raw) < 4:
		return
	case raw[3] == ':' && equalFold(raw[:3], "sip"):
		rest = raw[4:]
	case raw[3] == ':' && equalFold(raw[:3], "tel"):
		u.tel(raw[4:])
		return
	case len(raw) > 4 && raw[4] == ':' && equalFold(raw[:4], "sips"):
		rest = raw[5:]
	default:
		return
	}

	if at := bytes.IndexByte(rest, '@'); at >= 0 {
		u.User = rest[:at]
		rest = rest[at+1:]
		u.userinfo()
	}
	i := 0
	if len(rest) > 0 && rest[0] == '[' { // IPv6reference
		end := bytes.IndexByte(rest, ']')
		if end < 0 {
			return
		}
		u.Host = rest[1:end]
		i = end + 1
	} else {
		for i < len(rest) && rest[i] != ':' && rest[i] != ';' && rest[i] != '?' && !isLWS(rest[i]) {
			i++
		}
		u.Host = rest[:i]
	}
	if i < len(rest) && rest[i] == ':' {
		port := 0
		for i++; i < len(rest) && rest[i]-'0' <= 9 && port <= 0xffff; i++ {
			port = port*10 + int(rest[i]-'0')
		}
		if port <= 0xffff {
			u.Port = uint16(port)
		}
	}
	if u.PhoneContext == nil && i < len(rest) && rest[i] == ';' {
		u.PhoneContext = phoneContext(rest[i:])
	}
}

// userinfo cuts the password off the user part and finds the phone-context in it.
func (u *URI) userinfo() {
	for i, c := range u.User {
		switch c {
		case ':':
			u.User = u.User[:i]
			return
		case ';':
			u.PhoneContext = phoneContext(u.User[i:])
		}
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
