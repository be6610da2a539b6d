package phone

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// maxURI is how long a URI may be, in bytes. Contacts come from phones and are copied into the
// Request-URI and the To header, which must share a datagram with everything else.
const maxURI = 400

// parseURI reads a sip or sips URI that may become a Request-URI. sipgo's parser takes nearly
// anything, so what would break out of a header line is refused here.
func parseURI(s string) (sip.Uri, error) {
	var u sip.Uri
	if len(s) > maxURI {
		return u, fmt.Errorf("%w: longer than %d bytes", ErrURI, maxURI)
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' {
			return u, fmt.Errorf("%w: byte %#02x at offset %d", ErrURI, c, i)
		}
	}
	// Headers of a URI are no part of a Request-URI (RFC 3261 §19.1.1); a question mark may also stand in
	// the user part.
	if i := strings.LastIndexByte(s, '?'); i > strings.LastIndexByte(s, '@') {
		s = s[:i]
	}
	if err := sip.ParseUri(s, &u); err != nil {
		return u, fmt.Errorf("%w: %w", ErrURI, err)
	}
	switch {
	case u.Scheme != "sip" && u.Scheme != "sips":
		return u, fmt.Errorf("%w: scheme %q", ErrURI, u.Scheme)
	case u.Host == "" || u.Wildcard:
		return u, fmt.Errorf("%w: no host", ErrURI)
	case u.Port < 0 || u.Port > 65535:
		return u, fmt.Errorf("%w: port %d", ErrURI, u.Port)
	}
	u.HierarhicalSlashes = false
	return u, nil
}

// parameter is a URI parameter's value, found without regard to case (RFC 3261 §19.1.4).
func parameter(u sip.Uri, name string) (string, bool) {
	for _, kv := range u.UriParams {
		if strings.EqualFold(kv.K, name) {
			return kv.V, true
		}
	}
	return "", false
}

// hostAddr is the address a URI's host is written as, if it is no name.
func hostAddr(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return a.Unmap(), err == nil
}

// bare is a URI as From and To carry it: without port and parameters (RFC 3261 §19.1.1).
func bare(u sip.Uri) sip.Uri {
	return sip.Uri{Scheme: u.Scheme, User: u.User, Host: u.Host}
}
