package cases

// State is whether a customer still has to be called.
type State uint8

// The states of a case.
const (
	StateUnknown State = iota
	Open
	Closed
)

// CloseReason says why a case was closed.
type CloseReason uint8

// The reasons of closing.
const (
	NotClosed         CloseReason = iota
	Successful                    // by hand: the customer was reached
	Unsuccessful                  // by hand: he was not
	AgentCalled                   // an agent called the number
	CallerServed                  // the customer called again and was served
	Expired                       // nobody dealt with it in time
	AttemptsExhausted             // it was tried too often
	Suppressed                    // the customer is not to be called
	Merged                        // it is part of another case
)

// ChangeEvent is what happened to a case.
type ChangeEvent uint8

// What can happen to a case. CallingNow and CallingOver leave no entry in its history: the call itself
// does, when its verdict falls.
const (
	ChangeUnknown ChangeEvent = iota
	Opened                    // Reason: why the call was missed or dropped
	MissAdded                 // likewise
	Attempted                 // Reason: the result of the call, as "busy"; Dialled for one made in the app
	CaseClosed                // Reason: the CloseReason
	Reopened                  // Reason: of the miss or the result of the call; else "by_hand" or "undone"
	CallingNow                // the customer is on the line again
	CallingOver               // he is not any more
	Edited                    // Reason: what was changed, as "keep_open", or the first of several fields
	Assigned                  // Reason: to whom
	Released                  // nobody holds it any more; Reason: why, as "claim_lapsed"
	Accepted                  // by whom it was assigned to
	Commented                 //
	Handled                   // Reason: the handling status
	Awaited                   // more is asked of the customer, or of a colleague
	Informed                  // what was asked is there
	Undid                     // a person took back what he did; Reason: what that was, as "assigned"
	Erased                    // it is gone, and its Case has nothing but id, list and version; Reason: why
)

// The reasons of reopening that are neither a miss nor a call's result.
const (
	ByHand = "by_hand"
	Undone = "undone"
)

// Dialled is the Reason of an attempt that an agent made in the app and whose result is not known yet.
const Dialled = "dialled"

var stateWords = [...]string{StateUnknown: "unknown", Open: "open", Closed: "closed"}

var closeWords = [...]string{
	NotClosed: "", Successful: "successful", Unsuccessful: "unsuccessful", AgentCalled: "agent_called",
	CallerServed: "caller_served", Expired: "expired", AttemptsExhausted: "attempts_exhausted",
	Suppressed: "suppressed", Merged: "merged",
}

var changeWords = [...]string{
	ChangeUnknown: "unknown", Opened: "opened", MissAdded: "miss_added", Attempted: "attempted",
	CaseClosed: "closed", Reopened: "reopened", CallingNow: "calling_now", CallingOver: "calling_over",
	Edited: "edited", Assigned: "assigned", Released: "released", Accepted: "accepted", Commented: "commented",
	Handled: "handled", Awaited: "awaiting", Informed: "informed", Undid: "undone", Erased: "erased",
}

func word(words []string, n uint8) string {
	if int(n) < len(words) {
		return words[n]
	}
	return "unknown"
}

// String returns the state in lower case.
func (s State) String() string { return word(stateWords[:], uint8(s)) }

// String returns the reason in snake_case, as "agent_called"; nothing for a case that is open.
func (r CloseReason) String() string { return word(closeWords[:], uint8(r)) }

// String returns the event in snake_case, as "miss_added".
func (e ChangeEvent) String() string { return word(changeWords[:], uint8(e)) }

// MarshalText implements encoding.TextMarshaler, as String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (r CloseReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (e ChangeEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// ParseState reads a state's word; ok is false for any other.
func ParseState(s string) (state State, ok bool) {
	for i, w := range stateWords {
		if w == s && i != int(StateUnknown) {
			return State(i), true
		}
	}
	return StateUnknown, false
}

// Automatic says whether Ringback itself closed the case because the customer was reached. Such a
// close can be undone, and a new miss soon after it reopens the case.
func (r CloseReason) Automatic() bool { return r == AgentCalled || r == CallerServed }

// ParseCloseReason reads the word of a reason of closing; ok is false for any other.
func ParseCloseReason(s string) (r CloseReason, ok bool) {
	for i, w := range closeWords {
		if w == s && i != int(NotClosed) {
			return CloseReason(i), true
		}
	}
	return NotClosed, false
}

// Why a case was released: what the Reason of Released says.
const (
	ReleasedByHand   = "by_hand"           // its holder, or a supervisor, gave it back
	ReleasedClaim    = "claim_lapsed"      // it was taken and the customer not called in time
	ReleasedPersonal = "personal_fallback" // it was meant for one agent, who did not call in time
)

// Why a case was erased: what the Reason of Erased says.
const (
	ErasedPerson    = "person"    // a person's data was to go
	ErasedRetention = "retention" // it was closed longer ago than its list keeps cases
)
