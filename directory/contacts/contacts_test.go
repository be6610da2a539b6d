package contacts_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/directory/audit"
	"ringback/directory/contacts"
	"ringback/sip"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

func open(tb testing.TB) (*contacts.Contacts, *audit.Trail, *store.Store) {
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
	return contacts.New(st), audit.New(st), st
}

func act(at time.Time) contacts.Act {
	return contacts.Act{Act: audit.Act{By: audit.Who{Kind: audit.Person, ID: "anna"}, At: at}}
}

func draft(name string, numbers ...sip.Number) contacts.Draft {
	return contacts.Draft{Name: name, Numbers: numbers}
}

func create(t *testing.T, c *contacts.Contacts, d contacts.Draft) contacts.Contact {
	t.Helper()
	made, err := c.Create(t.Context(), act(start), d)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func nameOf(t *testing.T, c *contacts.Contacts, n sip.Number) string {
	t.Helper()
	name, err := c.NameOf(n)
	if err != nil {
		t.Fatal(err)
	}
	return name.Name
}

func TestEveryNumberOfAContactHasItsName(t *testing.T) {
	c, _, _ := open(t)
	made := create(t, c, contacts.Draft{Name: " Maija\tMeikäläinen\u202e ", Company: "Oy Ab", Numbers: []sip.Number{358401234567, 358931001, 358401234567}})
	want := contacts.Contact{
		ID: made.ID, Version: 1, Created: start, Updated: start, By: audit.Who{Kind: audit.Person, ID: "anna"},
		Draft: contacts.Draft{Name: "Maija Meikäläinen", Company: "Oy Ab", Numbers: []sip.Number{358401234567, 358931001}},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, n := range made.Numbers {
		if got := nameOf(t, c, n); got != "Maija Meikäläinen, Oy Ab" {
			t.Errorf("the name of a number is %q", got)
		}
	}
	if got := nameOf(t, c, 358401234568) + nameOf(t, c, 0); got != "" {
		t.Errorf("numbers of nobody have a name: %q", got)
	}
	names, err := c.Names([]sip.Number{358931001, 0, 1234567, 358931001})
	if diff := cmp.Diff(map[sip.Number]contacts.Named{358931001: {ID: made.ID, Name: "Maija Meikäläinen, Oy Ab"}}, names); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestChangedAndDeletedContactsLeaveNothingBehind(t *testing.T) {
	c, _, st := open(t)
	made := create(t, c, contacts.Draft{Name: "Maija", Numbers: []sip.Number{358401, 358402}, ExternalID: "7"})
	next := contacts.Draft{Name: "Marja", Numbers: []sip.Number{358402, 358403}, ExternalID: "8"}
	changed, err := c.Edit(t.Context(), act(start.Add(time.Hour)), made.ID, 1, next)
	if err != nil || changed.Version != 2 || !changed.Created.Equal(start) {
		t.Fatal(changed, err)
	}
	if got := nameOf(t, c, 358401) + nameOf(t, c, 358402) + nameOf(t, c, 358403); got != "MarjaMarja" {
		t.Errorf("names after the change: %q", got)
	}
	if p, err := c.Page(contacts.Query{Text: "maija"}); len(p.Contacts) != 0 || err != nil {
		t.Errorf("found by the old name: %v, %v", p, err)
	}
	if _, err := c.ByExternalID("7"); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("found by the old external id: %v", err)
	}
	if _, err := c.Edit(t.Context(), act(start), made.ID, 1, next); !errors.Is(err, contacts.ErrStale) {
		t.Errorf("a stale change: %v", err)
	}
	if again, err := c.Edit(t.Context(), act(start), made.ID, 2, next); err != nil || again.Version != 2 {
		t.Errorf("a change of nothing: %v, %v", again.Version, err)
	}
	if err := c.Delete(t.Context(), act(start), made.ID, 1); !errors.Is(err, contacts.ErrStale) {
		t.Errorf("a stale deletion: %v", err)
	}
	if err := c.Delete(t.Context(), act(start), made.ID, 2); err != nil {
		t.Fatal(err)
	}
	if err := st.View(func(s *store.Snapshot) error {
		for key := range s.Scan(store.Prefix("contact")) {
			t.Errorf("left behind: %q", key)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), act(start), made.ID, 0); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestNumberIsOfOneContactHoweverManyWantIt(t *testing.T) {
	c, _, _ := open(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := c.Create(t.Context(), act(start), draft(fmt.Sprint("name ", i), 358401234567, sip.Number(358500000000+i)))
			taken, ok := errors.AsType[*contacts.TakenError](err)
			switch {
			case err == nil:
				won.Add(1)
			case !ok || taken.Number != 358401234567 || taken.Contact == "" || strings.Contains(err.Error(), "1234567"):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d contacts have one number", won.Load())
	}
}

func TestWhatCannotBeAContactIsRefused(t *testing.T) {
	c, _, _ := open(t)
	var many []sip.Number
	for i := range 51 {
		many = append(many, sip.Number(358400000+i))
	}
	for name, d := range map[string]contacts.Draft{
		"no number": draft("x"), "no name": draft(" \u200b ", 358401), "an empty number": draft("x", 0),
		"a long name": draft(strings.Repeat("x", 201), 358401), "many numbers": draft("x", many...),
		"a long external id": {Name: "x", Numbers: many[:1], ExternalID: strings.Repeat("x", 1<<20)},
	} {
		if _, err := c.Create(t.Context(), act(start), d); !errors.Is(err, contacts.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	create(t, c, contacts.Draft{Company: strings.Repeat("å", 200), Numbers: many[:50]})
}

func TestCreatingAgainByTheSameActMakesNothingMore(t *testing.T) {
	c, _, _ := open(t)
	a := act(start)
	a.ID = "key"
	first, err := c.Create(t.Context(), a, draft("Maija", 358401))
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Create(t.Context(), a, draft("Maija", 358401))
	if diff := cmp.Diff(first, again); diff != "" || err != nil {
		t.Errorf("%v (-first +again):\n%s", err, diff)
	}
	a.By.ID = "bertil"
	if _, err := c.Create(t.Context(), a, draft("Maija", 358402)); err != nil {
		t.Errorf("another's act of the same name: %v", err)
	}
}

func TestContactsAreFoundByBeginningsOfWordsAndNumbers(t *testing.T) {
	c, _, _ := open(t)
	create(t, c, contacts.Draft{Name: "Åsa Öberg", Company: "Kone Oy", Numbers: []sip.Number{358401234567, 358401234568}})
	create(t, c, contacts.Draft{Name: "Öberg Öberg", Numbers: []sip.Number{46701234567}})
	create(t, c, contacts.Draft{Company: "Kone Oy", Numbers: []sip.Number{358931001}})
	for text, want := range map[string]string{
		"":           "Kone Oy|Åsa Öberg, Kone Oy|Öberg Öberg",
		"öberg":      "Åsa Öberg, Kone Oy|Öberg Öberg",
		"OBE":        "Åsa Öberg, Kone Oy|Öberg Öberg",
		"kone as":    "Åsa Öberg, Kone Oy",
		"kone x":     "",
		"+358 40":    "Åsa Öberg, Kone Oy",
		"+35840 123": "Åsa Öberg, Kone Oy",
		"46":         "Öberg Öberg",
		"+999":       "",
		"!?":         "",
		"\xff\x00":   "",
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			for q := (contacts.Query{Text: text, Limit: limit}); ; {
				p, err := c.Page(q)
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				for i := range p.Contacts {
					got = append(got, p.Contacts[i].Called())
				}
				if q.Cursor = p.Next; q.Cursor == "" {
					break
				}
			}
			sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			seen := map[string]bool{}
			var once []string
			for _, name := range got {
				if !seen[name] {
					once = append(once, name)
				}
				seen[name] = true
			}
			var wanted []string
			if want != "" {
				wanted = strings.Split(want, "|")
			}
			if diff := cmp.Diff(wanted, once, sorted); diff != "" {
				t.Errorf("%q by %d (-want +got):\n%s", text, limit, diff)
			}
		}
	}
	for _, cursor := range []string{"x", "00", "ffff"} {
		if _, err := c.Page(contacts.Query{Cursor: cursor}); !errors.Is(err, contacts.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestImportingAgainChangesNothing(t *testing.T) {
	c, trail, _ := open(t)
	create(t, c, draft("Known by number", 358401))
	create(t, c, contacts.Draft{Name: "Known by id", Numbers: []sip.Number{358402}, ExternalID: "2"})
	create(t, c, contacts.Draft{Name: "Somebody else", Numbers: []sip.Number{358409}, ExternalID: "9"})
	rows := []contacts.Draft{
		{Name: "By number", Numbers: []sip.Number{358401, 358411}, ExternalID: "1"},
		{Name: "By id", Numbers: []sip.Number{358412}, ExternalID: "2"},
		{Name: "New", Numbers: []sip.Number{358403}, ExternalID: "3"},
		{Company: "Only where", Numbers: []sip.Number{358403}},
		{Name: "No number"},
		{Name: "Taken", Numbers: []sip.Number{358404, 358409}, ExternalID: "4"},
		{Name: "Another id", Numbers: []sip.Number{358402}, ExternalID: "5"},
		{Name: "By number", Numbers: []sip.Number{358401, 358411}, ExternalID: "1"},
	}
	results := func(out []contacts.Outcome) string {
		var words []string
		for _, o := range out {
			words = append(words, o.Result.String())
			if (o.Err != nil) != (o.Result == contacts.Refused) {
				t.Errorf("%s with %v", o.Result, o.Err)
			}
		}
		return strings.Join(words, " ")
	}
	// All or nothing: nothing.
	out, err := c.Import(t.Context(), act(start), rows, true)
	if err != nil {
		t.Fatal(err)
	}
	if nameOf(t, c, 358403) != "" || nameOf(t, c, 358401) != "Known by number" {
		t.Error("a strict import with bad rows did something")
	}
	const want = "updated updated created updated refused refused refused unchanged"
	if got := results(out); got != want {
		t.Errorf("strict: %s", got)
	}
	if out, err = c.Import(t.Context(), act(start), rows, false); err != nil || results(out) != want {
		t.Errorf("%s, %v", results(out), err)
	}
	for n, want := range map[sip.Number]string{358401: "By number", 358411: "By number", 358402: "By id", 358412: "By id", 358403: "New, Only where", 358409: "Somebody else", 358404: ""} {
		if got := nameOf(t, c, n); got != want {
			t.Errorf("%s is %q, want %q", n, got, want)
		}
	}
	if out, err = c.Check(rows); err != nil || results(out) != "unchanged unchanged unchanged unchanged refused refused refused unchanged" {
		t.Errorf("Check: %s, %v", results(out), err)
	}
	if out, err = c.Import(t.Context(), act(start.Add(time.Hour)), rows, false); err != nil || results(out) != "unchanged unchanged unchanged unchanged refused refused refused unchanged" {
		t.Errorf("again: %s, %v", results(out), err)
	}
	page, err := trail.Read(audit.Query{Action: "contact.import"})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Detail != "1 created, 3 updated, 1 unchanged, 3 refused" {
		t.Errorf("%+v, %v", page.Entries, err)
	}
	if told := fmt.Sprint(page.Entries); strings.Contains(told, "35840") {
		t.Error("the trail holds a number")
	}
}

func TestErasureTakesThePersonWithAllHisNumbers(t *testing.T) {
	c, trail, st := open(t)
	made := create(t, c, draft("Maija Meikäläinen", 358401234567, 358401234568))
	id, numbers, err := c.Erase(t.Context(), act(start), 358401234568)
	if id != made.ID || len(numbers) != 2 || err != nil {
		t.Errorf("Erase = %s, %v, %v", id, numbers, err)
	}
	if id, numbers, err := c.Erase(t.Context(), act(start), 358401234568); id != "" || numbers != nil || err != nil {
		t.Errorf("again: %s, %v, %v", id, numbers, err)
	}
	if err := st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Range{}) {
			if all := string(key) + string(value); strings.Contains(all, "Maija") || strings.Contains(strings.ToLower(all), "meikal") || strings.Contains(all, "401234567") {
				t.Errorf("left behind: %q %q", key, value)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	page, err := trail.Read(audit.Query{Object: "contact " + made.ID})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Action != "contact.erase" {
		t.Errorf("%+v, %v", page.Entries, err)
	}
}

// BenchmarkNames looks up the names of a page of 50 rows among 100 000 contacts.
func BenchmarkNames(b *testing.B) {
	c, _, _ := open(b)
	var drafts []contacts.Draft
	for i := range 100_000 {
		drafts = append(drafts, draft(fmt.Sprint("Customer ", i), sip.Number(358400000000+i)))
		if len(drafts) == contacts.MaxImport {
			if _, err := c.Import(b.Context(), act(start), drafts, true); err != nil {
				b.Fatal(err)
			}
			drafts = drafts[:0]
		}
	}
	page := make([]sip.Number, 50)
	i := 0
	for b.Loop() {
		for j := range page {
			page[j] = sip.Number(358400000000 + (i*7919)%100_000)
			i++
		}
		if names, err := c.Names(page); err != nil || len(names) != len(page) {
			b.Fatal(len(names), err)
		}
	}
}
