package phone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Refused is the error of a request that got a final response other than 2xx.
type Refused struct {
	StatusCode int
	Reason     string        // the words beside the code
	Reasons    []Reason      // of Reason headers
	RetryAfter time.Duration // RFC 3261 §20.33, zero when not said
	Rang       bool          // somebody was alerted before: there was a 180 or 183
}

// Error is the status line.
func (r *Refused) Error() string {
	return fmt.Sprintf("phone: refused with %d %s", r.StatusCode, printable(r.Reason))
}

func refused(res *sip.Response) *Refused {
	return &Refused{StatusCode: res.StatusCode, Reason: res.Reason, Reasons: reasons(res), RetryAfter: retryAfter(res)}
}

// heads adds what every request has beside its parties.
func heads(req *sip.Request, callID string, cseq uint32) {
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	id := sip.CallIDHeader(callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: req.Method})
}

// signs adds who we are, and the Content-Length of a request without a body.
func (p *Phone) signs(req *sip.Request) {
	req.AppendHeader(sip.NewHeader("User-Agent", p.o.UserAgent))
	if req.Body() == nil {
		req.SetBody(nil)
	}
}

// start sends a request in a client transaction. A Contact without a host becomes the address that it
// leaves from, as over TCP that is known no sooner.
func (p *Phone) start(ctx context.Context, req *sip.Request) (*sip.ClientTx, error) {
	p.stats.requests.Add(1)
	tx, err := p.ua.TransactionLayer().NewClientTransaction(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("phone: sending: %w", err)
	}
	p.fillContact(req)
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return nil, fmt.Errorf("phone: sending: %w", err)
	}
	return tx, nil
}

// fillContact completes our Contact from the Via of the same request.
func (p *Phone) fillContact(req *sip.Request) {
	c, via := req.Contact(), req.Via()
	if c == nil || c.Address.Host != "" {
		return
	}
	c.Address.Host, c.Address.Port = via.Host, via.Port
	if a, ok := hostAddr(via.Host); ok { // of a connection sipgo wrote it
		c.Address.Host = p.advertised(a).String()
	}
	if via.Transport == "UDP" {
		return
	}
	c.Address.UriParams.Add("transport", sip.ASCIIToLower(via.Transport))
	if port := p.streamPort(via.Transport); port != 0 { // a connection may go, the listener stays
		c.Address.Port = port
	}
}

// streamPort is the port we accept connections of a transport at, 0 without any.
func (p *Phone) streamPort(transport string) int {
	first, n := 0, len(p.o.ListenTCP)
	if transport == "TLS" {
		first, n = n, len(p.streams)
	}
	if first >= n || n > len(p.streams) {
		return 0
	}
	_, port, err := sip.ParseAddr(p.streams[first].Addr().String())
	if err != nil {
		return 0
	}
	return port
}

// exchange sends a request other than INVITE and returns the final response.
func (p *Phone) exchange(ctx context.Context, req *sip.Request, t target) (*sip.Response, error) {
	begun := time.Now()
	tx, err := p.start(ctx, req)
	if err != nil {
		if t.named {
			p.names.failed(t.addr, begun)
		}
		return nil, err
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if t.named {
				p.names.answered(t.addr)
			}
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			if t.named {
				p.names.failed(t.addr, begun)
			}
			if err := tx.Err(); err != nil && !errors.Is(err, sip.ErrTransactionTimeout) {
				return nil, fmt.Errorf("phone: waiting for a response: %w", err)
			}
			return nil, ErrTimeout
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, ErrTimeout
			}
			return nil, ctx.Err()
		}
	}
}

// challenged answers the challenges that one request meets on its way.
type challenged struct {
	login
	answers []credentials
	tries   int
}

// add gives a request the answers there are.
func (c *challenged) add(req *sip.Request) {
	for _, a := range c.answers {
		req.AppendHeader(sip.NewHeader(a.header, a.value))
	}
}

// again answers the challenge in a response, if it is one that we can answer, and says whether to send
// the request again.
func (c *challenged) again(req *sip.Request, res *sip.Response) (bool, error) {
	if res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired ||
		c.file == "" || c.tries >= maxChallenges {
		return false, nil
	}
	c.tries++
	return c.answerChallenge(&c.answers, req, res)
}
