package asterisk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Errors of what an Asterisk is asked to do by AMI.
var (
	// ErrNotConnected is returned while there is no connection to AMI.
	ErrNotConnected = errors.New("asterisk: AMI is not connected")
	// ErrNotOnACall is returned for a phone that has answered no call, or none that this connection knows of.
	ErrNotOnACall = errors.New("asterisk: the phone is on no call")
	// ErrDenied is returned for what AMI does not let its user do.
	ErrDenied = errors.New("asterisk: AMI does not let its user do that")
	// ErrFailed is returned for what Asterisk could not do.
	ErrFailed = errors.New("asterisk: AMI could not do that")
)

// SendText sends a text to the phone of an endpoint inside the call that it is on, the latest one of several:
// a SIP MESSAGE in the call's dialog. nil says that Asterisk took it, not what the phone says to it. It needs the
// privilege call. Errors are ErrNotConnected, ErrNotOnACall, ErrDenied, ErrFailed or of ctx.
func (p *PBX) SendText(ctx context.Context, endpoint, text string) error {
	p.mu.Lock()
	name := p.model.callOf(endpoint)
	p.mu.Unlock()
	if name == "" {
		return ErrNotOnACall
	}
	_, err := p.act(ctx, "SendText", "Channel", name, "Message", text)
	return err
}

// MessageSend sends a text to the phones of an endpoint, on a call or not: a SIP MESSAGE outside of any dialog. from
// is the URI that they show; empty: Asterisk's own. nil says that Asterisk took it. It needs Asterisk 18 and the
// privilege message. Errors are as SendText's.
func (p *PBX) MessageSend(ctx context.Context, endpoint, from, text string) error {
	headers := []string{"Destination", "pjsip:" + endpoint, "Body", text}
	if from != "" {
		headers = append(headers, "From", from)
	}
	_, err := p.act(ctx, "MessageSend", headers...)
	return err
}

// act asks Asterisk to do something, or for something, and waits for its answer.
func (p *PBX) act(ctx context.Context, action string, headers ...string) (AMI, error) {
	p.acts.Lock()
	c := p.line
	if c == nil {
		p.acts.Unlock()
		return nil, ErrNotConnected
	}
	p.acted++
	id := "ringback-" + strconv.FormatUint(p.acted, 10)
	answer := make(chan AMI, 1)
	p.answers[id] = answer
	p.acts.Unlock()
	defer func() {
		p.acts.Lock()
		delete(p.answers, id)
		p.acts.Unlock()
	}()
	if err := c.send(action, append([]string{"ActionID", id}, headers...)...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotConnected, err)
	}
	select {
	case e, ok := <-answer:
		return e, verdict(e, ok)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// verdict is what an answer to an action means; there is none when the connection was lost first.
func verdict(e AMI, ok bool) error {
	switch {
	case !ok:
		return ErrNotConnected
	case e["Response"] == "Success":
		return nil
	case strings.Contains(strings.ToLower(e["Message"]), "permission denied"), strings.Contains(strings.ToLower(e["Message"]), "invalid/unknown command"):
		return fmt.Errorf("%w: %s", ErrDenied, e["Message"])
	}
	return fmt.Errorf("%w: %s", ErrFailed, e["Message"])
}

// askAMI finds out which callers withhold their numbers: AMI's events do not tell.
func (p *PBX) askAMI(ctx context.Context) {
	for {
		var id string
		select {
		case <-ctx.Done():
			return
		case id = <-p.asked:
		}
		p.mu.Lock()
		name := p.model.nameOf(id)
		p.mu.Unlock()
		one, cancel := context.WithTimeout(ctx, dialTimeout)
		e, err := p.act(one, "Getvar", "Channel", name, "Variable", numberPresentation)
		cancel()
		if err == nil && isProhibited(e["Value"]) {
			now := time.Now()
			p.do(now, func(m *Model) { m.Hide(now, id) })
		}
	}
}

// numberPresentation is the variable of a channel that says whether its caller's number may be shown.
const numberPresentation = "CALLERID(num-pres)"

func isProhibited(presentation string) bool {
	v := strings.ToLower(presentation)
	return strings.HasPrefix(v, "prohib") || v == "unavailable"
}

// nameOf is a channel's name, empty for one that is gone.
func (m *Model) nameOf(id string) string {
	if c := m.channels[id]; c != nil {
		return c.Name
	}
	return ""
}

// attach lets actions go out by a connection, until detach.
func (p *PBX) attach(c *amiConn) (detach func()) {
	p.acts.Lock()
	defer p.acts.Unlock()
	p.line = c
	return func() {
		p.acts.Lock()
		defer p.acts.Unlock()
		p.line = nil
		for id, answer := range p.answers {
			close(answer)
			delete(p.answers, id)
		}
	}
}

// answered hands an answer to who waits for it.
func (p *PBX) answered(e AMI) {
	p.acts.Lock()
	defer p.acts.Unlock()
	if answer := p.answers[e["ActionID"]]; answer != nil {
		answer <- e
		delete(p.answers, e["ActionID"])
	}
}

// callOf is the channel of an endpoint that is on a call, the latest of several; empty where there is none.
func (m *Model) callOf(endpoint string) string {
	for _, id := range slices.Backward(m.order) {
		c := m.channels[id]
		if c != nil && !c.local && !c.over && c.endpoint == endpoint && c.State == Up {
			return c.Name
		}
	}
	return ""
}
