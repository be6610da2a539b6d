package cases_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
)

// names lists cases by their topics.
func names(all []cases.Case) []string {
	out := []string{}
	for _, c := range all {
		out = append(out, c.Topic)
	}
	return out
}

// board is a desk with cases on three lists, named by when they are due.
func board(t *testing.T) (w *world, ids map[string]string) {
	t.Helper()
	w = desk(t)
	ids = map[string]string{}
	for i, x := range []struct {
		list, topic string
		number      sip.Number
		due         float64
		has         string
	}{
		{"callbacks", "1 free", 1, 100, ""},
		{"support", "2 mine", 2, 200, "101"},
		{"callbacks", "3 his", 3, 300, "102"},
		{"office", "4 free", 4, 400, ""},
		{"support", "5 free", 1, 500, ""}, // the number of the first
		{"callbacks", "6 mine", 5, 600, "101"},
		{"press", "7 apart", 1, 700, ""}, // likewise, on a list of its own
		{"office", "8 his", 2, 800, "102"},
		{"strict", "9 unseen", 6, 900, ""},
	} {
		c := w.create("103", float64(i), cases.Draft{List: x.list, Topic: x.topic, Number: 358401000000 + x.number, Due: at(x.due)})
		ids[x.topic] = c.ID
		if x.has != "" {
			w.must(by(x.has, c.ID, 50), cases.Assign{To: x.has}, fmt.Sprintf("assigned %s %s by %s", x.list, x.has, x.has))
		}
	}
	return w, ids
}

var boardLists = []string{"support", "callbacks", "press", "office"}

func TestViewsOfOpenCases(t *testing.T) {
	w, _ := board(t)
	for _, tt := range []struct {
		what string
		q    cases.Query
		want []string
	}{
		{"all by priority", cases.Query{Agent: "101", ShowAll: true}, []string{"1 free", "2 mine", "3 his", "4 free", "5 free", "6 mine", "7 apart", "8 his"}},
		{"unassigned and mine", cases.Query{Agent: "101"}, []string{"1 free", "2 mine", "4 free", "5 free", "6 mine", "7 apart"}},
		{"mine first", cases.Query{Agent: "101", MineFirst: true}, []string{"2 mine", "6 mine", "1 free", "4 free", "5 free", "7 apart"}},
		{"mine first of all", cases.Query{Agent: "101", MineFirst: true, ShowAll: true}, []string{"2 mine", "6 mine", "1 free", "3 his", "4 free", "5 free", "7 apart", "8 his"}},
		{"another's", cases.Query{Agent: "102"}, []string{"1 free", "3 his", "4 free", "5 free", "7 apart", "8 his"}},
		{"nobody's", cases.Query{Agent: "104", MineFirst: true}, []string{"1 free", "4 free", "5 free", "7 apart"}},
		{"those nobody has", cases.Query{Agent: "101", Unassigned: true}, []string{"1 free", "4 free", "5 free", "7 apart"}},
		{"those nobody has, to a program", cases.Query{Unassigned: true, ShowAll: true}, []string{"1 free", "4 free", "5 free", "7 apart"}},
		{"those nobody has, grouped", cases.Query{Agent: "101", Unassigned: true, Grouped: true}, []string{"1 free +5 free", "4 free", "7 apart"}},
		{"a program sees all", cases.Query{}, []string{"1 free", "2 mine", "3 his", "4 free", "5 free", "6 mine", "7 apart", "8 his"}},
		{"grouped", cases.Query{Agent: "101", Grouped: true}, []string{"1 free +5 free", "2 mine +8 his", "4 free", "6 mine", "7 apart"}},
		{"grouped, mine first", cases.Query{Agent: "101", Grouped: true, MineFirst: true, ShowAll: true}, []string{"2 mine +8 his", "6 mine", "1 free +5 free", "3 his", "4 free", "7 apart"}},
		{"grouped, seen by who has the other", cases.Query{Agent: "102", Grouped: true}, []string{"1 free +5 free", "3 his", "4 free", "7 apart", "8 his +2 mine"}},
		{"of an assignee", cases.Query{ShowAll: true, Filter: cases.Filter{Assignee: "102"}}, []string{"3 his", "8 his"}},
		{"of a number", cases.Query{Filter: cases.Filter{Number: 358401000001}}, []string{"1 free", "5 free", "7 apart"}},
		{"due in a time", cases.Query{Filter: cases.Filter{Due: cases.Span{From: at(300), To: at(600)}}}, []string{"3 his", "4 free", "5 free"}},
		{"of a channel", cases.Query{Filter: cases.Filter{Channels: []cases.Channel{cases.ChannelImport}}}, []string{}},
		{"for a reason", cases.Query{Filter: cases.Filter{Reasons: []sip.Reason{sip.Busy}}}, []string{}},
	} {
		for limit := 1; limit <= 10; limit++ {
			q := tt.q
			q.Lists, q.State, q.Limit = boardLists, cases.Open, limit
			got := []string{}
			for {
				page, err := w.c.List(q)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Cases) > limit || q.Grouped && len(page.Groups) != len(page.Cases) {
					t.Fatalf("%s: %d cases, %d groups on a page of %d", tt.what, len(page.Cases), len(page.Groups), limit)
				}
				for i, name := range names(page.Cases) {
					if q.Grouped {
						for _, other := range names(page.Groups[i]) {
							name += " +" + other
						}
					}
					got = append(got, name)
				}
				if q.Cursor = page.Next; page.Next == "" {
					break
				}
			}
			same(t, fmt.Sprintf("%s, %d on a page", tt.what, limit), tt.want, got)
		}
	}
}

func TestMoreMissesThenOlderStandHigher(t *testing.T) {
	w := desk(t)
	due := at(5000)
	for i := range 4 {
		c := w.create("101", float64(i), cases.Draft{List: "callbacks", Topic: fmt.Sprint(i), Number: sip.Number(358401000000 + i), Due: due})
		if i%2 == 1 {
			w.tell(gone(fmt.Sprint(i), c.Number, "hotline", 2000, 2010, sip.Busy), "miss_added callbacks busy")
		}
	}
	page, err := w.c.List(cases.Query{Lists: []string{"callbacks"}, State: cases.Open})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "order", []string{"1", "3", "0", "2"}, names(page.Cases))
}

func TestACursorIsOfItsQueryAlone(t *testing.T) {
	w, _ := board(t)
	q := cases.Query{Lists: boardLists, State: cases.Open, Agent: "101", Limit: 2}
	page, err := w.c.List(q)
	if err != nil || page.Next == "" {
		t.Fatalf("%+v, %v", page, err)
	}
	for name, change := range map[string]func(*cases.Query){
		"another agent":  func(q *cases.Query) { q.Agent = "102" },
		"another list":   func(q *cases.Query) { q.Lists = boardLists[:2] },
		"another sort":   func(q *cases.Query) { q.MineFirst = true },
		"another filter": func(q *cases.Query) { q.Filter.Assignee = "101" },
		"a boolean":      func(q *cases.Query) { q.Filter.Awaiting = new(bool) },
		"no cursor":      func(q *cases.Query) { q.Cursor = "AAAA" },
	} {
		other := q
		other.Cursor = page.Next
		change(&other)
		if _, err := w.c.List(other); !errors.Is(err, cases.ErrQuery) {
			t.Errorf("%s: %v", name, err)
		}
	}
	q.Cursor, q.Limit, q.Lists = page.Next, 7, []string{"press", "office", "callbacks", "support"} // in any order
	if _, err := w.c.List(q); err != nil {
		t.Error(err)
	}
}

func TestClosedByMeAndTheLongHistory(t *testing.T) {
	w, ids := board(t)
	shut := func(agent, topic string, seconds float64, why cases.CloseReason) {
		t.Helper()
		if _, err := w.c.Do(t.Context(), by(agent, ids[topic], seconds), cases.Close{Reason: why}); err != nil {
			t.Fatal(err)
		}
	}
	day := 86_400.0
	shut("101", "1 free", 1000, cases.Successful)
	shut("101", "2 mine", 1000+3*day, cases.Successful)
	shut("102", "3 his", 1000+4*day, cases.Successful)
	shut("101", "4 free", 1000+5*day, cases.Unsuccessful)
	w.tell(dials("out", 358401000005, 1000+8*day), "closed callbacks agent_called by 101")
	mine := func(now float64) []string {
		t.Helper()
		week := cases.Filter{Closed: cases.Span{From: at(now).AddDate(0, 0, -7)}}
		page, err := w.c.List(cases.Query{Lists: boardLists, State: cases.Closed, Agent: "101", Reached: true, Filter: week})
		if err != nil {
			t.Fatal(err)
		}
		return names(page.Cases)
	}
	same(t, "in the last week", []string{"6 mine", "2 mine"}, mine(1000+8*day))
	same(t, "a week later", []string{"6 mine"}, mine(1001+10*day))
	w.tell(rang("out", 358401000005, 1000+8*day, 0, 1030+8*day, sip.ResultBusy), "attempted callbacks busy by 101", "reopened callbacks busy by 101")
	same(t, "what was reopened is not closed", []string{"2 mine"}, mine(1000+8*day))

	for _, tt := range []struct {
		what string
		f    cases.Filter
		want []string
	}{
		{"all", cases.Filter{}, []string{"4 free", "3 his", "2 mine", "1 free"}},
		{"by whom", cases.Filter{ClosedBy: "102"}, []string{"3 his"}},
		{"why", cases.Filter{Closes: []cases.CloseReason{cases.Unsuccessful, cases.Expired}}, []string{"4 free"}},
		{"when", cases.Filter{Closed: cases.Span{From: at(1000 + 3*day), To: at(1000 + 5*day)}}, []string{"3 his", "2 mine"}},
		{"of a number", cases.Filter{Number: 358401000002}, []string{"2 mine"}},
	} {
		got := w.pages(cases.Query{Lists: boardLists, State: cases.Closed, Limit: 1, Filter: tt.f})
		same(t, tt.what, tt.want, names(got))
	}
}

func TestCountersAreThoseOfTheCases(t *testing.T) {
	w, ids := board(t)
	w.must(by("101", ids["5 free"], 60), cases.KeepOpen{Keep: true}, "edited support keep_open by 101")
	for _, now := range []float64{0, 99.5, 100, 100.5, 459, 600, 3599, 3600 * 24 * 2, 3600 * 24 * 4} {
		got, err := w.c.Counters(append(slices.Clone(boardLists), "strict", "campaign"), "101", at(now))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]cases.Counters{"campaign": {}}
		for _, list := range append(slices.Clone(boardLists), "strict") {
			var n cases.Counters
			for _, c := range w.pages(cases.Query{Lists: []string{list}, State: cases.Open}) {
				n.Open++
				switch {
				case c.Overdue(at(now)):
					n.Overdue++
				case !c.Due.After(at(now).Add(time.Hour)):
					n.DueInHour++
				}
				if !c.KeepOpen && !c.Expires.IsZero() && c.Expires.Before(at(now).Add(24*time.Hour)) {
					n.ExpiringInDay++
				}
				switch c.Assignee {
				case "":
					n.Unassigned++
				case "101":
					n.Mine++
				}
			}
			want[list] = n
		}
		same(t, fmt.Sprint("at ", now), want, got)
	}
}

func TestCasesOfRecentCalls(t *testing.T) {
	w, _ := board(t)
	got, err := w.c.OfNumbers([]sip.Number{358401000002, 358401000001, 0, 358401000002}, boardLists)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "of the numbers", []string{"2 mine", "8 his", "1 free", "5 free", "7 apart"}, names(got))
}
