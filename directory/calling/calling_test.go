package calling_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/sip"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

const maija, pekka sip.Number = 358401234567, 358501234567

func open(tb testing.TB) (*calling.Lists, *store.Store) {
	tb.Helper()
	st, err := store.Open(store.Options{Dir: tb.TempDir(), Reserve: -1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := st.Close(); err != nil {
			tb.Error(err)
		}
	})
	audit.New(st)
	return calling.New(st), st
}

func act(at time.Time) calling.Act {
	return calling.Act{By: audit.Who{Kind: audit.Person, ID: "sara"}, At: at}
}

func whole(n sip.Number) directory.Pattern     { return directory.Pattern{Number: n} }
func beginning(n sip.Number) directory.Pattern { return directory.Pattern{Number: n, Wildcard: true} }

func put(t *testing.T, l *calling.Lists, p calling.Place, drafts ...calling.Draft) []calling.Outcome {
	t.Helper()
	out, err := l.Put(t.Context(), act(start), p, drafts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var dnc = calling.Place{Kind: calling.DoNotCall}

func TestWhatIsPutOnAListIsThereOnce(t *testing.T) {
	l, _ := open(t)
	for i, want := range []calling.Result{calling.Created, calling.Unchanged} {
		if got := put(t, l, dnc, calling.Draft{Pattern: whole(maija), Note: "asked\nus"})[0]; got.Result != want || got.Err != nil {
			t.Errorf("time %d: %+v", i, got)
		}
	}
	if got := put(t, l, dnc, calling.Draft{Pattern: whole(maija)})[0]; got.Result != calling.Unchanged || got.Entry.Note != "asked us" {
		t.Errorf("without a note: %+v", got)
	}
	if got := put(t, l, dnc, calling.Draft{Pattern: whole(maija), Note: "in writing"})[0]; got.Result != calling.Updated {
		t.Errorf("with another note: %+v", got)
	}
	for _, wrong := range []calling.Draft{{}, {Pattern: beginning(358)}, {Pattern: whole(maija), Note: strings.Repeat("x", 501)}, {Pattern: whole(maija), Note: "\xff"}} {
		if got := put(t, l, dnc, wrong)[0]; !errors.Is(got.Err, calling.ErrInput) {
			t.Errorf("%+v: %+v", wrong, got)
		}
	}
	for _, p := range []calling.Place{{}, {Kind: "black"}, {Kind: calling.Personal}, {Kind: calling.Blocked, Agent: "anna"}} {
		if _, err := l.Put(t.Context(), act(start), p, nil); !errors.Is(err, calling.ErrKind) && !errors.Is(err, calling.ErrInput) {
			t.Errorf("on %+v: %v", p, err)
		}
	}
	page, err := l.Page(dnc, "", 10, "")
	want := []calling.Entry{{Pattern: whole(maija), Note: "in writing", Added: start, By: audit.Who{Kind: audit.Person, ID: "sara"}}}
	if diff := cmp.Diff(want, page.Entries); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if err := l.Delete(t.Context(), act(start), dnc, whole(maija)); err != nil {
		t.Error(err)
	}
	if err := l.Delete(t.Context(), act(start), dnc, whole(maija)); !errors.Is(err, calling.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestTheLongestEntryThatFitsIsFound(t *testing.T) {
	l, _ := open(t)
	put(t, l, calling.Place{Kind: calling.Blocked}, calling.Draft{Pattern: beginning(35840)}, calling.Draft{Pattern: whole(pekka)})
	put(t, l, calling.Place{Kind: calling.Allowed}, calling.Draft{Pattern: beginning(358)})
	put(t, l, calling.Place{Kind: calling.Personal, Agent: "anna"}, calling.Draft{Pattern: beginning(3584012)})
	for _, row := range []struct {
		number sip.Number
		agent  string
		want   calling.Standing
	}{
		{maija, "", calling.Standing{Blocked: 5, Allowed: 3}},
		{maija, "anna", calling.Standing{Blocked: 5, Allowed: 7}},
		{maija, "bertil", calling.Standing{Blocked: 5, Allowed: 3}},
		{pekka, "anna", calling.Standing{Blocked: 13, Allowed: 3}},
		{46812345678, "anna", calling.Standing{}},
		{0, "anna", calling.Standing{}},
	} {
		got, err := l.Of(row.number, row.agent)
		if got != row.want || err != nil {
			t.Errorf("%s for %q: %+v, %v, want %+v", row.number, row.agent, got, err, row.want)
		}
	}
}

func TestAListIsReadInPages(t *testing.T) {
	l, _ := open(t)
	var drafts []calling.Draft
	for i := range 450 {
		drafts = append(drafts, calling.Draft{Pattern: whole(maija + sip.Number(i))})
	}
	put(t, l, dnc, drafts...)
	n, cursor := 0, ""
	for {
		p, err := l.Page(dnc, "+35840", 100, cursor)
		if err != nil {
			t.Fatal(err)
		}
		n += len(p.Entries)
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if n != 450 {
		t.Errorf("%d entries in the pages", n)
	}
	if p, err := l.Page(dnc, "358501", 100, ""); err != nil || len(p.Entries) > 0 {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := l.Page(dnc, "", 100, "nonsense"); !errors.Is(err, calling.ErrCursor) {
		t.Errorf("a cursor of nowhere: %v", err)
	}
	if _, err := l.Put(t.Context(), act(start), dnc, make([]calling.Draft, calling.MaxPut+1)); !errors.Is(err, calling.ErrInput) {
		t.Errorf("too many: %v", err)
	}
}

func TestWhoIsErasedStaysOnTheDoNotCallListWithoutItsNote(t *testing.T) {
	l, _ := open(t)
	anna := calling.Place{Kind: calling.Personal, Agent: "anna"}
	put(t, l, dnc, calling.Draft{Pattern: whole(maija), Note: "very angry"})
	put(t, l, calling.Place{Kind: calling.Allowed}, calling.Draft{Pattern: whole(maija)}, calling.Draft{Pattern: beginning(358)})
	put(t, l, anna, calling.Draft{Pattern: whole(maija), Note: "a friend"}, calling.Draft{Pattern: whole(pekka)})
	n, err := l.Erase(t.Context(), act(start), maija)
	if n != 2 || err != nil {
		t.Errorf("%d went, %v", n, err)
	}
	if p, err := l.Page(anna, "", 10, ""); err != nil || len(p.Entries) != 1 || p.Entries[0].Pattern.Number != pekka {
		t.Errorf("anna's: %v, %v", p, err)
	}
	if p, err := l.Page(dnc, "", 10, ""); err != nil || len(p.Entries) != 1 || p.Entries[0].Note != "" {
		t.Errorf("do not call: %v, %v", p, err)
	}
}

func TestTheTrailHasNoNumbers(t *testing.T) {
	l, st := open(t)
	put(t, l, dnc, calling.Draft{Pattern: whole(maija)})
	put(t, l, calling.Place{Kind: calling.Blocked}, calling.Draft{Pattern: beginning(35860)})
	if err := l.Delete(t.Context(), act(start), dnc, whole(maija)); err != nil {
		t.Fatal(err)
	}
	if err := l.SetPIN(t.Context(), act(start), calling.Premium, "4711"); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix("audit")) {
			if strings.Contains(string(value), "358401234567") || strings.Contains(string(value), "4711") {
				t.Errorf("the trail has %q", value)
			}
			got = append(got, fmt.Sprint(len(value) > 0))
		}
		return nil
	})
	if len(got) < 4 || err != nil {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

func TestAPINIsNeededForTheClassesThatHaveOne(t *testing.T) {
	l, _ := open(t)
	check := func(given, who string, at time.Time, n sip.Number) string {
		t.Helper()
		state, err := l.CheckPIN(calling.ClassesOf(n, "FI"), given, who, at)
		if err != nil {
			return err.Error()
		}
		return []string{"not needed", "right", "missing", "wrong"}[state]
	}
	const stockholm sip.Number = 46812345678
	if got := check("", "anna", start, stockholm); got != "not needed" {
		t.Error(got)
	}
	for _, wrong := range []string{"123", "1234567890123", "12a4", "12 34"} {
		if err := l.SetPIN(t.Context(), act(start), calling.International, wrong); !errors.Is(err, calling.ErrInput) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := l.SetPIN(t.Context(), act(start), "all", "1234"); !errors.Is(err, calling.ErrInput) {
		t.Error(err)
	}
	if err := l.SetPIN(t.Context(), act(start), calling.International, "4711"); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		given string
		n     sip.Number
		want  string
	}{{"", maija, "not needed"}, {"", stockholm, "missing"}, {"4712", stockholm, "wrong"}, {"4711", stockholm, "right"}} {
		if got := check(row.given, "anna", start, row.n); got != row.want {
			t.Errorf("%q for %s: %s, want %s", row.given, row.n, got, row.want)
		}
	}
	for range 5 {
		check("0000", "bertil", start, stockholm)
	}
	if got := check("4711", "bertil", start, stockholm); got != calling.ErrTries.Error() {
		t.Errorf("after five wrong ones: %s", got)
	}
	if got := check("4711", "anna", start, stockholm); got != "right" {
		t.Errorf("another: %s", got)
	}
	if got := check("4711", "bertil", start.Add(15*time.Minute), stockholm); got != "right" {
		t.Errorf("a quarter of an hour later: %s", got)
	}
	if set, err := l.PINs(); err != nil || !cmp.Equal(set, []calling.Class{calling.International}) {
		t.Errorf("%v, %v", set, err)
	}
	if err := l.SetPIN(t.Context(), act(start), calling.International, ""); err != nil {
		t.Fatal(err)
	}
	if got := check("", "anna", start, stockholm); got != "not needed" {
		t.Error(got)
	}
}
