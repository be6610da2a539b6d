package sip

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

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
	nameReason
	nameContact
	nameContentType
	nameExpires
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
	nameLink // a configured one, of any name

	// lastAtOnce is the last of those that Skim reads; the others are left for Message.Read.
	lastAtOnce = nameReason
)

// headerNames are the headers that are read. The one-letter names are the compact forms of
// RFC 3261 §7.3.3, RFC 3515 §2.1, RFC 3892 §3, RFC 4028 §4 and RFC 6665 §8.2.1.
var headerNames = []struct {
	name string
	kind headerKind
}{
	{"via", nameVia},
	{"v", nameVia},
	{"from", nameFrom},
	{"f", nameFrom},
	{"to", nameTo},
	{"t", nameTo},
	{"call-id", nameCallID},
	{"i", nameCallID},
	{"cseq", nameCSeq},
	{"content-length", nameContentLength},
	{"l", nameContentLength},
	{"contact", nameContact},
	{"m", nameContact},
	{"content-type", nameContentType},
	{"c", nameContentType},
	{"expires", nameExpires},
	{"reason", nameReason},
	{"privacy", namePrivacy},
	{"event", nameEvent},
	{"o", nameEvent},
	{"user-agent", nameUserAgent},
	{"server", nameUserAgent},
	{"refer-to", nameReferTo},
	{"r", nameReferTo},
	{"referred-by", nameReferredBy},
	{"b", nameReferredBy},
	{"replaces", nameReplaces},
	{"diversion", nameDiversion},
	{"session-id", nameSessionID},
	{"session-expires", nameSessionExpires},
	{"x", nameSessionExpires},
	{"history-info", nameHistoryInfo},
	{"authorization", nameAuthorization},
	{"proxy-authorization", nameAuthorization},
	{"remote-party-id", nameRemotePartyID},
	{"p-asserted-identity", namePAssertedIdentity},
	{"p-preferred-identity", namePPreferredIdentity},
	{"p-called-party-id", namePCalledPartyID},
}

// nameSlot is a place of nameTable: one or two names by what they start with.
type nameSlot struct {
	word  uint64 // the name, or its first eight letters
	names [2]string
	kinds [2]headerKind
}

// nameTable holds headerNames where nameIndex finds them, names that start alike together.
var nameTable = func() (table [128]nameSlot) {
	for _, h := range headerNames {
		var first [8]byte
		copy(first[:], h.name)
		word := binary.LittleEndian.Uint64(first[:])
		slot := &table[nameIndex(word)]
		at := 0
		if slot.word == word {
			at = 1
		}
		slot.word, slot.names[at], slot.kinds[at] = word, h.name, h.kind
	}
	return table
}()

// nameIndex is a perfect hash of what headerNames start with.
func nameIndex(word uint64) uint64 {
	const factor = 0x18e2b6523ce13889 // found by trying
	return word * factor >> 57
}

// Eight times one byte.
const (
	eachOne   = 0x0101010101010101
	eachHigh  = 0x80 * eachOne
	eachColon = ':' * eachOne
	eachSpace = ' ' * eachOne
	eachLower = 0x20 * eachOne // makes letters lower case and leaves '-' and digits
	eachAlpha = 0x40 * eachOne
)

// headerName tells which header a line is, and where its colon stands. It looks at eight letters at
// a time, and no further when they are of no header that is read: this is asked of every line.
func headerName(line []byte) (kind headerKind, colon int) {
	if len(line) < 8 {
		return spacedName(line)
	}
	raw := binary.LittleEndian.Uint64(line)
	x := raw ^ eachColon
	x = (x - eachOne) &^ x & eachHigh // the lowest bit set is that of the first colon
	colon = bits.TrailingZeros64(x) >> 3
	mask := uint64(1)<<(8*colon) - 1
	word := (raw | eachLower) & mask
	control := ^(raw | raw<<1) & eachAlpha & mask
	slot := &nameTable[nameIndex(word)]
	if slot.word == word && control == 0 { // in lower case a CR looks like '-'
		if colon < 8 {
			return slot.kinds[0], colon
		}
		return longName(line, slot)
	}
	x = word ^ eachSpace&mask
	if control|(x-eachOne)&^x&eachHigh&mask != 0 {
		return spacedName(line)
	}
	return nameOther, 0
}

// longName is headerName for a line that starts as slot's names do.
func longName(line []byte, slot *nameSlot) (kind headerKind, colon int) {
	for i, name := range slot.names {
		n := len(name)
		if n < 8 || len(line) <= n || !equalFold(line[8:n], name[8:]) {
			continue
		}
		if line[n] == ':' {
			return slot.kinds[i], n
		}
		return spacedName(line)
	}
	return nameOther, 0
}

// spacedName is headerName for names that may have white space behind them (RFC 3261 §7.3.1).
func spacedName(line []byte) (kind headerKind, colon int) {
	colon = bytes.IndexByte(line, ':')
	if colon < 0 {
		return nameOther, 0
	}
	name := trimLWS(line[:colon])
	for i := range headerNames {
		if equalFold(name, headerNames[i].name) {
			return headerNames[i].kind, colon
		}
	}
	return nameOther, 0
}

// letter is the set of one letter, either case.
func letter(c byte) uint32 { return 1 << (c & 31) }
