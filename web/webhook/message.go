package webhook

import (
	"context"
	"time"
)

// Message is one event for one endpoint. The body never changes, however often it is sent.
type Message struct {
	Seq    uint64    // its place among the endpoint's messages
	ID     string    // of the event, the same for all endpoints and at every try
	Type   string    // as case.closed
	Cases  []string  // ids of the cases it tells of, so that what is erased there is erased here
	At     time.Time // of the event
	Queued time.Time // when it was put into the outbox
	Stale  time.Time // when it tells nothing any more; zero: never
	Body   []byte    // JSON
}

// Dead is a message that was given up.
type Dead struct {
	Message

	Died     time.Time
	Reason   Reason
	Status   int // the last answer's; 0: there was none
	Attempts int
}

// Reason says why a message was given up.
type Reason string

// The reasons.
const (
	TooOld   Reason = "too_old"  // it failed for longer than the endpoint's time
	Refused  Reason = "refused"  // the endpoint answered again and again that it cannot take it
	Stale    Reason = "stale"    // what it told of was over
	Overflow Reason = "overflow" // too many waited
)

// State is what the outbox knows of an endpoint.
type State struct {
	Pending  int
	Dead     int
	Dropped  uint64    // dead letters dropped as there were too many, or as they were too old
	Disabled time.Time // since the endpoint answered 410; zero: it is not
	URL      string    // that answered so: another one is tried again
}

// Outbox keeps messages until they are delivered, over restarts. What its methods write is on the disk
// when they return.
type Outbox interface {
	// Pending gives the first messages of an endpoint, at most limit of them.
	Pending(endpoint string, limit int) ([]Message, error)
	// Delivered takes a message out.
	Delivered(ctx context.Context, endpoint string, seq uint64) error
	// Bury makes messages dead letters; those that no longer wait are left out.
	Bury(ctx context.Context, endpoint string, dead []Dead) error
	// Dead gives dead letters of an endpoint after a place, at most limit of them, the oldest first.
	Dead(endpoint string, after uint64, limit int) ([]Dead, error)
	// Resend puts dead letters behind what waits, those of these event ids, or all for none, and says how
	// many they were.
	Resend(ctx context.Context, endpoint string, ids []string, now time.Time) (int, error)
	// Disable notes that an endpoint wants no more messages; a zero time takes that back.
	Disable(ctx context.Context, endpoint, url string, at time.Time) error
	// State gives what is known of an endpoint, configured or not.
	State(endpoint string) (State, error)
	// Endpoints are all endpoints that something is known of.
	Endpoints() ([]string, error)
}
