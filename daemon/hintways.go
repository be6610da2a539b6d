package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ringback/assist"
	"ringback/configs"
	"ringback/cti/asterisk"
	"ringback/sip/phone"
)

// hintWays are the ways by which hints go to the phones of a PBX, the best first: our own user agent's MESSAGE,
// and what its Asterisk is asked to send by AMI.
func (d *Daemon) hintWays(pbx string) []assist.Way {
	for _, a := range d.asterisks {
		if a.pbx == pbx {
			return a.ways
		}
	}
	return []assist.Way{{Name: string(configs.HintMessage), Sender: d.phone}}
}

// waysOf are the ways of an Asterisk's configuration.
func (d *Daemon) waysOf(c *configs.Asterisk, p *asterisk.PBX) (ways []assist.Way) {
	if d.phone == nil {
		return nil
	}
	for _, name := range c.Ways() {
		var s assist.Sender = d.phone
		switch name {
		case configs.HintSendText:
			s = asteriskWay{send: p.SendText}
		case configs.HintMessageSend:
			from := d.phone.From()
			s = asteriskWay{from: from, send: func(ctx context.Context, endpoint, text string) error {
				return p.MessageSend(ctx, endpoint, from, text)
			}}
		case configs.HintMessage:
		}
		ways = append(ways, assist.Way{Name: string(name), Sender: s})
	}
	return ways
}

// asteriskWay asks an Asterisk to send a message to the phones of an endpoint, which is called as the agent's
// address-of-record is. It is an assist.Sender.
type asteriskWay struct {
	from string
	send func(ctx context.Context, endpoint, text string) error
}

// amiPatience is how long an answer of AMI is waited for.
const amiPatience = 5 * time.Second

// Message implements assist.Sender. AMI tells that Asterisk took the message, and the mirror what the phone said.
func (w asteriskWay) Message(ctx context.Context, m phone.Message) (phone.Result, error) {
	began := time.Now()
	_, endpoint, _ := strings.Cut(m.To, ":")
	endpoint, _, _ = strings.Cut(endpoint, "@")
	ctx, cancel := context.WithTimeout(ctx, amiPatience)
	defer cancel()
	err := w.send(ctx, endpoint, m.Body)
	res := phone.Result{Elapsed: time.Since(began)}
	switch {
	case errors.Is(err, asterisk.ErrNotOnACall):
		return res, fmt.Errorf("%w: %w", assist.ErrNotYet, err)
	case errors.Is(err, asterisk.ErrDenied):
		return res, fmt.Errorf("%w: %w", assist.ErrNoWay, err)
	case err != nil:
		return res, err
	}
	m.OnSent()
	res.StatusCode = http.StatusAccepted // as a PBX answers that passes a message on (RFC 3428 §7)
	return res, nil
}

// Proxy implements assist.Sender: messages go through Asterisk.
func (asteriskWay) Proxy() string { return "ami" }

// From implements assist.Sender.
func (w asteriskWay) From() string { return w.from }

// Sent implements assist.Sender. All that Asterisk sends is to be looked for in the mirror.
func (asteriskWay) Sent([]byte) bool { return false }
