package phone

import (
	"context"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// session is the session timer of a call (RFC 4028). Its call's mu guards it.
type session struct {
	interval time.Duration // zero: there is none
	refresh  bool          // we refresh; else we watch that the peer does
	least    time.Duration // the peer's Min-SE, from a 422
	timer    *time.Timer
}

func (s *session) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

// sessionExpires reads Session-Expires (RFC 4028 §4).
func sessionExpires(m sip.Message) (d time.Duration, refresher string, ok bool) {
	v := firstValue(m, "Session-Expires", "x")
	if d, ok = seconds(v); !ok || d == 0 {
		return 0, "", false
	}
	refresher, _ = param(v, "refresher")
	return d, strings.ToLower(refresher), true
}

func minSE(m sip.Message) time.Duration {
	d, _ := seconds(firstValue(m, "Min-SE"))
	return d
}

// tooBrief refuses a session interval that is shorter than ours (RFC 4028 §9). A peer that does not know the
// extension would not understand.
func (e *Endpoint) tooBrief(req *sip.Request) *Response {
	d, _, ok := sessionExpires(req)
	if !ok || d >= e.o.MinSE || !lists(req, "timer", "Supported", "k") && !lists(req, "timer", "Require") {
		return nil
	}
	return &Response{StatusCode: statusIntervalTooSmall, Header: []Header{{"Min-SE", inSeconds(e.o.MinSE)}}}
}

const statusIntervalTooSmall = 422 // RFC 4028 §6

// agreeSession answers what a request of the peer says of the session's refreshes, and starts anew (RFC 4028
// §9).
func (c *Call) agreeSession(req *sip.Request, res *sip.Response) {
	knows := lists(req, "timer", "Supported", "k") || lists(req, "timer", "Require")
	d, refresher, asked := sessionExpires(req)
	if !asked {
		d = max(c.e.o.SessionExpires, minSE(req))
	}
	d = min(d, max(c.e.o.SessionExpires, minSE(req)))
	if !knows {
		refresher = "uas"
	} else if refresher == "" {
		refresher = "uac"
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", inSeconds(d)+";refresher="+refresher))
	if knows {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
	c.mu.Lock()
	c.session.interval, c.session.refresh = d, refresher == "uas"
	c.mu.Unlock()
}

// settleSession takes what a 2xx to a request of ours says of the session's refreshes (RFC 4028 §7.2).
func (c *Call) settleSession(res *sip.Response) {
	d, refresher, ok := sessionExpires(res)
	c.mu.Lock()
	c.session.interval, c.session.refresh = 0, false
	if ok {
		c.session.interval, c.session.refresh = max(d, minSessionExpires), refresher != "uas"
	}
	c.mu.Unlock()
	c.startSession()
}

// startSession starts the timer: a refresher refreshes at half the interval, who watches ends the call shortly before
// it is over (RFC 4028 §10).
func (c *Call) startSession() {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.session
	s.stop()
	switch {
	case s.interval == 0 || c.state != Confirmed:
	case s.refresh:
		s.timer = time.AfterFunc(s.interval/2, c.refresh)
	default:
		s.timer = time.AfterFunc(s.interval-min(32*time.Second, s.interval/3), c.expired)
	}
}

func (c *Call) expired() {
	ctx, cancel := context.WithTimeout(context.Background(), t2)
	defer cancel()
	_ = c.hangup(ctx, End{By: Network, Cause: SessionExpired, Reasons: []Reason{reasonExpired}})
}

// refresh refreshes the session: with UPDATE where the peer takes it, as that renegotiates nothing, else with a
// re-INVITE that describes us as before (RFC 4028 §7.4).
func (c *Call) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), transactionLife)
	defer cancel()
	res, err := c.refreshWith(ctx)
	switch {
	case c.State() == Ended:
	case err == nil && res.IsSuccess():
		c.settleSession(res)
	case err == nil && res.StatusCode != sip.StatusRequestTimeout && res.StatusCode != sip.StatusCallTransactionDoesNotExists:
		// Refused, but somebody is there: the interval runs on, and it is tried once more within it.
		c.mu.Lock()
		if c.state == Confirmed {
			c.session.refresh = false
			c.session.timer = time.AfterFunc(c.session.interval/2-min(32*time.Second, c.session.interval/3), c.expired)
		}
		c.mu.Unlock()
	default:
		c.expired()
	}
}

func (c *Call) refreshWith(ctx context.Context) (*sip.Response, error) {
	c.mu.Lock()
	updates, local := c.methods["UPDATE"], c.localSDP
	c.mu.Unlock()
	for range 3 { // an interval too small, and a method that the peer does not take after all
		var res *sip.Response
		var err error
		if updates {
			res, err = c.update(ctx)
		} else {
			res, err = c.reinvite(ctx, local, nil)
		}
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == statusIntervalTooSmall:
			c.mu.Lock()
			c.session.least = minSE(res)
			c.session.interval = max(c.session.interval, min(c.session.least, 24*time.Hour))
			c.mu.Unlock()
		case updates && (res.StatusCode == sip.StatusMethodNotAllowed || res.StatusCode == sip.StatusNotImplemented):
			updates = false
			c.mu.Lock()
			delete(c.methods, "UPDATE")
			c.mu.Unlock()
		default:
			return res, nil
		}
	}
	return nil, ErrTimeout
}

// askSession adds to a request of ours how the session shall be refreshed (RFC 4028 §7.1).
func (c *Call) askSession(req *sip.Request) {
	c.mu.Lock()
	s := c.session
	confirmed := c.state == Confirmed
	c.mu.Unlock()
	d, refresher := max(c.e.o.SessionExpires, s.least), ""
	if confirmed && s.interval > 0 {
		if d = s.interval; s.refresh {
			refresher = ";refresher=uac"
		} else {
			refresher = ";refresher=uas"
		}
	}
	req.AppendHeader(sip.NewHeader("Session-Expires", inSeconds(d)+refresher))
	req.AppendHeader(sip.NewHeader("Min-SE", inSeconds(max(minSessionExpires, s.least))))
}
