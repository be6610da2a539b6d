package sip

import "bytes"

// headerKind is a header the scanner reads; all others are nameOther.
type headerKind uint8

const (
	nameOther headerKind = iota
	nameVia
	nameFrom
	nameTo
	nameCallID
	nameCSeq
	nameContentLength
	nameContact
	nameContentType
	nameExpires
	nameReason
	namePrivacy
	nameEvent
	nameUserAgent
	nameReferTo
	nameReferredBy
	nameReplaces
	nameDiversion
	nameSessionID
	nameSessionExpires
	nameHistoryInfo
	nameAuthorization
	nameRemotePartyID
	namePAssertedIdentity
	namePPreferredIdentity
	namePCalledPartyID
)

// longName is headerName for the names that do not fit one word, the rarer ones, and names with
// white space before the colon (RFC 3261 §7.3.1).
func longName(b []byte, i int) (name headerKind, colon int) {
	colon = bytes.IndexByte(b[i:], ':')
	if colon <= 0 {
		return nameOther, -1
	}
	word := trimLWS(b[i : i+colon])
	colon += i
	if len(word) == 0 {
		return nameOther, -1
	}
	for _, c := range candidates[word[0]&31] {
		if equalFold(word, c.name) {
			return c.kind, colon
		}
	}
	return nameOther, colon
}

type candidate struct {
	name string
	kind headerKind
}

// candidates are the names of the headers that are read, by first letter, the frequent ones first;
// the one-letter names are the compact forms of RFC 3261 §7.3.3, RFC 3515 §2.1, RFC 3892 §3,
// RFC 4028 §4 and RFC 6665 §8.2.1.
var candidates = [32][]candidate{
	'a' & 31: {{"authorization", nameAuthorization}},
	'b' & 31: {{"b", nameReferredBy}},
	'c' & 31: {{"content-length", nameContentLength}, {"content-type", nameContentType}, {"call-id", nameCallID},
		{"contact", nameContact}, {"cseq", nameCSeq}, {"c", nameContentType}},
	'd' & 31: {{"diversion", nameDiversion}},
	'e' & 31: {{"expires", nameExpires}, {"event", nameEvent}},
	'f' & 31: {{"from", nameFrom}, {"f", nameFrom}},
	'h' & 31: {{"history-info", nameHistoryInfo}},
	'i' & 31: {{"i", nameCallID}},
	'l' & 31: {{"l", nameContentLength}},
	'm' & 31: {{"m", nameContact}},
	'o' & 31: {{"o", nameEvent}},
	'p' & 31: {{"p-asserted-identity", namePAssertedIdentity}, {"privacy", namePrivacy}, {"proxy-authorization", nameAuthorization},
		{"p-called-party-id", namePCalledPartyID}, {"p-preferred-identity", namePPreferredIdentity}},
	'r' & 31: {{"reason", nameReason}, {"refer-to", nameReferTo}, {"referred-by", nameReferredBy}, {"replaces", nameReplaces},
		{"remote-party-id", nameRemotePartyID}, {"r", nameReferTo}},
	's' & 31: {{"server", nameUserAgent}, {"session-expires", nameSessionExpires}, {"session-id", nameSessionID}},
	't' & 31: {{"to", nameTo}, {"t", nameTo}},
	'u' & 31: {{"user-agent", nameUserAgent}},
	'v' & 31: {{"via", nameVia}, {"v", nameVia}},
	'x' & 31: {{"x", nameSessionExpires}},
}

// letter is the set of one letter, either case.
func letter(c byte) uint32 { return 1 << (c & 31) }
