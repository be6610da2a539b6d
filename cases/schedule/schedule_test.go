package schedule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/schedule"
	"ringback/directory/audit"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

func open(tb testing.TB, dir string) (*schedule.Schedule, *store.Store) {
	tb.Helper()
	st, err := store.Open(store.Options{Dir: dir, InMemory: dir == "", Reserve: -1})
	if err != nil {
		tb.Fatal(err)
	}
	audit.New(st)
	return schedule.New(st), st
}

func opened(t *testing.T) *schedule.Schedule {
	t.Helper()
	s, st := open(t, "")
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func act(at time.Time) schedule.Act {
	return schedule.Act{Act: audit.Act{By: audit.Who{Kind: audit.Person, ID: "anna"}, At: at}}
}

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func draft(id string, minutes int) schedule.Draft {
	return schedule.Draft{Case: id, List: "support", Agent: "anna", Device: "101", At: at(minutes), Zone: "Europe/Helsinki", Mode: schedule.Remind}
}

func put(t *testing.T, s *schedule.Schedule, d schedule.Draft) schedule.Plan {
	t.Helper()
	p, err := s.Put(t.Context(), act(start), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fired are the cases of the plans that are due at a minute.
func fired(t *testing.T, s *schedule.Schedule, minutes int) []string {
	t.Helper()
	due, err := s.Fire(t.Context(), at(minutes))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range due {
		ids = append(ids, due[i].Case)
	}
	return ids
}

func TestAScheduledCallIsDueOnceInTheOrderOfTime(t *testing.T) {
	s := opened(t)
	put(t, s, draft("b", 20))
	first := put(t, s, draft("a", 10))
	put(t, s, draft("c", 30))
	for _, row := range []struct {
		minute int
		want   []string
	}{{9, nil}, {10, []string{"a"}}, {10, nil}, {25, []string{"b"}}, {60, []string{"c"}}, {61, nil}} {
		if got := fired(t, s, row.minute); !cmp.Equal(got, row.want) {
			t.Errorf("at minute %d: %v, want %v", row.minute, got, row.want)
		}
	}
	if err := s.Finish(t.Context(), first.ID, schedule.Reminded, "", at(10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), first.ID, schedule.Refused, "late", at(11)); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Plan(first.ID); err != nil || p.State != schedule.Due || p.Outcome != schedule.Reminded || !p.Ended.Equal(at(10)) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOfTwoPlansForACaseTheLaterMadeHolds(t *testing.T) {
	s := opened(t)
	old := put(t, s, draft("a", 10))
	now := put(t, s, draft("a", 20))
	if p, err := s.Plan(old.ID); err != nil || p.State != schedule.Cancelled {
		t.Errorf("%+v, %v", p, err)
	}
	if got := fired(t, s, 15); got != nil {
		t.Errorf("due: %v", got)
	}
	if p, err := s.Cancel(t.Context(), act(at(16)), now.ID); err != nil || p.State != schedule.Cancelled {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := s.Cancel(t.Context(), act(at(17)), now.ID); !errors.Is(err, schedule.ErrNotWaiting) {
		t.Error(err)
	}
	if _, err := s.Cancel(t.Context(), act(at(17)), "none"); !errors.Is(err, schedule.ErrNotFound) {
		t.Error(err)
	}
	if got := fired(t, s, 60); got != nil {
		t.Errorf("due: %v", got)
	}
}

func TestWhatCannotBeScheduledIsRefused(t *testing.T) {
	s := opened(t)
	for name, change := range map[string]func(*schedule.Draft){
		"now":                func(d *schedule.Draft) { d.At = start },
		"the past":           func(d *schedule.Draft) { d.At = at(-1) },
		"years ahead":        func(d *schedule.Draft) { d.At = at(60 * 24 * 400) },
		"no mode":            func(d *schedule.Draft) { d.Mode = "shout" },
		"nobody to remind":   func(d *schedule.Draft) { d.Agent = "" },
		"no case":            func(d *schedule.Draft) { d.Case = "" },
		"no such time zone":  func(d *schedule.Draft) { d.Zone = "Europe/Atlantis" },
		"this machine's":     func(d *schedule.Draft) { d.Zone = "Local" },
		"a note of nonsense": func(d *schedule.Draft) { d.Note = "\xff" },
	} {
		d := draft("a", 10)
		change(&d)
		if _, err := s.Put(t.Context(), act(start), d); !errors.Is(err, schedule.ErrInput) && !errors.Is(err, schedule.ErrPast) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := draft("a", 10)
	d.Agent, d.Mode = "", schedule.Offer
	put(t, s, d)
}

func TestAPlanSurvivesARestartAndIsNeverDueTwice(t *testing.T) {
	dir := t.TempDir()
	s, st := open(t, dir)
	again := act(start)
	again.ID = "key"
	first, err := s.Put(t.Context(), again, draft("a", 10))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, draft("b", 20))
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	s, st = open(t, dir)
	if p, err := s.Put(t.Context(), again, draft("a", 10)); err != nil || p.ID != first.ID {
		t.Errorf("sent again: %+v, %v", p, err)
	}
	if got := fired(t, s, 10); !cmp.Equal(got, []string{"a"}) {
		t.Errorf("after the restart: %v", got)
	}
	if err := st.Close(); err != nil { // before it was finished
		t.Fatal(err)
	}

	s, st = open(t, dir)
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got := fired(t, s, 15); got != nil {
		t.Errorf("due again: %v", got)
	}
	left, err := s.Unfinished()
	if err != nil || len(left) != 1 || left[0].ID != first.ID {
		t.Fatalf("unfinished: %+v, %v", left, err)
	}
	if err := s.Finish(t.Context(), first.ID, schedule.Interrupted, "", at(16)); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Unfinished(); err != nil || len(left) != 0 {
		t.Errorf("unfinished: %+v, %v", left, err)
	}
}

func TestAnAgentsPlansAreReadByTime(t *testing.T) {
	s := opened(t)
	for i := range 5 {
		put(t, s, draft(fmt.Sprint(i), 10*(5-i)))
	}
	other := draft("x", 25)
	other.Agent = "bertil"
	put(t, s, other)
	all, err := s.OfAgent("anna", at(20), at(50))
	var got []string
	for i := range all {
		got = append(got, all[i].Case)
	}
	if !cmp.Equal(got, []string{"3", "2", "1"}) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if of, err := s.OfCase("3"); err != nil || len(of) != 1 {
		t.Errorf("%v, %v", of, err)
	}
}

func TestErasedAndOldPlansAreGone(t *testing.T) {
	s := opened(t)
	put(t, s, draft("a", 10))
	old := put(t, s, draft("b", 20))
	kept := put(t, s, draft("c", 30))
	if err := s.Erase(t.Context(), []string{"a", "none"}, at(5)); err != nil {
		t.Fatal(err)
	}
	if got := fired(t, s, 20); !cmp.Equal(got, []string{"b"}) {
		t.Errorf("due: %v", got)
	}
	if err := s.Sweep(t.Context(), at(25), at(25)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Plan(old.ID); !errors.Is(err, schedule.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Plan(kept.ID); err != nil {
		t.Error(err)
	}
	if all, err := s.OfAgent("anna", start, time.Time{}); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}
