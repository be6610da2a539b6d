package cases

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
	"ringback/store"
)

// something is an event, or what a person does at a time.
type something struct {
	at time.Time
	ev *sip.Event
	do func(s *sim) []string
}

// dayAtWork is a day on which people work on the cases: about as many acts as there are events, on any case there
// is, sensible or not.
func dayAtWork(seed uint64, calls int) []something { return atWork(seed, day(seed, calls)) }

// atWork is a day on which people do things between its events.
func atWork(seed uint64, day []*sip.Event) []something {
	rng := rand.New(rand.NewPCG(seed, 4))
	var all []something
	for i, ev := range day {
		all = append(all, something{at: ev.At, ev: ev})
		for range rng.IntN(3) {
			at := ev.At.Add(time.Duration(rng.IntN(60))*time.Second + 1) // never at the very time of an event
			all = append(all, something{at: at, do: anAct(rng, fmt.Sprint("act ", i, len(all)), at)})
		}
		if i%25 == 24 {
			all = append(all, something{at: ev.At, do: func(s *sim) []string {
				changes, err := s.c.Expire(s.t.Context(), ev.At)
				if s.broken != nil && errors.Is(err, s.broken) {
					return nil
				}
				if err != nil {
					s.t.Fatal(err)
				}
				counters, err := s.c.Counters([]string{"a", "b", "c", "d"}, "101", ev.At)
				return append(told(changes), fmt.Sprint(counters, err))
			}})
		}
	}
	slices.SortStableFunc(all, func(a, b something) int { return a.at.Compare(b.at) })
	return all
}

// anAct is something a person may try.
func anAct(rng *rand.Rand, id string, at time.Time) func(s *sim) []string {
	agent, other := fmt.Sprint(100+rng.IntN(3)), fmt.Sprint(100+rng.IntN(3))
	a := Act{ID: id, Agent: agent, At: at, Supervises: rng.IntN(4) == 0}
	if rng.IntN(3) == 0 {
		a.Note = "note " + id
	}
	which, second, third := rng.Float64(), rng.Float64(), rng.Float64()
	soon := at.Add(time.Duration(rng.IntN(7200)-1800) * time.Second)
	late := soon.Add(time.Duration(rng.IntN(200_000)) * time.Second)
	number := []sip.Number{0, 358401234501, 358401234502, 358800555001, 358401234509}[rng.IntN(5)]
	list := string("abcd"[rng.IntN(4)])
	status := []string{"busy", "no_answer", "call_later", "closed_successfully", "closed_unsuccessfully", "wrong_number", "unheard of"}[rng.IntN(7)]
	onOne := func(deed func(s *sim) Deed) func(s *sim) []string {
		return func(s *sim) []string {
			a := a
			a.Case = s.some(which)
			return s.act(func(ctx context.Context) (Done, error) { return s.c.Do(ctx, a, deed(s)) })
		}
	}
	one := func(d Deed) func(s *sim) []string { return onOne(func(*sim) Deed { return d }) }
	switch rng.IntN(20) {
	case 0, 1:
		return one(Assign{To: agent})
	case 2:
		return one(Assign{To: other})
	case 3:
		return one(Assign{})
	case 4:
		return one(Accept{})
	case 5:
		return one(Comment{Visible: rng.IntN(2) == 0})
	case 6:
		return one(Edit{Name: &id, Due: &soon})
	case 7:
		return one(Edit{Expires: &late, Number: &number, Fields: map[string]string{"id": id}})
	case 8, 9:
		return one(Try{})
	case 10, 11:
		return onOne(func(s *sim) Deed {
			h := Handle{Status: status, Also: []string{s.some(second), s.some(third)}}
			if status == "call_later" {
				h.Until = soon
			}
			return h
		})
	case 12:
		return one(KeepOpen{Keep: rng.IntN(2) == 0})
	case 13:
		return one(Await{Question: id})
	case 14:
		return one(Close{Reason: []CloseReason{Successful, Unsuccessful, Suppressed}[rng.IntN(3)]})
	case 15:
		return one(Reopen{})
	case 16:
		return one(Undo{})
	case 17:
		undone := rng.IntN(2) == 0
		return func(s *sim) []string {
			ids := []string{s.some(which), s.some(second), s.some(third)}
			done := s.act(func(ctx context.Context) (Done, error) { return s.c.Batch(ctx, a, ids, Close{Reason: Unsuccessful}) })
			if undone {
				b := a
				b.ID += " undone"
				done = append(done, s.act(func(ctx context.Context) (Done, error) { return s.c.UndoAct(ctx, b, a.ID) })...)
			}
			return done
		}
	case 18:
		d := Draft{List: list, Number: number, Name: id, Due: soon, ExternalID: []string{"", id, "the same"}[rng.IntN(3)]}
		if rng.IntN(2) == 0 {
			d.Personal = agent
		}
		return func(s *sim) []string {
			return s.act(func(ctx context.Context) (Done, error) { return s.c.Create(ctx, a, d) })
		}
	default:
		return func(s *sim) []string {
			return s.act(func(ctx context.Context) (Done, error) {
				return s.c.Next(ctx, a, NextQuery{Lists: []string{"a", "b"}, Except: []string{s.some(which)}})
			})
		}
	}
}

// some is one of the cases there are.
func (s *sim) some(which float64) string {
	if len(s.ids) == 0 {
		return "1NGE7R4-8XK2QJ"
	}
	return s.ids[int(which*float64(len(s.ids)))]
}

// act does something, and in a world that hears everything twice it does it again.
func (s *sim) act(do func(context.Context) (Done, error)) []string {
	s.t.Helper()
	done, err := do(s.t.Context())
	var refusal *Refusal
	if s.broken != nil && errors.Is(err, s.broken) {
		return nil
	}
	if err != nil && !errors.As(err, &refusal) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInput) {
		s.t.Fatal(err)
	}
	if s.twice {
		again, err2 := do(s.t.Context())
		if len(again.Changes) > 0 || err == nil && err2 != nil {
			s.t.Errorf("done twice: %v, %v after %v", told(again.Changes), err2, err)
		}
	}
	if err != nil {
		return []string{fmt.Sprint(err)}
	}
	s.learn(done.Changes)
	return told(done.Changes)
}

// learn notes the cases there are.
func (s *sim) learn(changes []Change) {
	for i := range changes {
		if changes[i].Event == Opened {
			s.ids = append(s.ids, changes[i].Case.ID)
		}
	}
	slices.Sort(s.ids)
	s.ids = slices.Compact(s.ids)
}

// TestWhatFailedIsDoneOnceWhenItIsGivenAgain plays a day of work in which one commit after the other fails,
// before or after it reached the disk. The store is opened again, what failed is given again, and the
// day goes on: it is the day without failure.
func TestWhatFailedIsDoneOnceWhenItIsGivenAgain(t *testing.T) {
	all := dayAtWork(21, 16)
	plain := newSim(t, store.Options{})
	for _, x := range all {
		plain.play(x)
	}
	want := plain.dump()
	broken := errors.New("broken")
	failures := 0
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		for failing := 1; ; failing++ { // commit 0 is that of Open
			o := store.Options{Dir: t.TempDir()}
			commit, failed := 0, false
			o.Fault = func(at store.Stage) error {
				fails := commit == failing && at == stage
				if at == store.AfterSync {
					commit++
				}
				if fails {
					failed = true
					return broken
				}
				return nil
			}
			s := newSim(t, o)
			s.broken = broken
			for i := 0; i < len(all); i++ {
				s.play(all[i])
				if !failed || s.st.Err() == nil {
					continue
				}
				failures++
				past := all[:i]
				if ev := all[i].ev; ev != nil && ev.Kind != sip.CallEnded {
					past = all[:i+1] // the tracker knows of it
				}
				s.restart(store.Options{Dir: o.Dir}, past)
				s.ids = nil
				for c, err := range s.c.All("") {
					if err != nil {
						t.Fatal(err)
					}
					s.ids = append(s.ids, c.ID)
				}
				i-- // given again
			}
			s.check()
			if diff := cmp.Diff(want, s.dump()); diff != "" {
				t.Fatalf("stage %d of commit %d (-want +got)\n%s", stage, failing, diff)
			}
			if err := s.st.Close(); err != nil {
				t.Fatal(err)
			}
			if !failed {
				break
			}
		}
	}
	if failures < 30 {
		t.Errorf("only %d commits failed", failures)
	}
}
