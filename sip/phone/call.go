package phone

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Call is one call that we take or make. It is safe for concurrent use.
type Call struct {
	// Invitation is what the INVITE said, ours or the caller's. It does not change.
	Invitation Invitation
	// Outgoing says that we called.
	Outgoing bool
	// Started is when the INVITE came or was sent.
	Started time.Time

	e       *Endpoint
	account *account // nil: a call from a peer without one
	dialog  *dialog  // ours towards the peer; of a call out fixed when it is answered
	done    chan struct{}

	exchange chan struct{} // holds one token: taken by who negotiates inside the dialog

	mu        sync.Mutex
	state     State
	end       End
	answered  time.Time
	media     Media
	watched   bool   // somebody waits for media to be lost
	localSDP  []byte // the last description that we sent
	remoteSDP []byte // and that the peer sent
	remoteSeq uint32 // of the peer's last request
	methods   map[string]bool
	theirs    bool // an INVITE or UPDATE of the peer is being answered
	ours      bool // an INVITE or an offer of ours is not answered yet
	sdpInACK  func(*sip.Request)
	acked     chan struct{} // closed by the ACK of our last 2xx
	ackSeq    uint32        // of the INVITE it belongs to
	ackDue    bool          // it has not come yet
	ack       *sip.Request  // of the last 2xx that we took
	referral  *referral
	session   session
	in        *inbound
	out       *outbound
}

// State is how far a call got.
type State uint8

// The states of a call.
const (
	Calling   State = iota // an INVITE was sent or has come
	Early                  // somebody is alerted
	Confirmed              // answered (2xx); RFC 4235 §3.7.1
	Ended
)

// Side is an end of a call.
type Side uint8

// The sides.
const (
	UnknownSide Side = iota
	We
	Peer
	Network // nobody: a timer ran out, or a connection broke
)

// Cause is why a call ended.
type Cause uint8

// The causes.
const (
	UnknownCause   Cause = iota
	HungUp               // BYE
	Canceled             // before it was answered, by its caller
	RefusedCall          // a final response of 300 or more
	RangOut              // nobody answered within the ring timeout
	NoResponse           // to the INVITE
	NoACK                // to our 2xx
	SessionExpired       // nobody refreshed the session, or a refresh failed
	MediaLost            // Media.Lost
	MediaRefused         // the peer's answer was none that we can use
	Shutdown             // Endpoint.Close
)

var causes = [...]string{
	"unknown", "hung up", "canceled", "refused", "rang out", "no response", "no ACK", "session expired",
	"media lost", "media refused", "shutdown",
}

// String is the cause in words, as the log has them.
func (c Cause) String() string {
	if int(c) < len(causes) {
		return causes[c]
	}
	return causes[0]
}

// End is how a call ended.
type End struct {
	By         Side
	Cause      Cause
	StatusCode int      // the final response, where there was one that ended it
	Reasons    []Reason // of the message that ended it
	At         time.Time
}

// Response is a final response to an INVITE.
type Response struct {
	StatusCode int
	Reason     string // words; empty: those of RFC 3261
	RetryAfter time.Duration
	Header     []Header
}

func newCall(e *Endpoint, i Invitation) *Call {
	return &Call{
		Invitation: i, Started: time.Now(), e: e,
		done: make(chan struct{}), exchange: make(chan struct{}, 1), acked: make(chan struct{}),
	}
}

// ID is the Call-ID.
func (c *Call) ID() string { return c.Invitation.CallID }

// Done is closed when the call has ended, whoever ended it.
func (c *Call) Done() <-chan struct{} { return c.done }

// End is how the call ended; zero while it lives.
func (c *Call) End() End {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// State is how far the call is.
func (c *Call) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Answered is when the call was answered; zero when it was not.
func (c *Call) Answered() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// RemoteSDP is the peer's last description; nil before there is one.
func (c *Call) RemoteSDP() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remoteSDP
}

// SetMedia gives the call other media: offers of the peer go there from now on. It tells the peer nothing;
// Renegotiate does.
func (c *Call) SetMedia(m Media) {
	c.mu.Lock()
	c.media, c.watched = m, false
	c.mu.Unlock()
	c.watchMedia()
}

// Hangup ends the call: CANCEL or a refusal before it is answered, BYE afterwards. It waits for the peer's answer no
// longer than ctx; the call has ended also when there is none. Without reasons, BYE says normal call clearing.
func (c *Call) Hangup(ctx context.Context, why ...Reason) error {
	return c.hangup(ctx, End{By: We, Cause: HungUp, Reasons: why})
}

func (c *Call) hangup(ctx context.Context, end End) error {
	c.mu.Lock()
	state := c.state
	c.mu.Unlock()
	switch {
	case state == Ended:
		return nil
	case state == Confirmed:
		return c.bye(ctx, end)
	case c.Outgoing:
		if end.Cause == HungUp {
			end.Cause = Canceled
		}
		c.out.cancel(end)
		select {
		case <-c.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.reject(Response{StatusCode: sip.StatusTemporarilyUnavailable}, end)
}

// bye ends an answered call. Who answered waits for the ACK before, though not for ever (RFC 3261 §15).
func (c *Call) bye(ctx context.Context, end End) error {
	c.mu.Lock()
	acked := c.acked
	c.mu.Unlock()
	if !c.Outgoing && end.Cause != NoACK {
		select {
		case <-acked:
		case <-c.done:
		case <-ctx.Done():
		case <-time.After(t2):
		}
	}
	if !c.finish(end) {
		return nil
	}
	why := end.Reasons
	if len(why) == 0 {
		why = []Reason{reasonNormal}
	}
	if ctx.Err() != nil { // the BYE goes out in any case
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), t1)
		defer cancel()
	}
	_, err := c.send(ctx, sip.BYE, func(req *sip.Request) {
		for _, r := range why {
			req.AppendHeader(r.header())
		}
	})
	if err != nil {
		return fmt.Errorf("phone: ending a call: %w", err)
	}
	return nil // whatever the response is, the call is over (RFC 3261 §15.1.1)
}

// shut ends the call because the endpoint is closed.
func (c *Call) shut(ctx context.Context) {
	end := End{By: We, Cause: Shutdown}
	if c.State() < Confirmed && !c.Outgoing {
		_ = c.reject(Response{StatusCode: sip.StatusServiceUnavailable, RetryAfter: 10 * time.Second}, end)
		return
	}
	_ = c.hangup(ctx, end)
}

// finish notes the end of the call, once, and says whether this was it.
func (c *Call) finish(end End) bool {
	c.mu.Lock()
	if c.state == Ended {
		c.mu.Unlock()
		return false
	}
	c.state = Ended
	end.At = time.Now()
	c.end = end
	c.session.stop()
	if c.referral != nil {
		c.referral.close()
	}
	close(c.done)
	c.mu.Unlock()
	c.e.drop(c)
	c.e.stats.ended(end)
	c.e.o.Logger.Info("call ended", "call_id", c.ID(), "reason", end.Cause.String(), "status_code", end.StatusCode)
	return true
}

// confirm notes that the call is answered.
func (c *Call) confirm() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state >= Confirmed {
		return false
	}
	c.state, c.answered = Confirmed, time.Now()
	return true
}

// watchMedia ends the call when its media are lost.
func (c *Call) watchMedia() {
	c.mu.Lock()
	m := c.media
	if m == nil || m.Lost() == nil || c.watched || c.state != Confirmed {
		c.mu.Unlock()
		return
	}
	c.watched = true
	c.mu.Unlock()
	go func() {
		select {
		case <-c.done:
		case <-m.Lost():
			c.mu.Lock()
			same := c.media == m
			c.mu.Unlock()
			if same {
				_ = c.hangup(context.Background(), End{By: Network, Cause: MediaLost, Reasons: []Reason{reasonMediaLost}})
			}
		}
	}()
}

func (c *Call) login() login {
	if c.account == nil {
		return login{}
	}
	return c.account.login()
}

// knows says whether a peer's tag is the one of this call.
func (c *Call) knows(tag string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dialog.remoteTag != "" || c.out == nil {
		return c.dialog.remoteTag == tag
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	_, early := c.out.forks[tag]
	return early
}

func (c *Call) currentMedia() Media {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.media
}

// answerOffer has the media answer an offer of the peer and notes both.
func (c *Call) answerOffer(offer []byte) ([]byte, error) {
	m := c.currentMedia()
	if m == nil {
		return nil, errNoMedia
	}
	answer, err := m.Answer(offer)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.localSDP, c.remoteSDP = answer, offer
	c.mu.Unlock()
	return answer, nil
}

var errNoMedia = errors.New("phone: no media")

// makeOffer has the media make an offer.
func (c *Call) makeOffer() ([]byte, error) {
	m := c.currentMedia()
	if m == nil {
		return nil, errNoMedia
	}
	offer, err := m.Offer()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.localSDP = offer
	c.mu.Unlock()
	return offer, nil
}

// takeAnswer gives the media the peer's answer.
func (c *Call) takeAnswer(answer []byte) error {
	m := c.currentMedia()
	if m == nil {
		return errNoMedia
	}
	if err := m.Accept(answer); err != nil {
		return err
	}
	c.mu.Lock()
	c.remoteSDP = answer
	c.mu.Unlock()
	return nil
}
