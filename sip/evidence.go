package sip

import (
	"slices"
	"time"
)

// fact is what one piece of evidence says of a hop.
type fact uint8

const (
	factInvite fact = iota
	factAlerted
	factAnswered
	factAnsweredUnseen
	factHeld
	factFailed
	factFailedUnseen
	factCancel
	factByeCaller
	factByeCallee
	numFacts
)

// side is whose hop it is.
type side uint8

const (
	sideCaller side = iota
	sideAgent
	sideEndpoint
	sideFar
	numSides
)

// phrases are the constant words of evidence.
var phrases = func() (p [numSides][numFacts]string) {
	facts := [numFacts]string{
		"INVITE", "alerted", "answered", "answered, 2xx not seen", "on hold", "failed", "failed, response not seen",
		"CANCEL", "BYE from its caller", "BYE from its callee",
	}
	for s, who := range [numSides]string{"caller ", "agent ", "endpoint ", "far end "} {
		for f, what := range facts {
			p[s][f] = who + what
		}
	}
	return p
}()

// maxEvidence bounds what is kept of one call.
const maxEvidence = 200

// evidence lists the facts of a call that its verdict rests on, in order of time. They are overwritten
// by the next call's.
func (t *Tracker) evidence(c *call) []Evidence {
	t.facts = t.facts[:0]
	caller := c.callerHop()
	for l := c.first; l != nil; l = l.next {
		for h := &l.hop; h != nil && len(t.facts) < maxEvidence; h = h.next {
			switch {
			case h.role == roleAgent:
				t.factsOf(h, sideAgent, l)
			case h.role == roleEndpoint:
				t.factsOf(h, sideEndpoint, l)
			case h.role == roleOut:
				t.factsOf(h, sideFar, l)
			case h == caller:
				t.factsOf(h, sideCaller, l)
			}
		}
	}
	if c.extra != nil {
		t.facts = append(t.facts, c.extra.notes...)
	}
	slices.SortStableFunc(t.facts, func(a, b Evidence) int { return a.At.Compare(b.At) })
	return t.facts
}

// factsOf notes what a hop shows.
func (t *Tracker) factsOf(h *hop, s side, l *leg) {
	add := func(at int64, what fact, status, cause uint16) {
		if at == 0 {
			return
		}
		e := Evidence{At: stamp(at), CallID: l.callID, What: phrases[s][what], Status: status, Cause: int(cause) - 1}
		if h.agent != nil {
			e.Agent = h.agent.id
		}
		t.facts = append(t.facts, e)
	}
	if h.flags&hopNoInvite == 0 {
		add(h.invited, factInvite, 0, 0)
	}
	add(h.alerted, factAlerted, 0, 0)
	if h.flags&hopNo2xx != 0 {
		add(h.up, factAnsweredUnseen, 0, 0)
	} else {
		add(h.up, factAnswered, 0, 0)
	}
	if h.onHold() {
		add(h.held, factHeld, 0, 0)
	}
	switch h.end {
	case endFinal:
		add(h.down, factFailed, h.status, h.cause)
	case endUnknownFinal:
		add(h.down, factFailedUnseen, 0, 0)
	case endCancel:
		add(h.down, factCancel, h.status, h.cause)
	case endByeCaller:
		add(h.down, factByeCaller, h.sip, h.cause)
	case endByeCallee:
		add(h.down, factByeCallee, h.sip, h.cause)
	default:
	}
}

// Taken is the evidence of an inbound call that we took ourselves and nobody mirrored: its INVITE, our answer, and who ended
// it. A zero time is of what did not happen.
func Taken(callID string, invited, answered, ended time.Time, byCaller bool) (all []Evidence) {
	add := func(at time.Time, what fact) {
		if !at.IsZero() {
			all = append(all, Evidence{At: at, CallID: callID, What: phrases[sideCaller][what], Cause: -1})
		}
	}
	add(invited, factInvite)
	add(answered, factAnswered)
	by := factByeCallee
	if byCaller {
		by = factByeCaller
	}
	add(ended, by)
	return all
}
