package sip

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// ErrSnapshot is returned for a record of a live call that cannot be read.
var ErrSnapshot = errors.New("sip: unreadable record of a live call")

// snapshotVersion is the first byte of every record.
const snapshotVersion = 1

// Changes yields what changed since it was last asked: for each changed live call its id and record,
// for each call that ended its id and no record, and the same for learnt registrations. Records are
// for Restore; each is valid until the next is yielded. The first use switches the bookkeeping on,
// and yields everything.
func (t *Tracker) Changes(yield func(id string, record []byte)) {
	if !t.keeping {
		t.keeping = true
		for _, c := range t.timers {
			t.mark(c)
		}
		for k := range t.bindings {
			t.changedBindings[k] = struct{}{}
		}
	}
	for _, c := range t.dirty {
		if c.timer < 0 {
			continue
		}
		c.flags &^= callDirty
		c.flags |= callKept
		yield(callRecordID(c.id), t.encode(c))
	}
	for _, id := range t.gone {
		yield(callRecordID(id), nil)
	}
	for k := range t.changedBindings {
		b, ok := t.bindings[k]
		if !ok {
			yield("b"+k, nil)
			continue
		}
		yield("b"+k, t.encodeBinding(&b))
	}
	clear(t.dirty)
	t.dirty, t.gone = t.dirty[:0], t.gone[:0]
	clear(t.changedBindings)
}

func callRecordID(id uint64) string { return string(binary.BigEndian.AppendUint64([]byte{'c'}, id)) }

// mark notes that a call changed.
func (t *Tracker) mark(c *call) {
	if t.keeping && c.flags&callDirty == 0 {
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

type recordWriter struct{ b []byte }

func (w *recordWriter) uint(v uint64)  { w.b = binary.AppendUvarint(w.b, v) }
func (w *recordWriter) int(v int64)    { w.b = binary.AppendVarint(w.b, v) }
func (w *recordWriter) fixed(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *recordWriter) text(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *recordWriter) agent(a *agent) { w.text(idOf(a)) }
func (w *recordWriter) time(v, s int64) {
	if v == 0 {
		w.uint(0)
		return
	}
	w.uint(1)
	w.int(v - s)
}

func idOf(a *agent) string {
	if a == nil {
		return ""
	}
	return a.id
}

type recordReader struct {
	b   []byte
	bad bool
}

func (r *recordReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) fixed() uint64 {
	if len(r.b) < 8 {
		r.bad = true
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *recordReader) text() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *recordReader) time(s int64) int64 {
	if r.uint() == 0 {
		return 0
	}
	return s + r.int()
}

func (t *Tracker) encode(c *call) []byte {
	w := &recordWriter{b: append(t.record[:0], snapshotVersion)}
	w.fixed(c.id)
	w.int(c.started)
	w.time(c.seen, c.started)
	w.uint(uint64(c.dir))
	w.uint(uint64(c.flags &^ (callDirty | callKept)))
	w.uint(uint64(c.folded))
	w.uint(uint64(c.in))
	w.uint(uint64(c.key.kind))
	w.uint(c.key.n)
	w.uint(uint64(c.from))
	w.uint(uint64(c.to))
	w.text(c.fromText)
	w.text(c.toText)
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
	w.agent(c.agent)
	w.agent(c.target)
	w.time(c.referred, c.started)
	w.uint(uint64(c.legs))
	for l := c.first; l != nil; l = l.next {
		w.text(l.callID)
		w.uint(uint64(l.flags))
		w.fixed(l.fromTag)
		w.uint(uint64(l.cseq))
		w.uint(boolBit(l == c.caller))
		w.uint(uint64(l.nhops))
		for h := &l.hop; h != nil; h = h.next {
			w.hop(h, c.started)
		}
	}
	t.record = w.b
	return w.b
}

func boolBit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (w *recordWriter) hop(h *hop, started int64) {
	w.fixed(h.branch)
	w.fixed(h.toTag)
	w.agent(h.agent)
	to := ""
	if h.to != nil {
		to = h.to.ID
	}
	w.text(to)
	for _, v := range [...]int64{h.invited, h.alerted, h.up, h.down, h.held} {
		w.time(v, started)
	}
	for _, v := range [...]uint64{uint64(h.status), uint64(h.cause), uint64(h.sip), uint64(h.vias), uint64(h.role), uint64(h.state), uint64(h.end), uint64(h.flags)} {
		w.uint(v)
	}
}

func (t *Tracker) restoreCall(r *recordReader) error {
	c := &call{id: r.fixed(), started: r.int(), timer: -1}
	c.seen = r.time(c.started)
	c.dir = Direction(r.uint())
	c.flags = callFlags(r.uint())&^callCounted | callKept
	c.folded = fold(r.uint())
	in := listIn(r.uint())
	key := callerKey{keyKind(r.uint()), 0}
	key.n = r.uint()
	c.from, c.to = Number(r.uint()), Number(r.uint())
	c.fromText, c.toText = r.text(), r.text()
	c.service = t.site.serviceByID(r.text())
	c.pbx, c.trunk = t.site.pbxByID(r.text()), t.site.trunkByID(r.text())
	c.dialler, c.agent, c.target = t.agentByID(r.text()), t.agentByID(r.text()), t.agentByID(r.text())
	c.referred = r.time(c.started)
	n := r.uint()
	if r.bad || n == 0 || n > maxLegs {
		return ErrSnapshot
	}
	for range n {
		l := t.restoreLeg(r, c)
		if l == nil {
			return ErrSnapshot
		}
		if _, taken := t.legs[l.callID]; taken {
			return nil
		}
	}
	if len(r.b) > 0 || c.dir > Internal || in > inOrphans {
		return ErrSnapshot
	}
	t.admit(c, key, in)
	return nil
}

func (t *Tracker) restoreLeg(r *recordReader, c *call) *leg {
	l := &leg{callID: r.text(), flags: legFlags(r.uint()), fromTag: r.fixed(), cseq: uint32(r.uint()), call: c}
	if r.uint() == 1 {
		c.caller = l
	}
	n := r.uint()
	if r.bad || n == 0 || n > maxHops || l.callID == "" {
		return nil
	}
	l.nhops = 1
	for i := range n {
		h := &l.hop
		if i > 0 {
			h = l.addHop()
		}
		t.restoreHop(r, h, c.started)
	}
	if r.bad {
		return nil
	}
	if c.last == nil {
		c.first = l
	} else {
		c.last.next = l
	}
	c.last = l
	c.legs++
	return l
}

func (t *Tracker) restoreHop(r *recordReader, h *hop, started int64) {
	h.branch, h.toTag = r.fixed(), r.fixed()
	h.agent, h.to = t.agentByID(r.text()), t.site.endpointByID(r.text())
	h.invited, h.alerted, h.up, h.down, h.held = r.time(started), r.time(started), r.time(started), r.time(started), r.time(started)
	h.status, h.cause, h.sip = uint16(r.uint()), uint16(r.uint()), uint16(r.uint())
	h.vias, h.role, h.state = uint8(r.uint()), role(r.uint()), state(r.uint())
	h.end, h.flags = ending(r.uint()), hopFlags(r.uint())
}

// admit puts a restored call among the live.
func (t *Tracker) admit(c *call, key callerKey, in listIn) {
	t.calls++
	c.number = t.calls
	for l := c.first; l != nil; l = l.next {
		t.legs[l.callID] = l
	}
	c.eachHop(func(_ *leg, h *hop) {
		if h.role == roleAgent && h.state == confirmed {
			c.up++
		}
	})
	if c.flags&callWithAgent != 0 {
		t.count(c)
	}
	t.timers.add(c, c.started)
	t.timers.set(c, t.due(c))
	t.list(c, key, in)
	t.touch(c)
	if c.service != nil && c.dir == Inbound {
		q := t.queues[c.service.ID]
		if q == nil {
			q = &queue{}
			t.queues[c.service.ID] = q
		}
		q.push(c)
	}
}

func (t *Tracker) encodeBinding(b *binding) []byte {
	w := &recordWriter{b: append(t.record[:0], snapshotVersion)}
	w.text(b.user)
	w.text(b.host)
	w.text(b.contact)
	w.text(addrText(b.addr))
	w.text(addrText(b.source))
	w.int(b.expires)
	t.record = w.b
	return w.b
}

func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (t *Tracker) restoreBinding(key string, r *recordReader) error {
	b := binding{user: r.text(), host: r.text(), contact: r.text()}
	addr, source := r.text(), r.text()
	b.expires = r.int()
	if r.bad || len(r.b) > 0 || key == "" {
		return ErrSnapshot
	}
	if len(t.bindings) >= t.opt.MaxBindings {
		return nil
	}
	b.addr, _ = netip.ParseAddrPort(addr) // empty where the contact named no address
	b.source, _ = netip.ParseAddrPort(source)
	b.agent, b.endpoint = t.registrant(b.user, b.host)
	t.bindings[key] = b
	t.locate(b.addr, b)
	t.locate(b.source, b)
	return nil
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

func (s *site) serviceByID(id string) *service   { return s.serviceIDs[id] }
func (s *site) pbxByID(id string) *pbx           { return s.pbxIDs[id] }
func (s *site) trunkByID(id string) *trunk       { return s.trunkIDs[id] }
func (s *site) endpointByID(id string) *endpoint { return s.endpointIDs[id] }
