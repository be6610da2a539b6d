package search

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/sip"
)

// opened opens an index of a crowd and lets it catch up.
func opened(tb testing.TB, c *crowd, dir string) *Index {
	tb.Helper()
	x, err := Open(Options{Dir: dir, Cases: c, Directory: centre(tb), Changes: c.changes, End: c.end, Settle: time.Millisecond})
	if err == nil {
		err = x.catchUp(tb.Context())
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := x.Close(); err != nil {
			tb.Error(err)
		}
	})
	return x
}

// finds are the ids that a search finds, in order, and where.
func finds(tb testing.TB, x *Index, q Query) []string {
	tb.Helper()
	if q.Lists == nil {
		q.Lists = listIDs
	}
	page, err := x.Search(tb.Context(), q)
	if err != nil {
		tb.Fatalf("%q: %v", q.Text, err)
	}
	var all []string
	for _, h := range page.Hits {
		id := h.Case.ID
		if h.Where != "" {
			id += " " + h.Where
		}
		all = append(all, id)
	}
	return all
}

// desk are cases as agents have them.
func desk() *crowd {
	c := &crowd{}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i, x := range []cases.Case{
		{ID: "1A", List: "sales", Number: 358401234567, Name: "Matti Mäkinen", Topic: "Tarjous", State: cases.Open},
		{ID: "1B", List: "sales", Number: 358401239999, Name: "Åsa O'Neil", Note: "kysyi laskusta 88123", State: cases.Closed, Assignee: "sari"},
		{ID: "1C", List: "support", Number: 46812345670, Name: "Zoë Groß", Topic: "vika 4012", State: cases.Open, ExternalID: "CRM-000777"},
		{ID: "1D", List: "invoices", Number: 358931002000, Note: "Mäkinen soitti", State: cases.Open, Fields: map[string]string{"Order": "B-2026/15"}},
		{ID: "1E", List: "support", Number: 3906123456, Name: "Mario Rossi", State: cases.Closed},
		{ID: "1F", List: "campaign", Caller: "sip:anna@example.com", Name: "Anna", State: cases.Open, Assignee: "pekka"},
		{ID: "1G7", List: "spare-parts", Number: 14155550100, State: cases.Closed},
	} {
		x.Opened = at.Add(time.Duration(i) * time.Minute)
		c.put(x)
	}
	return c
}

func TestCasesAreFoundAsPeopleSearch(t *testing.T) {
	x := opened(t, desk(), "")
	for _, tc := range []struct {
		text string
		want []string
	}{
		// A number, however it is written.
		{"0401234567", []string{"1A number"}},
		{"040 123 4567", []string{"1A number"}},
		{"+358 (0)40 123 4567", []string{"1A number"}},
		{"00358401234567", []string{"1A number"}},
		{"358-40-123.4567", []string{"1A number"}},
		{"(040) 123/4567", []string{"1A number"}},
		{"040\u00a0123\u20114567", []string{"1A number"}},
		// A part of one.
		{"040 123", []string{"1A number", "1B number"}},
		{"+358 40", []string{"1A number", "1B number"}},
		{"358-40…", []string{"1A number", "1B number"}},
		{"…4567", []string{"1A number", "1C number"}},
		{"34567", []string{"1A number", "1C number"}},
		{"4567", []string{"1A number", "1C number"}},
		{"123456", []string{"1C number", "1A number", "1E number"}},
		{"1239", []string{"1B number"}},
		{"002000", []string{"1D number"}},
		{"00 20", []string{"1D number"}},
		{"0046", []string{"1C number"}},
		{"tel:+358401234567", []string{"1A number"}},
		{"09 3100", []string{"1D number"}},
		{"9 3100", []string{"1D number"}},
		{"08-123", []string{"1C number"}},
		{"+46", []string{"1C number"}},
		{"+4", []string{"1C number"}},
		{"+40", nil},
		{"06 123456", []string{"1E number"}},
		{"415 555", []string{"1G7 number"}},
		{"99", []string{"1B number"}},
		{"0401234568", nil},
		{"40123456789", nil},
		// Words, whole before begun, name and topic before the rest.
		{"mäkinen", []string{"1A name", "1D note"}},
		{"MAKINEN", []string{"1A name", "1D note"}},
		{"mäk", []string{"1D note", "1A name", "1B"}},
		{"m", []string{"1D note", "1A name", "1E name", "1B"}},
		{"asa", []string{"1B name"}},
		{"neil", []string{"1B name"}},
		{"gross", []string{"1C name"}},
		{"zoe g", []string{"1C name"}},
		{"laskusta", []string{"1B note"}},
		{"tarjous matti", []string{"1A topic"}},
		{"tarjous zoe", nil},
		{"88123", []string{"1B note"}},
		{"4012", []string{"1C topic", "1A number", "1B number"}},
		{"CRM-000777", []string{"1C"}},
		{"B-2026/15", []string{"1D"}},
		{"kollegan 1g7", []string{"1G7"}},
		{"anna@example", []string{"1F number"}},
		{"mario +39", []string{"1E name"}},
		{"040 123 åsa", []string{"1B number"}},
		{"åsa 040 123", []string{"1B name"}},
		// Lists and agents.
		{"sari", []string{"1B"}},
		{"ahola", []string{"1B"}},
		{"support", []string{"1C", "1E"}},
		{"supp rossi", []string{"1E name"}},
		{"spare parts", []string{"1G7"}},
		{"pekka", []string{"1F"}},
		// Nothing.
		{"nobody", nil},
	} {
		if diff := cmp.Diff(tc.want, finds(t, x, Query{Text: tc.text})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.text, diff)
		}
	}
}

func TestCasesAreFoundByTheNamesOfContacts(t *testing.T) {
	x := opened(t, desk(), "")
	x.o.Named = func(text string) ([]sip.Number, error) {
		return map[string][]sip.Number{"teppo": {358401239999, 46812345670}, "Teppo": {358401239999, 46812345670}, "Teppo Testaaja": {358401239999}, "testaaja": {358401239999}}[text], nil
	}
	for text, want := range map[string][]string{"Teppo": {"1C", "1B"}, "Teppo Testaaja": {"1B"}, "Teppo 1239": {"1B number"}, "Teppo zoe": {"1C name"}} {
		if diff := cmp.Diff(want, finds(t, x, Query{Text: text})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestNothingToLookForIsSaid(t *testing.T) {
	x := opened(t, desk(), "")
	for _, q := range []Query{{Text: ""}, {Text: " - "}, {Text: "+"}, {Text: "?!"}, {Text: "a", Cursor: "x"}, {Text: "a", Cursor: "_________w"}} {
		if _, err := x.Search(t.Context(), q); !errors.Is(err, ErrQuery) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestOnlyTheListsOfWhoAsksAreFoundOrCounted(t *testing.T) {
	x := opened(t, desk(), "")
	for _, text := range []string{"mäkinen", "040", "sales", "sari", "88123", "a"} {
		page, err := x.Search(t.Context(), Query{Text: text, Lists: []string{"support"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			if h.Case.List != "support" {
				t.Errorf("%q found %s of %s", text, h.Case.ID, h.Case.List)
			}
		}
		if page.Total != len(page.Hits) {
			t.Errorf("%q counted %d, found %d", text, page.Total, len(page.Hits))
		}
		if got := finds(t, x, Query{Text: text, Lists: []string{}}); got != nil {
			t.Errorf("%q found %v for who may see nothing", text, got)
		}
	}
}

func TestAStateCanBeChosen(t *testing.T) {
	x := opened(t, desk(), "")
	if diff := cmp.Diff([]string{"1B number"}, finds(t, x, Query{Text: "040 123", State: cases.Closed})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1A number"}, finds(t, x, Query{Text: "040 123", State: cases.Open})); diff != "" {
		t.Error(diff)
	}
}

// TestSearchFindsWhatLookingAtEveryCaseFinds compares with the slow way, page by page.
func TestSearchFindsWhatLookingAtEveryCaseFinds(t *testing.T) {
	c := &crowd{size: 9000}
	x := opened(t, c, filepath.Join(t.TempDir(), "search"))
	var all []cases.Case
	for one := range c.All("") {
		all = append(all, one)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		some := all[r.IntN(len(all))]
		digits := digitsOf(some.Number)
		from := r.IntN(len(digits) - 2)
		part := digits[from:min(len(digits), from+2+r.IntN(9))]
		name := strings.Fields(some.Name)
		text := []string{part, "0" + digits[3:5+r.IntN(7)], "+" + digits[:2+r.IntN(9)], name[0] + " " + name[1][:2], name[1] + " " + part}[r.IntN(5)]
		lists := listIDs[:1+r.IntN(len(listIDs))]
		var want []string
		plan, _ := sip.NewNumbering("FI", nil)
		for i := range all {
			if slices.Contains(lists, all[i].List) && slow(&all[i], text, x, plan) {
				want = append(want, all[i].ID)
			}
		}
		var got []string
		q := Query{Text: text, Lists: lists, Limit: 1 + r.IntN(200)}
		var before place
		for {
			page, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Hits {
				got = append(got, h.Case.ID)
			}
			if page.Next == "" {
				break
			}
			if q.Cursor = page.Next; len(page.Hits) != q.Limit {
				t.Fatalf("%q: a page of %d, not the last", text, len(page.Hits))
			}
			at, err := q.place()
			if err != nil || at.tier < before.tier {
				t.Fatalf("%q: behind tier %d came %v, %v", text, before.tier, at, err)
			}
			before = *at
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q on %v, %d of %d (-want +got):\n%s", text, lists, len(got), len(want), diff)
		}
	}
}

// slow says whether a case has all parts of a text, by looking at it.
func slow(c *cases.Case, text string, x *Index, plan *sip.Numbering) bool {
	a := asked{names: x.namesOf(x.o.Directory()), plan: plan}
	if err := a.read(text); err != nil {
		return false
	}
	for _, p := range a.parts {
		found := p.number != nil && p.number.in(c.Number)
		words := len(p.words) > 0
		for i := range p.words {
			all := c.Name + " " + c.Topic + " " + c.Note + " " + c.ID
			if strings.HasSuffix(c.ID, "7") {
				all += " puhuttu kollegan kanssa " + c.ID
			}
			is, begins := says(p.words[i].word, all)
			words = words && (is || begins && !p.words[i].whole || p.words[i].named(c))
		}
		found = found || words
		if !found {
			return false
		}
	}
	return true
}

func TestOpenComesBeforeClosedAndNewBeforeOld(t *testing.T) {
	c := &crowd{}
	var want []string
	for i := range 18_000 { // several blocks
		x := cases.Case{ID: fmt.Sprintf("2N%05d", i), List: "sales", Name: "Virtanen", State: cases.Closed}
		if i%100 == 0 {
			x.State = cases.Open
			want = append(want, x.ID+" name")
		}
		c.put(x)
	}
	slices.Reverse(want)
	for i := 17_999; len(want) < 200; i-- {
		if i%100 != 0 {
			want = append(want, fmt.Sprintf("2N%05d name", i))
		}
	}
	x := opened(t, c, "")
	if diff := cmp.Diff(want, finds(t, x, Query{Text: "virtanen", Limit: 200})); diff != "" {
		t.Error(diff)
	}
	page, err := x.Search(t.Context(), Query{Text: "virtanen", Lists: listIDs, Limit: 200})
	if err != nil || page.Total != 18_000 {
		t.Fatalf("found %d, %v", page.Total, err)
	}
	page, err = x.Search(t.Context(), Query{Text: "virtanen", Lists: listIDs, Limit: 200, Cursor: page.Next})
	if err != nil || page.Hits[0].Case.ID != "2N17979" || page.Hits[0].Case.State != cases.Closed {
		t.Errorf("the next page begins with %s, %v", page.Hits[0].Case.ID, err)
	}
}
