package cti

import (
	"net/netip"
	"time"

	"ringback/sip"
)

// Sink takes what a PBX tells, in the order of its telling. It is called on the feed's goroutine and
// does not wait.
type Sink interface {
	// Message takes told signalling.
	Message(Told)
	// Link takes that the leg with Call-ID caller causes the one with Call-ID callee.
	Link(at time.Time, caller, callee string)
	// Fact takes what signalling does not show.
	Fact(sip.Fact)
}

// Told is a SIP message that nobody saw: its PBX says that what it means happened.
type Told struct {
	At       time.Time // when it happened, by the PBX's clock
	Src, Dst netip.AddrPort
	Text     []byte
	PBX      string // directory id

	// Made says that the Call-ID is made up, as the PBX does not tell it. Where the PBX's signalling is
	// mirrored as well such a leg would be there twice.
	Made bool
}
