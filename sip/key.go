package sip

import (
	"hash/maphash"
	"iter"
)

// key is what the legs of one call have in common on the wire when nothing links them: for the
// agents' legs of an inbound call the caller's number, for the trunk's leg of an outbound call the
// number called, for the legs of an internal call who calls. Its kind stands in the top bits, below
// it which list a call is in.
type key uint64

type keyKind uint8

const (
	keyNone     keyKind = iota
	keyCaller           // inbound, by the caller's number
	keyWithheld         // inbound, the caller withheld his number
	keyText             // inbound, by a user part that is no number
	keyCallee           // outbound, by the number called
	keyInternal         // internal, by the calling agent
)

// listKind says which of a key's lists a call is in: those of calls that wait for the legs they
// cause, that are with an agent, and whose causing leg was not seen.
type listKind uint8

const (
	inWaiting listKind = iota
	inServed
	inOrphans
)

const (
	keyKindShift = 59
	keyListShift = 57
	keyValue     = 1<<keyListShift - 1 // a number has less than 50 bits
	keyListMask  = 3 << keyListShift
)

func keyOf(kind keyKind, value uint64) key {
	return key(kind)<<keyKindShift | key(value&keyValue)
}

func (k key) in(l listKind) key { return k&^keyListMask | key(l)<<keyListShift }
func (k key) list() listKind    { return listKind(k & keyListMask >> keyListShift) }
func (k key) kind() keyKind     { return keyKind(k >> keyKindShift) }

// keyFrom is the key by which a leg seeks the leg that causes it, and the causing leg is found.
func keyFrom(from *identity, m *Message) key {
	switch from.kind {
	case idExternal, idService:
		return keyOf(keyCaller, uint64(from.number))
	case idWithheld:
		return keyOf(keyWithheld, 0)
	case idAgent, idOwn:
		return keyOf(keyInternal, hashText(from.agent.id))
	case idUnknown:
		return keyOf(keyText, hash(m.From.URI.User))
	default:
		return 0
	}
}

// node is a call's place in a list.
type node struct{ prev, next *call }

// nodeKind is which of its places.
type nodeKind uint8

const (
	byKey     nodeKind = iota // among the calls of its key
	byService                 // among those who wait for its service
)

// list is calls by age, oldest first.
type list struct{ first, last *call }

// maxCandidates bounds how many calls of one list are looked at for one leg: a flood from one number
// must not cost more than that.
const maxCandidates = 64

// push puts a call where its age belongs, which is nearly always the end.
func (l *list) push(c *call, k nodeKind) {
	after := l.last
	for n := 0; after != nil && c.before(after) && n < maxCandidates; n++ {
		after = after.nodes[k].prev
	}
	x := &c.nodes[k]
	x.prev = after
	if after == nil {
		x.next, l.first = l.first, c
	} else {
		x.next, after.nodes[k].next = after.nodes[k].next, c
	}
	if x.next == nil {
		l.last = c
	} else {
		x.next.nodes[k].prev = c
	}
}

func (l *list) pull(c *call, k nodeKind) {
	x := &c.nodes[k]
	if x.prev == nil {
		l.first = x.next
	} else {
		x.prev.nodes[k].next = x.next
	}
	if x.next == nil {
		l.last = x.prev
	} else {
		x.next.nodes[k].prev = x.prev
	}
	*x = node{}
}

// before orders calls by age, and by appearance where that is the same.
func (c *call) before(o *call) bool {
	if c.started != o.started {
		return c.started < o.started
	}
	return c.number < o.number
}

// lists are those of one key, by listKind. They lie together because who asks for one asks for the others
// too.
type lists [inOrphans + 1]list

func (x *lists) empty() bool {
	return x[inWaiting].first == nil && x[inServed].first == nil && x[inOrphans].first == nil
}

// hashOf is what a key's lists are found by; nobody can make keys meet there.
func (t *Tracker) hashOf(k key) uint64 { return maphash.Comparable(t.seed, k.in(0)) }

// listOf is the list of a key.
func (t *Tracker) listOf(k key) list {
	if x := t.lists.get(t.hashOf(k)); x != nil {
		return x[k.list()]
	}
	return list{}
}

// enlist puts a call into the list of a key.
func (t *Tracker) enlist(c *call, k key) {
	if c.key != 0 && c.key.in(0) == k.in(0) { // from one of a key's lists to another
		c.peers[c.key.list()].pull(c, byKey)
		c.peers[k.list()].push(c, byKey)
		c.key = k
		return
	}
	t.unlist(c)
	if k == 0 {
		return
	}
	h := t.hashOf(k)
	x := t.lists.get(h)
	if x == nil {
		x = take(&t.spares.lists)
		t.lists.set(h, x)
	}
	x[k.list()].push(c, byKey)
	c.key, c.peers = k, x
}

func (t *Tracker) unlist(c *call) {
	if c.key == 0 {
		return
	}
	x := c.peers
	x[c.key.list()].pull(c, byKey)
	if x.empty() {
		t.lists.remove(t.hashOf(c.key))
		give(&t.spares.lists, x)
	}
	c.key, c.peers = 0, nil
}

// causing yields the calls that may cause the legs of a key, with what list they are in: those whose
// callers withheld what the key says, as in doubt nobody is shown, those that wait, and those that
// are with an agent.
func (t *Tracker) causing(k key) iter.Seq2[*call, listKind] {
	return func(yield func(*call, listKind) bool) {
		if k == 0 {
			return
		}
		for _, w := range t.withholding(k) {
			for _, c := range w.calls {
				if c.caller != nil && !yield(c, c.key.list()) {
					return
				}
			}
		}
		for _, in := range [...]listKind{inWaiting, inServed} {
			for c, n := t.listOf(k.in(in)).first, 0; c != nil && n < maxCandidates; c, n = c.nodes[byKey].next, n+1 {
				if !yield(c, in) {
					return
				}
			}
		}
	}
}

// relist moves a call between those that wait and those that are with an agent.
func (t *Tracker) relist(c *call) {
	up := c.agentUp()
	if !up && c.leaving() {
		return // nobody will come for him any more
	}
	if c.key != 0 && c.key.list() != inOrphans {
		in := inWaiting
		if up {
			in = inServed
		}
		if k := c.key.in(in); k != c.key {
			t.enlist(c, k)
		}
	}
	if up {
		t.unqueue(c)
	} else {
		t.enqueue(c)
	}
}

// enqueue puts a call among those who wait for its service. PBXs that show agents the service's
// number instead of the caller's leave no other key.
func (t *Tracker) enqueue(c *call) {
	if c.service == nil || c.dir != Inbound || c.queue != nil {
		return
	}
	q := t.queues[c.service.ID]
	if q == nil {
		q = &list{}
		t.queues[c.service.ID] = q
	}
	q.push(c, byService)
	c.queue = q
}

func (t *Tracker) unqueue(c *call) {
	if c.queue != nil {
		c.queue.pull(c, byService)
		c.queue = nil
	}
}

// recent remembers the last calls whose other end is still to be seen.
type recent struct {
	calls [64]recentCall
	next  int
}

type recentCall struct {
	call   *call
	number uint64 // of the call, which may have ended since
}

func (r *recent) add(c *call) {
	r.calls[r.next%len(r.calls)] = recentCall{c, c.number}
	r.next++
}

// find is the latest call that satisfies f.
func (r *recent) find(f func(*call) bool) *call {
	for i := range r.calls {
		x := &r.calls[(r.next+len(r.calls)-1-i)%len(r.calls)]
		if x.call != nil && x.call.number == x.number && x.call.timer >= 0 && f(x.call) {
			return x.call
		}
	}
	return nil
}
