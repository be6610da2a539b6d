package phone

import (
	"slices"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// maxRedirects is how often one call is sent on; more is a loop, or no call that anybody wants to pay for.
const maxRedirects = 3

// redirections are where a call of ours was sent on to.
type redirections struct {
	tried []string // URIs, each of which is called once (RFC 3261 §8.1.3.4)
}

// next is where to call instead after a 3xx: the best contact that was not tried yet and that the caller wants to go to. It is
// asked for at the account's server, which knows the way.
func (r *redirections) next(c *Call, res *sip.Response) (sip.Uri, bool) {
	switch res.StatusCode {
	case 300, 301, 302: // not 305 and 380: another proxy, another kind of service (RFC 3261 §21.3)
	default:
		return sip.Uri{}, false
	}
	if c.out.o.Redirect == nil || len(r.tried) > maxRedirects {
		return sip.Uri{}, false
	}
	if len(r.tried) == 0 {
		first := bare(c.out.to)
		r.tried = append(r.tried, first.String())
	}
	for _, u := range contacts(res) {
		if s := u.String(); !slices.Contains(r.tried, s) && c.out.o.Redirect(partyOf("", u)) {
			r.tried = append(r.tried, s)
			return u, true
		}
	}
	return sip.Uri{}, false
}

// contacts are the SIP addresses that a redirection names, the preferred ones first (RFC 3261 §20.10).
func contacts(res *sip.Response) []sip.Uri {
	type choice struct {
		uri sip.Uri
		q   float64
	}
	var all []choice
	for v := range values(res, "Contact", "m") {
		p, ok := party(v)
		if !ok || len(all) == maxNamed {
			continue
		}
		u, err := parseURI(p.URI)
		if err != nil || u.User == "" {
			continue
		}
		x := choice{bare(u), 1}
		if q, given := param("x"+afterURI(v), "q"); given {
			x.q, _ = strconv.ParseFloat(q, 64) // what is no number comes last
		}
		all = append(all, x)
	}
	slices.SortStableFunc(all, func(a, b choice) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	uris := make([]sip.Uri, len(all))
	for i, x := range all {
		uris[i] = x.uri
	}
	return uris
}

// afterURI is what follows the address of a Contact value: its parameters.
func afterURI(value string) string {
	open := openBracket(value)
	for i := max(open, 0); i < len(value); i++ {
		if open >= 0 && value[i] == '>' {
			return value[i+1:]
		}
		if open < 0 && value[i] == ';' {
			return value[i:]
		}
	}
	return ""
}
