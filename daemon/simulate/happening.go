package simulate

import (
	"time"

	"ringback/sip"
)

// Kind says what happened in the contact centre.
type Kind uint8

// What can happen. The second half ends a call, with its verdict.
const (
	Rang       Kind = iota + 1 // a customer rings a service
	Alerted                    // an agent's phone rings for him
	PickedUp                   // an agent answers him
	Dialled                    // an agent dials a customer
	Reached                    // the customer answers
	HungUp                     // a customer ends his call: after talking, or tired of waiting
	SentAway                   // the PBX ends it after too long a wait
	CutOff                     // the carrier loses it in the middle of talking
	Released                   // an agent ends it
	NotReached                 // an agent's call finds the customer's phone busy, or nobody picks up
)

// Happening is one thing that happened, and for the end of a call what must come of it.
type Happening struct {
	At       time.Time
	Kind     Kind
	Call     int    // counts the calls from 1
	CallID   string // of the customer's leg, for a call out of the agent's
	Customer string // E.164 with a plus sign, "" when he withholds it
	Service  *Service
	Agent    *Agent   // who answered or dialled, or whose phone rings; nil when nobody did
	Rung     []*Agent // whose phones rang
	Outbound bool
	Talked   time.Duration // since PickedUp or Reached
	Waited   time.Duration // since Rang or Dialled, until PickedUp or Reached or the end

	// Of a customer's call that ended. A short abandon is Missed too, but makes no case.
	Verdict sip.Verdict
	Reason  sip.Reason
	Short   bool
}
