package asterisk

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrEvent is returned for bytes that are no event of ARI or AMI.
var ErrEvent = errors.New("asterisk: no event")

// ariTime is how ARI writes times.
const ariTime = "2006-01-02T15:04:05.000-0700"

// ariEvent is what matters of an event of ARI (Asterisk REST interface, "Events").
type ariEvent struct {
	Type       string      `json:"type"`
	Timestamp  string      `json:"timestamp"`
	Channel    *ariChannel `json:"channel"`
	Caller     *ariChannel `json:"caller"` // of Dial
	Peer       *ariChannel `json:"peer"`
	Forwarded  *ariChannel `json:"forwarded"`
	DialString string      `json:"dialstring"`
	Cause      *int        `json:"cause"`
	TechCause  int         `json:"tech_cause"` // SIP status, from Asterisk 22 on
	Soft       bool        `json:"soft"`
	App        string      `json:"dialplan_app"`
	Bridge     *struct {
		ID string `json:"id"`
	} `json:"bridge"`
}

// ariChannel is a channel as ARI shows it.
type ariChannel struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	State      string   `json:"state"`
	ProtocolID string   `json:"protocol_id"`
	Caller     ariParty `json:"caller"`
	Connected  ariParty `json:"connected"`
	Dialplan   struct {
		Exten string `json:"exten"`
		App   string `json:"app_name"`
	} `json:"dialplan"`
	Created string `json:"creationtime"`

	shift time.Duration // from Asterisk's clock to ours
}

type ariParty struct {
	Number string `json:"number"`
}

func (c *ariChannel) channel() Channel {
	if c == nil {
		return Channel{}
	}
	created, err := time.Parse(ariTime, c.Created)
	if err == nil {
		created = created.Add(c.shift)
	}
	return Channel{
		ID: c.ID, Name: c.Name, State: ParseState(c.State), CallID: c.ProtocolID, Caller: c.Caller.Number, Line: c.Connected.Number,
		Exten: c.Dialplan.Exten, App: c.Dialplan.App, Created: created,
	}
}

// ARI takes an event as ARI sent it, JSON, and says when it happened by the PBX's clock. arrival stands for
// its time where it has none. An error is ErrEvent, and nothing has changed.
func (m *Model) ARI(b []byte, arrival time.Time) (at time.Time, err error) {
	var e ariEvent
	if err := json.Unmarshal(b, &e); err != nil {
		return arrival, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	if e.Type == "" {
		return arrival, ErrEvent
	}
	if at, err = time.Parse(ariTime, e.Timestamp); err != nil {
		at = arrival
	}
	happened := at
	at, shift := m.clock(at, arrival)
	for _, c := range [...]*ariChannel{e.Channel, e.Caller, e.Peer, e.Forwarded} {
		if c != nil {
			c.shift = shift
		}
	}
	ch, end := e.Channel.channel(), Hangup{Cause: -1, Status: e.TechCause, Soft: e.Soft}
	if e.Cause != nil {
		end.Cause = *e.Cause
	}
	switch e.Type {
	case "ChannelCreated", "ChannelStateChange", "ChannelCallerId", "ChannelConnectedLine", "ChannelDialplan":
		if e.App != "" {
			ch.App = e.App
		}
		m.See(at, ch)
	case "Dial":
		caller := e.Caller.channel()
		m.Dial(at, caller, e.Peer.channel(), e.DialString)
		if e.Forwarded != nil {
			m.Dial(at, caller, e.Forwarded.channel(), "")
		}
	case "ChannelHangupRequest":
		m.HangupRequested(at, ch, end)
	case "ChannelDestroyed":
		m.Destroyed(at, ch, end)
	case "ChannelEnteredBridge":
		if e.Bridge != nil {
			m.Entered(at, e.Bridge.ID, ch)
		}
	case "ChannelLeftBridge":
		m.Left(at, ch)
	case "ChannelHold":
		m.Held(at, ch, true)
	case "ChannelUnhold":
		m.Held(at, ch, false)
	}
	return happened, nil
}
