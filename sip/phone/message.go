package phone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxDatagram is how large a request may be to go over UDP, in bytes (RFC 3261 §18.1.1, RFC 3428 §8).
// sipgo refuses to send a larger one.
const maxDatagram = 1300

// maxChallenges is how often one message is sent again because it was challenged: once by the PBX, once
// by who stands behind it, once because a nonce was stale.
const maxChallenges = 3

// Message is what Phone.Message sends.
type Message struct {
	To   string // the URI of the phone: the contact it registered, or its address-of-record behind the proxy
	Body string // text/plain in UTF-8
	// Expires is for how long the text means something; a server that stores messages drops it afterwards
	// (RFC 3428 §4). Zero: not said.
	Expires time.Duration
	// OnSent is called when the request was handed to the network: once, retransmissions and repetitions after
	// a challenge not counted. Nil: nobody asks.
	OnSent func()
}

// Result is the final response to a message.
type Result struct {
	StatusCode int
	Reason     string
	RetryAfter time.Duration // RFC 3261 §20.33, zero when not said
	CallID     string        // of our request
	Transport  string        // "UDP", "TCP" or "TLS"
	Peer       netip.AddrPort
	Elapsed    time.Duration // from the call of Message to the response
}

// Message sends a message outside of any dialog and waits for the final response, whatever its status
// code, at most Options.Timeout. Without one the error says why: ErrTimeout, ErrURI, ErrTransport,
// ErrTooLarge, ErrChallenge, ErrClosed, ctx's, or one of the network. The Result tells the Call-ID and
// peer also then, as far as it got.
//
// It retransmits as RFC 3261 §17.1.2 says, but does not try again after an error: that is the caller's
// to decide.
func (p *Phone) Message(ctx context.Context, m Message) (Result, error) {
	start := time.Now()
	outer := ctx
	ctx, leave, err := p.enter(ctx)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	res, err := p.message(ctx, m)
	res.Elapsed = time.Since(start)
	switch {
	case err == nil:
		p.stats.answeredUs(res.StatusCode)
	case outer.Err() != nil:
		err = outer.Err()
	case p.life.Err() != nil:
		err = ErrClosed
	case ctx.Err() != nil || errors.Is(err, sip.ErrTransactionTimeout):
		p.stats.timeouts.Add(1)
		err = ErrTimeout
	default:
		p.stats.failures.Add(1)
	}
	return res, err
}

func (p *Phone) message(ctx context.Context, m Message) (Result, error) {
	to, err := parseURI(m.To)
	if err != nil {
		return Result{}, err
	}
	hop := to
	if p.proxy != nil {
		// Deviation: RFC 3261 §8.1.2 would have a Route header name the proxy, because common proxy and PBX
		// configurations refuse an initial request that brings one; the URI's host is theirs anyway.
		hop = *p.proxy
	}
	t, err := p.locate(ctx, hop)
	if err != nil {
		return Result{}, err
	}
	d := draft{Message: m, to: to, target: t, callID: p.cookie + strings.ToLower(rand.Text()), tag: strings.ToLower(rand.Text()[:16]), cseq: 1}
	result := Result{CallID: d.callID}
	var answers []credentials
	for {
		req, err := p.request(&d, answers)
		if err != nil {
			return result, err
		}
		result.Peer, result.Transport = d.target.addr, d.target.transport
		begun := time.Now()
		res, err := p.transact(ctx, req, &d)
		if err != nil {
			if t.named && !errors.Is(ctx.Err(), context.Canceled) {
				p.names.failed(t.addr, begun)
			}
			return result, err
		}
		if t.named {
			p.names.answered(t.addr)
		}
		result.StatusCode, result.Reason, result.RetryAfter = res.StatusCode, res.Reason, retryAfter(res)
		if res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired {
			return result, nil
		}
		if p.o.PasswordFile == "" || d.cseq > maxChallenges {
			return result, nil
		}
		again, err := p.login().answerChallenge(&answers, req, res)
		if err != nil || !again {
			return result, err
		}
		d.cseq++ // RFC 3261 §22.2
	}
}

// transact sends req in a client transaction of its own and waits for the final response.
func (p *Phone) transact(ctx context.Context, req *sip.Request, d *draft) (*sip.Response, error) {
	p.stats.requests.Add(1)
	tx, err := p.ua.TransactionLayer().Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("phone: sending: %w", err)
	}
	defer tx.Terminate()
	if d.OnSent != nil && d.cseq == 1 {
		d.OnSent()
	}
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			if err := tx.Err(); err != nil {
				return nil, fmt.Errorf("phone: waiting for a response: %w", err)
			}
			return nil, sip.ErrTransactionTerminated
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// draft is one message on its way through its attempts; they share Call-ID and From tag (RFC 3261
// §22.1).
type draft struct {
	Message
	to          sip.Uri
	target      target
	callID, tag string
	cseq        uint32
}

// request builds the request, and moves it to TCP if it is too large for a datagram (RFC 3261 §18.1.1).
func (p *Phone) request(d *draft, answers []credentials) (*sip.Request, error) {
	req, err := p.build(d, answers)
	if err != nil || d.target.transport != "UDP" {
		return req, err
	}
	if size := len(req.String()); size > maxDatagram {
		if d.to.UriParams.Has("transport") {
			return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
		}
		d.target.transport = "TCP"
		return p.build(d, answers)
	}
	return req, nil
}

// build makes the request. It has no Contact (RFC 3428 §4).
func (p *Phone) build(d *draft, answers []credentials) (*sip.Request, error) {
	req := sip.NewRequest(sip.MESSAGE, d.to)
	if err := p.direct(req, d.target, d.target.destination(p.proxy == nil)); err != nil {
		return nil, err
	}
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	from := &sip.FromHeader{DisplayName: p.o.DisplayName, Address: p.from}
	from.Params.Add("tag", d.tag)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: bare(d.to)})
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: d.cseq, MethodName: sip.MESSAGE})
	for _, c := range answers {
		req.AppendHeader(sip.NewHeader(c.header, c.value))
	}
	req.AppendHeader(sip.NewHeader("User-Agent", p.o.UserAgent))
	if d.Expires > 0 {
		req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(max(1, int(d.Expires/time.Second)))))
		req.AppendHeader(sip.NewHeader("Date", time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))) // RFC 3261 §20.17
	}
	contentType := sip.ContentTypeHeader("text/plain;charset=utf-8")
	req.AppendHeader(&contentType)
	req.SetBody([]byte(d.Body))
	return req, nil
}

// direct addresses a request to t and gives it its Via.
func (p *Phone) direct(req *sip.Request, t target, destination string) error {
	req.SetTransport(t.transport)
	req.SetDestination(destination)
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: t.transport}
	via.Params.Add("branch", p.branchPrefix+strings.ToLower(rand.Text()[:16]))
	if t.transport == "UDP" {
		s := p.socketFor(t.addr.Addr())
		if s == nil {
			return fmt.Errorf("%w: no UDP socket of ours reaches %v; one on every address, as :5066, does", ErrTransport, t.addr.Addr())
		}
		local := s.LocalAddr().String()
		host, port, err := sip.ParseAddr(local)
		if err != nil {
			return fmt.Errorf("phone: own address %s: %w", local, err)
		}
		req.Laddr = sip.Addr{IP: net.ParseIP(host), Port: port, Hostname: host}
		via.Host, via.Port = p.advertised(s.sentBy(t.addr)).String(), port
		via.Params.Add("rport", "") // RFC 3581 §3
	} // over TCP and TLS sipgo fills in the address of the connection
	req.AppendHeader(via)
	return nil
}

// retryAfter reads when to come back (RFC 3261 §20.33).
func retryAfter(res *sip.Response) time.Duration {
	h := res.GetHeader("Retry-After")
	if h == nil {
		return 0
	}
	digits := strings.TrimLeft(h.Value(), " ")
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	s, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(s) * time.Second
}
