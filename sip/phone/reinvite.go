package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Complete answers the offer in the 2xx of a call that was dialled without media (RFC 3725 §4): RemoteSDP is
// the offer. From then on m has the call's media; nil leaves it without.
func (c *Call) Complete(answer []byte, m Media) error {
	c.mu.Lock()
	ready := c.out != nil && c.out.o.Media == nil && c.state == Confirmed && c.ack == nil && c.out.invite != nil
	d := c.dialog
	c.mu.Unlock()
	if !ready {
		return fmt.Errorf("%w: no answer is due", ErrState)
	}
	c.mu.Lock()
	c.localSDP = answer
	c.mu.Unlock()
	if err := c.sendACK(c.out.invite, d, answer); err != nil {
		return err
	}
	if m != nil {
		c.SetMedia(m)
	}
	return nil
}

// Renegotiate sends an offer that the call's media made: to hold or resume, or after SetMedia. The answer
// goes to the media. The error is a *Refused when the peer does not want to; the media then stay as they
// were.
func (c *Call) Renegotiate(ctx context.Context, offer []byte) error {
	m := c.currentMedia()
	if m == nil {
		return errNoMedia
	}
	res, err := c.reinvite(ctx, offer, nil)
	if err == nil && !res.IsSuccess() {
		err = refused(res)
	}
	if err != nil {
		m.Withdraw()
		return err
	}
	c.settleSession(res)
	answer, err := description(res)
	if err == nil && answer == nil {
		err = errBody
	}
	if err == nil {
		err = c.takeAnswer(answer)
	}
	if err != nil {
		m.Withdraw()
		return fmt.Errorf("%w: %w", errAnswerRefused, err)
	}
	return nil
}

// Join connects the peers of two answered calls to each other, so that media go straight between them
// (RFC 3725 §7). Later offers of one are passed to the other. Both calls go on; whoever joined them ends the one
// when the other has ended. On an error the media of both are as they were, as far as the peers agree.
func Join(ctx context.Context, a, b *Call) error {
	var offer, answer []byte
	resA, err := a.reinvite(ctx, nil, func(theirs []byte) ([]byte, error) {
		offer = theirs
		resB, err := b.reinvite(ctx, theirs, nil)
		if err != nil {
			return nil, err
		}
		if !resB.IsSuccess() {
			return nil, refused(resB)
		}
		b.settleSession(resB)
		answer, err = description(resB)
		if err == nil && answer == nil {
			err = errBody
		}
		return answer, err
	})
	if err != nil {
		return err
	}
	if !resA.IsSuccess() {
		return refused(resA)
	}
	a.settleSession(resA)
	a.described(answer, offer)
	b.described(offer, answer)
	a.SetMedia(&relay{other: b})
	b.SetMedia(&relay{other: a})
	return nil
}

func (c *Call) described(local, remote []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.localSDP, c.remoteSDP = local, remote
}

// relay is the media of a call whose peer sends them to the peer of another.
type relay struct{ other *Call }

// Offer passes on what the other peer said last.
func (r *relay) Offer() ([]byte, error) {
	if sdp := r.other.RemoteSDP(); sdp != nil {
		return sdp, nil
	}
	return nil, errNoMedia
}

// Answer has the other peer answer.
func (r *relay) Answer(offer []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), transactionLife)
	defer cancel()
	res, err := r.other.reinvite(ctx, offer, nil)
	if err != nil {
		return nil, err
	}
	if !res.IsSuccess() {
		return nil, refused(res)
	}
	r.other.settleSession(res)
	answer, err := description(res)
	if err == nil && answer == nil {
		err = errBody
	}
	if err != nil {
		return nil, err
	}
	r.other.described(offer, answer)
	return answer, nil
}

// Accept tells the other peer.
func (r *relay) Accept(answer []byte) error {
	go func() { _, _ = r.Answer(answer) }() // the answer is the other's offer now; what he says of it changes nothing here
	return nil
}

// Withdraw does nothing: what was agreed stands.
func (r *relay) Withdraw() {}

// Info is of no use: nobody here listens.
func (r *relay) Info(string, []byte) error { return errBodyType }

// Lost is nil: media do not come here.
func (r *relay) Lost() <-chan struct{} { return nil }

// reinvite sends an INVITE inside the call with an offer, or without one; then answer makes the answer to the
// peer's. It returns the final response.
func (c *Call) reinvite(ctx context.Context, offer []byte, answer func(offer []byte) ([]byte, error)) (*sip.Response, error) {
	release, err := c.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	auth := challenged{login: c.login()}
	for try := 0; ; try++ {
		res, req, err := c.reinviteOnce(ctx, offer, answer, &auth)
		if err != nil {
			return nil, err
		}
		switch {
		case res.IsSuccess():
			return res, nil
		case res.StatusCode == sip.StatusRequestPending && try < 3:
			if !sleep(ctx, c.glare()) {
				return nil, ctx.Err()
			}
			continue
		case res.StatusCode == sip.StatusRequestTimeout, res.StatusCode == sip.StatusCallTransactionDoesNotExists: // RFC 3261 §12.2.1.2
			go c.expired() //nolint:gosec // ends the call whatever becomes of ctx
			return res, nil
		}
		if again, err := auth.again(req, res); err != nil || !again {
			return res, err
		}
	}
}

func (c *Call) reinviteOnce(ctx context.Context, offer []byte, answer func([]byte) ([]byte, error), auth *challenged) (*sip.Response, *sip.Request, error) {
	c.mu.Lock()
	d := c.dialog
	c.mu.Unlock()
	req, _, err := c.e.request(ctx, d, sip.INVITE, d.next())
	if err != nil {
		return nil, nil, err
	}
	auth.add(req)
	req.AppendHeader(c.contact())
	req.AppendHeader(sip.NewHeader("Allow", c.e.phone.allowed()))
	req.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	c.askSession(req)
	c.e.phone.signs(req)
	if offer != nil {
		withSDP(req, offer)
	}
	res, err := c.finalOf(ctx, req)
	if err != nil || !res.IsSuccess() {
		return res, req, err
	}
	_ = d.retarget(res) // a 2xx without a usable Contact changes none
	theirs, err := description(res)
	c.mu.Lock()
	local := c.localSDP
	c.mu.Unlock()
	switch {
	case offer != nil:
		c.described(offer, theirs)
		return res, req, c.sendACK(req, d, nil)
	case err == nil && theirs == nil:
		err = errBody
	case err == nil:
		ours, answerErr := answer(theirs)
		if err = answerErr; err == nil {
			local = ours
		}
	}
	if ackErr := c.sendACK(req, d, local); err == nil { // after an error, what we said before
		err = ackErr
	}
	return res, req, err
}

// finalOf sends an INVITE inside the call and returns its final response.
func (c *Call) finalOf(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	tx, err := c.e.phone.start(ctx, req)
	if err != nil {
		return nil, err
	}
	tx.OnRetransmission(func(res *sip.Response) { go c.repeated(req, res) })
	give := time.NewTimer(transactionLife)
	defer give.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			if err := tx.Err(); err != nil && !errors.Is(err, sip.ErrTransactionTimeout) {
				return nil, fmt.Errorf("phone: waiting for a response: %w", err)
			}
			return nil, ErrTimeout
		case <-c.done:
			tx.Terminate()
			return nil, ErrEnded
		case <-ctx.Done():
			tx.Terminate()
			return nil, ctx.Err()
		case <-give.C:
			tx.Terminate()
			return nil, ErrTimeout
		}
	}
}
