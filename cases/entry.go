package cases

import (
	"fmt"
	"slices"

	"ringback/sip"
)

// maxEvidence is how many facts of a call an entry of a history keeps, and how many Call-IDs.
const maxEvidence = 64

// lastEvidence is how many of these are the last facts of a call that has more: they tell how it ended.
const lastEvidence = 24

// keptFacts are the facts of a call that are kept: all, or the first and the last.
func keptFacts(facts []sip.Evidence) []sip.Evidence {
	if len(facts) <= maxEvidence {
		return facts
	}
	return slices.Concat(facts[:maxEvidence-lastEvidence], facts[len(facts)-lastEvidence:])
}

// entry writes an entry of a history; proof is what encodeProof made of its call, nil for none.
func (w *writer) entry(e *Entry, proof []byte) {
	w.uint(recordFormat)
	w.time(e.At)
	w.uint(uint64(e.Event))
	w.string(e.Reason)
	w.string(e.Agent)
	w.string(e.Note)
	w.bool(proof != nil)
	w.b = append(w.b, proof...)
	w.bool(e.Visible)
	w.uint(uint64(len(e.Fields)))
	for _, f := range e.Fields {
		w.string(f.Name)
		w.string(f.Old)
		w.string(f.New)
	}
}

func decodeEntry(b []byte) (Entry, error) {
	d := reader{b: b}
	format := d.format("history entry")
	e := Entry{At: d.time(), Event: ChangeEvent(d.uint()), Reason: d.string(), Agent: d.string(), Note: d.string()}
	if d.bool() {
		e.Call = d.proof()
	}
	if format >= 2 {
		e.Visible = d.bool()
		for range d.count() {
			e.Fields = append(e.Fields, FieldChange{d.string(), d.string(), d.string()})
		}
	}
	if d.err != nil {
		return Entry{}, fmt.Errorf("reading a history: %w", d.err)
	}
	return e, nil
}

// proof writes what a call proves.
func (w *writer) proof(c *sip.Call) {
	w.string(c.ID)
	w.uint(uint64(c.Direction))
	w.string(c.Service)
	w.string(c.Trunk)
	w.uint(uint64(c.Verdict))
	w.uint(uint64(c.Reason))
	w.uint(uint64(c.Confidence))
	w.uint(uint64(c.Result))
	w.uint(uint64(c.StatusCode))
	w.time(c.Started)
	w.time(c.Answered)
	w.time(c.Ended)
	w.strings(clipped(c.CallIDs[:min(len(c.CallIDs), maxEvidence)]))

	// The facts of one call repeat a few words and Call-IDs: those are written once, before the facts.
	facts := keptFacts(c.Evidence)
	said := make([]string, 0, 24)
	index := func(s string) uint64 {
		s = clip(s)
		i := slices.Index(said, s)
		if i < 0 {
			i, said = len(said), append(said, s)
		}
		return uint64(i)
	}
	for i := range facts {
		index(facts[i].CallID)
		index(facts[i].What)
		index(facts[i].Agent)
	}
	w.strings(said)
	w.uint(uint64(len(facts)))
	for i := range facts {
		f := &facts[i]
		w.time(f.At)
		w.uint(index(f.CallID))
		w.uint(index(f.What))
		w.uint(uint64(f.Status))
		w.int(int64(f.Cause))
		w.uint(index(f.Agent))
	}
}

func (d *reader) proof() *Proof {
	p := &Proof{
		ID: d.string(), Direction: sip.Direction(d.uint()), Service: d.string(), Trunk: d.string(),
		Verdict: sip.Verdict(d.uint()), Reason: sip.Reason(d.uint()), Confidence: sip.Confidence(d.uint()),
		Result: sip.Result(d.uint()), StatusCode: uint16(d.uint()),
		Started: d.time(), Answered: d.time(), Ended: d.time(), CallIDs: d.strings(),
	}
	said := d.strings()
	word := func() string {
		if i := d.uint(); i < uint64(len(said)) {
			return said[i]
		}
		d.fail("a word is missing")
		return ""
	}
	for range d.count() {
		p.Evidence = append(p.Evidence, sip.Evidence{
			At: d.time(), CallID: word(), What: word(), Status: uint16(d.uint()), Cause: int(d.int()), Agent: word(),
		})
	}
	return p
}
