package sip

import (
	"bytes"
	"math"
)

// header reads the value of one of the headers that Skim leaves for later.
func (m *Message) header(kind headerKind, v []byte) {
	v = trimLWS(v)
	switch kind {
	case nameContact:
		m.contacts(v)
	case nameContentType:
		m.ContentType = beforeParams(v)
	case nameExpires:
		if n, ok := parseSeconds(v); ok {
			m.Expires = n
		}
	case namePrivacy:
		m.privacy(v)
	case nameEvent:
		m.Event = beforeParams(v)
	case nameUserAgent:
		m.UserAgent = v
	case nameSessionExpires:
		if n, ok := parseSeconds(v); ok {
			m.SessionExpires = uint32(n)
		}
	case nameAuthorization:
		m.Authorized = true
	case nameSessionID:
		m.seldom = true
		m.SessionID = beforeParams(v)
		m.SessionIDRemote, _ = param(v, "remote")
	case nameReplaces:
		m.seldom = true
		m.Replaces = v
	default:
		m.identity(kind, v)
	}
}

// identity reads the headers that say who is, was or will be in the call.
func (m *Message) identity(kind headerKind, v []byte) {
	m.seldom = true
	switch kind {
	case namePAssertedIdentity:
		m.assertedIdentity(v)
	case namePPreferredIdentity:
		v, _ = cutList(v)
		m.PPreferred.parseFirst(v)
	case nameRemotePartyID:
		m.remotePartyID(v)
	case namePCalledPartyID:
		m.PCalledPartyID.parseFirst(v)
	case nameDiversion:
		appendURIs(m.Diversion[:], v)
	case nameHistoryInfo:
		appendURIs(m.HistoryInfo[:], v)
	case nameReferTo:
		if m.ReferTo.parseFirst(v) {
			m.ReferReplaces = uriHeader(m.ReferTo.Raw, "replaces")
		}
	case nameReferredBy:
		m.ReferredBy.parseFirst(v)
	default:
	}
}

// topVia reads the first Via header: its first value is the topmost (RFC 3261 §20.42).
func (m *Message) topVia(v []byte) bool {
	if bytes.IndexByte(v, ',') < 0 {
		m.Vias = 1
	} else {
		m.countVias(v)
		v, _ = cutList(v)
	}
	// sent-protocol: name, version and transport, with white space allowed around each slash.
	i := 0
	if len(v) > 8 && string(v[:8]) == "SIP/2.0/" {
		i = 8
	} else {
		for range 2 {
			slash := bytes.IndexByte(v[i:], '/')
			if slash <= 0 {
				return false
			}
			i += slash + 1
		}
	}
	for i < len(v) && isLWS(v[i]) {
		i++
	}
	transport := i
	for i < len(v) && isToken[v[i]] {
		i++
	}
	if i == transport || i == len(v) || !isLWS(v[i]) {
		return false
	}
	for i < len(v) && isLWS(v[i]) {
		i++
	}
	host := i
	if i < len(v) && v[i] == '[' {
		end := bytes.IndexByte(v[i:], ']')
		if end < 0 {
			return false
		}
		m.SentBy = v[i+1 : i+end]
		i += end + 1
	} else {
		for i < len(v) && isHost[v[i]] {
			i++
		}
		m.SentBy = v[host:i]
	}
	if len(m.SentBy) == 0 {
		return false
	}
	m.Branch, _ = param(v[i:], "branch")
	return true
}

// countVias counts the values of one Via header.
func (m *Message) countVias(v []byte) {
	for more := true; more; {
		var element []byte
		element, v = cutList(v)
		if len(element) > 0 && m.Vias < math.MaxUint8 {
			m.Vias++
		}
		more = v != nil
	}
}

// contacts reads the bindings of one Contact header (RFC 3261 §20.10).
func (m *Message) contacts(v []byte) {
	if len(v) == 1 && v[0] == '*' {
		m.ContactStar = true
		return
	}
	for v != nil && m.NumContacts < MaxContacts {
		var element []byte
		element, v = cutList(v)
		_, uri, params, ok := cutAddress(element)
		if !ok {
			continue
		}
		c := &m.Contacts[m.NumContacts]
		m.NumContacts++
		c.URI.parse(uri)
		c.Expires = -1
		if value, ok := param(params, "expires"); ok {
			if n, ok := parseSeconds(value); ok {
				c.Expires = n
			}
		}
	}
}

// reasons reads one Reason header (RFC 3326 §2); the first value of a protocol counts.
func (m *Message) reasons(v []byte) {
	for v != nil {
		var element []byte
		element, v = cutList(v)
		value, ok := param(element, "cause")
		if !ok {
			continue
		}
		n, ok := parseSeconds(value)
		if !ok || n > 999 {
			continue
		}
		protocol := beforeParams(element)
		switch {
		case equalFold(protocol, "sip") && m.Reason.SIP == 0:
			m.Reason.SIP = uint16(n)
		case equalFold(protocol, "q.850") && m.Reason.Q850 == 0 && n <= 127:
			m.Reason.Q850 = uint16(n) + 1
		}
	}
}

// privacy reads one Privacy header (RFC 3323 §4.2); commas are taken as semicolons.
func (m *Message) privacy(v []byte) {
	for len(v) > 0 {
		end := bytes.IndexAny(v, ";, \t\r\n")
		word := v
		if end < 0 {
			v = nil
		} else {
			word, v = v[:end], v[end+1:]
		}
		if equalFold(word, "id") || equalFold(word, "user") || equalFold(word, "header") {
			m.PrivacyID = true
		}
	}
}

// assertedIdentity reads one P-Asserted-Identity header. RFC 3325 §9.1 allows one sip or sips value
// and one tel value; the first of the former counts, else the first of the latter.
func (m *Message) assertedIdentity(v []byte) {
	for v != nil {
		var element []byte
		element, v = cutList(v)
		_, uri, _, ok := cutAddress(element)
		if !ok {
			continue
		}
		var u URI
		u.parse(uri)
		if m.PAssertedIdentity.Raw == nil || m.PAssertedIdentity.Tel && !u.Tel {
			m.PAssertedIdentity = u
		}
	}
}

// remotePartyID reads one Remote-Party-ID header (draft-ietf-sip-privacy-04).
func (m *Message) remotePartyID(v []byte) {
	element, _ := cutList(v)
	_, uri, params, ok := cutAddress(element)
	if !ok || m.RemotePartyID.Raw != nil {
		return
	}
	m.RemotePartyID.parse(uri)
	privacy, ok := param(params, "privacy")
	m.RemotePartyHidden = ok && !equalFold(privacy, "off")
}

// parseFirst reads the URI of an address, unless one was read already.
func (u *URI) parseFirst(v []byte) bool {
	_, uri, _, ok := cutAddress(v)
	if !ok || u.Raw != nil {
		return false
	}
	u.parse(uri)
	return true
}

// appendURIs puts the addresses of one header into the free places of list.
func appendURIs(list []URI, v []byte) {
	for i := range list {
		for v != nil && list[i].Raw == nil {
			var element []byte
			element, v = cutList(v)
			list[i].parseFirst(element)
		}
	}
}

// beforeParams returns the token a value starts with.
func beforeParams(v []byte) []byte {
	for i, c := range v {
		if c == ';' || isLWS(c) {
			return v[:i]
		}
	}
	return v
}
