package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// prack is the acknowledgement of a reliable provisional response (RFC 3262).
type prack struct {
	sdp   []byte
	reply func(answer []byte, r Response)
}

// turn lets one goroutine at a time answer the INVITE.
func (c *Call) turn(ctx context.Context) (release func(), err error) {
	if c.in == nil {
		return nil, fmt.Errorf("%w: it is ours", ErrState)
	}
	select {
	case c.in.turn <- struct{}{}:
	case <-c.done:
		return nil, ErrEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch c.State() {
	case Ended:
		<-c.in.turn
		return nil, ErrEnded
	case Confirmed:
		<-c.in.turn
		return nil, fmt.Errorf("%w: it is answered", ErrState)
	case Calling, Early:
	}
	return func() { <-c.in.turn }, nil
}

// provisional sends 180 or 183, reliably when the caller requires that.
func (c *Call) provisional(ctx context.Context, code int, m Media) error {
	release, err := c.turn(ctx)
	if err != nil {
		return err
	}
	defer release()
	in := c.in
	if m != nil {
		c.SetMedia(m)
	} else if in.required && in.offer == nil && in.told == nil {
		return nil
	}
	var sdp []byte
	if m != nil && in.told == nil {
		if sdp, err = c.describe(); err != nil {
			return err
		}
		in.told = sdp
	}
	res := c.e.response(in.req, Response{StatusCode: code, Reason: statusText(code)})
	res.AppendHeader(c.contact())
	if sdp != nil {
		withSDP(res, sdp)
	}
	c.mu.Lock()
	if c.state < Early {
		c.state = Early
	}
	c.mu.Unlock()
	if !in.required {
		return c.respond(res)
	}
	return c.reliably(ctx, res)
}

// describe answers the caller's offer, or makes one. What the media refuse is refused to the caller.
func (c *Call) describe() ([]byte, error) {
	var sdp []byte
	var err error
	if c.in.offer != nil {
		sdp, err = c.answerOffer(c.in.offer)
		c.in.agreed = err == nil
	} else {
		sdp, err = c.makeOffer()
	}
	if err != nil {
		_ = c.reject(refusal(err), End{By: We, Cause: MediaRefused})
		return nil, fmt.Errorf("phone: answering a call: %w", err)
	}
	return sdp, nil
}

func (c *Call) respond(res *sip.Response) error {
	if err := c.in.tx.Respond(res); err != nil {
		return fmt.Errorf("phone: responding: %w", err)
	}
	return nil
}

// reliably sends a provisional response until it is acknowledged (RFC 3262 §3).
func (c *Call) reliably(ctx context.Context, res *sip.Response) error {
	in := c.in
	if in.rseq == 0 {
		in.rseq = uint32(rand.Int32N(1 << 16)) //nolint:gosec // RFC 3262 §3 wants it random, not secret
	}
	c.mu.Lock()
	in.rseq++
	in.unacked = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		in.unacked = false
		c.mu.Unlock()
	}()
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(in.rseq), 10)))
	give := time.NewTimer(transactionLife)
	defer give.Stop()
	for wait := t1; ; wait *= 2 {
		if err := c.respond(res); err != nil {
			return err
		}
		again := time.NewTimer(wait)
		select {
		case p := <-in.prack:
			again.Stop()
			return c.pracked(p)
		case <-c.done:
			again.Stop()
			return ErrEnded
		case <-ctx.Done():
			again.Stop()
			return ctx.Err()
		case <-give.C: // RFC 3262 §3
			again.Stop()
			_ = c.reject(Response{StatusCode: sip.StatusGatewayTimeout}, End{By: Network, Cause: NoACK})
			return ErrTimeout
		case <-again.C:
		}
	}
}

// pracked takes what a PRACK brought: the answer to our offer, or a new offer.
func (c *Call) pracked(p prack) error {
	switch {
	case p.sdp == nil:
		p.reply(nil, Response{StatusCode: sip.StatusOK})
	case !c.in.agreed && c.in.offer == nil:
		if err := c.takeAnswer(p.sdp); err != nil {
			p.reply(nil, refusal(err))
			_ = c.reject(refusal(err), End{By: We, Cause: MediaRefused})
			return fmt.Errorf("phone: answering a call: %w", err)
		}
		c.in.agreed = true
		p.reply(nil, Response{StatusCode: sip.StatusOK})
	default:
		answer, err := c.answerOffer(p.sdp)
		if err != nil {
			p.reply(nil, refusal(err))
			return nil
		}
		p.reply(answer, Response{StatusCode: sip.StatusOK})
	}
	return nil
}

// takePRACK gives a PRACK to who waits for it (RFC 3262 §3).
func (c *Call) takePRACK(req *sip.Request, tx *sip.ServerTx) {
	reply := func(answer []byte, r Response) {
		res := c.e.response(req, r)
		if answer != nil {
			withSDP(res, answer)
		}
		_ = tx.Respond(res) // a peer that is gone needs no answer
	}
	f := strings.Fields(firstValue(req, "RAck"))
	var rseq, cseq uint64
	if len(f) == 3 {
		rseq, _ = strconv.ParseUint(f[0], 10, 32)
		cseq, _ = strconv.ParseUint(f[1], 10, 32)
	}
	in := c.in
	if in == nil || len(f) != 3 || !strings.EqualFold(f[2], "INVITE") || c.State() >= Confirmed {
		reply(nil, Response{StatusCode: sip.StatusCallTransactionDoesNotExists})
		return
	}
	c.mu.Lock()
	fits := in.unacked && uint32(rseq) == in.rseq && uint32(cseq) == in.req.CSeq().SeqNo
	c.mu.Unlock()
	sdp, err := description(req)
	if !fits {
		reply(nil, Response{StatusCode: sip.StatusCallTransactionDoesNotExists})
		return
	}
	if err != nil {
		reply(nil, bodyRefusal(err))
		return
	}
	select {
	case in.prack <- prack{sdp, reply}:
	default: // another came first
		reply(nil, Response{StatusCode: sip.StatusCallTransactionDoesNotExists})
	}
}

// Answer takes the call (200) with media and returns when the caller acknowledged it. On an error the call has ended:
// ErrEnded when the caller was gone, ErrTimeout when the ACK never came, or what the media had against it.
func (c *Call) Answer(ctx context.Context, m Media) error {
	release, err := c.turn(ctx)
	if err != nil {
		return err
	}
	defer release()
	in := c.in
	if m != nil {
		c.SetMedia(m)
	}
	sdp := in.told
	switch {
	case sdp == nil:
		if sdp, err = c.describe(); err != nil {
			return err
		}
	case in.required: // it was told reliably (RFC 3262 §5)
		sdp = nil
	}
	res := c.e.response(in.req, Response{StatusCode: sip.StatusOK})
	res.AppendHeader(c.contact())
	res.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	c.agreeSession(in.req, res)
	if sdp != nil {
		withSDP(res, sdp)
	}
	c.mu.Lock()
	var refusedAnswer error
	var take func(*sip.Request)
	if !in.agreed {
		take = func(ack *sip.Request) { refusedAnswer = c.answerInACK(ack) }
	}
	acked := c.awaitACK(in.req, take)
	c.mu.Unlock()
	if !c.confirm() {
		return ErrEnded
	}
	if err := c.untilACK(in.tx, res, acked); err != nil {
		return err
	}
	if refusedAnswer != nil {
		return fmt.Errorf("phone: answering a call: %w", refusedAnswer)
	}
	c.startSession()
	c.watchMedia()
	return nil
}

// untilACK sends a 2xx to an INVITE until it is acknowledged (RFC 3261 §13.3.1.4, RFC 6026 §7.1). Without an ACK the
// call ends.
func (c *Call) untilACK(tx *sip.ServerTx, res *sip.Response, acked <-chan struct{}) error {
	give := time.NewTimer(transactionLife)
	defer give.Stop()
	for wait := t1; ; wait = min(2*wait, t2) {
		if err := tx.Respond(res); err != nil {
			c.finish(End{By: Network, Cause: NoACK})
			return fmt.Errorf("phone: answering: %w", err)
		}
		if errors.Is(tx.Err(), sip.ErrTransactionCanceled) { // a CANCEL came first: the transaction layer said 487
			c.finish(End{By: Peer, Cause: Canceled, StatusCode: sip.StatusRequestTerminated})
		}
		again := time.NewTimer(wait)
		select {
		case <-acked:
			again.Stop()
			return nil
		case ack := <-tx.Acks(): // with the branch of the INVITE
			again.Stop()
			c.acknowledged(ack)
			return nil
		case <-c.done:
			again.Stop()
			return ErrEnded
		case <-give.C:
			again.Stop()
			ctx, cancel := context.WithTimeout(context.Background(), t2)
			defer cancel()
			_ = c.bye(ctx, End{By: Network, Cause: NoACK, Reasons: []Reason{reasonNoACK}})
			return ErrTimeout
		case <-again.C:
		}
	}
}

// awaitACK expects the ACK of a 2xx to an INVITE, and gives it to take when an answer is due in it. The caller holds mu.
func (c *Call) awaitACK(invite *sip.Request, take func(*sip.Request)) <-chan struct{} {
	c.acked, c.ackSeq, c.ackDue, c.sdpInACK = make(chan struct{}), invite.CSeq().SeqNo, true, take
	return c.acked
}

// acknowledged takes the ACK of a 2xx of ours, once.
func (c *Call) acknowledged(ack *sip.Request) {
	if ack.CSeq() == nil {
		return
	}
	c.mu.Lock()
	if !c.ackDue || ack.CSeq().SeqNo != c.ackSeq {
		c.mu.Unlock()
		return
	}
	take, acked := c.sdpInACK, c.acked
	c.sdpInACK, c.ackDue = nil, false
	c.mu.Unlock()
	if take != nil {
		take(ack)
	}
	close(acked)
}

// answerInACK takes the answer to an offer of ours in a 2xx. Without one there is no call.
func (c *Call) answerInACK(ack *sip.Request) error {
	sdp, err := description(ack)
	if err == nil && sdp == nil {
		err = errBody
	}
	if err == nil {
		err = c.takeAnswer(sdp)
	}
	if err != nil {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), t2)
			defer cancel()
			_ = c.bye(ctx, End{By: We, Cause: MediaRefused, Reasons: []Reason{reasonMedia}})
		}()
	}
	return err
}

// contact is our address for requests inside the call. That of a call out is filled in when a request is sent.
func (c *Call) contact() *sip.ContactHeader {
	if c.in != nil {
		return c.contactOn(c.in.tx, c.in.req)
	}
	return &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: c.contactUser()}}
}

func (c *Call) contactUser() string {
	if c.account != nil {
		return c.account.uri.User
	}
	return "ringback"
}

// contactOn is the address that the sender of a request reached us at.
func (p *Phone) contactOn(tx *sip.ServerTx, req *sip.Request, user string) *sip.ContactHeader {
	h := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: user}}
	local, err := netip.ParseAddrPort(tx.Connection().LocalAddr().String())
	if err != nil {
		return h
	}
	addr, port := local.Addr().Unmap(), int(local.Port())
	if addr.IsUnspecified() {
		if src, err := netip.ParseAddrPort(req.Source()); err == nil {
			addr = sourceFor(src)
		}
	}
	if transport := req.Transport(); transport != "UDP" {
		h.Address.UriParams.Add("transport", sip.ASCIIToLower(transport))
		if listening := p.streamPort(transport); listening != 0 {
			port = listening // a connection may go, the listener stays
		}
	}
	h.Address.Host, h.Address.Port = p.advertised(addr).String(), port
	return h
}
