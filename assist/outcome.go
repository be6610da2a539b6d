package assist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ringback/sip/phone"
)

// State is what became of a hint on its way to a softphone.
type State uint8

// The states. Delivered, Refused and Expired are final; Unknown is until the mirror shows what the
// phone answered, and then for good.
const (
	Sent      State = iota + 1 // the first message is out
	Delivered                  // the phone answered 2xx. Not every phone then shows it
	Refused                    // the phone, or the PBX for it, answered that it will not take it
	Unknown                    // the PBX took the message (202) and does not say what the phone answered
	Expired                    // not delivered before it was of no use any more; Err says why
)

var stateWords = [...]string{Sent: "sent", Delivered: "delivered", Refused: "refused", Unknown: "unknown", Expired: "expired"}

// String returns the state in lower case.
func (s State) String() string {
	if int(s) < len(stateWords) && s > 0 {
		return stateWords[s]
	}
	return "none"
}

// MarshalText implements encoding.TextMarshaler, as String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Why a hint expired.
var (
	ErrWithdrawn = errors.New("assist: the call was over first")
	ErrGaveUp    = errors.New("assist: gave up")
	ErrNoPhone   = errors.New("assist: no address of the agent's phone is known")
	ErrFull      = errors.New("assist: too many hints under way")
	ErrStopped   = errors.New("assist: stopped")
)

// What a Sender may say of a message that it did not send.
var (
	// ErrNotYet is returned by a way that opens when the call is answered.
	ErrNotYet = errors.New("assist: this way is not open before the call is answered")
	// ErrNoWay is returned by a way that is closed for good.
	ErrNoWay = errors.New("assist: this way is closed")
)

// Outcome tells where a hint stands on its way to one phone.
type Outcome struct {
	Hint       Hint
	State      State
	Final      bool          // nothing more will be told of it
	Way        string        // the way taken last; of a State that is Refused or Expired and not final, the one given up for the next
	To         string        // the URI it is for
	Attempts   int           // messages sent, retransmissions not counted
	StatusCode int           // of the phone's answer, or the PBX's; 0 without one
	Peer       string        // who answered, or did not
	Elapsed    time.Duration // of the last attempt, to its answer
	Err        error         // of Expired; of the last attempt too
}

// judge says what the end of one attempt means: a state, or to try again.
func judge(res phone.Result, err error) (State, bool) {
	switch {
	case errors.Is(err, phone.ErrURI), errors.Is(err, phone.ErrTransport), errors.Is(err, phone.ErrTooLarge),
		errors.Is(err, phone.ErrChallenge), errors.Is(err, phone.ErrClosed), errors.Is(err, ErrNoWay):
		return Expired, false // and would be again
	case err != nil:
		return 0, true
	}
	switch code := res.StatusCode; {
	case code == 202: // taken to be passed on, RFC 3428 §7
		return Unknown, false
	case code < 300:
		return Delivered, false
	case code == 408, code == 500, code == 503, code == 504: // nobody was there to refuse
		return 0, true
	}
	return Refused, false
}

// why is the reason for which a context that bounds a hint ended.
func why(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrWithdrawn), errors.Is(cause, ErrStopped), errors.Is(cause, ErrFull):
		return cause
	case last != nil:
		return fmt.Errorf("%w: %w", ErrGaveUp, last)
	}
	return ErrGaveUp
}
