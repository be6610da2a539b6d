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

// nameSlot is a place of nameTable: a name by its first eight letters and its length.
type nameSlot struct {
	word uint64
	name string
	kind headerKind
}

// nameTable holds headerNames where nameIndex finds them, each at a place of its own.
var nameTable = func() (table [128]nameSlot) {
	for _, h := range headerNames {
		var first [8]byte
		copy(first[:], h.name)
		word := binary.LittleEndian.Uint64(first[:])
		table[nameIndex(word, len(h.name))] = nameSlot{word, h.name, h.kind}
	}
	return table
}()

// nameIndex is a perfect hash of headerNames.
func nameIndex(word uint64, length int) uint64 {
	const factor = 0x0fb1ac6213d0cf73 // found by trying; no two names may meet
	return (word ^ uint64(length)) * factor >> 57
}

// A byte of each of a word's eight.
const (
	eachOne   = 0x0101010101010101
	eachHigh  = 0x80 * eachOne
	eachColon = ':' * eachOne
	eachLower = 0x20 * eachOne // makes letters lower case and leaves '-' and digits
	eachAlpha = 0x40 * eachOne
)

// headerName tells which header a line is, and where its colon stands; -1 when it has none.
// It compares eight letters at a time, since this is asked of every line.
func headerName(line []byte) (kind headerKind, colon int) {
	if len(line) < 8 {
		return shortLine(line)
	}
	raw := binary.LittleEndian.Uint64(line)
	mask := ^uint64(0)
	x := raw ^ eachColon
	if at := (x - eachOne) &^ x & eachHigh; at != 0 { // its lowest bit is that of the first colon
		colon = bits.TrailingZeros64(at) >> 3
		mask = 1<<(8*colon) - 1
	} else {
		colon = bytes.IndexByte(line[8:], ':')
		if colon < 0 {
			return nameOther, -1
		}
		colon += 8
	}
	if colon == 0 {
		return nameOther, 0
	}
	if ^(raw|raw<<1)&eachAlpha&mask != 0 || line[colon-1] <= ' ' { // a control character or white space
		return spacedName(line, colon), colon
	}
	word := (raw | eachLower) & mask
	slot := &nameTable[nameIndex(word, colon)]
	if slot.word != word || len(slot.name) != colon || colon > 8 && !equalFold(line[8:colon], slot.name[8:]) {
		return nameOther, colon
	}
	return slot.kind, colon
}

// shortLine is headerName for a line of less than eight bytes.
func shortLine(line []byte) (kind headerKind, colon int) {
	colon = bytes.IndexByte(line, ':')
	if colon <= 0 {
		return nameOther, colon
	}
	return spacedName(line, colon), colon
}

// spacedName is headerName for a name that may have white space behind it (RFC 3261 §7.3.1).
func spacedName(line []byte, colon int) headerKind {
	name := trimLWS(line[:colon])
	for i := range headerNames {
		if equalFold(name, headerNames[i].name) {
			return headerNames[i].kind
		}
	}
	return nameOther
}

// letter is the set of one letter, either case.
func letter(c byte) uint32 { return 1 << (c & 31) }
