package phone

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// inside answers a request in the call's dialog (RFC 3261 §12.2.2). ACK is not among them.
func (c *Call) inside(req *sip.Request, tx *sip.ServerTx) {
	reply := func(r Response, with ...sip.Header) {
		res := c.e.response(req, r)
		for _, h := range with {
			res.AppendHeader(h)
		}
		_ = tx.Respond(res) // a peer that is gone needs no answer
	}
	if unsupported := unknownOptions(req); len(unsupported) > 0 {
		reply(Response{StatusCode: sip.StatusBadExtension}, sip.NewHeader("Unsupported", strings.Join(unsupported, ", ")))
		return
	}
	if req.Method != sip.PRACK && !c.inOrder(req.CSeq().SeqNo) {
		reply(Response{StatusCode: sip.StatusInternalServerError, Reason: "Out of order"})
		return
	}
	switch req.Method {
	case sip.BYE:
		reply(Response{StatusCode: sip.StatusOK})
		c.hungUp(req)
	case sip.INVITE:
		c.reinvited(req, tx, reply)
	case sip.UPDATE:
		c.updated(req, tx, reply)
	case sip.PRACK:
		c.takePRACK(req, tx)
	case sip.INFO:
		reply(c.info(req))
	case sip.NOTIFY:
		reply(c.notified(req))
	case sip.OPTIONS:
		reply(Response{StatusCode: sip.StatusOK}, sip.NewHeader("Accept", sdpType))
	case sip.REFER: // nobody moves a customer but his agent
		reply(Response{StatusCode: sip.StatusGlobalDecline})
	default:
		reply(Response{StatusCode: sip.StatusMethodNotAllowed})
	}
}

// inOrder says whether a request is not older than what came before it.
func (c *Call) inOrder(seq uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out != nil && c.remoteSeq == 0 {
		c.remoteSeq = seq // the first number of a callee is his to choose
		return true
	}
	if seq < c.remoteSeq {
		return false
	}
	c.remoteSeq = seq
	return true
}

func (c *Call) hungUp(req *sip.Request) {
	end := End{By: Peer, Cause: HungUp, Reasons: reasons(req)}
	if c.State() < Confirmed && c.in != nil { // RFC 3261 §15.1.2
		end.Cause, end.StatusCode = Canceled, sip.StatusRequestTerminated
		if c.finish(end) {
			_ = c.in.tx.Respond(c.e.response(c.in.req, Response{StatusCode: sip.StatusRequestTerminated}))
		}
		return
	}
	c.finish(end)
}

type replier func(r Response, with ...sip.Header)

// begin claims the right to answer an offer of the peer (RFC 3261 §14.2, RFC 3311 §5.2).
func (c *Call) begin() *Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ours:
		return &Response{StatusCode: sip.StatusRequestPending}
	case c.theirs || c.state == Confirmed && c.ackDue && c.sdpInACK != nil:
		return &Response{StatusCode: sip.StatusInternalServerError, RetryAfter: time.Duration(1+rand.IntN(9)) * time.Second} //nolint:gosec // spreads load
	}
	c.theirs = true
	return nil
}

func (c *Call) finished() {
	c.mu.Lock()
	c.theirs = false
	c.mu.Unlock()
}

// offered is what a request offers, nil for nothing. One with a session too brief or a body of another kind is refused.
func (c *Call) offered(req *sip.Request, reply replier) (offer []byte, ok bool) {
	if brief := c.e.tooBrief(req); brief != nil {
		reply(*brief)
		return nil, false
	}
	offer, err := description(req)
	if err != nil {
		reply(bodyRefusal(err))
		return nil, false
	}
	return offer, true
}

// reinvited answers a re-INVITE: hold, resume, other media, or a refresh (RFC 3261 §14.2).
func (c *Call) reinvited(req *sip.Request, tx *sip.ServerTx, reply replier) {
	if c.State() != Confirmed {
		reply(Response{StatusCode: sip.StatusInternalServerError, RetryAfter: time.Second})
		return
	}
	offer, ok := c.offered(req, reply)
	if !ok {
		return
	}
	if pending := c.begin(); pending != nil {
		reply(*pending)
		return
	}
	finished := sync.OnceFunc(c.finished)
	defer finished()
	_ = tx.Respond(sip.NewResponseFromRequest(req, sip.StatusTrying, "Trying", nil))
	var sdp []byte
	var err error
	if offer != nil {
		sdp, err = c.answerOffer(offer)
	} else {
		sdp, err = c.makeOffer()
	}
	if err != nil {
		reply(refusal(err))
		return
	}
	_ = c.dialog.retarget(req) // a re-INVITE without a usable Contact changes none
	res := c.e.response(req, Response{StatusCode: sip.StatusOK})
	res.AppendHeader(c.contactOn(tx, req))
	res.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	c.agreeSession(req, res)
	withSDP(res, sdp)
	var take func(*sip.Request)
	if offer == nil {
		take = func(ack *sip.Request) { _ = c.answerInACK(ack) }
	}
	c.mu.Lock()
	acked := c.awaitACK(req, take)
	c.mu.Unlock()
	finished()  // before the peer knows, who may ask for more as soon as he does
	go func() { // and before his ACK has come
		if c.untilACK(tx, res, acked) == nil {
			c.startSession()
		}
	}()
}

// updated answers an UPDATE (RFC 3311).
func (c *Call) updated(req *sip.Request, tx *sip.ServerTx, reply replier) {
	offer, ok := c.offered(req, reply)
	if !ok {
		return
	}
	var answer []byte
	if offer != nil {
		if c.State() < Confirmed && (c.in == nil || !c.in.agreed) { // RFC 3311 §5.2
			reply(Response{StatusCode: sip.StatusInternalServerError, RetryAfter: time.Second})
			return
		}
		if pending := c.begin(); pending != nil {
			reply(*pending)
			return
		}
		var err error
		answer, err = c.answerOffer(offer)
		c.finished() // before the peer knows, who may ask for more as soon as he does
		if err != nil {
			reply(refusal(err))
			return
		}
	}
	_ = c.dialog.retarget(req) // an UPDATE without a usable Contact changes none
	res := c.e.response(req, Response{StatusCode: sip.StatusOK})
	res.AppendHeader(c.contactOn(tx, req))
	if c.State() == Confirmed {
		c.agreeSession(req, res)
	}
	if answer != nil {
		withSDP(res, answer)
	}
	_ = tx.Respond(res) // a peer that is gone needs no answer
	c.startSession()
}

// info takes an INFO: a digit that somebody pressed, else nothing that we know (RFC 6086 §4.2.2).
func (c *Call) info(req *sip.Request) Response {
	if firstValue(req, "Info-Package") != "" {
		return Response{StatusCode: statusBadInfoPackage, Reason: "Bad Info Package", Header: []Header{{"Recv-Info", ""}}}
	}
	if len(req.Body()) == 0 {
		return Response{StatusCode: sip.StatusOK}
	}
	m := c.currentMedia()
	kind := firstValue(req, "Content-Type", "c")
	if m == nil {
		return Response{StatusCode: sip.StatusUnsupportedMediaType}
	}
	if err := m.Info(kind, req.Body()); err != nil {
		return Response{StatusCode: sip.StatusUnsupportedMediaType, Header: []Header{{"Accept", "application/dtmf-relay, application/dtmf"}}}
	}
	return Response{StatusCode: sip.StatusOK}
}

const statusBadInfoPackage = 469 // RFC 6086 §4.2.2

// negotiate takes the right to make an offer inside the call. A peer who makes one at this moment goes first.
func (c *Call) negotiate(ctx context.Context) (release func(), err error) {
	select {
	case c.exchange <- struct{}{}:
	case <-c.done:
		return nil, ErrEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		c.mu.Lock()
		state, free := c.state, !c.theirs && (!c.ackDue || c.state != Confirmed)
		if state == Confirmed && free {
			c.ours = true
		}
		c.mu.Unlock()
		switch {
		case state == Ended:
			<-c.exchange
			return nil, ErrEnded
		case state != Confirmed:
			<-c.exchange
			return nil, ErrState
		case free:
			return func() {
				c.mu.Lock()
				c.ours = false
				c.mu.Unlock()
				<-c.exchange
			}, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			<-c.exchange
			return nil, ctx.Err()
		}
	}
}

// glare is how long to wait after a 491 (RFC 3261 §14.1): who owns the Call-ID waits longer.
func (c *Call) glare() time.Duration {
	wait := time.Duration(rand.IntN(200)) * 10 * time.Millisecond //nolint:gosec // parts two that asked at once
	if c.Outgoing {
		wait += 2100 * time.Millisecond
	}
	return wait
}

// update refreshes the session without an offer (RFC 3311, RFC 4028 §7.4).
func (c *Call) update(ctx context.Context) (*sip.Response, error) {
	return c.send(ctx, sip.UPDATE, func(req *sip.Request) {
		req.AppendHeader(c.contact())
		req.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
		c.askSession(req)
	})
}

// contactOn is our contact as the peer of a transaction reaches it.
func (c *Call) contactOn(tx *sip.ServerTx, req *sip.Request) *sip.ContactHeader {
	return c.e.phone.contactOn(tx, req, c.contactUser())
}
