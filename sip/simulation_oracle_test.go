package sip_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ringback/sip"
)

// simOracle compares what is told with what was true. It has one rule: every call ends once and never
// revives, judged right where all of it was seen, and else right or as inferred.
type simOracle struct {
	t      *testing.T
	truth  map[string]*simCall // by Call-ID of any leg
	calls  []*simCall
	open   []*simCall // older ones, that may end late
	over   bool
	told   map[string]*simTold // by Call.ID
	live   []liveInterval
	lossy  bool
	wrong  int
	counts struct{ ended, right, inferred, unsure int }
}

// simTold is a call as it was told so far.
type simTold struct {
	started, ended bool
	present        map[string]bool // agents told to ring or talk, and not yet to have left
}

// liveInterval is when a call was with an agent, for outages.
type liveInterval struct {
	call     *simCall
	from, to int64
}

func newSimOracle(t *testing.T) *simOracle {
	t.Helper()
	return &simOracle{t: t, truth: map[string]*simCall{}, told: map[string]*simTold{}}
}

func (o *simOracle) expect(c *simCall) {
	for _, id := range c.legs {
		o.truth[id] = c
	}
	o.calls = append(o.calls, c)
	c.lossy = o.lossy
	if c.direction == sip.Inbound && c.withAgent != 0 && c.name != "direct" {
		o.live = append(o.live, liveInterval{c, c.withAgent, c.ended})
	}
	if len(o.calls) > 1<<15 { // long gone
		o.retire(o.calls[:1<<14])
		o.calls = slices.Delete(o.calls, 0, 1<<14)
		o.live = slices.DeleteFunc(o.live, func(x liveInterval) bool { return x.to < c.started-3600*second })
	}
}

// retire checks calls that must be over, and forgets those whose end was told.
func (o *simOracle) retire(calls []*simCall) {
	for _, c := range calls {
		if c.affected && c.endings == 0 && !o.over {
			o.open = append(o.open, c) // its end was lost, so it lives long
			continue
		}
		o.settled(c)
		for _, id := range c.legs {
			delete(o.truth, id)
		}
	}
}

func (o *simOracle) fail(c *simCall, format string, args ...any) {
	o.t.Helper()
	if o.wrong++; o.wrong > 10 {
		return
	}
	what := ""
	if c != nil {
		what = fmt.Sprintf("call %d (%s, kind %d, affected %v, ambiguous %v): ", c.index, c.name, c.kind, c.affected, c.ambiguous)
	}
	o.t.Errorf("%s%s", what, fmt.Sprintf(format, args...))
}

// event takes in what the tracker tells.
func (o *simOracle) event(e *sip.Event) {
	x := o.told[e.Call.ID]
	if x == nil {
		x = &simTold{present: map[string]bool{}}
		o.told[e.Call.ID] = x
	}
	if x.ended {
		o.fail(nil, "%s revived by %s", e.Call.ID, e.Kind)
	}
	if e.Kind == sip.CallStarted && x.started {
		o.fail(nil, "%s started twice", e.Call.ID)
	}
	x.started = x.started || e.Kind == sip.CallStarted
	switch e.Kind {
	case sip.AgentDialled:
		o.dialled(e)
		x.present[e.Agent] = true
	case sip.AgentRinging, sip.AgentAnswered:
		x.present[e.Agent] = true
	case sip.AgentLeft:
		if !x.present[e.Agent] {
			o.fail(o.truth[e.Call.ID], "agent %s left %s without having been there", e.Agent, e.Call.ID)
		}
		delete(x.present, e.Agent)
	case sip.CallEnded:
		if len(x.present) > 0 && e.Call.DialledBy == "" && e.Call.Direction != sip.Outbound {
			o.fail(nil, "%s ended with %v still there", e.Call.ID, x.present)
		}
		x.ended, x.present = true, nil
		o.ended(e.Call)
	default:
	}
	if *simOnly >= 0 && e.Kind == sip.CallEnded {
		for _, id := range e.Call.CallIDs {
			if c := o.truth[id]; c != nil && c.index == *simOnly {
				o.t.Logf("%s", line(e.Call))
			}
		}
	}
	for _, id := range e.Call.CallIDs {
		if c := o.truth[id]; c != nil && c.withheld && !c.affected && !c.ambiguous && c.direction == sip.Inbound && (e.Number != 0 || e.Call.Caller != 0) {
			o.fail(c, "he withholds his number, and %s shows it: %+v", e.Kind, *e.Call)
		}
	}
	if c := e.Call; c.Withheld && (c.Caller != 0 || c.CallerID != "anonymous" || e.Number != 0) {
		o.fail(nil, "a withheld caller is shown: %+v", c)
	}
}

func (o *simOracle) dialled(e *sip.Event) {
	for _, id := range e.Call.CallIDs {
		if c := o.truth[id]; c != nil {
			c.dialledTo++
			if c.dialled != e.Number || !c.affected && c.agent != e.Agent {
				o.fail(c, "%s dialled %s, told %q dialled %s", c.agent, c.dialled, e.Agent, e.Number)
			}
			return
		}
	}
}

// ended compares a call's end with the truth of the caller whose leg it holds.
func (o *simOracle) ended(got *sip.Call) {
	o.counts.ended++
	var c *simCall
	for _, id := range got.CallIDs {
		x := o.truth[id]
		if x == nil || !x.causes(id) {
			continue
		}
		if c != nil && c != x {
			if got.Confidence == sip.Seen || !c.ambiguous {
				o.fail(x, "is one call with %d: %+v", c.index, *got)
			}
			x.endings++
			continue
		}
		c = x
	}
	if c == nil {
		o.stray(got)
		return
	}
	c.endings++
	if c.endings > 1 && !c.affected && !c.ambiguous {
		o.fail(c, "ended %d times", c.endings)
	}
	if got.Withheld != c.withheld && !c.affected {
		o.fail(c, "withheld is told as %v", got.Withheld)
	}
	switch {
	case o.right(c, got):
		o.counts.right++
	case got.Reason == sip.Outage && got.Confidence == sip.Inferred && o.outage(c, false):
		o.counts.inferred++ // it rests on others' messages too
	case !c.affected && !c.ambiguous && (!c.rival || !c.lossy):
		o.fail(c, "is %s %v short=%v by %q, told %s", c.verdict, c.reasons, c.short, c.agent, line(got))
	case got.Confidence == sip.Inferred:
		o.counts.inferred++
	case c.unsaid:
		o.counts.unsure++
	default:
		o.fail(c, "is %s %v short=%v by %q, and yet told as seen: %s", c.verdict, c.reasons, c.short, c.agent, line(got))
	}
}

func line(c *sip.Call) string {
	return fmt.Sprintf("%s %s %s short=%v agent=%q %s %s %v", c.Direction, c.Verdict, c.Reason, c.Short, c.Agent, c.Confidence, c.Result, c.CallIDs)
}

// stray is an end without a caller's leg: something was lost, or a transfer took its legs.
func (o *simOracle) stray(got *sip.Call) {
	if got.Verdict != sip.VerdictNone && !o.lossy {
		o.fail(nil, "a verdict of nobody's call: %s", line(got))
	}
	for _, id := range got.CallIDs {
		if c := o.truth[id]; c != nil && !c.affected && !c.ambiguous && (!c.rival || !c.lossy) {
			o.fail(c, "its leg %s is a call of its own: %s", id, line(got))
		}
	}
}

func (o *simOracle) right(c *simCall, got *sip.Call) bool {
	if got.Direction != c.direction {
		return false
	}
	switch c.direction {
	case sip.Outbound:
		return got.Result == c.result && got.DialledBy == c.agent && got.Verdict == sip.VerdictNone
	case sip.Internal:
		return got.Verdict == sip.VerdictNone
	default:
	}
	if got.Reason == sip.Outage {
		return got.Verdict == sip.Dropped && o.outage(c, true)
	}
	if got.Verdict != c.verdict || got.Short != c.short {
		return false
	}
	if c.verdict != sip.VerdictNone && len(c.reasons) > 0 && !slices.Contains(c.reasons, got.Reason) {
		return false
	}
	return c.verdict != sip.Served && c.verdict != sip.Dropped || got.Agent == c.agent
}

// outage says whether many talks of a PBX truly ended at once (docs/verdicts.md, row 1), give or take what
// the watch may have missed: of the live all, or only those of whom all was seen.
func (o *simOracle) outage(c *simCall, all bool) bool {
	for from := c.ended - 2*second; from <= c.ended; from += second / 20 {
		ends, live := 0, 0
		for _, x := range o.live {
			if x.call.kind != c.kind || x.from > from+2*second || x.to < from {
				continue
			}
			ended := x.to <= from+2*second+second/20
			if ended {
				ends++
			}
			if all || ended || !x.call.affected {
				live++
			}
		}
		if ends >= 4 && 2*ends >= live {
			return true
		}
	}
	return false
}

// settled checks that a call has ended that must have.
func (o *simOracle) settled(c *simCall) {
	if c.known && c.endings == 0 {
		o.fail(c, "never ended")
	}
	if c.direction == sip.Outbound && !c.affected && c.dialledTo != 1 {
		o.fail(c, "AgentDialled was told %d times", c.dialledTo)
	}
	if c.dialledTo > 1 && c.direction == sip.Outbound && !c.affected {
		o.fail(c, "AgentDialled was told %d times", c.dialledTo)
	}
}

func (o *simOracle) finish() {
	o.over = true
	o.retire(o.open)
	o.retire(o.calls)
	if o.wrong > 10 {
		o.t.Errorf("and %d more", o.wrong-10)
	}
}

func (o *simOracle) summary() string {
	return strings.TrimSpace(fmt.Sprintf("%d calls ended: %d right, %d wrong and inferred, %d that no message could have told",
		o.counts.ended, o.counts.right, o.counts.inferred, o.counts.unsure))
}
