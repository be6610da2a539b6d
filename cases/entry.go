package cases

import (
	"fmt"
	"slices"

	"ringback/sip"
)

// maxEvidence is how many facts of a call an entry of a history keeps.
const maxEvidence = 64

// encodeEntry writes an entry of a history; proof is what encodeProof made of its call, nil for none.
func encodeEntry(e *Entry, proof []byte) []byte {
	w := writer{make([]byte, 0, 48+len(e.Reason)+len(e.Agent)+len(e.Note)+len(proof))}
	w.uint(recordFormat)
	w.time(e.At)
	w.uint(uint64(e.Event))
	w.string(e.Reason)
	w.string(e.Agent)
	w.string(e.Note)
	w.bool(proof != nil)
	w.b = append(w.b, proof...)
	return w.b
}

func decodeEntry(b []byte) (Entry, error) {
	d := reader{b: b}
	d.format("history entry")
	e := Entry{At: d.time(), Event: ChangeEvent(d.uint()), Reason: d.string(), Agent: d.string(), Note: d.string()}
	if d.bool() {
		e.Call = d.proof()
	}
	if d.err != nil {
		return Entry{}, fmt.Errorf("reading a history: %w", d.err)
	}
	return e, nil
}

// encodeProof writes what a call proves. Several entries can rest on one call.
func encodeProof(c *sip.Call) []byte {
	facts := c.Evidence[:min(len(c.Evidence), maxEvidence)]
	w := writer{make([]byte, 0, 160+64*len(c.CallIDs)+32*len(facts))}
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
	w.strings(c.CallIDs)

	// The facts of one call repeat a few words and Call-IDs: those are written once.
	var said []string
	index := func(s string) uint64 {
		i := slices.Index(said, s)
		if i < 0 {
			i, said = len(said), append(said, s)
		}
		return uint64(i)
	}
	rest := writer{make([]byte, 0, 32*len(facts))}
	for i := range facts {
		f := &facts[i]
		rest.time(f.At)
		rest.uint(index(f.CallID))
		rest.uint(index(f.What))
		rest.uint(uint64(f.Status))
		rest.int(int64(f.Cause))
		rest.uint(index(f.Agent))
	}
	w.strings(said)
	w.uint(uint64(len(facts)))
	w.b = append(w.b, rest.b...)
	return w.b
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
