package sip

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// told is the event being told, with its snapshot and room for that one's lists. The tracker has one for
// all: memory of its own for each was 250 of 265 bytes that a message cost.
type told struct {
	event Event
	call  Call
	lists []string
}

// begin empties what the last event left.
func (e *told) begin(k EventKind, at int64) {
	e.call = Call{}
	e.event = Event{Kind: k, At: stamp(at), Call: &e.call}
}

// reveal tells of a call that nobody was told of: because the leg that causes it has come, or because
// it did not come in time. What its agents' phones did by then is told with it. device is that of the
// agent who dialled.
func (t *Tracker) reveal(c *call, at int64, device string) {
	if c.flags&callTentative == 0 {
		return
	}
	c.flags &^= callTentative
	if c.caller == nil && c.dir == Inbound && c.pbx != nil && c.any((*hop).toAgent) {
		t.strays[c.pbx.ID] = max(t.strays[c.pbx.ID], c.started) // whose caller is one of those who wait, maybe
	}
	t.tell(CallStarted, c, nil, at, 0, "")
	t.dialled(c, at, device)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			t.agentCaught(c, h, at)
		}
	}
}

// agentCaught tells what an agent's phone has done before its call was known.
func (t *Tracker) agentCaught(c *call, h *hop, at int64) {
	if h.role == roleAgent && h.agent != nil && h.rang() {
		t.agentChanged(c, h, &hop{}, at, "")
	}
}

// tell emits an event of a call.
func (t *Tracker) tell(k EventKind, c *call, a *agent, at int64, n Number, device string) {
	if c.flags&callTentative != 0 {
		return
	}
	t.mark(c)
	e := &t.told
	e.begin(k, at)
	e.event.Number, e.event.Device = n, device
	if a != nil {
		e.event.Agent = a.id
		if device == "" && k != AgentLeft {
			e.event.Device = t.contactOf(a)
		}
	}
	t.snapshot(c, &e.call)
	e.lists = c.lists(&e.call, e.lists[:0])
	t.emit(&e.event)
}

// tellEnd emits the last event of a call.
func (t *Tracker) tellEnd(c *call, j *judgement, first *agent, at int64, why Reason) {
	e := &t.told
	e.begin(CallEnded, t.now)
	s := &e.call
	t.snapshot(c, s)
	e.lists = c.lists(s, e.lists[:0])
	s.Verdict, s.Reason, s.Confidence = j.verdict, j.reason, j.confidence
	s.Short, s.Result, s.StatusCode = j.short, j.result, j.status
	s.Evidence = t.evidence(c)
	if c.dir != Outbound {
		s.Agent = ""
		if first != nil {
			s.Agent = first.id
		} else {
			s.Answered = time.Time{}
		}
	}
	if why == ReasonNone {
		s.Ended = stamp(at)
		if h := c.farHop(); h != nil && c.dir == Outbound && h.down != 0 {
			s.Ended = stamp(h.down)
		}
	}
	if !s.Ended.IsZero() && s.Ended.Before(s.Started) {
		s.Ended = s.Started // the capture clock of one message ran behind that of another
	}
	t.emit(&e.event)
}

// external is the number of a call's external party.
func (c *call) external() Number {
	switch {
	case c.dir == Outbound:
		return c.to
	case c.flags&callWithheld != 0, c.dir == Internal:
		return 0
	}
	return c.from
}

// snapshot is what the world may know of a call, but for its lists, which most events do not need.
func (t *Tracker) snapshot(c *call, s *Call) {
	if c.text == "" {
		t.textOf(c)
	}
	if c.slot == 0 {
		c.slot = t.slots.take()
	}
	var caller, callee string
	s.ID, caller, callee = cutText(c.text)
	s.Slot = c.slot
	s.Direction, s.Callee, s.CalleeID = c.dir, c.to, callee
	s.Withheld, s.Started = c.flags&callWithheld != 0, stamp(c.started)
	s.CallerID = caller
	if !s.Withheld {
		s.Caller = c.from
	}
	if c.pbx != nil {
		s.PBX = c.pbx.ID
	}
	if c.trunk != nil {
		s.Trunk = c.trunk.ID
	}
	if c.service != nil && c.dir == Inbound {
		s.Service, s.List = c.service.ID, c.service.List
	}
	if c.dialler != nil {
		s.DialledBy, s.Agent = c.dialler.id, c.dialler.id
	}
	if c.dir == Outbound {
		s.Answered = stamp(c.farUp())
		if c.dialler != nil {
			return
		}
	}
	if a, up := t.withFirst(c); a != nil {
		s.Agent = a.id
		if c.dir != Outbound {
			s.Answered = stamp(up)
		}
	}
}

// textOf makes the call's text: its id, caller and callee for people, in one piece.
func (t *Tracker) textOf(c *call) {
	b := append(strconv.AppendUint(t.scratch[:0], c.id, 36), 0)
	switch {
	case c.flags&callWithheld != 0:
		b = append(b, "anonymous"...)
	case c.from != 0:
		b = c.from.appendDigits(append(b, '+'))
	case c.extra != nil:
		b = append(b, c.extra.from...)
	}
	b = append(b, 0)
	switch {
	case c.to != 0:
		b = c.to.appendDigits(append(b, '+'))
	case c.extra != nil:
		b = append(b, c.extra.to...)
	}
	t.scratch = b
	c.text = t.texts.text(b)
}

func cutText(s string) (id, caller, callee string) {
	id, s, _ = strings.Cut(s, "\x00")
	caller, callee, _ = strings.Cut(s, "\x00")
	return id, caller, callee
}

// lists fills in the lists of a snapshot: the Call-IDs, and the agents whose phones rang. They lie in
// room, which is returned as far as it had to grow.
func (c *call) lists(s *Call, room []string) []string {
	for l := c.first; l != nil; l = l.next {
		room = append(room, l.callID)
	}
	ids := len(room)
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if h.role == roleAgent && h.agent != nil && h.rang() && !slices.Contains(room[ids:], h.agent.id) {
				room = append(room, h.agent.id)
			}
		}
	}
	s.CallIDs = room[:ids:ids]
	if len(room) > ids {
		s.Rang = slices.Clip(room[ids:])
	}
	return room
}

// farUp is when the far end of an outbound call answered, or 0.
func (c *call) farUp() int64 {
	if h := c.farHop(); h != nil {
		return h.up
	}
	if h := c.callerHop(); h != nil {
		return h.up
	}
	return 0
}
