package cases

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

const simCentre = `
country: FI
time_zone: Europe/Helsinki
pbxs: [{id: pbx, addresses: 192.0.2.10}]
calendars: [{id: office, week: [{days: mon-sun, hours: 08:00-16:00}]}]
services:
  - {id: a, list: a, numbers: +35893100100}
  - {id: b, list: b, numbers: +35893100200}
  - {id: c, list: c, numbers: +35893100300}
agents: [{id: "100", extensions: "100"}, {id: "101", extensions: "101"}, {id: "102", extensions: "102"}]
lists:
  - {id: a, members: ["*"], hours: office, expire_after: 1}
  - {id: b, members: ["*"], auto_close: answered, due_after: 20m, claim_for: 30m, personal_fallback: 30m}
  - {id: c, members: ["100"], group_by_number: false, collect: [busy, timeout, dropped], resolutions: [{id: solved}]}
shared_numbers: ["+358800555*"]
`

func simDirectory(tb testing.TB) *directory.Directory {
	tb.Helper()
	f, err := directory.Parse("sim.yaml", []byte(simCentre))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// calm makes the events of a busy time: a few customers, of whom two share a number, ring three services
// and are called by agents, several at once, some twice, some never ending. Stores of earlier formats were written from it.
func calm(seed uint64, calls int) []*sip.Event {
	rng := rand.New(rand.NewPCG(seed, 1))
	numbers := []sip.Number{358401234501, 358401234502, 46401234501, 358401234503, 358800555001, 0}
	reasons := []sip.Reason{sip.MediaLost, sip.AbandonedWaiting, sip.Timeout, sip.Busy, sip.NoAgent, sip.AbandonedRinging}
	var all []*sip.Event
	now := noon
	for i := range calls {
		now = now.Add(time.Duration(rng.IntN(int(4 * time.Minute))))
		id := fmt.Sprintf("%d.%d", seed, i)
		n := numbers[rng.IntN(len(numbers))]
		length := time.Duration(rng.IntN(int(3 * time.Minute)))
		c := &sip.Call{ID: id, Caller: n, CallerID: n.String(), CallIDs: []string{id + "@x"}, Started: now, Ended: now.Add(length)}
		end := &sip.Event{Kind: sip.CallEnded, At: c.Ended.Add(2 * time.Second), Call: c}
		begin := *c
		begin.Ended, begin.CallIDs = time.Time{}, nil
		switch kind := rng.IntN(10); {
		case kind < 3:
			agent := "10" + fmt.Sprint(rng.IntN(3))
			c.Direction, c.Callee, c.CalleeID, c.Caller, c.CallerID, c.DialledBy = sip.Outbound, n, n.String(), 0, agent, agent
			c.Result = sip.Result(rng.IntN(int(sip.ResultRejected) + 1))
			if c.Result == sip.Answered {
				c.Answered = now.Add(length / 2)
			}
			dialled := *c
			dialled.Result, dialled.Answered, dialled.Ended = 0, time.Time{}, time.Time{}
			all = append(all, &sip.Event{Kind: sip.AgentDialled, At: now, Call: &dialled, Agent: agent, Number: n})
		case kind < 5:
			c.Verdict, c.Agent, c.Answered = sip.Served, "101", now.Add(length/3)
		default:
			c.Reason = reasons[rng.IntN(len(reasons))]
			c.Verdict = sip.Missed
			if c.Reason == sip.MediaLost {
				c.Verdict = sip.Dropped
			}
			c.Short = length < 2*time.Second || rng.IntN(6) == 0
			c.Withheld = n == 0 && rng.IntN(2) == 0
			if n == 0 && !c.Withheld {
				c.CallerID = "maija@example.org"
			}
		}
		if c.Direction == sip.DirectionUnknown {
			service := string("abc"[rng.IntN(3)])
			c.Direction, c.Service, c.List = sip.Inbound, service, service
			begin.Direction, begin.Service, begin.List = sip.Inbound, service, service
			all = append(all, &sip.Event{Kind: sip.CallStarted, At: now, Call: &begin})
		}
		if rng.IntN(15) > 0 {
			all = append(all, end)
		}
	}
	slices.SortStableFunc(all, func(a, b *sip.Event) int { return a.At.Compare(b.At) })
	return all
}

// day is a calm one on which agents are sometimes quick to call back.
func day(seed uint64, calls int) []*sip.Event {
	rng := rand.New(rand.NewPCG(seed, 5))
	all := calm(seed, calls)
	for _, ev := range slices.Clip(all) {
		if c := ev.Call; ev.Kind == sip.CallEnded && c.Direction == sip.Inbound && c.Caller != 0 && rng.IntN(5) == 0 {
			all = append(all, quick(rng, c.ID+".out", c.Caller, c.Ended)...)
		}
	}
	slices.SortStableFunc(all, func(a, b *sip.Event) int { return a.At.Compare(b.At) })
	return all
}

// quick is an agent's call to a customer who rang off, about the time when the verdict on that falls.
func quick(rng *rand.Rand, id string, n sip.Number, after time.Time) []*sip.Event {
	from := after.Add(time.Duration(rng.IntN(4000)-1000) * time.Millisecond)
	length := time.Duration(rng.IntN(int(time.Minute)))
	dialled := sip.Call{
		ID: id, Direction: sip.Outbound, Callee: n, CalleeID: n.String(), DialledBy: "102", Agent: "102",
		CallIDs: []string{id + "@x"}, Started: from,
	}
	ended := dialled
	ended.Result, ended.Ended = sip.Result(rng.IntN(int(sip.ResultRejected)+1)), from.Add(length)
	if ended.Result == sip.Answered {
		ended.Answered = from.Add(length / 2)
	}
	return []*sip.Event{
		{Kind: sip.AgentDialled, At: from, Call: &dialled, Agent: "102", Number: n},
		{Kind: sip.CallEnded, At: ended.Ended.Add(2 * time.Second), Call: &ended},
	}
}

// sim is one run of such a day.
type sim struct {
	t   testing.TB
	dir *directory.Directory
	st  *store.Store
	c   *Cases

	ids   []string // of the cases there are
	twice bool     // what people do is done twice

	broken error // with which writes fail, where they do
}

func newSim(tb testing.TB, o store.Options) *sim {
	tb.Helper()
	s := &sim{t: tb, dir: simDirectory(tb)}
	if err := s.open(o); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *sim) open(o store.Options) error {
	o.InMemory = o.Dir == ""
	st, err := store.Open(o)
	if err != nil {
		return err
	}
	s.st = st
	s.c, err = New(st, func() *directory.Directory { return s.dir }, Options{})
	return err
}

func (s *sim) apply(ev *sip.Event) []string {
	s.t.Helper()
	changes, err := s.c.Apply(s.t.Context(), ev)
	if err != nil && (s.broken == nil || !errors.Is(err, s.broken)) {
		s.t.Fatal(err)
	}
	s.learn(changes)
	return told(changes)
}

// play does one thing after the other and gives the changes.
func (s *sim) play(x something) []string {
	s.t.Helper()
	if x.ev != nil {
		return s.apply(x.ev)
	}
	return x.do(s)
}

func told(changes []Change) []string {
	var all []string
	for _, ch := range changes {
		all = append(all, fmt.Sprintf("%s %s %s %s %s v%d", ch.At.Format(time.TimeOnly), ch.Event, ch.Case.ID, ch.Reason, ch.Agent, ch.Case.Version))
	}
	return all
}

// dump is all that is stored, for comparing two stores.
func (s *sim) dump() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	err := s.st.View(func(snap *store.Snapshot) error {
		for key, value := range snap.Scan(store.Range{}) {
			if !strings.HasPrefix(string(key[1:]), "$") {
				all[string(key)] = string(value)
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func same(tb testing.TB, what string, want, got any) {
	tb.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

var (
	simSeed  = flag.Uint64("sim.seed", 0, "seed of the simulated days")
	simDays  = flag.Uint64("sim.days", 4, "how many simulated days")
	simCalls = flag.Int("sim.calls", 250, "calls on a simulated day")
)

// TestADayIsTheSameHoweverItIsTold plays days of calls on which people work on the cases: in memory, on the
// disk, with restarts, with events told and acts done twice, and with a second feed that lags behind.
// Always the same cases and the same changes, one open case of a customer on a list, and indexes,
// counters and statistics that agree with the cases.
func TestADayIsTheSameHoweverItIsTold(t *testing.T) {
	for seed := *simSeed; seed < *simSeed+*simDays; seed++ {
		all := dayAtWork(seed, *simCalls)
		plain := newSim(t, store.Options{})
		var changes []string
		for i, x := range all {
			changes = append(changes, plain.play(x)...)
			if i%100 == 0 {
				plain.check()
			}
		}
		plain.check()
		if len(changes) < *simCalls {
			t.Fatalf("seed %d: only %d changes", seed, len(changes))
		}
		want := plain.dump()

		t.Run(fmt.Sprintf("seed %d: on disk with restarts", seed), func(t *testing.T) {
			o := store.Options{Dir: t.TempDir()}
			s := newSim(t, o)
			rng := rand.New(rand.NewPCG(seed, 2))
			var got []string
			for i, x := range all {
				if rng.IntN(40) == 0 {
					s.restart(o, all[:i])
				}
				got = append(got, s.play(x)...)
			}
			s.check()
			same(t, "changes", changes, got)
			same(t, "stored", want, s.dump())
			if err := s.st.Close(); err != nil {
				t.Error(err)
			}
		})
		t.Run(fmt.Sprintf("seed %d: told twice", seed), func(t *testing.T) {
			s := newSim(t, store.Options{})
			s.twice = true
			rng := rand.New(rand.NewPCG(seed, 3))
			var late []*sip.Event
			var got []string
			for _, x := range all {
				got = append(got, s.play(x)...)
				if x.ev != nil && x.ev.Kind != sip.CallStarted { // a feed that says a call is on the line is believed
					late = append(late, x.ev)
				}
				for rng.IntN(2) == 0 && len(late) > 0 {
					if again := s.apply(late[0]); len(again) > 0 {
						t.Errorf("%s of %s told again: %v", late[0].Kind, late[0].Call.ID, again)
					}
					late = late[1:]
				}
			}
			s.check()
			same(t, "changes", changes, got)
			same(t, "stored", want, s.dump())
		})
	}
}

// restart closes the store and opens it again, with the calls that are on the line.
func (s *sim) restart(o store.Options, past []something) {
	s.t.Helper()
	live := map[string]*sip.Call{}
	var before []*sip.Event
	for _, x := range past {
		if x.ev != nil {
			before = append(before, x.ev)
		}
	}
	for _, ev := range before {
		if ev.Kind == sip.CallEnded {
			delete(live, ev.Call.ID)
		} else {
			live[ev.Call.ID] = ev.Call
		}
	}
	var calls []*sip.Call
	for _, ev := range before { // in their order
		if live[ev.Call.ID] == ev.Call {
			calls = append(calls, ev.Call)
		}
	}
	if err := s.st.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.open(o); err != nil {
		s.t.Fatal(err)
	}
	changes, err := s.c.Resume(s.t.Context(), calls, noon)
	if err != nil || len(changes) > 0 {
		s.t.Fatalf("resuming with all calls: %v, %v", told(changes), err)
	}
}

// TestEveryWriteFailsBeforeAndAfterItReachedTheDisk plays a day in which one commit after the other
// fails at either stage; the store is opened again, and the whole day told from the beginning, as a
// tracker does that was restored from an old snapshot. The cases are those of a day without failure.
func TestEveryWriteFailsBeforeAndAfterItReachedTheDisk(t *testing.T) {
	events := day(7, 24)
	plain := newSim(t, store.Options{})
	for _, ev := range events {
		plain.apply(ev)
	}
	want := plain.dump()
	broken := errors.New("broken")

	failures := 0
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		for failing := 1; ; failing++ { // commit 0 is that of Open
			dir := t.TempDir()
			commit := 0
			s := newSim(t, store.Options{Dir: dir, Fault: func(at store.Stage) error {
				fails := commit == failing && at == stage
				if at == store.AfterSync {
					commit++
				}
				if fails {
					return broken
				}
				return nil
			}})
			failed := false
			for _, ev := range events {
				changes, err := s.c.Apply(t.Context(), ev)
				if err == nil {
					continue
				}
				failed = true
				if !errors.Is(err, broken) || !errors.Is(err, store.ErrFailed) || len(changes) > 0 {
					t.Fatalf("stage %d of commit %d: %v, %v", stage, failing, changes, err)
				}
				break
			}
			if err := s.st.Close(); err != nil {
				t.Fatal(err)
			}
			if !failed {
				break
			}
			failures++
			if err := s.open(store.Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			for _, ev := range events {
				s.apply(ev)
			}
			s.check()
			if diff := cmp.Diff(want, s.dump()); diff != "" {
				t.Fatalf("stage %d of commit %d (-want +got)\n%s", stage, failing, diff)
			}
			if err := s.st.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if failures < 30 {
		t.Errorf("only %d writes failed", failures)
	}
}
