package journey

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringback/sip"
)

// Call is what is kept of a call.
type Call struct {
	ID         string // sip.Call.ID
	Direction  sip.Direction
	Number     sip.Number // the customer's; 0 when unknown or withheld
	PBX, Trunk string
	Service    string
	List       string
	CallerID   string // who called, as it was shown
	CalleeID   string // who was called
	Agent      string // with whom the call was
	DialledBy  string
	Device     string // of the agent, that was used
	Rang       []string
	CallIDs    []string // SIP Call-IDs, the first few

	Started, Answered, Ended time.Time
	Verdict                  sip.Verdict
	Reason                   sip.Reason
	Confidence               sip.Confidence
	Result                   sip.Result
	StatusCode               uint16
	Short                    bool
	Evidence                 []sip.Evidence // the first facts
	Cases                    []string       // ids of the cases that it made, changed or closed
}

// Talking is how long they talked.
func (c *Call) Talking() time.Duration {
	if c.Answered.IsZero() || c.Ended.Before(c.Answered) {
		return 0
	}
	return c.Ended.Sub(c.Answered)
}

// Who can have hung up.
const (
	ByCustomer = "customer"
	ByAgent    = "agent"
	ByPBX      = "pbx" // neither: the PBX, a queue or the network
)

// HungUp is who ended the call: whoever sent what ended the customer's leg or, where the PBX ended that because an
// agent's had just ended, the agent. Empty where it was not seen.
func (c *Call) HungUp() string {
	customer := sip.PartyCaller
	if c.Direction == sip.Outbound {
		customer = sip.PartyFar
	}
	steps, _ := sip.Steps(c.Evidence, c.Direction)
	agent := false // has hung up
	for i := range steps {
		s := &steps[i]
		switch {
		case !s.Ends():
		case s.From == customer:
			return ByCustomer
		case s.From == sip.PartyAgent && s.Method != "":
			agent = true
		case s.To == customer && agent:
			return ByAgent
		case s.To == customer && c.Direction == sip.Outbound && s.Method == "CANCEL":
			return ByAgent // who gave up ringing
		case s.To == customer:
			return ByPBX
		}
	}
	if agent {
		return ByAgent
	}
	return ""
}

// What a record holds at most: strangers choose how long Call-IDs are and how many legs a call has.
const (
	maxFacts   = 40
	maxCallIDs = 8
	maxNames   = 32
	maxText    = 200 // bytes
)

// Of is what is kept of a call that is over; device and cases are what the caller knows besides. It shares the call's memory.
func Of(c *sip.Call, device string, cases []string) Call {
	j := Call{
		ID: c.ID, Direction: c.Direction, Number: c.Caller, PBX: c.PBX, Trunk: c.Trunk, Service: c.Service, List: c.List, CallerID: c.CallerID, CalleeID: c.CalleeID,
		Agent: c.Agent, DialledBy: c.DialledBy, Device: device, Rang: c.Rang[:min(len(c.Rang), maxNames)],
		CallIDs: c.CallIDs[:min(len(c.CallIDs), maxCallIDs)], Started: c.Started, Answered: c.Answered, Ended: c.Ended,
		Verdict: c.Verdict, Reason: c.Reason, Confidence: c.Confidence, Result: c.Result, StatusCode: c.StatusCode, Short: c.Short,
		Cases: cases[:min(len(cases), maxNames)], Evidence: c.Evidence,
	}
	if c.Direction == sip.Outbound {
		j.Number = c.Callee
	}
	if c.Withheld && c.Direction == sip.Inbound {
		j.Number = 0
	}
	// Of a long call the middle is left out: how it began, and how it ended, is what is asked.
	if n := len(c.Evidence); n > maxFacts {
		j.Evidence = slices.Concat(c.Evidence[:maxFacts/2], c.Evidence[n-maxFacts/2:])
	}
	return j
}

// recordFormat is the version of a record. 1: the first.
const recordFormat = 1

// ErrRecord is returned for stored bytes that are no record this version can read.
var ErrRecord = errors.New("journey: unreadable record")

// encode writes the call as varints and texts. Its texts repeat, so each is written once, before the rest.
func (c *Call) encode() []byte {
	var room [32]string
	texts := room[:0]
	word := func(s string) uint64 {
		s = s[:min(len(s), maxText)]
		i := slices.Index(texts, s)
		if i < 0 {
			i, texts = len(texts), append(texts, s)
		}
		return uint64(i)
	}
	var space [512]byte
	b := space[:0]
	put := func(values ...uint64) {
		for _, v := range values {
			b = binary.AppendUvarint(b, v)
		}
	}
	words := func(all []string) {
		put(uint64(len(all)))
		for _, s := range all {
			put(word(s))
		}
	}
	since := func(t time.Time) { // in milliseconds after the start, plus one; 0 for none
		if t.IsZero() {
			put(0)
			return
		}
		put(uint64(max(t.Sub(c.Started).Milliseconds(), 0)) + 1)
	}
	for _, s := range []string{c.ID, c.PBX, c.Trunk, c.Service, c.List, c.CallerID, c.CalleeID, c.Agent, c.DialledBy, c.Device} {
		put(word(s))
	}
	short := uint64(0)
	if c.Short {
		short = 1
	}
	put(uint64(c.Direction), uint64(c.Number), uint64(c.Verdict), uint64(c.Reason), uint64(c.Confidence), uint64(c.Result), uint64(c.StatusCode), short)
	put(uint64(max(c.Started.UnixMilli(), 0)))
	since(c.Answered)
	since(c.Ended)
	words(c.Rang)
	words(c.CallIDs)
	words(c.Cases)
	put(uint64(len(c.Evidence)))
	for i := range c.Evidence {
		e := &c.Evidence[i]
		since(e.At)
		put(word(e.CallID), word(e.What), word(e.Agent), uint64(e.Status), uint64(max(e.Cause, -1)+1))
	}
	size := len(b) + 4
	for _, s := range texts {
		size += len(s) + 2
	}
	out := make([]byte, 0, size)
	out = binary.AppendUvarint(out, recordFormat)
	out = binary.AppendUvarint(out, uint64(len(texts)))
	for _, s := range texts {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	return append(out, b...)
}

// decoder reads what encode wrote.
type decoder struct {
	b     []byte
	texts []string
	bad   bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string {
	i := d.uint()
	if i >= uint64(len(d.texts)) {
		d.bad = true
		return ""
	}
	return d.texts[i]
}

// count is how many things follow, each of a byte at least.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) list() (all []string) {
	for range d.count() {
		all = append(all, d.text())
	}
	return all
}

func decode(b []byte) (Call, error) {
	d := decoder{b: b}
	if f := d.uint(); f != recordFormat {
		return Call{}, fmt.Errorf("%w of format %d; this Ringback reads %d", ErrRecord, f, recordFormat)
	}
	for range d.count() {
		n := d.count()
		d.texts = append(d.texts, string(d.b[:n]))
		d.b = d.b[n:]
	}
	c := Call{
		ID: d.text(), PBX: d.text(), Trunk: d.text(), Service: d.text(), List: d.text(), CallerID: d.text(), CalleeID: d.text(), Agent: d.text(), DialledBy: d.text(), Device: d.text(),
		Direction: sip.Direction(d.uint()), Number: sip.Number(d.uint()), Verdict: sip.Verdict(d.uint()), Reason: sip.Reason(d.uint()), Confidence: sip.Confidence(d.uint()),
		Result: sip.Result(d.uint()), StatusCode: uint16(d.uint()), Short: d.uint() == 1,
	}
	c.Started = time.UnixMilli(int64(d.uint())).UTC()
	since := func() time.Time {
		v := d.uint()
		if v == 0 {
			return time.Time{}
		}
		return c.Started.Add(time.Duration(v-1) * time.Millisecond)
	}
	c.Answered, c.Ended = since(), since()
	c.Rang, c.CallIDs, c.Cases = d.list(), d.list(), d.list()
	for range d.count() {
		e := sip.Evidence{At: since()}
		e.CallID, e.What, e.Agent, e.Status, e.Cause = d.text(), d.text(), d.text(), uint16(d.uint()), int(d.uint())-1
		c.Evidence = append(c.Evidence, e)
	}
	if d.bad {
		return Call{}, ErrRecord
	}
	return c, nil
}
