package sip

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ErrSnapshot is returned for a record of a live call that cannot be read.
var ErrSnapshot = errors.New("sip: unreadable record of a live call")

// snapshotVersion is the first byte of every record.
const snapshotVersion = 1

// Changes yields what changed since it was last asked: for each changed live call its id and record,
// for each call that ended its id and no record, and the same for learnt registrations. They are for
// Restore; both are valid until the next are yielded. The first use switches the bookkeeping on,
// and yields everything.
func (t *Tracker) Changes(yield func(id, record []byte)) {
	if !t.keeping {
		t.keeping = true
		for i := range t.timers {
			t.mark(t.timers[i].call)
		}
		for k := range t.bindings {
			t.changedBindings[k] = struct{}{}
		}
	}
	var id []byte
	for _, c := range t.dirty {
		if c.timer < 0 { // it ended
			t.spares.giveCall(c)
			continue
		}
		c.flags &^= callDirty
		c.flags |= callKept
		id = appendRecordID(id[:0], c.id)
		yield(id, t.encode(c))
	}
	for _, ended := range t.gone {
		id = appendRecordID(id[:0], ended)
		yield(id, nil)
	}
	for k := range t.changedBindings {
		id = append(append(id[:0], 'b'), k...)
		b, ok := t.bindings[k]
		if !ok {
			yield(id, nil)
			continue
		}
		yield(id, t.encodeBinding(&b))
	}
	clear(t.dirty)
	t.dirty, t.gone = t.dirty[:0], t.gone[:0]
	clear(t.changedBindings)
}

func appendRecordID(b []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 'c'), id)
}

// mark notes that a call changed.
func (t *Tracker) mark(c *call) {
	if t.keeping && c.flags&callDirty == 0 {
		if n := len(t.dirty); n == cap(t.dirty) { // those that ended go, should nobody ask for a long time
			t.dirty = slices.Grow(slices.DeleteFunc(t.dirty, func(c *call) bool { return c.timer < 0 }), n+1)
		}
		c.flags |= callDirty
		t.dirty = append(t.dirty, c)
	}
}

// Restore takes one record back, of a call or a registration, as Changes gave it. What the plan no
// longer knows is kept by name. A call already live is left alone. The error wraps ErrSnapshot.
func (t *Tracker) Restore(id string, record []byte) error {
	if len(id) == 0 || len(record) == 0 || record[0] != snapshotVersion {
		return ErrSnapshot
	}
	r := &recordReader{b: record[1:]}
	switch id[0] {
	case 'c':
		return t.restoreCall(r)
	case 'b':
		return t.restoreBinding(id[1:], r)
	}
	return ErrSnapshot
}

func (t *Tracker) encode(c *call) []byte {
	w := &recordWriter{b: append(t.record[:0], snapshotVersion)}
	w.fixed(c.id)
	w.int(c.started)
	w.time(c.seen, c.started)
	w.uint(uint64(c.dir))
	w.uint(uint64(c.flags &^ (callDirty | callKept | callCounted)))
	w.uint(uint64(c.folded))
	w.fixed(uint64(c.key))
	w.uint(uint64(c.from))
	w.uint(uint64(c.to))
	x := c.extra
	if x == nil {
		x = &extra{}
	}
	w.text(x.from)
	w.text(x.to)
	w.time(x.referred, c.started)
	w.agent(x.target)
	var service, pbx, trunk string
	if c.service != nil {
		service = c.service.ID
	}
	if c.pbx != nil {
		pbx = c.pbx.ID
	}
	if c.trunk != nil {
		trunk = c.trunk.ID
	}
	w.text(service)
	w.text(pbx)
	w.text(trunk)
	w.agent(c.dialler)
	w.uint(uint64(c.legs))
	for l := c.first; l != nil; l = l.next {
		w.leg(l, c)
	}
	if x.traits != [3]trait{} {
		for _, v := range x.traits {
			w.uint(uint64(v.part()))
		}
	}
	t.record = w.b
	return w.b
}

func (w *recordWriter) leg(l *leg, c *call) {
	isCaller := uint64(0)
	if l == c.caller {
		isCaller = 1
	}
	w.uint(isCaller)
	w.text(l.callID)
	w.fixed(l.fromTag)
	w.uint(uint64(l.cseq))
	w.uint(uint64(l.farCSeq))
	w.uint(uint64(l.flags))
	w.uint(uint64(l.nhops))
	for h := &l.hop; h != nil; h = h.next {
		w.hop(h, c.started)
	}
}

func (w *recordWriter) hop(h *hop, started int64) {
	w.fixed(h.branch)
	w.fixed(h.toTag)
	w.agent(h.agent)
	for _, v := range [...]int64{h.invited, h.alerted, h.up, h.down, h.held} {
		w.time(v, started)
	}
	for _, v := range [...]uint64{uint64(h.status), uint64(h.cause), uint64(h.sip), uint64(h.vias), uint64(h.role), uint64(h.state), uint64(h.end), uint64(h.flags)} {
		w.uint(v)
	}
}

// restoreCall takes a call back. What happened since it was written nobody saw, so nothing that is
// said of it in the end is certain.
func (t *Tracker) restoreCall(r *recordReader) error {
	c := &call{id: r.fixed(), started: r.int(), timer: -1}
	c.seen = r.time(c.started)
	c.dir = Direction(r.uint())
	c.flags = callFlags(r.uint())&^(callDirty|callCounted) | callKept | callInferred | callBlind
	c.folded = fold(r.uint())
	k := key(r.fixed())
	c.from, c.to = Number(r.uint()), Number(r.uint())
	x := extra{from: r.text(), to: r.text(), referred: r.time(c.started), target: t.agentByID(r.text())}
	if x.from != "" || x.to != "" || x.referred != 0 || x.target != nil {
		c.extra = &x
	}
	c.service = t.site.serviceIDs[r.text()]
	c.pbx, c.trunk = t.site.pbxIDs[r.text()], t.site.trunkIDs[r.text()]
	c.dialler = t.agentByID(r.text())
	n := r.uint()
	if r.bad || n == 0 || n > maxLegs || c.dir > Internal || c.started <= 0 || k.list() > inOrphans {
		return ErrSnapshot
	}
	for range n {
		if !t.restoreLeg(r, c) {
			return ErrSnapshot
		}
	}
	if len(r.b) > 0 {
		for i := range c.more().traits {
			c.extra.traits[i] = trait(r.uint()).part()
		}
	}
	if r.bad || len(r.b) > 0 {
		return ErrSnapshot
	}
	for l := c.first; l != nil; l = l.next {
		if t.legs.get(t.idOfText(l.callID)) != nil { // live, or ended by now
			return nil
		}
	}
	if len(t.timers) >= t.opt.MaxCalls {
		t.stats.Evicted++
		return nil
	}
	t.admit(c, k)
	return nil
}

func (t *Tracker) restoreLeg(r *recordReader, c *call) bool {
	l := &leg{call: c}
	if r.uint() == 1 {
		c.caller = l
	}
	l.callID, l.fromTag, l.cseq, l.farCSeq = r.text(), r.fixed(), uint32(r.uint()), uint32(r.uint())
	l.flags = legFlags(r.uint())
	n := r.uint()
	if r.bad || n == 0 || n > maxHops || l.callID == "" {
		return false
	}
	last := &l.hop
	for i := range n {
		if i > 0 {
			last.next = &hop{}
			last = last.next
		}
		t.restoreHop(r, last, c.started)
	}
	l.nhops = uint8(n)
	if c.last == nil {
		c.first = l
	} else {
		c.last.next = l
	}
	c.last = l
	c.legs++
	return !r.bad
}

func (t *Tracker) restoreHop(r *recordReader, h *hop, started int64) {
	h.branch, h.toTag = r.fixed(), r.fixed()
	h.agent = t.agentByID(r.text())
	h.invited, h.alerted, h.up, h.down, h.held = r.time(started), r.time(started), r.time(started), r.time(started), r.time(started)
	h.status, h.cause, h.sip = uint16(r.uint()), uint16(r.uint()), uint16(r.uint())
	h.vias, h.role, h.state = uint8(r.uint()), role(r.uint()), state(r.uint())
	h.end, h.flags = ending(r.uint()), hopFlags(r.uint())
	if h.role > roleRelay || h.state > terminated || h.end > endUnknownFinal || h.role == roleAgent && h.agent == nil {
		r.bad = true
	}
}

// admit puts a restored call among the live. It is at least as late as when the call was last heard of.
func (t *Tracker) admit(c *call, k key) {
	t.now = max(t.now, c.seen)
	t.blind = max(t.blind, t.now)
	t.calls++
	c.number = t.calls
	for l := c.first; l != nil; l = l.next {
		t.legs.set(t.idOfText(l.callID), l)
		t.hops += int(l.nhops)
	}
	if c.any((*hop).wasAgent) {
		if _, over := c.over(); !over {
			t.count(c)
		}
	}
	t.timers.add(c, c.started)
	at, _ := t.due(c)
	t.timers.set(c, at)
	t.enlist(c, k)
	t.relist(c)
	t.relate(c)
}

// agentByID is an agent of the plan, or one learnt, or else one of that name, so that a live call
// keeps whom it was with.
func (t *Tracker) agentByID(id string) *agent {
	if id == "" {
		return nil
	}
	if a, ok := t.site.agents[id]; ok {
		return a
	}
	if a := t.learn(id); a != nil {
		return a
	}
	return &agent{id: id, learnt: true}
}
