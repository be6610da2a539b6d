package phone

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// dialog is what requests inside a call are made of (RFC 3261 §12). sipgo has dialogs too; they know one
// transaction at a time and neither UPDATE, PRACK nor challenges to a BYE, so ours stand on its transactions.
// Everything but the sequence number and the target is fixed when it is made.
type dialog struct {
	callID              string
	local, remote       sip.Uri
	localTag, remoteTag string
	localName           string
	routes              []string // values of Route headers, first hop first

	mu     sync.Mutex
	seq    uint32  // of our last request
	target sip.Uri // the peer's contact
}

func (d *dialog) key() dialogKey { return dialogKey{d.callID, d.localTag} }

// calleeDialog is the dialog of an INVITE that came in (RFC 3261 §12.1.1).
func calleeDialog(req *sip.Request, tag string) (*dialog, error) {
	d := &dialog{
		callID:   req.CallID().Value(),
		local:    req.To().Address,
		remote:   req.From().Address,
		localTag: tag,
	}
	d.remoteTag, _ = req.From().Params.Get("tag")
	if err := d.retarget(req); err != nil {
		return nil, err
	}
	for v := range values(req, "Record-Route") {
		d.routes = append(d.routes, v)
	}
	return d, d.soundRoutes()
}

// callerDialog is the dialog that a response to our INVITE makes (RFC 3261 §12.1.2).
func callerDialog(req *sip.Request, res *sip.Response) (*dialog, error) {
	d := &dialog{
		callID:    req.CallID().Value(),
		local:     req.From().Address,
		localName: req.From().DisplayName,
		remote:    req.To().Address,
		seq:       req.CSeq().SeqNo,
	}
	d.localTag, _ = req.From().Params.Get("tag")
	if to := res.To(); to != nil {
		d.remoteTag, _ = to.Params.Get("tag")
	}
	if err := d.retarget(res); err != nil {
		return nil, err
	}
	for v := range values(res, "Record-Route") {
		d.routes = append([]string{v}, d.routes...)
	}
	return d, d.soundRoutes()
}

// maxRoutes is how many proxies may want to stay on the way; more is not of this world.
const maxRoutes = 16

func (d *dialog) soundRoutes() error {
	if len(d.routes) > maxRoutes {
		return fmt.Errorf("%w: %d routes", ErrURI, len(d.routes))
	}
	for _, r := range d.routes {
		if _, err := routeURI(r); err != nil {
			return err
		}
	}
	return nil
}

func routeURI(value string) (sip.Uri, error) {
	open := strings.IndexByte(value, '<')
	end := strings.IndexByte(value, '>')
	if open < 0 || end < open {
		return sip.Uri{}, fmt.Errorf("%w: route without brackets", ErrURI)
	}
	return parseURI(value[open+1 : end])
}

// retarget takes over the Contact of a message, if it has one that can be a target (RFC 3261 §12.2).
func (d *dialog) retarget(m sip.Message) error {
	var contact string
	for v := range values(m, "Contact", "m") {
		contact = v
		break
	}
	if contact == "" {
		return fmt.Errorf("%w: no contact", ErrURI)
	}
	if open := openBracket(contact); open >= 0 {
		contact, _, _ = strings.Cut(contact[open+1:], ">")
	} else {
		contact, _, _ = strings.Cut(contact, ";")
	}
	u, err := parseURI(contact)
	if err != nil {
		return err
	}
	if _, err := transportOf(u); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = u
	return nil
}

// next is the number of our next request.
func (d *dialog) next() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq++
	return d.seq
}

// request makes a request inside the dialog (RFC 3261 §12.2.1.1). An ACK has the number of its INVITE.
func (e *Endpoint) request(ctx context.Context, d *dialog, method sip.RequestMethod, cseq uint32) (*sip.Request, target, error) {
	d.mu.Lock()
	recipient := d.target
	d.mu.Unlock()
	routes := d.routes
	hop := recipient
	if len(routes) > 0 {
		first, err := routeURI(routes[0])
		if err != nil {
			return nil, target{}, err
		}
		hop = first
		if _, loose := parameter(first, "lr"); !loose { // a strict router of RFC 2543
			routes = append(append([]string{}, routes[1:]...), "<"+recipient.String()+">")
			recipient = first
		}
	}
	t, err := e.phone.locate(ctx, hop)
	if err != nil {
		return nil, t, err
	}
	req := sip.NewRequest(method, recipient)
	if err := e.phone.direct(req, t, t.destination(true)); err != nil {
		return nil, t, err
	}
	for _, r := range routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	heads(req, d.callID, cseq)
	from := &sip.FromHeader{DisplayName: d.localName, Address: d.local}
	from.Params.Add("tag", d.localTag)
	req.AppendHeader(from)
	to := &sip.ToHeader{Address: d.remote}
	if d.remoteTag != "" {
		to.Params.Add("tag", d.remoteTag)
	}
	req.AppendHeader(to)
	return req, t, nil
}

// send sends a request other than INVITE and ACK inside the call's dialog, answers challenges, and returns the final
// response.
func (c *Call) send(ctx context.Context, method sip.RequestMethod, add func(*sip.Request)) (*sip.Response, error) {
	return c.sendIn(ctx, c.dialog, method, add)
}

func (c *Call) sendIn(ctx context.Context, d *dialog, method sip.RequestMethod, add func(*sip.Request)) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, transactionLife)
	defer cancel()
	auth := challenged{login: c.login()}
	for {
		req, t, err := c.e.request(ctx, d, method, d.next())
		if err != nil {
			return nil, err
		}
		auth.add(req)
		add(req)
		c.e.phone.signs(req)
		res, err := c.e.phone.exchange(ctx, req, t)
		if err != nil {
			return nil, err
		}
		if again, err := auth.again(req, res); err != nil || !again {
			return res, err
		}
	}
}

// withSDP gives a message a description.
func withSDP(m sip.Message, sdp []byte) {
	contentType := sip.ContentTypeHeader(sdpType)
	m.AppendHeader(&contentType)
	m.SetBody(sdp)
}
