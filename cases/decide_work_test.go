package cases

import (
	"errors"
	"testing"
	"time"

	"ringback/directory"
)

// has is an open case that an agent has.
func has(agent string) func(*record) { return func(r *record) { r.Assignee = agent } }

// tries is an open case with so many attempts, the last of them by 101 and without a status.
func tries(n uint64) func(*record) {
	return func(r *record) {
		r.Attempts, r.Try = n, try{at: noon.Add(-time.Minute), agent: "101", call: "dial", counted: true}
	}
}

func TestDecideAssign(t *testing.T) {
	closed := func(r *record) { r.State = Closed }
	for _, tt := range []struct {
		sentence   string
		change     func(*record)
		from       string
		supervises bool
		want       error
		by         string
	}{
		{sentence: "what nobody has, anybody may take"},
		{sentence: "assigning is a compare-and-set: two agents can never both hold a case", change: has("102"), want: ErrTaken, by: "102"},
		{sentence: "what one has oneself one may give away", change: has("101")},
		{sentence: "who supervises may take it from anybody", change: has("102"), supervises: true},
		{sentence: "if that is who he thinks has it", change: has("102"), from: "103", supervises: true, want: ErrTaken, by: "102"},
		{sentence: "and so it is", change: has("102"), from: "102", supervises: true},
		{sentence: "who thinks another has it is told that nobody has", from: "102", want: ErrTaken},
		{sentence: "a closed case is nobody's", change: closed, want: ErrNotOpen},
	} {
		err := decideAssign(openRecord(tt.change), &Act{Agent: "101", At: noon, Supervises: tt.supervises}, tt.from)
		refusal, _ := errors.AsType[*Refusal](err)
		if !errors.Is(err, tt.want) || refusal != nil && refusal.By != tt.by {
			t.Errorf("%s: got %v by %+v, want %v by %q", tt.sentence, err, refusal, tt.want, tt.by)
		}
	}
}

func TestDecideClose(t *testing.T) {
	solved := []directory.Resolution{{ID: "solved"}}
	for _, tt := range []struct {
		sentence   string
		change     func(*record)
		why        CloseReason
		resolution string
		note       string
		policy     *directory.Policy
		want       error
	}{
		{sentence: "people close successfully", why: Successful},
		{sentence: "unsuccessfully", why: Unsuccessful},
		{sentence: "or for good: do not call", why: Suppressed},
		{sentence: "what an agent's call closes people do not", why: AgentCalled, want: ErrReason},
		{sentence: "nor what a served call does", why: CallerServed, want: ErrReason},
		{sentence: "nor the time", why: Expired, want: ErrReason},
		{sentence: "nor the attempts", why: AttemptsExhausted, want: ErrReason},
		{sentence: "a closed case is closed", change: func(r *record) { r.State = Closed }, why: Successful, want: ErrNotOpen},
		{sentence: "another has it", change: has("102"), why: Successful, want: ErrTaken},
		{sentence: "resolution mandatory where the list says so", why: Successful, want: ErrResolution, policy: with(func(p *directory.Policy) { p.ResolutionRequired, p.Resolutions = true, solved })},
		{sentence: "there it is", why: Successful, resolution: "solved", policy: with(func(p *directory.Policy) { p.ResolutionRequired, p.Resolutions = true, solved })},
		{sentence: "one of the list's", why: Successful, resolution: "eaten", want: ErrResolution, policy: with(func(p *directory.Policy) { p.Resolutions = solved })},
		{sentence: "note mandatory where the list says so", why: Successful, want: ErrNote, policy: with(func(p *directory.Policy) { p.NoteRequired = true })},
		{sentence: "blanks are no note", why: Successful, note: " \n", want: ErrNote, policy: with(func(p *directory.Policy) { p.NoteRequired = true })},
		{sentence: "there it is", why: Successful, note: "done", policy: with(func(p *directory.Policy) { p.NoteRequired = true })},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		if err := decideClose(openRecord(tt.change), &Act{Agent: "101", At: noon, Note: tt.note}, tt.why, tt.resolution, p); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.sentence, err, tt.want)
		}
	}
}

func TestDecideTry(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		today    int
		policy   *directory.Policy
		want     error
	}{
		{sentence: "an attempt is one try to reach the customer, made in the app"},
		{sentence: "a caller back in the queue is shown, not dialable", change: func(r *record) { r.Calling = []calling{{Call: "back"}} }, want: ErrCallingNow},
		{sentence: "attempts: 3 per number and day", today: 3, want: ErrTriedEnough},
		{sentence: "the third is one of them", today: 2},
		{sentence: "3 is a setting", today: 3, policy: with(func(p *directory.Policy) { p.AttemptsPerDay = 4 })},
		{sentence: "0 is no limit", today: 99, policy: with(func(p *directory.Policy) { p.AttemptsPerDay = 0 })},
		{sentence: "without a number there is nobody to call", change: func(r *record) { r.Number = 0 }, want: ErrNoNumber},
		{sentence: "an identity that is no number can be called", change: func(r *record) { r.Number, r.Caller = 0, "maija@example.org" }},
		{sentence: "nobody is called twice: another has it", change: has("102"), want: ErrTaken},
		{sentence: "a closed case is not called", change: func(r *record) { r.State = Closed }, want: ErrNotOpen},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		if err := decideTry(openRecord(tt.change), &Act{Agent: "101", At: noon}, tt.today, p); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.sentence, err, tt.want)
		}
	}
}

func TestDecideHandle(t *testing.T) {
	tried := tries(1)
	closedFor := func(why CloseReason) func(*record) {
		return func(r *record) {
			tried(r)
			r.State, r.CloseReason = Closed, why
		}
	}
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		agent    string
		d        Handle
		also     bool
		policy   *directory.Policy
		want     error
	}{
		{sentence: "the status can be set only after an attempt", d: Handle{Status: "busy"}, want: ErrNoAttempt},
		{sentence: "ours or seen on the wire", change: tried, d: Handle{Status: "busy"}},
		{
			sentence: "one status for each attempt", d: Handle{Status: "busy"}, want: ErrNoAttempt,
			change: func(r *record) { tried(r); r.Try.handled = true },
		},
		{sentence: "others of the group are handled together without one", d: Handle{Status: "busy"}, also: true},
		{sentence: "Call later asks for a time", change: tried, d: Handle{Status: "call_later"}, want: ErrTime},
		{sentence: "in the future", change: tried, d: Handle{Status: "call_later", Until: noon}, want: ErrTime},
		{sentence: "so it is given", change: tried, d: Handle{Status: "call_later", Until: noon.Add(1)}},
		{sentence: "the others know their time", change: tried, d: Handle{Status: "no_answer", Until: noon.Add(1)}, want: ErrTime},
		{sentence: "a handling given afterwards replaces agent_called", change: closedFor(AgentCalled), d: Handle{Status: "closed_successfully"}},
		{sentence: "or what that attempt was one too many for", change: closedFor(AttemptsExhausted), d: Handle{Status: "busy"}},
		{sentence: "not what a person decided", change: closedFor(Successful), d: Handle{Status: "busy"}, want: ErrNotOpen},
		{sentence: "nor that the caller was served", change: closedFor(CallerServed), d: Handle{Status: "busy"}, want: ErrNotOpen},
		{sentence: "another has it", change: has("102"), d: Handle{Status: "busy"}, also: true, want: ErrTaken},
		{sentence: "and called", agent: "103", change: func(r *record) { tried(r); r.Assignee = "102" }, d: Handle{Status: "busy"}, want: ErrTaken},
		{sentence: "but it was oneself who called", change: func(r *record) { tried(r); r.Assignee = "102" }, d: Handle{Status: "busy"}},
		{
			sentence: "note mandatory at the close where the list says so", change: tried, d: Handle{Status: "wrong_number"},
			policy: with(func(p *directory.Policy) { p.NoteRequired = true }), want: ErrNote,
		},
		{
			sentence: "and not before", change: tried, d: Handle{Status: "busy"},
			policy: with(func(p *directory.Policy) { p.NoteRequired = true }),
		},
		{
			sentence: "a resolution is of a close", change: tried, d: Handle{Status: "busy", Resolution: "solved"}, want: ErrResolution,
			policy: with(func(p *directory.Policy) { p.Resolutions = []directory.Resolution{{ID: "solved"}} }),
		},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		agent := "101"
		if tt.agent != "" {
			agent = tt.agent
		}
		s, _ := p.Status(tt.d.Status)
		if err := decideHandle(openRecord(tt.change), &Act{Agent: agent, At: noon}, &tt.d, &s, !tt.also, p); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.sentence, err, tt.want)
		}
	}
}

func TestDecideExhausted(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		shared   bool
		policy   *directory.Policy
		want     action
		why      Why
	}{
		{sentence: "attempts: 3 per case", change: tries(3), want: closeNow, why: whyAttemptsExhausted},
		{sentence: "not 2", change: tries(2), want: doNothing, why: whyMoreAttempts},
		{sentence: "3 is a setting", change: tries(1), policy: with(func(p *directory.Policy) { p.AttemptsPerCase = 1 }), want: closeNow, why: whyAttemptsExhausted},
		{sentence: "0 is no limit", change: tries(99), policy: with(func(p *directory.Policy) { p.AttemptsPerCase = 0 }), want: doNothing, why: whyMoreAttempts},
		{sentence: "never: cases marked keep-open", change: func(r *record) { tries(3)(r); kept(r) }, want: doNothing, why: whyKeepOpen},
		{sentence: "never: scheduled by a human for the future", change: func(r *record) { tries(3)(r); scheduled(r) }, want: doNothing, why: whyScheduled},
		{sentence: "never: shared numbers", change: tries(3), shared: true, want: doNothing, why: whySharedNumber},
	} {
		p := tt.policy
		if p == nil {
			p = &defaults
		}
		if got, why := decideExhausted(openRecord(tt.change), noon, tt.shared, p); got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideWake(t *testing.T) {
	claimed := func(until time.Time) func(*record) {
		return func(r *record) { r.Assignee, r.Claimed, r.Claim = "101", true, until }
	}
	personal := func(until time.Time) func(*record) {
		return func(r *record) { r.Assignee, r.Personal, r.Fallback = "101", "101", until }
	}
	for _, tt := range []struct {
		sentence string
		change   func(*record)
		want     action
		why      Why
	}{
		{sentence: "a claim not followed by a call within 10 min is released", change: claimed(noon), want: letGo, why: whyClaimLapsed},
		{sentence: "not before", change: claimed(noon.Add(1)), want: doNothing, why: whyNotExpired},
		{sentence: "nor when the call followed", change: claimed(time.Time{}), want: doNothing, why: whyNotExpired},
		{sentence: "a personal callback falls back to everyone", change: personal(noon), want: letGo, why: whyPersonalFallback},
		{sentence: "not before", change: personal(noon.Add(1)), want: doNothing, why: whyNotExpired},
		{sentence: "nor where the list says never", change: personal(time.Time{}), want: doNothing, why: whyNotExpired},
		{sentence: "expiry is stronger", change: func(r *record) { claimed(noon)(r); r.Expires = noon }, want: closeNow, why: whyExpired},
		{sentence: "a closed case does not wake", change: func(r *record) { claimed(noon)(r); r.State = Closed }, want: doNothing, why: whyNotExpired},
	} {
		if got, why := decideWake(openRecord(tt.change), noon); got != tt.want || why != tt.why {
			t.Errorf("%s: got %d %s, want %d %s", tt.sentence, got, why, tt.want, tt.why)
		}
	}
}

func TestDecideUndoAct(t *testing.T) {
	done := func(r *record) {
		r.Undo = undoing{act: "select", agent: "101", at: noon, event: Assigned, before: []byte{recordFormat}}
	}
	for _, tt := range []struct {
		sentence   string
		change     func(*record)
		agent      string
		supervises bool
		earlier    string
		after      time.Duration
		want       error
	}{
		{sentence: "undo for 10 minutes", change: done, agent: "101", after: 10 * time.Minute},
		{sentence: "and not longer", change: done, agent: "101", after: 10*time.Minute + 1, want: ErrTooLate},
		{sentence: "of this act", change: done, agent: "101", earlier: "select"},
		{sentence: "not of another that something followed", change: done, agent: "101", earlier: "before", want: ErrNoUndo},
		{sentence: "there is nothing to undo", agent: "101", want: ErrNoUndo},
		{sentence: "of one's own", change: done, agent: "102", want: ErrNotYours},
		{sentence: "who supervises undoes anybody's", change: done, agent: "102", supervises: true},
	} {
		a := &Act{Agent: tt.agent, At: noon.Add(tt.after), Supervises: tt.supervises}
		if err := decideUndoAct(openRecord(tt.change), a, tt.earlier, &defaults); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.sentence, err, tt.want)
		}
	}
}

func TestWhoIsNotified(t *testing.T) {
	open := Case{State: Open}
	for _, tt := range []struct {
		sentence string
		ch       Change
		want     bool
	}{
		{"new-case notification", Change{Event: Opened, Call: "a", Case: open}, true},
		{"of one that a colleague made", Change{Event: Opened, Agent: "102", Case: open}, true},
		{"never for one's own", Change{Event: Opened, Agent: "101", Case: open}, false},
		{"only for unassigned cases", Change{Event: Opened, Agent: "102", Case: Case{State: Open, Assignee: "103"}}, false},
		{"never again on edit", Change{Event: Edited, Agent: "102", Case: open}, false},
		{"no second push for a second miss", Change{Event: MissAdded, Call: "b", Case: open}, false},
		{"a new miss that reopens a case is news", Change{Event: Reopened, Call: "b", Case: open}, true},
		{"a call that nobody answered is not", Change{Event: Reopened, Call: "b", Agent: "102", Case: open}, false},
		{"nor what a colleague reopened", Change{Event: Reopened, Agent: "102", Case: open}, false},
		{"nor what comes free again", Change{Event: Released, Case: open}, false},
	} {
		if got := tt.ch.Notifies("101"); got != tt.want {
			t.Errorf("%s: got %v", tt.sentence, got)
		}
	}
}

func TestSpansAreNearTheTruth(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 3 * time.Second, 59 * time.Second, 10 * time.Minute, 5 * time.Hour, 70 * time.Hour, 60 * 24 * time.Hour} {
		for _, d := range []time.Duration{d, d * 13 / 10, d * 17 / 10} {
			got := spanTime(spanOf(noon, noon.Add(d)))
			if share := got.Seconds() / d.Seconds(); share < 0.9 || share > 1.1 {
				t.Errorf("%s is counted as %s", d, got)
			}
		}
	}
	if spanOf(noon, time.Time{}) != 0 || spanOf(noon, noon.Add(-time.Hour)) != 1 || spanOf(noon, noon.AddDate(200, 0, 0)) != maxSpan {
		t.Error("no time, one before, and one too long are counted wrongly")
	}
	if got := (spans{1: 50, 9: 40, 17: 10}); got.quantile(0.5) != spanTime(1) || got.quantile(0.9) != spanTime(9) || got.quantile(0.91) != spanTime(17) || (spans{}).quantile(0.5) != 0 {
		t.Error("a share is at the wrong time")
	}
}
