package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// DialOptions say whom to call and how.
type DialOptions struct {
	Account string // by its name; empty: the first
	// To is whom to call: a number or extension, which the account's server knows, or a SIP URI.
	To string
	// From is the number or SIP URI that is shown; empty: the account's. DisplayName goes with it.
	From        string
	DisplayName string
	Withheld    bool     // show no number (RFC 3323, RFC 3325)
	Header      []Header // more header lines, as X-Service-Call-ID

	// Media make the offer. Nil: the INVITE has none, the peer offers, and Call.Complete answers (RFC 3725).
	Media Media

	RingTimeout time.Duration // EndpointOptions.RingTimeout
	CallID      string        // one of Endpoint.NewCallID that was not used before; empty: a new one
	// Redirect says whether a call that is sent on (300, 301, 302) may go there, by the account's server. Three times are the most.
	// Nil: such a call is refused with that code.
	Redirect func(to Party) bool
	// Progress is told of provisional responses, 180 and 183 above all. It must not block.
	Progress func(statusCode int)
}

// Dial calls somebody and returns when he has answered. When ctx ends first, or nobody answers within
// the ring timeout, the call is cancelled; an answer that crosses the CANCEL is hung up at once.
//
// Without a Call the error is a *Refused with the status code, ErrRingTimeout, ErrTimeout (no response at all),
// ErrCanceled (ctx, or Close), ErrTooMany, ErrClosed, ErrAccount, ErrURI, one of the media, or one of the network.
func (e *Endpoint) Dial(ctx context.Context, o DialOptions) (*Call, error) {
	a, err := e.account(o.Account)
	if err != nil {
		return nil, err
	}
	c, err := e.draft(a, o)
	if err != nil {
		return nil, err
	}
	if err := e.enter(); err != nil {
		return nil, err
	}
	if o.Media != nil {
		c.media = o.Media
		if c.out.offer, err = c.makeOffer(); err != nil {
			e.leave()
			return nil, fmt.Errorf("phone: making an offer: %w", err)
		}
	}
	e.stats.dialled.Add(1)
	e.put(c)
	answered := make(chan error, 1)
	go func() {
		defer e.leave()
		answered <- c.place()
		<-c.done // it counts until it has ended
	}()
	select {
	case err = <-answered:
	case <-ctx.Done():
		c.out.cancel(End{By: We, Cause: Canceled})
		select {
		case err = <-answered:
		case <-time.After(t2): // the far end does not answer the CANCEL: that is not waited for here
			err = ErrCanceled
		}
	}
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), t2)
		defer cancel()
		_ = c.hangup(end, End{By: We, Cause: Canceled})
		return nil, ErrCanceled
	}
	return c, nil
}

// draft makes the call that o describes, before anything is sent.
func (e *Endpoint) draft(a *account, o DialOptions) (*Call, error) {
	to, err := a.target(o.To)
	if err != nil {
		return nil, err
	}
	from := bare(a.uri)
	if o.From != "" {
		if from, err = a.target(o.From); err != nil {
			return nil, err
		}
		from = bare(from)
	}
	for _, h := range o.Header {
		if !h.sound() {
			return nil, fmt.Errorf("%w: header %q", ErrOptions, h.Name)
		}
	}
	if o.CallID == "" {
		o.CallID = e.NewCallID()
	}
	if !e.phone.Sent([]byte(o.CallID)) {
		return nil, fmt.Errorf("%w: a Call-ID of somebody else", ErrOptions)
	}
	if o.RingTimeout <= 0 {
		o.RingTimeout = e.o.RingTimeout
	}
	name := o.DisplayName
	if name == "" && o.From == "" {
		name = e.phone.o.DisplayName
	}
	c := newCall(e, Invitation{
		To: to.User, RequestURI: to.String(), Called: partyOf("", to),
		From: partyOf(name, from), Caller: partyOf(name, from),
		Withheld: o.Withheld, CallID: o.CallID, Account: a.Name,
	})
	c.Outgoing, c.account = true, a
	c.dialog = &dialog{callID: o.CallID, local: from, localName: printable(strings.NewReplacer(`"`, "", `\`, "").Replace(name)), remote: bare(to), localTag: e.phone.tag(o.CallID, "from")}
	c.out = &outbound{o: o, to: to, recipient: to, forks: map[string]*fork{}, stop: make(chan struct{})}
	return c, nil
}

// target is the URI of a number, extension or URI at the account's server.
func (a *account) target(s string) (sip.Uri, error) {
	if strings.HasPrefix(s, "sip:") || strings.HasPrefix(s, "sips:") {
		return parseURI(s)
	}
	user := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()./", r) {
			return -1
		}
		return r
	}, s)
	if user == "" || strings.ContainsFunc(user, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("+*#_", r)
	}) {
		return sip.Uri{}, fmt.Errorf("%w: not a number", ErrURI)
	}
	u := bare(a.uri)
	u.User = strings.ReplaceAll(user, "#", "%23")
	return u, nil
}

// invite makes the INVITE of the next attempt.
func (c *Call) invite(t target, auth *challenged, cseq uint32) (*sip.Request, error) {
	o, p := &c.out.o, c.e.phone
	req := sip.NewRequest(sip.INVITE, c.out.recipient)
	if err := p.direct(req, t, t.destination(true)); err != nil {
		return nil, err
	}
	heads(req, c.ID(), cseq)
	from := &sip.FromHeader{DisplayName: c.dialog.localName, Address: c.dialog.local}
	if o.Withheld {
		from.DisplayName, from.Address = "Anonymous", sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
		req.AppendHeader(sip.NewHeader("Privacy", "id"))
	}
	from.Params.Add("tag", c.dialog.localTag)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: bare(c.out.to)})
	req.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: c.account.uri.User}})
	if c.account.Trusted {
		req.AppendHeader(sip.NewHeader("P-Asserted-Identity", "<"+c.dialog.local.String()+">")) // RFC 3325 §9.1
	}
	auth.add(req)
	req.AppendHeader(sip.NewHeader("Allow", p.allowed()))
	options := "timer"
	if o.Media != nil { // a reliable response with an offer would have to be answered in the PRACK
		options = strings.Join(supported, ", ")
	}
	req.AppendHeader(sip.NewHeader("Supported", options))
	req.AppendHeader(sip.NewHeader("Accept", sdpType))
	c.askSession(req)
	for _, h := range o.Header {
		req.AppendHeader(sip.NewHeader(h.Name, h.Value))
	}
	p.signs(req)
	if c.out.offer != nil {
		withSDP(req, c.out.offer)
	}
	return req, nil
}

// place sends the INVITE until it is answered, refused or given up, and establishes the dialog.
func (c *Call) place() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := c.attempts(ctx)
	if err == nil {
		return nil
	}
	end := c.out.end()
	r, isRefused := errors.AsType[*Refused](err)
	switch {
	case end.Cause != UnknownCause: // we wanted it
		if end.Cause == RangOut {
			err = ErrRingTimeout
		} else {
			err = ErrCanceled
		}
	case isRefused:
		end = End{By: Peer, Cause: RefusedCall, Reasons: r.Reasons}
	case errors.Is(err, ErrTimeout):
		end = End{By: Network, Cause: NoResponse}
	case errors.Is(err, errAnswerRefused):
		end = End{By: We, Cause: MediaRefused}
	default:
		end = End{By: Network, Cause: UnknownCause}
	}
	if isRefused {
		end.StatusCode = r.StatusCode
	}
	c.finish(end)
	return err
}

// attempts sends the INVITE, again when it is challenged or a session interval was too small.
func (c *Call) attempts(ctx context.Context) error {
	t, err := c.account.locate(ctx, c.account.proxy)
	if err != nil {
		return err
	}
	ring := time.NewTimer(c.out.o.RingTimeout)
	defer ring.Stop()
	auth := challenged{login: c.login()}
	var sentOn redirections
	for cseq := uint32(1); ; cseq++ {
		if end := c.out.end(); end.Cause != UnknownCause {
			return ErrCanceled
		}
		req, err := c.invite(t, &auth, cseq)
		if err != nil {
			return err
		}
		res, err := c.transact(ctx, req, t, ring.C)
		if err != nil {
			return err
		}
		if res.IsSuccess() {
			return nil
		}
		if res.StatusCode == statusIntervalTooSmall && c.session.least < minSE(res) && minSE(res) < 24*time.Hour {
			c.mu.Lock()
			c.session.least = minSE(res)
			c.mu.Unlock()
			continue
		}
		if u, ok := sentOn.next(c, res); ok {
			c.out.recipient, auth = u, challenged{login: c.login()}
			continue
		}
		again, err := auth.again(req, res)
		if err != nil {
			return err
		}
		if !again {
			r := refused(res)
			r.Rang = c.State() == Early
			return r
		}
	}
}
