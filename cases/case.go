package cases

import (
	"time"

	"ringback/sip"
)

// Case is one customer to call: a value, as it was when it was read. Its slices are not to be changed.
type Case struct {
	ID     string     // short, sorts by when the case was opened
	List   string     // its callback list
	Number sip.Number // 0 when the caller's identity is no E.164 number
	Caller string     // the number, or that identity where there is none, for people
	State  State

	Service     string         // called last
	Verdict     sip.Verdict    // of the latest miss
	Reason      sip.Reason     // of the latest miss
	Confidence  sip.Confidence // of the latest miss
	MissedCount int
	Wait        time.Duration // how long the customer waited for an agent, at the latest miss
	CallIDs     []string      // SIP Call-IDs of the missed calls, the latest 16 at most

	Opened  time.Time
	Missed  time.Time // when the customer went away last
	Due     time.Time
	Expires time.Time // zero: never

	Closed      time.Time // zero while open
	CloseReason CloseReason
	ClosedBy    string    // who dialled, served or closed by hand: an agent's id
	Proof       []string  // SIP Call-IDs of the call that closed it, 16 at most
	UndoUntil   time.Time // until when the automatic close can be undone; zero: it cannot

	CallingNow   bool // the customer is on the line again: to be shown, not to be dialled
	CallingSince time.Time

	Assignee  string    // an agent's id
	Scheduled time.Time // when a person wants the customer called; zero: nobody said
	KeepOpen  bool      // never closed automatically
	Attempts  int       // to reach the customer
	Attempted time.Time // the last of them

	Previous string // the closed case of the same customer before this one
	Version  uint64 // grows with every change

	Channel    Channel // the way it came in
	CreatedBy  string  // the agent or program that made it, where no call did
	Requests   int     // how often the customer asked to be called, where he did
	ExternalID string  // what an import or another program calls it
	Name       string  // of the customer
	Topic      string
	Note       string            // what there is to know
	LastNote   string            // what somebody wrote last with a handling, a comment or another act
	Fields     map[string]string // further columns of an import

	Personal      string    // the agent it is meant for; empty: everybody
	PersonalUntil time.Time // then it is everybody's; zero: never. Until then see OpenTo
	Accepted      time.Time // by the assignee, when another gave it to him
	ClaimUntil    time.Time // until when the assignee, who took it himself, has to call; zero: no limit
	NotBefore     time.Time // it is not offered before; zero: at any time

	Awaiting time.Time // since when more is asked; zero: nothing is
	Question string    // what

	Attempt    *Attempt  // the latest; nil: none
	Handling   string    // the handling status given last
	Resolution string    // given at the close
	Contacted  time.Time // when a call reached the customer first; zero: none did

	Undo *Undoable // the act that can be taken back; nil: none
}

// Attempt is one try to reach a customer, made in the app or seen on the wire.
type Attempt struct {
	At      time.Time
	Agent   string     // who tried; empty: nobody knows
	Call    string     // sip.Call.ID; empty when it was not seen on the wire
	Result  sip.Result // likewise
	Counted bool       // towards the limits of the list
	Handled bool       // a handling status was given for it
	TooSoon bool       // the agent gave up before that could say anything
}

func (t *try) public() *Attempt {
	return &Attempt{At: t.at, Agent: t.agent, Call: t.call, Result: t.result, Counted: t.counted, Handled: t.handled, TooSoon: t.early}
}

// Undoable is an act that whoever did it can take back, with Undo, until the list's undo_within is over
// or something else happens to the case.
type Undoable struct {
	Act   string // its id
	Agent string // who did it
	At    time.Time
	Event ChangeEvent // what it did
}

// Overdue says whether the case should have been dealt with by now.
func (c *Case) Overdue(now time.Time) bool { return c.State == Open && !now.Before(c.Due) }

func expiryOf(state State, keepOpen bool, expires, scheduled time.Time) time.Time {
	switch {
	case state != Open || keepOpen || expires.IsZero():
		return time.Time{}
	case scheduled.After(expires):
		return scheduled
	}
	return expires
}

// sooner is the earlier of two times, where the zero time is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Change is one thing that happened to one case, told once it is on the disk.
type Change struct {
	Event   ChangeEvent
	Case    Case // as it was after the change
	At      time.Time
	Reason  string   // of a miss, of a close, or the result of an attempt
	Agent   string   // who dialled, served, or did it by hand
	Call    string   // sip.Call.ID of the call that caused it
	CallIDs []string // SIP Call-IDs of that call
}

// Notifies says whether an agent is to be told of the change as of a new case, if he is active on the list
// and the list tells its members: of a case that came to be, or came to be again by a new miss, only
// while nobody has it, and not by him who made it. What is edited is not told again.
func (ch *Change) Notifies(agent string) bool {
	again := ch.Event == Reopened && ch.Call != "" && ch.Agent == "" // else the result of somebody's call
	return (ch.Event == Opened || again) && ch.Case.State == Open && ch.Case.Assignee == "" && (ch.Agent == "" || ch.Agent != agent)
}

// Entry is one event of a case's history, with its proof.
type Entry struct {
	At     time.Time
	Event  ChangeEvent
	Reason string
	Agent  string
	Note   string // what a person wrote with it
	Call   *Proof // the call that caused it, nil when none did

	Visible bool          // of a comment: the customer may see it
	Fields  []FieldChange // of an edit: what was changed
}

// FieldChange is one field of a case that a person changed. Times are written as RFC 3339 says.
type FieldChange struct {
	Name, Old, New string
}

// Proof is what was seen of a call, as far as an entry rests on it.
type Proof struct {
	ID         string // sip.Call.ID
	Direction  sip.Direction
	Service    string
	Trunk      string
	Verdict    sip.Verdict
	Reason     sip.Reason
	Confidence sip.Confidence
	Result     sip.Result // of an outbound call
	StatusCode uint16
	Started    time.Time
	Answered   time.Time
	Ended      time.Time
	CallIDs    []string       // SIP Call-IDs of its legs
	Evidence   []sip.Evidence // of more than 64 facts the first 40 and the last 24
}

// OpenTo says whether a case is an agent's to see: a personal callback is only of who it is meant for, who made it, and,
// which the caller knows, who supervises its list.
func (c *Case) OpenTo(agent string, supervises bool) bool {
	return c.Personal == "" || c.Personal == agent || c.CreatedBy == agent || supervises
}
