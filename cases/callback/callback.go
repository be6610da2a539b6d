// Package callback says what a callback call is: a call that Ringback makes itself, an agent's device first and then the
// customer. It is plain data, for the dialler that makes such calls (daemon/dialer) and for the web that shows
// them; it does nothing.
package callback

import (
	"errors"
	"time"

	"ringback/cases/maycall"
	"ringback/cases/queue"
	"ringback/directory/audit"
	"ringback/sip"
)

// Why no callback call begins; test with errors.Is. A call that the rules block is a [Blocked].
var (
	ErrOff      = errors.New("callback: no calls are made from here")
	ErrDevice   = errors.New("callback: the agent has no such device")
	ErrUnderWay = errors.New("callback: the customer is being called")
	ErrGone     = errors.New("callback: it is not offered to the agent any more")
	ErrNone     = errors.New("callback: no call is under way")
	ErrNumber   = errors.New("callback: nothing that could be dialled")
)

// Blocked is the error of a call that the rules are against.
type Blocked struct {
	Answer maycall.Answer
	Number sip.Number
}

// Error names the rule.
func (b *Blocked) Error() string { return "callback: blocked: " + string(b.Answer.Findings[0].Rule) }

// State is how far a callback call is.
type State string

// The states, in their order.
const (
	Queued     State = "queued"     // it waits for the device, or for live callers to be served
	Device     State = "device"     // the agent's device is called
	Announcing State = "announcing" // the agent hears whom he will be connected with
	Dialling   State = "dialling"   // the customer is called
	Ringing    State = "ringing"    // the customer's phone alerts
	Connected  State = "connected"  // both talk
	Over       State = "over"
)

// Outcome is what came of a callback call.
type Outcome string

// The outcomes. The first six are the customer's; with the others he was not called.
const (
	Answered      Outcome = "answered"
	Busy          Outcome = "busy"
	NoAnswer      Outcome = "no_answer"
	WrongNumber   Outcome = "wrong_number"
	Rejected      Outcome = "rejected"
	Failed        Outcome = "failed" // the network's fault: no attempt
	AgentNoAnswer Outcome = "agent_no_answer"
	AgentRejected Outcome = "agent_rejected" // his device was busy, or refused
	AgentDeclined Outcome = "agent_declined" // he hung up before he accepted, or accepted nothing in time
	AgentFailed   Outcome = "agent_failed"   // his device could not be reached
	Refused       Outcome = "refused"        // a rule, or somebody else, came in between
	Cancelled     Outcome = "cancelled"
	Stopped       Outcome = "stopped" // Ringback did
	Missed        Outcome = "missed"  // the device had as many callbacks as it takes
)

// Order is a callback call that somebody wants.
type Order struct {
	Case   string
	Agent  string // whose device rings; he has the case then
	Device string // as [Choice] names it; empty: his first

	Number  sip.Number // to be called instead of the case's; 0: that
	Dialled string     // what was typed, where it is no E.164 number
	Verify  bool       // the number is known to be right: the case is given it

	PIN      string // where the number needs one
	PINGiven bool   // it was given before, when the call was scheduled

	Act        string // names the act; may be empty
	By         audit.Who
	Peer       string // address of who asks
	Who        string // in words, for attempts at PINs
	Supervises bool
	Version    uint64 // of the case as he saw it; 0: whatever it is
	Scheduled  bool   // nobody is waiting for it at a screen: live callers go first
	Offered    bool   // it was offered to him, and is taken only while it is
}

// Choice is a device of an agent.
type Choice struct {
	ID   string // an extension, user@host, or a number
	Kind string // extension, address or mobile
}

// Call is a callback call as it is.
type Call struct {
	ID     string
	Case   string
	List   string
	Agent  string
	Device string
	Number sip.Number // of the customer
	Shown  string     // to him: the service's number
	State  State

	Outcome    Outcome // when it is over
	StatusCode int     // of SIP, behind the outcome; 0: none
	Reason     string  // a sentence for people, where there is more to say

	Begun     time.Time
	Dialled   time.Time // when the customer was called; zero: he was not
	Answered  time.Time // by him
	Ended     time.Time
	HungUp    string // who ended a call that was answered: agent, customer or network
	CallIDs   []string
	Connected time.Duration // how long they talked
}

// Offer says whether an agent can have callback calls, and with what.
type Offer struct {
	Devices []Choice
	Reason  string // a sentence: why he cannot; empty: he can
	Code    string // off, no_device or unreachable
	Under   []Call // his that are not over
}

// Step is what became of an offering.
type Step string

// The steps.
const (
	Offered   Step = "offered"
	Accepted  Step = "accepted"
	Declined  Step = "declined"
	Lapsed    Step = "lapsed"    // he did not say in time
	Withdrawn Step = "withdrawn" // he is busy, callers wait, or the customer is not to be called any more
)

// Offering is a callback that is offered to an agent, in the app.
type Offering struct {
	Case   string
	List   string
	Agent  string
	Device string // that would ring
	Number sip.Number
	Asked  time.Time // when the customer's case was opened: since when he waits
	Since  time.Time // when it was offered
	Until  time.Time // when it lapses
	Step   Step
}

// Waiting is a callback that waits for an agent to be free.
type Waiting struct {
	Case   string
	List   string
	Agent  string // the only one who may have it; empty: any of the list
	Number sip.Number
	Asked  time.Time
	Held   queue.Hold
}
