package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// inbound is what a call has while its INVITE is not answered finally.
type inbound struct {
	req   *sip.Request // with our tag in To
	tx    *sip.ServerTx
	offer []byte // nil: we make the offer
	tag   string

	required bool          // provisional responses must be acknowledged (RFC 3262)
	rseq     uint32        // of the last one
	unacked  bool          // it waits for its PRACK
	prack    chan prack    // which goes there
	turn     chan struct{} // holds one token: taken by who sends a response
	// told is what we described ourselves with in a provisional response, and whether reliably.
	told   []byte
	agreed bool // offer and answer are exchanged
}

// invited takes an INVITE that asks for a new call.
func (e *Endpoint) invited(req *sip.Request, tx *sip.ServerTx) {
	e.stats.invites.Add(1)
	tag := e.phone.tag(req.CallID().Value(), req.From().Value(), req.CSeq().Value(), req.Via().Value())
	// All responses have one tag (RFC 3261 §8.2.6.2), those of the transaction layer to a CANCEL too.
	req.To().Params.Add("tag", tag)
	src, _ := netip.ParseAddrPort(req.Source())
	if res := e.refuse(req, src.Addr().Unmap()); res != nil {
		e.stats.refused.Add(1)
		_ = tx.Respond(e.response(req, *res)) // a peer that is gone needs no answer
		return
	}
	offer, err := description(req)
	if err != nil {
		_ = tx.Respond(e.response(req, bodyRefusal(err)))
		return
	}
	d, err := calleeDialog(req, tag)
	if err != nil {
		_ = tx.Respond(e.response(req, Response{StatusCode: sip.StatusBadRequest, Reason: "Contact or Record-Route is none"}))
		return
	}
	a := e.limits.account(src.Addr().Unmap(), req.Recipient.User)
	if err := e.enter(); err != nil {
		e.stats.refused.Add(1)
		res := Response{StatusCode: sip.StatusBusyHere, RetryAfter: 5 * time.Second}
		if errors.Is(err, ErrClosed) {
			res.StatusCode = sip.StatusServiceUnavailable
		}
		_ = tx.Respond(e.response(req, res))
		return
	}
	i := invitation(req, a == nil || a.Trusted)
	if a != nil {
		i.Account = a.Name
	}
	c := newCall(e, i)
	c.account, c.dialog, c.remoteSeq = a, d, req.CSeq().SeqNo
	c.remoteSDP = offer
	c.methods = methods(req)
	c.in = &inbound{
		req: req, tx: tx, offer: offer, tag: tag,
		required: lists(req, "100rel", "Require"),
		prack:    make(chan prack, 1), turn: make(chan struct{}, 1),
	}
	e.put(c)
	e.remember(req)
	_ = tx.Respond(sip.NewResponseFromRequest(req, sip.StatusTrying, "Trying", nil))
	canceled := func(cancel *sip.Request) {
		// The transaction layer holds its lock and answers 487 when this returns.
		go c.finish(End{By: Peer, Cause: Canceled, StatusCode: sip.StatusRequestTerminated, Reasons: reasons(cancel)})
	}
	if !tx.OnCancel(canceled) {
		canceled(req)
	}
	go c.expire()
	e.o.Logger.Info("call in", "call_id", c.ID(), "pbx", i.Account, "peer", src)
	go func() {
		defer e.leave()
		defer e.forget(req)
		e.o.Incoming(c)
		ctx, cancel := context.WithTimeout(context.Background(), e.o.StopTimeout)
		defer cancel()
		_ = c.Hangup(ctx)
	}()
}

// refuse says what is wrong with an INVITE before there is a call of it; nil: nothing (RFC 3261 §8.2).
func (e *Endpoint) refuse(req *sip.Request, from netip.Addr) *Response {
	e.mu.Lock()
	stopping := e.stopping
	branch, merged := e.invites[keyOf(req)]
	e.mu.Unlock()
	own, _ := req.Via().Params.Get("branch")
	switch unsupported := unknownOptions(req); {
	case stopping:
		return &Response{StatusCode: sip.StatusServiceUnavailable, RetryAfter: 10 * time.Second}
	case e.o.Incoming == nil:
		return &Response{StatusCode: sip.StatusForbidden, Reason: "This address takes no calls"}
	case req.Recipient.Scheme != "sip" && req.Recipient.Scheme != "sips" && req.Recipient.Scheme != "tel":
		return &Response{StatusCode: statusUnsupportedURIScheme, Reason: "Unsupported URI Scheme"}
	case merged && branch != own, e.phone.Sent([]byte(req.CallID().Value())): // RFC 3261 §8.2.2.2
		return &Response{StatusCode: sip.StatusLoopDetected}
	case len(unsupported) > 0: // RFC 3261 §8.2.2.3
		return &Response{StatusCode: sip.StatusBadExtension, Header: []Header{{"Unsupported", strings.Join(unsupported, ", ")}}}
	case !e.limits.allows(from):
		return &Response{StatusCode: sip.StatusServiceUnavailable, RetryAfter: 2 * time.Second}
	}
	if brief := e.tooBrief(req); brief != nil {
		return brief
	}
	return nil
}

const statusUnsupportedURIScheme = 416 // RFC 3261 §21.4.14

// supported are the extensions that peers may require.
var supported = []string{"100rel", "timer"}

func unknownOptions(req *sip.Request) []string {
	var all []string
	for v := range values(req, "Require") {
		if !slices.Contains(supported, strings.ToLower(v)) && len(all) < 8 {
			all = append(all, printable(v))
		}
	}
	return all
}

func bodyRefusal(err error) Response {
	switch {
	case errors.Is(err, errBodyEncoding):
		return Response{StatusCode: sip.StatusUnsupportedMediaType, Header: []Header{{"Accept-Encoding", "identity"}}}
	case errors.Is(err, errBody):
		return Response{StatusCode: sip.StatusBadRequest}
	}
	return Response{StatusCode: sip.StatusUnsupportedMediaType, Header: []Header{{"Accept", sdpType}}}
}

// response makes a final response that is our own; its To has our tag already.
func (e *Endpoint) response(req *sip.Request, r Response) *sip.Response {
	if r.Reason == "" {
		r.Reason = statusText(r.StatusCode)
	}
	res := sip.NewResponseFromRequest(req, r.StatusCode, printable(r.Reason), nil)
	res.AppendHeader(sip.NewHeader("Allow", e.phone.allowed()))
	res.AppendHeader(sip.NewHeader("Server", e.phone.o.UserAgent))
	if r.RetryAfter > 0 {
		res.AppendHeader(sip.NewHeader("Retry-After", inSeconds(max(r.RetryAfter, time.Second))))
	}
	for _, h := range r.Header {
		if h.sound() {
			res.AppendHeader(sip.NewHeader(h.Name, h.Value))
		}
	}
	return res
}

func keyOf(req *sip.Request) inviteKey {
	tag, _ := req.From().Params.Get("tag")
	return inviteKey{req.CallID().Value(), tag, req.CSeq().SeqNo}
}

func (e *Endpoint) remember(req *sip.Request) {
	branch, _ := req.Via().Params.Get("branch")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.invites[keyOf(req)] = branch
}

func (e *Endpoint) forget(req *sip.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.invites, keyOf(req))
}

// methods are those that a peer allows; nil when he does not say.
func methods(m sip.Message) map[string]bool {
	var all map[string]bool
	for v := range values(m, "Allow") {
		if all == nil {
			all = map[string]bool{}
		}
		if len(all) < maxNamed {
			all[strings.ToUpper(v)] = true
		}
	}
	return all
}

// expire ends a call that its caller gave a time for (RFC 3261 §13.3.1), or whose transaction broke.
func (c *Call) expire() {
	var over <-chan time.Time
	if d, ok := seconds(firstValue(c.in.req, "Expires")); ok && d > 0 {
		t := time.NewTimer(min(d, time.Hour))
		defer t.Stop()
		over = t.C
	}
	select {
	case <-c.done:
	case <-over:
		if c.State() < Confirmed {
			_ = c.reject(Response{StatusCode: sip.StatusRequestTerminated}, End{By: Network, Cause: Canceled})
		}
	case <-c.in.tx.Done(): // Timer L of an answered call, or a broken connection
		if c.State() < Confirmed {
			c.finish(End{By: Network, Cause: Canceled})
		}
	}
}

// Reject refuses a call that is not answered yet. A status code that is none of a refusal becomes 603.
func (c *Call) Reject(r Response) error {
	if r.StatusCode < 300 || r.StatusCode > 699 {
		r.StatusCode = sip.StatusGlobalDecline
	}
	return c.reject(r, End{By: We, Cause: RefusedCall})
}

func (c *Call) reject(r Response, end End) error {
	if c.in == nil || c.State() == Confirmed {
		return fmt.Errorf("%w: it cannot be refused", ErrState)
	}
	end.StatusCode = r.StatusCode
	if !c.finish(end) {
		return ErrEnded
	}
	if err := c.in.tx.Respond(c.e.response(c.in.req, r)); err != nil {
		return fmt.Errorf("phone: refusing a call: %w", err)
	}
	return nil
}

// Ring tells the caller that somebody is alerted (180). An offerless INVITE whose sender requires reliable
// responses cannot be told (RFC 3262 §5).
func (c *Call) Ring(ctx context.Context) error { return c.provisional(ctx, sip.StatusRinging, nil) }

// Progress gives the caller something to hear before the call is answered (183). Answer goes on with the
// same media.
func (c *Call) Progress(ctx context.Context, m Media) error {
	return c.provisional(ctx, sip.StatusSessionInProgress, m)
}
