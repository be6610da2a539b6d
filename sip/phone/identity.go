package phone

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Party is somebody named in a request.
type Party struct {
	Name string // as shown; empty: none
	URI  string // "sip:+358401234567@pbx.example.com" or "tel:+358401234567"
	User string // of the URI: a number or an extension
}

// Invitation is what an INVITE said.
type Invitation struct {
	To           string            // the user of the Request-URI: what was dialled, as it reached us
	RequestURI   string            // the whole of it
	Called       Party             // of the To header
	Caller       Party             // PAI from a peer of the account's that is trusted, else From
	From         Party             // of the From header, whoever vouches for it
	Withheld     bool              // the caller does not want to be known (RFC 3323, RFC 3325): Caller and From are empty
	Diversions   []Diversion       // the last first (RFC 5806, RFC 7044)
	Headers      map[string]string // X- headers by lower-case name
	CallID       string
	Account      string // by which it came; empty: by none in particular
	ReplacesCall bool   // it asks to take over another call (RFC 3891), which we do not do
}

// Diversion is where a call was sent on from.
type Diversion struct {
	Party
	Reason string // as "no-answer", "unconditional"; or the cause of RFC 4458, as "408"
}

// maxNamed is how many entries of a history, and X- headers, are kept.
const maxNamed = 32

// party reads a name-addr or addr-spec.
func party(value string) (Party, bool) {
	name, rest := "", strings.TrimSpace(value)
	uri, _, _ := strings.Cut(rest, ";")
	if open := openBracket(rest); open >= 0 {
		end := strings.IndexByte(rest[open:], '>')
		if end < 0 {
			return Party{}, false
		}
		name, uri = unquote(strings.TrimSpace(rest[:open])), rest[open+1:open+end]
	}
	var u sip.Uri
	if sip.ParseUri(strings.TrimSpace(uri), &u) != nil || !plain(u) {
		return Party{}, false
	}
	return partyOf(name, u), true
}

// openBracket is where the angle bracket is that no quotation hides, or -1.
func openBracket(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '<' && !quoted:
			return i
		}
	}
	return -1
}

func partyOf(name string, u sip.Uri) Party {
	p := Party{Name: name, URI: u.String(), User: u.User}
	if u.Scheme == "tel" {
		p.User, _, _ = strings.Cut(u.Raw(), ";")
		return p
	}
	p.User, _, _ = strings.Cut(unescape(p.User), ";") // as +358401234567;phone-context=… (RFC 3261 §19.1.6)
	return p
}

// unescape undoes %hh (RFC 3261 §19.1.2); what is not well-formed stays.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte(hexDigits, lower(s[i+1])), strings.IndexByte(hexDigits, lower(s[i+2]))
			if c := hi<<4 | lo; hi >= 0 && lo >= 0 && c > ' ' && c < 0x7f {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// invitation reads an INVITE. Trusted says that what its sender asserts is believed (RFC 3325 §5).
func invitation(req *sip.Request, trusted bool) Invitation {
	i := Invitation{
		To:           partyOf("", req.Recipient).User,
		RequestURI:   req.Recipient.String(),
		Called:       partyOf(req.To().DisplayName, req.To().Address),
		From:         partyOf(req.From().DisplayName, req.From().Address),
		CallID:       req.CallID().Value(),
		ReplacesCall: firstValue(req, "Replaces") != "",
	}
	i.Caller = i.From
	if trusted {
		for v := range values(req, "P-Asserted-Identity") {
			if p, ok := party(v); ok && p.User != "" {
				i.Caller = p
				break
			}
		}
	}
	if i.Withheld = withheld(req); i.Withheld {
		i.Caller, i.From = Party{}, Party{}
	}
	for _, h := range req.Headers() {
		name := strings.ToLower(h.Name())
		if strings.HasPrefix(name, "x-") && len(i.Headers) < maxNamed {
			if i.Headers == nil {
				i.Headers = map[string]string{}
			}
			i.Headers[name] = h.Value()
		}
	}
	i.Diversions = diversions(req)
	return i
}

// withheld says whether the caller hides his identity: by Privacy, or by a From that names nobody (RFC 3323 §4.1,
// RFC 3325 §9.3).
func withheld(req *sip.Request) bool {
	for v := range values(req, "Privacy") {
		for p := range elements(v, ';') {
			if slices.Contains([]string{"id", "user", "header"}, strings.ToLower(p)) {
				return true
			}
		}
	}
	from := req.From().Address
	return strings.EqualFold(from.User, "anonymous") || strings.EqualFold(from.Host, "anonymous.invalid")
}

// diversions are those of Diversion headers, else of History-Info entries that have a cause.
func diversions(req *sip.Request) []Diversion {
	var all []Diversion
	for v := range values(req, "Diversion") {
		if p, ok := party(v); ok && len(all) < maxNamed {
			d := Diversion{Party: p}
			d.Reason, _ = param(v, "reason")
			all = append(all, d)
		}
	}
	if len(all) > 0 {
		return all
	}
	var last *Party // an entry's cause says why the one before it was left (RFC 4458 §2)
	for v := range values(req, "History-Info") {
		p, ok := party(v)
		if !ok || len(all) >= maxNamed {
			continue
		}
		if cause, ok := historyCause(p.URI); ok && last != nil {
			all = append(all, Diversion{Party: *last, Reason: cause})
		}
		last = &p
	}
	slices.Reverse(all)
	return all
}

func historyCause(uri string) (string, bool) {
	for p := range strings.SplitSeq(uri, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "cause") {
			v, _, _ = strings.Cut(v, "?")
			return v, true
		}
	}
	return "", false
}
