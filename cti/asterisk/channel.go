package asterisk

import (
	"strings"
	"time"

	"ringback/cti"
)

// Channel is one side of one leg as Asterisk tells of it at some moment, by ARI or AMI. What a message
// leaves out is empty.
type Channel struct {
	ID      string // uniqueid, the same in ARI and AMI
	Name    string // PJSIP/101-0000003a
	State   State
	CallID  string // SIP Call-ID; ARI calls it protocol_id
	Caller  string // the number of whoever is at the channel's far end
	Line    string // the connected line: the number of the other channel's far end
	Exten   string // dialled, or being executed
	App     string // of the dialplan
	Hidden  bool   // Caller is not to be shown
	Created time.Time
}

// State is a channel's state.
type State uint8

// The states of a channel that matter: Down is one that is being dialled, Ring one that dials.
const (
	StateUnknown State = iota
	Down
	Ring
	Ringing
	Up
	Other // busy, off hook, …
)

// ParseState reads the word that ARI and AMI have for a state.
func ParseState(s string) State {
	switch s {
	case "":
		return StateUnknown
	case "Down", "Rsrvd", "Dialing": //nolint:misspell // Asterisk writes it so
		return Down
	case "Ring":
		return Ring
	case "Ringing":
		return Ringing
	case "Up":
		return Up
	}
	return Other
}

// channel is a channel that is followed.
type channel struct {
	Channel
	endpoint string
	local    bool
	second   bool    // ;2 of a Local channel
	incoming bool    // Asterisk was called on it
	way      cti.Way // once it has a leg
	to       string
	dialled  string   // what Asterisk dialled
	by       *channel // that dials it
	leg      *cti.Leg
	links    string // the Call-ID it was linked with last
	mailbox  bool   // voicemail was told
	over     bool
	bridge   string
}

// update takes over what a later look tells.
func (c *channel) update(now Channel) {
	keep := func(to *string, s string) {
		if s != "" {
			*to = s
		}
	}
	if now.State != StateUnknown {
		c.State = now.State
	}
	keep(&c.CallID, now.CallID)
	keep(&c.Line, now.Line)
	keep(&c.App, now.App)
	if c.leg == nil {
		keep(&c.Caller, now.Caller)
		keep(&c.Exten, now.Exten)
	}
	c.Hidden = c.Hidden || now.Hidden
}

// root is the channel that a chain of dialling begins with.
func (c *channel) root() *channel {
	for i := 0; c.by != nil && i < maxChain; i++ {
		c = c.by
	}
	return c
}

// maxChain bounds how many channels may dial one through another.
const maxChain = 32

// number is whom a phone that is dialled shows as its caller.
func (c *channel) number(dialled *channel) string {
	switch {
	case c == dialled:
		return dialled.Line
	case c.Caller != "":
		return c.Caller
	}
	return dialled.Line
}

// dialledNumber is the number that a leg to a carrier calls.
func dialledNumber(c *channel) string {
	s := c.dialled
	if _, rest, ok := strings.Cut(s, "/"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "@")
	s = strings.TrimPrefix(s, "sip:")
	if strings.ContainsAny(s, "0123456789") && s != c.endpoint {
		return s
	}
	if c.Exten != "" && c.Exten != "s" {
		return c.Exten
	}
	return c.Caller
}

// customer says whether a channel is that of somebody who called in.
func (c *channel) customer() bool { return c.way == cti.FromCarrier }

// isOutgoing says whether a channel is one that Asterisk made, by the application it is shown in.
func isOutgoing(app string) bool { return app == "AppDial" || app == "AppDial2" || app == "AppQueue" }

// isNoCall says whether a channel is one of Asterisk's own that is no leg of a call.
func isNoCall(name string) bool {
	tech, _, _ := strings.Cut(name, "/")
	switch tech {
	case "Message", "Bridge", "Surrogate", "Announcer", "Recorder", "CBAnn", "CBRec", "Snoop", "UnicastRTP", "MulticastRTP", "AudioSocket", "WebSocket":
		return true
	}
	return false
}
