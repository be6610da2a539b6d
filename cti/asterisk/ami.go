package asterisk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ringback/sip"
)

// AMI is an event of the Asterisk Manager Interface: its headers by name.
type AMI map[string]string

// ParseAMI reads an event written as a JSON object of texts, as recorders do. An error is ErrEvent.
func ParseAMI(b []byte) (AMI, error) {
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	e := AMI{}
	for k, v := range all {
		if s, ok := v.(string); ok {
			e[k] = s
		}
	}
	return e, nil
}

// unknownAMI is what AMI writes for what it does not know.
const unknownAMI = "<unknown>"

// value is a header, empty where AMI does not know it.
func (e AMI) value(name string) string {
	if s := e[name]; s != unknownAMI {
		return s
	}
	return ""
}

// channel is the channel whose headers begin with a prefix.
func (e AMI) channel(prefix string) Channel {
	return Channel{
		ID: e[prefix+"Uniqueid"], Name: e[prefix+"Channel"], State: ParseState(e[prefix+"ChannelStateDesc"]),
		Caller: e.value(prefix + "CallerIDNum"), Line: e.value(prefix + "ConnectedLineNum"), Exten: e.value(prefix + "Exten"),
		Hidden: strings.Contains(strings.ToLower(e[prefix+"CID-CallingPres"]), "prohib"),
	}
}

// at is when the event happened: its Timestamp where the PBX sends it (timestampevents), else arrival.
func (e AMI) at(arrival time.Time) time.Time {
	whole, part, _ := strings.Cut(e["Timestamp"], ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s <= 0 {
		return arrival
	}
	us, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	if err != nil {
		us = 0
	}
	return time.Unix(s, us*1000).UTC()
}

// since is when a channel of a list began that says for how long it has been there; the zero time where it does not.
func (e AMI) since(now time.Time) time.Time {
	var h, m, s int
	if n, err := fmt.Sscanf(e["Duration"], "%d:%d:%d", &h, &m, &s); n != 3 || err != nil || h < 0 || m < 0 || s < 0 || h > maxHours {
		return time.Time{}
	}
	return now.Add(-time.Duration(h)*time.Hour - time.Duration(m)*time.Minute - time.Duration(s)*time.Second)
}

// maxHours bounds how long a channel is believed to have been there.
const maxHours = 24 * 7

// AMI takes an event of AMI, and says when it happened by the PBX's clock. arrival stands for its time where
// it has none.
func (m *Model) AMI(e AMI, arrival time.Time) (at time.Time) {
	happened := e.at(arrival)
	at, _ = m.clock(happened, arrival)
	ch := e.channel("")
	switch e["Event"] {
	case "Newchannel", "Newstate", "NewCallerid", "NewConnectedLine":
		m.See(at, ch)
	case "Newexten":
		ch.App = e["Application"]
		m.See(at, ch)
	case "CEL":
		m.cel(at, e)
	case "LocalBridge":
		m.See(at, e.channel("LocalOne"))
		m.See(at, e.channel("LocalTwo"))
	case "DialBegin", "DialState", "DialEnd":
		m.Dial(at, ch, e.channel("Dest"), e["DialString"])
	case "HangupRequest", "SoftHangupRequest":
		m.HangupRequested(at, ch, e.hangup(e["Event"] == "SoftHangupRequest"))
	case "Hangup":
		m.Destroyed(at, ch, e.hangup(false))
	case "BridgeEnter":
		m.Entered(at, e["BridgeUniqueid"], ch)
	case "BridgeLeave":
		m.Left(at, ch)
	case "Hold":
		m.Held(at, ch, true)
	case "Unhold":
		m.Held(at, ch, false)
	case "MessageWaiting":
		if ch.ID != "" && e["New"] != "0" {
			ch.App = "VoiceMail"
			m.See(at, ch)
		}
	case "QueueCallerJoin", "QueueCallerAbandon", "QueueCallerLeave":
		m.See(at, ch)
		m.queue(at, e)
	}
	return happened
}

func (e AMI) hangup(soft bool) Hangup {
	h := Hangup{Cause: -1, Soft: soft}
	if n, err := strconv.Atoi(e["Cause"]); err == nil {
		h.Cause = n
	}
	if n, err := strconv.Atoi(e["TechCause"]); err == nil {
		h.Status = n
	}
	return h
}

// cel takes a channel event log entry: where those are sent they tell what application a channel is in.
func (m *Model) cel(at time.Time, e AMI) {
	if c := m.channels[e["UniqueID"]]; c != nil && e["Application"] != "" {
		m.See(at, Channel{ID: c.ID, App: e["Application"]})
	}
}

// queue notes what became of a caller in a queue, for the evidence: AMI alone knows its name.
func (m *Model) queue(at time.Time, e AMI) {
	c := m.channels[e["Uniqueid"]]
	if c == nil || c.leg == nil || e["Queue"] == "" {
		return
	}
	what := "left queue "
	switch e["Event"] {
	case "QueueCallerJoin":
		what = "joined queue "
	case "QueueCallerAbandon": // also when his time there was up
		what = "left unanswered queue "
	}
	what += e["Queue"]
	if p := e["Position"]; p != "" {
		what += " from position " + p
	}
	if t := e["HoldTime"]; t != "" {
		what += " after " + t + " s"
	}
	m.fact(at, c, sip.Fact{Kind: sip.FactNote, What: what})
}
