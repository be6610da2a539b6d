package phone

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// referral is a REFER of ours whose progress the peer reports (RFC 3515).
type referral struct {
	mu       sync.Mutex
	progress func(statusCode int)
	result   chan int // the last status code; closed with the call
	closed   bool
}

func (r *referral) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		close(r.result)
	}
}

// tell notes a status; last says that no other comes.
func (r *referral) tell(code int, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.progress != nil && code != 0 {
		r.progress(code)
	}
	if code >= 200 || last {
		r.closed = true
		r.result <- code
		close(r.result)
	}
}

// Refer asks the peer to call somebody else in our place: a number at our account, or a SIP URI, perhaps with Replaces.
// It returns the status code of that call when the peer told it; 0 when he stopped telling, or this call ended first.
// Progress, if not nil, is told of each. The error is a *Refused when the peer does not want to. The call goes on
// until somebody hangs up.
func (c *Call) Refer(ctx context.Context, to string, progress func(statusCode int)) (int, error) {
	value, err := c.referTo(to)
	if err != nil {
		return 0, err
	}
	r := &referral{progress: progress, result: make(chan int, 1)}
	c.mu.Lock()
	switch {
	case c.state != Confirmed:
		c.mu.Unlock()
		return 0, ErrState
	case c.referral != nil:
		c.mu.Unlock()
		return 0, fmt.Errorf("%w: another transfer is under way", ErrState)
	}
	c.referral = r
	by := c.dialog.local
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.referral = nil
		c.mu.Unlock()
	}()
	res, err := c.send(ctx, sip.REFER, func(req *sip.Request) {
		req.AppendHeader(c.contact())
		req.AppendHeader(sip.NewHeader("Refer-To", "<"+value+">"))
		req.AppendHeader(sip.NewHeader("Referred-By", "<"+by.String()+">")) // RFC 3892
	})
	if err != nil {
		return 0, err
	}
	if !res.IsSuccess() {
		return 0, refused(res)
	}
	select {
	case code := <-r.result:
		return code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (c *Call) referTo(to string) (string, error) {
	if !strings.HasPrefix(to, "sip:") && !strings.HasPrefix(to, "sips:") {
		if c.account == nil {
			return "", fmt.Errorf("%w: a number needs an account", ErrURI)
		}
		u, err := c.account.target(to)
		u.Port = c.account.uri.Port // where the peer finds the server: a Request-URI may say so, To and From may not (RFC 3261 §19.1.1)
		return u.String(), err
	}
	if _, err := parseURI(to); err != nil {
		return "", err
	}
	return to, nil
}

// notified takes a NOTIFY of a REFER of ours; others are none of this call's (RFC 3515 §2.4.4).
func (c *Call) notified(req *sip.Request) Response {
	event, _, _ := strings.Cut(firstValue(req, "Event", "o"), ";")
	c.mu.Lock()
	r := c.referral
	c.mu.Unlock()
	if !strings.EqualFold(strings.TrimSpace(event), "refer") {
		// Not 481: a PBX would take the whole call for dead.
		return Response{StatusCode: statusBadEvent, Reason: "Bad Event"}
	}
	if r == nil { // the last word on something that nobody waits for any more
		return Response{StatusCode: sip.StatusOK}
	}
	state := strings.ToLower(firstValue(req, "Subscription-State"))
	r.tell(fragmentStatus(req.Body()), strings.HasPrefix(state, "terminated"))
	return Response{StatusCode: sip.StatusOK}
}

const statusBadEvent = 489 // RFC 6665 §8.3.2

// fragmentStatus is the status code in a message/sipfrag body, 0 without one (RFC 3420).
func fragmentStatus(body []byte) int {
	rest, ok := strings.CutPrefix(strings.TrimLeft(string(body), " \r\n\t"), "SIP/2.0 ")
	if !ok || len(rest) < 3 {
		return 0
	}
	if code := atoi(rest[:3]); code >= 100 && code <= 699 {
		return code
	}
	return 0
}
