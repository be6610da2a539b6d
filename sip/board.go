package sip

import (
	"slices"
	"time"
)

// Stage is how far a live call has come, or what an agent's phone does.
type Stage uint8

// Stages.
const (
	StageNone      Stage = iota // of an agent: nothing
	StageWaiting                // the caller is with nobody, and no phone of an agent rings
	StageRinging                // a phone of an agent alerts
	StageDialling               // of an agent: the far end has not answered
	StageTalking                // the caller is with an agent
	StageVoicemail              // the caller is in voicemail
)

// Line is a call to a service whose caller is on the line and with nobody.
type Line struct {
	Call  *Call
	Stage Stage     // StageWaiting or StageRinging
	Since time.Time // when he began to wait: with the call, or when the agent left whom he was with
}

// Desk is what an agent does.
type Desk struct {
	Stage Stage // StageRinging, StageDialling or StageTalking
	Since time.Time
	Call  *Call
}

// Load is how many callers a service has on the line.
type Load struct {
	Waiting   int       // with nobody, those with a phone ringing for them included
	Ringing   int       // of these, for whom a phone rings
	Talking   int       // with an agent
	Voicemail int       // in voicemail
	Since     time.Time // since when the one waits who has waited longest; zero when nobody does
}

// Board is who is on the line at one moment.
type Board struct {
	Services map[string]Load // by id; those that nobody calls are left out
	Lines    []Line          // who waits, longest first
	Desks    map[string]Desk // what agents do, by id; those who do nothing are left out
}

// Board sums up the live calls. Of Lines there are at most limit; the counts are of all calls.
func (t *Tracker) Board(limit int) Board {
	b := boarding{
		tracker: t, limit: limit,
		board: Board{Services: map[string]Load{}, Desks: map[string]Desk{}},
	}
	for i := range t.timers {
		c := t.timers[i].call
		if _, over := c.over(); over || c.flags&callTentative != 0 {
			continue
		}
		b.call(c)
	}
	slices.SortFunc(b.board.Lines, func(x, y Line) int { return x.Since.Compare(y.Since) })
	return b.board
}

// Registered says whether a phone of an agent has a registration that has not run out. Registrations are
// known only where the mirror shows them.
func (t *Tracker) Registered(agent string) bool {
	b, ok := t.bindings[t.reach[agent]]
	return ok && b.expires > t.now
}

// boarding is a board being made.
type boarding struct {
	tracker *Tracker
	limit   int
	board   Board

	of   *call // at work
	shot *Call // its snapshot, made when it is first needed
}

func (b *boarding) call(c *call) {
	b.of, b.shot = c, nil
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			if stage, since := h.deskStage(); stage != StageNone {
				b.desk(h.agent, stage, since)
			}
		}
	}
	if c.dir == Outbound && c.dialler != nil && c.flags&(callDialled|callDialling) != callDialled {
		stage, since := StageTalking, c.farUp()
		if since == 0 {
			stage, since = StageDialling, c.started
		}
		b.replace(c.dialler, stage, since)
	}
	if c.dir == Inbound && c.service != nil {
		b.service(c)
	}
}

// deskStage is what a hop lets its agent do.
func (h *hop) deskStage() (Stage, int64) {
	switch {
	case h.agent == nil || !h.alive():
		return StageNone, 0
	case h.state == confirmed:
		return StageTalking, h.up
	case h.flags&hopSource != 0:
		return StageDialling, h.invited
	case h.role == roleAgent && h.alerted != 0:
		return StageRinging, h.alerted
	}
	return StageNone, 0
}

// desk notes what an agent does: of several things the one that keeps him most, and that the longest.
func (b *boarding) desk(a *agent, stage Stage, since int64) {
	at := stamp(since)
	was, ok := b.board.Desks[a.id]
	if !ok || stage > was.Stage || stage == was.Stage && at.Before(was.Since) {
		b.board.Desks[a.id] = Desk{stage, at, b.snapshot()}
	}
}

// replace notes what an agent does who dialled: while his PBX has not reached the far end, that his own
// phone is up means nothing.
func (b *boarding) replace(a *agent, stage Stage, since int64) {
	if was, ok := b.board.Desks[a.id]; ok && was.Call == b.shot && b.shot != nil {
		delete(b.board.Desks, a.id)
	}
	b.desk(a, stage, since)
}

// service counts a call to a service.
func (b *boarding) service(c *call) {
	load := b.board.Services[c.service.ID]
	switch stage, since := c.stage(); stage {
	case StageTalking:
		load.Talking++
	case StageVoicemail:
		load.Voicemail++
	default:
		at := stamp(since)
		load.Waiting++
		if stage == StageRinging {
			load.Ringing++
		}
		if load.Since.IsZero() || at.Before(load.Since) {
			load.Since = at
		}
		if len(b.board.Lines) < b.limit {
			b.board.Lines = append(b.board.Lines, Line{b.snapshot(), stage, at})
		}
	}
	b.board.Services[c.service.ID] = load
}

func (b *boarding) snapshot() *Call {
	if b.shot == nil {
		b.shot = &Call{}
		b.tracker.snapshot(b.of, b.shot)
		b.of.lists(b.shot, nil)
	}
	return b.shot
}

// stage is how far an inbound call has come whose caller is on the line, and of one who waits since when.
func (c *call) stage() (Stage, int64) {
	if c.agentUp() {
		return StageTalking, 0
	}
	if c.flags&callVoicemail != 0 || c.any(func(h *hop) bool { return h.flags&hopVoicemail != 0 && h.state == confirmed }) {
		return StageVoicemail, 0
	}
	stage, since := StageWaiting, c.started
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil; h = h.next {
			switch {
			case h.role != roleAgent:
			case h.alive() && h.alerted != 0:
				stage = StageRinging
			case h.up != 0:
				since = max(since, h.down)
			}
		}
	}
	return stage, since
}
