package daemon

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cti/asterisk"
)

// TestLosingAMIAtAnyEventLosesNoCase plays every recording of the laboratory's Asterisk with the connection
// lost before each of its events, for a moment and for a while.
func TestLosingAMIAtAnyEventLosesNoCase(t *testing.T) {
	loseInEach(t, "ami", func() recordedPBX { return newFakeManager() }, func(line []byte) bool {
		e, err := asterisk.ParseAMI(line)
		return err == nil && slices.Contains(amiOfChannels, e["Event"]) && (e["Event"] != "CEL" || e["Application"] != "")
	})
}

// amiOfChannels are the events of the recordings that tell of channels. The laboratory's manager was sent no
// Newexten; its CEL tells the applications.
var amiOfChannels = []string{
	"Newchannel", "Newstate", "NewCallerid", "NewConnectedLine", "CEL", "LocalBridge", "DialBegin", "DialState", "DialEnd",
	"HangupRequest", "SoftHangupRequest", "Hangup", "BridgeEnter", "BridgeLeave", "Hold", "Unhold", "MessageWaiting",
	"QueueCallerJoin", "QueueCallerAbandon", "QueueCallerLeave",
}

// fakeManager is what AMI tells of an Asterisk.
type fakeManager struct {
	order   []string
	known   map[string]*asterisk.Channel
	bridges map[string][]string
}

func newFakeManager() *fakeManager {
	return &fakeManager{known: map[string]*asterisk.Channel{}, bridges: map[string][]string{}}
}

func (f *fakeManager) see(t *testing.T, line []byte) time.Time {
	t.Helper()
	var head struct{ Recv float64 }
	if err := json.Unmarshal(line, &head); err != nil {
		t.Fatal(err)
	}
	e, err := asterisk.ParseAMI(line)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "Dest", "LocalOne", "LocalTwo"} {
		f.channel(e, prefix)
	}
	id := e["Uniqueid"]
	switch e["Event"] {
	case "CEL":
		if c := f.known[e["UniqueID"]]; c != nil {
			c.App = e["Application"]
		}
	case "Hangup":
		delete(f.known, id)
		f.order = slices.DeleteFunc(f.order, func(o string) bool { return o == id })
	case "BridgeEnter":
		f.bridges[e["BridgeUniqueid"]] = append(f.bridges[e["BridgeUniqueid"]], id)
	case "BridgeLeave":
		f.bridges[e["BridgeUniqueid"]] = slices.DeleteFunc(f.bridges[e["BridgeUniqueid"]], func(o string) bool { return o == id })
	}
	return time.Unix(0, int64(head.Recv*1e6)*1e3)
}

// channel notes a channel of an event as CoreShowChannels would show it.
func (f *fakeManager) channel(e asterisk.AMI, prefix string) {
	id := e[prefix+"Uniqueid"]
	if id == "" || e[prefix+"Channel"] == "" {
		return
	}
	c := f.known[id]
	if c == nil {
		c = &asterisk.Channel{ID: id, Name: e[prefix+"Channel"]}
		if e[prefix+"ChannelStateDesc"] == "Down" {
			c.App = "AppDial" // as Asterisk shows one that it made
		}
		f.known[id] = c
		f.order = append(f.order, id)
	}
	value := func(name string) string { return strings.Replace(e[prefix+name], "<unknown>", "", 1) }
	c.State = asterisk.ParseState(e[prefix+"ChannelStateDesc"])
	c.Caller, c.Line, c.Exten = value("CallerIDNum"), value("ConnectedLineNum"), value("Exten")
}

func (f *fakeManager) tell(m *asterisk.Model, line []byte, arrival time.Time) error {
	e, err := asterisk.ParseAMI(line)
	if err == nil {
		m.AMI(e, arrival)
	}
	return err
}

func (f *fakeManager) tellsCallIDs() bool { return false }

func (f *fakeManager) channels() []asterisk.Channel {
	var all []asterisk.Channel
	for _, id := range f.order {
		all = append(all, *f.known[id])
	}
	return all
}

func (f *fakeManager) rooms() []asterisk.Bridge { return roomsOf(f.bridges) }
