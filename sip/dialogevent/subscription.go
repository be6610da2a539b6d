package dialogevent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// subscription is one subscription, from its SUBSCRIBE to its end (RFC 6665 §4.1).
type subscription struct {
	s           *Subscriber
	raw         string
	uri         sip.Uri
	callID, tag string
	cseq        uint32
	expires     time.Duration

	// Guarded by s.mu.
	table      *Table
	remoteTag  string
	remoteCSeq uint32
	target     sip.Uri // the notifier's Contact
	routes     []sip.Header
	told       bool // a NOTIFY came
	stale      bool // a full document must be asked for
	ended      error
	retryAfter time.Duration

	news chan struct{} // something above has changed
}

// run subscribes and refreshes until the subscription is over; the error says why it is.
func (x *subscription) run(ctx context.Context) error {
	granted, err := x.subscribe(ctx, x.expires)
	if err != nil {
		return err
	}
	first := time.NewTimer(timerN)
	defer first.Stop()
	refresh := time.NewTimer(refreshAfter(granted))
	defer refresh.Stop()
	for up := false; ; {
		select {
		case <-ctx.Done():
			leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
			defer cancel()
			_, err := x.subscribe(leave, 0) // RFC 6665 §4.1.2.3
			return err
		case <-first.C:
			if !x.heard() {
				return fmt.Errorf("%w: it took the SUBSCRIBE and sent no NOTIFY", ErrTimeout)
			}
			continue
		case <-x.news:
			if err := x.over(); err != nil {
				return err
			}
			if !up {
				up = true
				x.s.o.Changed(x.raw, nil)
			}
			if !x.isStale() {
				continue
			}
		case <-refresh.C:
		}
		if granted, err = x.subscribe(ctx, x.expires); err != nil {
			return err
		}
		refresh.Reset(refreshAfter(granted))
	}
}

// refreshAfter is when a subscription is refreshed, well before it ends.
func refreshAfter(granted time.Duration) time.Duration {
	return max(granted-min(granted/5, 30*time.Second), time.Second)
}

func (x *subscription) heard() bool {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.told
}

func (x *subscription) over() error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.ended
}

func (x *subscription) isStale() bool {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	was := x.stale
	x.stale = false
	return was
}

// wake has run look at what changed.
func (x *subscription) wake() {
	select {
	case x.news <- struct{}{}:
	default:
	}
}

// subscribe sends a SUBSCRIBE, answers challenges, and returns for how long it holds.
func (x *subscription) subscribe(ctx context.Context, expires time.Duration) (granted time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var answers []sip.Header
	for range maxTries {
		req := x.request(expires, answers)
		res, err := x.s.client.Do(ctx, req)
		if err != nil {
			return 0, fmt.Errorf("%w to the SUBSCRIBE: %w", ErrTimeout, err)
		}
		switch {
		case res.StatusCode/100 == 2:
			return x.accepted(res, expires), nil
		case res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired:
			again, err := x.answer(req, res, len(answers) > 0)
			if err != nil {
				return 0, err
			}
			answers = append(answers, again)
		case res.StatusCode == statusIntervalTooBrief: // RFC 6665 §4.1.2.1
			least, err := strconv.ParseUint(header(res, "Min-Expires"), 10, 31)
			if err != nil || time.Duration(least)*time.Second <= expires {
				return 0, fmt.Errorf("%w: 423 without a longer time to ask for", ErrRefused)
			}
			expires = time.Duration(least) * time.Second
			x.expires = expires
		default:
			return 0, x.refused(res)
		}
	}
	return 0, fmt.Errorf("%w: challenged over and over", ErrRefused)
}

const (
	maxTries               = 4
	statusIntervalTooBrief = 423
	statusBadEvent         = 489
)

// accepted takes what a 2xx tells of the dialog, where no NOTIFY told it before (RFC 6665 §4.4.1).
func (x *subscription) accepted(res *sip.Response, asked time.Duration) time.Duration {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.remoteTag == "" {
		if to := res.To(); to != nil {
			x.remoteTag, _ = to.Params.Get("tag")
		}
		if c := res.Contact(); c != nil {
			x.target = c.Address
		}
		for _, h := range slices.Backward(res.GetHeaders("Record-Route")) { // RFC 3261 §12.1.2
			x.routes = append(x.routes, sip.NewHeader("Route", h.Value()))
		}
	}
	if n, err := strconv.ParseUint(header(res, "Expires"), 10, 31); err == nil && time.Duration(n)*time.Second <= asked && n > 0 {
		return time.Duration(n) * time.Second
	}
	return asked
}

// refused says what a final response means for the subscription.
func (x *subscription) refused(res *sip.Response) error {
	why := fmt.Errorf("it answered the SUBSCRIBE with %d %s", res.StatusCode, short(res.Reason))
	switch res.StatusCode {
	case sip.StatusCallTransactionDoesNotExists, sip.StatusRequestTimeout: // 481, 408: it knows the subscription no more (RFC 6665 §4.1.2.2)
		return fmt.Errorf("dialogevent: %w", why)
	case statusBadEvent:
		return fmt.Errorf("%w: %w: it has no dialog events", ErrRefused, why)
	case sip.StatusNotFound:
		return fmt.Errorf("%w: %w: it has no such URI, or no hint for it", ErrRefused, why)
	}
	if n, err := strconv.ParseUint(strings.TrimSpace(header(res, "Retry-After")), 10, 16); err == nil {
		x.retryAfter = time.Duration(n) * time.Second
	}
	if res.StatusCode/100 == 5 || res.StatusCode == sip.StatusTemporarilyUnavailable {
		return fmt.Errorf("dialogevent: %w", why)
	}
	return fmt.Errorf("%w: %w", ErrRefused, why)
}

// request writes a SUBSCRIBE (RFC 6665 §4.1.2).
func (x *subscription) request(expires time.Duration, answers []sip.Header) *sip.Request {
	s := x.s
	s.mu.Lock()
	defer s.mu.Unlock()
	x.cseq++
	req := sip.NewRequest(sip.SUBSCRIBE, x.target)
	next := &x.target
	if len(x.routes) > 0 {
		if u, err := parseURI(strings.Trim(strings.TrimSpace(x.routes[0].Value()), "<>")); err == nil {
			next = &u
		}
	}
	if s.server != nil {
		next = s.server
	}
	req.SetTransport(transportOf(next))
	dest := net.JoinHostPort(strings.Trim(next.Host, "[]"), strconv.Itoa(portOf(next)))
	req.SetDestination(dest)
	local := localFor(dest)
	from := sip.Uri{Scheme: "sip", User: "ringback", Host: local}
	if s.o.From != "" {
		if u, err := parseURI(s.o.From); err == nil {
			from = u
		}
	}
	f := &sip.FromHeader{Address: from}
	f.Params.Add("tag", x.tag)
	to := &sip.ToHeader{Address: x.uri}
	if x.remoteTag != "" {
		to.Params.Add("tag", x.remoteTag)
	}
	callID, maxForwards := sip.CallIDHeader(x.callID), sip.MaxForwardsHeader(70)
	contact := sip.Uri{Scheme: "sip", User: "ringback", Host: local, Port: s.port}
	if t := req.Transport(); t != "UDP" {
		contact.UriParams.Add("transport", strings.ToLower(t))
	}
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: req.Transport(), Host: local, Port: s.port}
	via.Params.Add("branch", sip.GenerateBranchN(16))
	via.Params.Add("rport", "") // RFC 3581 §3
	req.AppendHeader(via)
	for _, h := range x.routes {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(f)
	req.AppendHeader(to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: x.cseq, MethodName: sip.SUBSCRIBE})
	req.AppendHeader(&maxForwards)
	req.AppendHeader(&sip.ContactHeader{Address: contact})
	req.AppendHeader(sip.NewHeader("Event", "dialog"))
	req.AppendHeader(sip.NewHeader("Accept", "application/dialog-info+xml"))
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires/time.Second))))
	req.AppendHeader(sip.NewHeader("User-Agent", s.o.UserAgent))
	for _, h := range answers {
		req.AppendHeader(h)
	}
	req.SetBody(nil)
	if req.Transport() == "UDP" { // from the socket that NOTIFYs come to
		if a, ok := s.udp.LocalAddr().(*net.UDPAddr); ok {
			req.Laddr = sip.Addr{IP: a.IP, Port: a.Port}
		}
	}
	return req
}

func portOf(u *sip.Uri) int {
	switch {
	case u.Port > 0:
		return u.Port
	case transportOf(u) == "TLS":
		return 5061
	}
	return 5060
}

// localFor is our address towards another one.
func localFor(dest string) string {
	c, err := net.Dial("udp", dest) //nolint:noctx // it sends nothing
	if err != nil {
		return "127.0.0.1"
	}
	defer c.Close()
	host := c.LocalAddr().(*net.UDPAddr).IP
	if host.To4() == nil {
		return "[" + host.String() + "]"
	}
	return host.String()
}

// answer answers a challenge (RFC 3261 §22, RFC 8760).
func (x *subscription) answer(req *sip.Request, res *sip.Response, tried bool) (sip.Header, error) {
	challengeName, answerName := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		challengeName, answerName = "Proxy-Authenticate", "Proxy-Authorization"
	}
	if x.s.o.Password == nil {
		return nil, fmt.Errorf("%w: it asks for a password, and there is none", ErrRefused)
	}
	password, err := x.s.o.Password()
	if err != nil {
		return nil, err
	}
	user := x.s.o.User
	if user == "" {
		user = req.From().Address.User
	}
	var failure error
	for _, h := range res.GetHeaders(challengeName) { // the topmost that we can (RFC 8760 §2.4)
		chal, err := digest.ParseChallenge(strings.TrimSpace(h.Value()))
		if err != nil {
			failure = err
			continue
		}
		if tried && !chal.Stale {
			return nil, fmt.Errorf("%w: the password is wrong", ErrRefused)
		}
		cred, err := digest.Digest(chal, digest.Options{Method: string(req.Method), URI: req.Recipient.String(), Username: user, Password: password})
		if err != nil {
			failure = err
			continue
		}
		return sip.NewHeader(answerName, cred.String()), nil
	}
	return nil, errors.Join(fmt.Errorf("%w: no challenge that can be answered", ErrRefused), failure)
}

// header is the value of a header, empty when it is not there.
func header(m interface{ GetHeader(string) sip.Header }, name string) string {
	if h := m.GetHeader(name); h != nil {
		return strings.TrimSpace(h.Value())
	}
	return ""
}
