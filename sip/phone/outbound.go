package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// outbound is what a call of ours has while it is not answered.
type outbound struct {
	o     DialOptions
	to    sip.Uri
	offer []byte

	recipient sip.Uri // who is asked now: to, or whom it was sent on to; owned by place

	invite *sip.Request // that was answered

	mu     sync.Mutex
	wanted End           // why it shall end
	stop   chan struct{} // closed with that
	forks  map[string]*fork
	parted map[string]struct{} // tags of those who answered too late
}

// fork is one of those who answer our INVITE, by his tag.
type fork struct {
	dialog *dialog
	rseq   uint32 // of his last reliable response
}

// maxForks is how many phones may answer one INVITE provisionally; what more do is not looked at.
const maxForks = 64

var errAnswerRefused = errors.New("phone: the answer cannot be used")

// cancel has the INVITE cancelled.
func (o *outbound) cancel(why End) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wanted.Cause == UnknownCause {
		o.wanted = why
		close(o.stop)
	}
}

func (o *outbound) end() End {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wanted
}

// transact sends one INVITE and returns its final response; of a 2xx the dialog is established then.
func (c *Call) transact(ctx context.Context, req *sip.Request, t target, ring <-chan time.Time) (*sip.Response, error) {
	begun := time.Now()
	tx, err := c.e.phone.start(ctx, req)
	if err != nil {
		if t.named {
			c.e.phone.names.failed(t.addr, begun)
		}
		return nil, err
	}
	tx.OnRetransmission(func(res *sip.Response) { go c.repeated(req, res) })
	stop, provisional, canceled := c.out.stop, false, false
	var giveUp <-chan time.Time
	cancel := func() {
		stop = nil
		if !provisional || canceled { // RFC 3261 §9.1: not before there was a response
			return
		}
		canceled = true
		go c.sendCANCEL(req, t)
		giveUp = time.After(transactionLife)
	}
	for {
		select {
		case res := <-tx.Responses():
			if t.named {
				c.e.phone.names.answered(t.addr)
			}
			switch {
			case res.IsProvisional():
				provisional = true
				c.early(req, res)
				if stop == nil {
					cancel()
				}
			case res.IsSuccess():
				return res, c.answeredBy(req, res)
			default:
				return res, nil
			}
		case <-stop:
			cancel()
		case <-ring:
			c.out.cancel(End{By: We, Cause: RangOut})
		case <-giveUp:
			tx.Terminate()
			return nil, ErrTimeout
		case <-c.e.dead:
			tx.Terminate()
			return nil, ErrClosed
		case <-tx.Done():
			if t.named {
				c.e.phone.names.failed(t.addr, begun)
			}
			if err := tx.Err(); err != nil && !errors.Is(err, sip.ErrTransactionTimeout) {
				return nil, fmt.Errorf("phone: waiting for an answer: %w", err)
			}
			return nil, ErrTimeout
		}
	}
}

// sendCANCEL cancels an INVITE (RFC 3261 §9.1).
func (c *Call) sendCANCEL(invite *sip.Request, t target) {
	p := c.e.phone
	req := sip.NewRequest(sip.CANCEL, invite.Recipient)
	req.SetTransport(invite.Transport())
	req.SetDestination(invite.Destination())
	req.Laddr = invite.Laddr
	req.AppendHeader(sip.HeaderClone(invite.Via()))
	sip.CopyHeaders("Route", invite, req)
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	req.AppendHeader(sip.HeaderClone(invite.From()))
	req.AppendHeader(sip.HeaderClone(invite.To()))
	req.AppendHeader(sip.HeaderClone(invite.CallID()))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	for _, r := range c.out.end().Reasons {
		req.AppendHeader(r.header())
	}
	p.signs(req)
	ctx, cancel := context.WithTimeout(context.Background(), transactionLife)
	defer cancel()
	_, _ = p.exchange(ctx, req, t) // the INVITE's own response counts
}

// early takes a provisional response.
func (c *Call) early(req *sip.Request, res *sip.Response) {
	if res.StatusCode == sip.StatusTrying {
		return
	}
	c.mu.Lock()
	if c.state < Early && (res.StatusCode == sip.StatusRinging || res.StatusCode == sip.StatusSessionInProgress) {
		c.state = Early
	}
	c.mu.Unlock()
	f := c.fork(req, res)
	sdp, err := description(res)
	if err == nil && sdp != nil && c.out.o.Media != nil {
		_ = c.takeAnswer(sdp) // one that cannot be used may be mended by the final one
	}
	if f != nil && lists(res, "100rel", "Require") && c.out.o.Media != nil {
		c.acknowledgeProvisional(f, req, res)
	}
	if c.out.o.Progress != nil {
		c.out.o.Progress(res.StatusCode)
	}
}

// fork is who sent a provisional response; nil for one who made no dialog.
func (c *Call) fork(req *sip.Request, res *sip.Response) *fork {
	if res.To() == nil {
		return nil
	}
	tag, _ := res.To().Params.Get("tag")
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	f := c.out.forks[tag]
	if f == nil && tag != "" && len(c.out.forks) < maxForks {
		d, err := callerDialog(req, res)
		if err != nil {
			return nil
		}
		f = &fork{dialog: d}
		c.out.forks[tag] = f
	}
	return f
}

// acknowledgeProvisional sends PRACK for a reliable response, each once and in order (RFC 3262 §4).
func (c *Call) acknowledgeProvisional(f *fork, invite *sip.Request, res *sip.Response) {
	n, err := strconv.ParseUint(firstValue(res, "RSeq"), 10, 32)
	if err != nil || n == 0 || f.rseq != 0 && uint32(n) != f.rseq+1 {
		return
	}
	f.rseq = uint32(n)
	seq := invite.CSeq().SeqNo
	go func() {
		_, _ = c.sendIn(context.Background(), f.dialog, sip.PRACK, func(req *sip.Request) { // who does not hear it says it again
			req.AppendHeader(sip.NewHeader("RAck", strconv.FormatUint(n, 10)+" "+strconv.Itoa(int(seq))+" INVITE"))
		})
	}()
}

// answeredBy establishes the call with the first who answered it (RFC 3261 §13.2.2.4).
func (c *Call) answeredBy(req *sip.Request, res *sip.Response) error {
	d, err := callerDialog(req, res)
	if err != nil {
		return err
	}
	if f := c.fork(req, res); f != nil { // its PRACKs used up numbers
		f.dialog.mu.Lock()
		d.seq = max(d.seq, f.dialog.seq)
		f.dialog.mu.Unlock()
	}
	c.mu.Lock()
	c.dialog, c.out.invite = d, req
	c.methods = methods(res)
	c.mu.Unlock()
	if !c.confirm() {
		return ErrEnded
	}
	sdp, err := description(res)
	if c.out.o.Media == nil {
		if err != nil || sdp == nil {
			err = c.unusable(req, d, err)
			return err
		}
		c.mu.Lock()
		c.remoteSDP = sdp
		c.mu.Unlock()
		c.settleSession(res)
		return nil // Complete sends the ACK
	}
	if err == nil && (sdp != nil || c.RemoteSDP() == nil) { // a reliable 183 may have brought it
		if sdp == nil {
			err = errBody
		} else {
			err = c.takeAnswer(sdp)
		}
	}
	if err != nil {
		return c.unusable(req, d, err)
	}
	if err := c.sendACK(req, d, nil); err != nil {
		c.finish(End{By: Network})
		return err
	}
	if c.out.end().Cause != UnknownCause { // the answer crossed the CANCEL
		ctx, cancel := context.WithTimeout(context.Background(), t2)
		defer cancel()
		_ = c.bye(ctx, c.out.end())
		return ErrCanceled
	}
	c.settleSession(res)
	c.watchMedia()
	return nil
}

// unusable acknowledges an answer that is none and hangs up (RFC 3261 §13.2.2.4).
func (c *Call) unusable(req *sip.Request, d *dialog, why error) error {
	_ = c.sendACK(req, d, nil)
	ctx, cancel := context.WithTimeout(context.Background(), t2)
	defer cancel()
	_ = c.bye(ctx, End{By: We, Cause: MediaRefused, Reasons: []Reason{reasonMedia}})
	return fmt.Errorf("%w: %w", errAnswerRefused, why)
}

// ackOf makes the acknowledgement of a 2xx (RFC 3261 §13.2.2.4).
func (c *Call) ackOf(invite *sip.Request, d *dialog, answer []byte) (*sip.Request, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.e.phone.o.Timeout)
	defer cancel()
	req, _, err := c.e.request(ctx, d, sip.ACK, invite.CSeq().SeqNo)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization"} { // RFC 3261 §22.1
		sip.CopyHeaders(name, invite, req)
	}
	c.e.phone.signs(req)
	if answer != nil {
		withSDP(req, answer)
	}
	return req, nil
}

// sendACK sends the ACK of a 2xx and keeps it for when the 2xx comes again.
func (c *Call) sendACK(invite *sip.Request, d *dialog, answer []byte) error {
	ack, err := c.ackOf(invite, d, answer)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.ack = ack
	c.mu.Unlock()
	return c.e.phone.write(ack)
}

// write sends a request that has no transaction.
func (p *Phone) write(req *sip.Request) error {
	p.stats.requests.Add(1)
	if err := p.ua.TransportLayer().WriteMsg(req); err != nil {
		return fmt.Errorf("phone: sending: %w", err)
	}
	return nil
}

// repeated takes a 2xx that came after the first: the same once more, or another fork's, whose call is ended.
func (c *Call) repeated(invite *sip.Request, res *sip.Response) {
	if res.To() == nil || res.CSeq() == nil {
		return
	}
	tag, _ := res.To().Params.Get("tag")
	c.mu.Lock()
	same, ack := c.dialog.remoteTag == tag, c.ack
	c.mu.Unlock()
	if same {
		if ack != nil && ack.CSeq().SeqNo == res.CSeq().SeqNo {
			_ = c.e.phone.write(ack)
		}
		return
	}
	d, err := callerDialog(invite, res)
	if err != nil || c.out == nil {
		return
	}
	ack, err = c.ackOf(invite, d, nil)
	if err != nil {
		return
	}
	_ = c.e.phone.write(ack)
	c.out.mu.Lock()
	_, known := c.out.parted[tag]
	if !known {
		if c.out.parted == nil {
			c.out.parted = map[string]struct{}{}
		}
		c.out.parted[tag] = struct{}{}
	}
	many := len(c.out.parted) > maxForks
	c.out.mu.Unlock()
	if known || many {
		return // its BYE is on the way
	}
	_, _ = c.sendIn(context.Background(), d, sip.BYE, func(req *sip.Request) { req.AppendHeader(reasonElsewhere.header()) })
}
