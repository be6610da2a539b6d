package cases_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
)

func rowsOf(n int) []cases.Draft {
	var rows []cases.Draft
	for i := range n {
		rows = append(rows, cases.Draft{
			List: "campaign", Number: sip.Number(358401000000 + i), Channel: cases.ChannelImport, Name: fmt.Sprint("customer ", i),
			ExternalID: fmt.Sprint("row ", i), Fields: map[string]string{"plan": "gold"},
		})
	}
	return rows
}

func TestAnImportIsDoneOnceHoweverOftenItIsGiven(t *testing.T) {
	w := desk(t)
	const n = 777
	told := 0
	tell := func(ch []cases.Change) { told += len(ch) }
	imported := func(a cases.Act, rows []cases.Draft, dry bool) (made int) {
		t.Helper()
		told = 0
		out, err := w.c.Import(t.Context(), a, rows, dry, tell)
		if err != nil || len(out) != len(rows) {
			t.Fatalf("%d outcomes, %v", len(out), err)
		}
		for i := range out {
			if out[i].Err != nil {
				t.Fatalf("row %d: %v", i, out[i].Err)
			}
		}
		return told
	}
	if made := imported(cases.Act{ID: "file", Agent: "101", At: at(0)}, rowsOf(n), true); made != 0 || w.c.Open()["campaign"] != 0 {
		t.Errorf("a dry run told of %d, and %d are open", made, w.c.Open()["campaign"])
	}
	if made := imported(cases.Act{ID: "file", Agent: "101", At: at(0)}, rowsOf(n), false); made != n {
		t.Errorf("%d made", made)
	}
	for name, a := range map[string]cases.Act{"the same act": {ID: "file", Agent: "101", At: at(9)}, "another": {ID: "again", Agent: "102", At: at(9)}, "one without a name": {At: at(9)}} {
		if made := imported(a, rowsOf(n), false); made != 0 || w.c.Open()["campaign"] != n {
			t.Errorf("%s made %d, and %d are open", name, made, w.c.Open()["campaign"])
		}
	}
	if made := imported(cases.Act{ID: "more", Agent: "102", At: at(9)}, rowsOf(n+3), false); made != 3 {
		t.Errorf("%d more", made)
	}
	all := w.pages(cases.Query{Lists: []string{"campaign"}, State: cases.Open, Limit: 500})
	slices.SortFunc(all, func(a, b cases.Case) int { return cmp.Compare(a.Number, b.Number) })
	if len(all) != n+3 || all[5].Name != "customer 5" || all[5].Channel != cases.ChannelImport || all[5].Fields["plan"] != "gold" {
		t.Errorf("%d cases, %+v", len(all), all[5])
	}
	// Also when one is closed.
	w.must(by("101", all[5].ID, 100), cases.Close{Reason: cases.Suppressed}, "closed campaign suppressed by 101")
	if made := imported(cases.Act{ID: "third", Agent: "102", At: at(200)}, rowsOf(n), false); made != 0 {
		t.Errorf("%d made anew", made)
	}
}

func TestEveryBadRowOfAnImportIsToldAndTheOthersAreMade(t *testing.T) {
	w := desk(t)
	other := w.create("101", 0, cases.Draft{List: "campaign", Number: maija}).ID
	rows := []cases.Draft{
		{List: "campaign", Number: pekka},
		{List: "nowhere", Number: pekka},
		{List: "campaign", Number: maija},
		{List: "campaign", Number: pekka}, // twice in the file
		{List: "campaign", Name: strings.Repeat("x", 1000)},
		{List: "campaign", Expires: at(-100)},
		{List: "campaign", Personal: "104"},
		{List: "campaign", Channel: 77},
		{List: "campaign"},
	}
	for _, dry := range []bool{true, false} {
		out, err := w.c.Import(t.Context(), cases.Act{Agent: "101", At: at(10)}, rows, dry, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []error{nil, cases.ErrNoList, cases.ErrOtherOpen, cases.ErrOtherOpen, cases.ErrInput, cases.ErrInput, cases.ErrNotMember, cases.ErrInput, nil} {
			if !errors.Is(out[i].Err, want) {
				t.Errorf("dry %v, row %d: %v, want %v", dry, i, out[i].Err, want)
			}
		}
		if r, ok := errors.AsType[*cases.Refusal](out[2].Err); !ok || r.Other != other {
			t.Errorf("row 2: %v", out[2].Err)
		}
	}
	if n := w.c.Open()["campaign"]; n != 3 {
		t.Errorf("%d are open", n)
	}
}

func TestErasingAPerson(t *testing.T) {
	w := desk(t)
	var ids []string
	for i := range 12 { // a history longer than a record holds
		from := float64(i * 10_000)
		opened := w.tell(gone(fmt.Sprint("call ", i), maija, "hotline", from, from+40, sip.Timeout), "opened callbacks timeout")
		ids = append(ids, opened[0].Case.ID)
		id := ids[len(ids)-1]
		for j := range 8 {
			w.must(by("101", id, from+100+float64(j)), cases.Assign{To: []string{"101", ""}[j%2]}, []string{"assigned callbacks 101 by 101", "released callbacks by_hand by 101"}[j%2])
		}
		w.tell(dials(fmt.Sprint("out ", i), maija, from+200), "closed callbacks agent_called by 101")
		w.tell(rang(fmt.Sprint("out ", i), maija, from+200, from+210, from+300, sip.Answered), "attempted callbacks answered by 101")
	}
	open := w.create("101", 130_000, cases.Draft{List: "support", Number: maija, Name: "Maija Meikäläinen", Note: "her dog is ill", ExternalID: "crm 77"})
	pekkas := w.missed(pekka, "hotline", 130_000)
	before, err := w.c.Statistics(cases.StatisticsQuery{Lists: []string{"callbacks", "support"}})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := w.c.Erase(t.Context(), cases.Act{Agent: "boss", At: at(140_000)}, maija)
	if err != nil || len(changes) != 13 {
		t.Fatalf("%d erased, %v", len(changes), err)
	}
	for _, ch := range changes {
		if ch.Event != cases.Erased || ch.Reason != cases.ErasedPerson || ch.Agent != "boss" || ch.Case.Number != 0 || ch.Case.Name != "" || ch.Case.Caller != "" {
			t.Errorf("told: %+v", ch)
		}
	}
	for _, id := range append(ids, open.ID) {
		if _, err := w.c.Case(id); !errors.Is(err, cases.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	w.none(maija)
	for key, value := range w.stored() {
		for _, trace := range []string{maija.String(), strings.TrimPrefix(maija.String(), "+"), "Maija", "Meik", "dog", "crm 77"} {
			if strings.Contains(key+value, trace) {
				t.Errorf("%q is left at %q", trace, key)
			}
		}
		for _, id := range append(ids, open.ID) {
			if strings.Contains(key, id) {
				t.Errorf("%s is left at %q", id, key)
			}
		}
	}
	same(t, "another's", pekkas, w.read(pekkas.ID))
	same(t, "open", map[string]int{"callbacks": 1, "support": 0}, w.c.Open())
	after, err := w.c.Statistics(cases.StatisticsQuery{Lists: []string{"callbacks", "support"}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "statistics", before, after)
	w.missed(maija, "hotline", 150_000) // he is a customer like any other
	if _, err := w.c.Erase(t.Context(), cases.Act{At: at(0)}, 0); !errors.Is(err, cases.ErrInput) {
		t.Errorf("nobody: %v", err)
	}
}

func TestCasesAreKeptAsLongAsTheirListSays(t *testing.T) {
	w := desk(t)
	w.dir = parse(t, strings.Replace(desks, `- {id: support, members: ["101", "102"], auto_close: off}`, `- {id: support, members: ["101", "102"], retention: 30}`, 1))
	day := 86_400.0
	old, young := w.missed(maija, "support", 0), w.missed(pekka, "support", 0)
	kept := w.missed(358401234503, "hotline", 0)
	open := w.create("101", 0, cases.Draft{List: "support", Expires: at(90 * day)})
	w.must(by("101", old.ID, 100), cases.Close{Reason: cases.Successful}, "closed support successful by 101")
	w.must(by("101", kept.ID, 100), cases.Close{Reason: cases.Successful}, "closed callbacks successful by 101")
	w.must(by("101", young.ID, day), cases.Close{Reason: cases.Successful}, "closed support successful by 101")
	w.expire(30*day + 50)
	w.expire(30*day + 3000) // it looks once an hour
	w.expire(30*day+3700, "erased support retention")
	for id, there := range map[string]bool{old.ID: false, young.ID: true, kept.ID: true, open.ID: true} {
		if _, err := w.c.Case(id); (err == nil) != there {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestStatistics(t *testing.T) {
	w := desk(t)
	all := func(q cases.StatisticsQuery) []cases.Statistics {
		t.Helper()
		if q.Lists == nil {
			q.Lists = []string{"callbacks", "support"}
		}
		rows, err := w.c.Statistics(q)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	same(t, "of nothing", []cases.Statistics{{}}, all(cases.StatisticsQuery{}))
	n := func(i int) sip.Number { return sip.Number(358401000000 + i) }
	w.missed(n(1), "support", 0)
	reached := w.missed(n(2), "support", 0).ID
	w.tell(gone("served later", n(3), "hotline", 0, 40, sip.Busy), "opened callbacks busy")
	lost := w.missed(n(4), "support", 0).ID
	w.tell(served("served", n(3), "hotline", 500, 642), "closed callbacks caller_served by 101")
	w.tell(dials("out", n(2), 100))
	w.tell(rang("out", n(2), 100, 110, 200, sip.Answered), "attempted support answered by 101")
	w.must(by("101", reached, 210), cases.Handle{Status: "closed_successfully"}, "handled support closed_successfully by 101", "closed support successful by 101")
	w.must(by("101", lost, 300), cases.Close{Reason: cases.Unsuccessful}, "closed support unsuccessful by 101")
	w.create("101", 3600*3, cases.Draft{List: "callbacks"})

	got := all(cases.StatisticsQuery{By: cases.ByList})
	for i := range got {
		near(t, &got[i].FirstP50, 58*time.Second)
		near(t, &got[i].FirstP90, 58*time.Second)
	}
	near(t, &got[0].ContactP50, 459*time.Second)
	near(t, &got[0].ContactP90, 459*time.Second)
	near(t, &got[1].ContactP50, 68*time.Second)
	near(t, &got[1].ContactP90, 68*time.Second)
	same(t, "by list", []cases.Statistics{
		{List: "callbacks", Opened: 2, Open: 1, CallerServed: 1, Contacted: 1},
		{List: "support", Opened: 3, Open: 1, AgentReached: 1, NeverReached: 1, Attempts: 1, Tried: 1, Contacted: 1},
	}, got)

	// What is taken back counts as if it had never been.
	w.must(by("101", lost, 310), cases.Undo{}, "reopened support undone by 101")
	w.must(by("101", reached, 320), cases.Reopen{}, "reopened support by_hand by 101")
	got = all(cases.StatisticsQuery{By: cases.ByList})
	if s := got[1]; s.Open != 3 || s.NeverReached != 0 || s.AgentReached != 0 || s.Attempts != 1 || s.Contacted != 1 {
		t.Errorf("got %+v", s)
	}
	w.expire(30*86_400, "closed callbacks expired", "closed support expired", "closed support expired", "closed support expired")
	rows := all(cases.StatisticsQuery{By: cases.ByReason})
	if len(rows) != 3 || rows[0].Reason != sip.ReasonNone || rows[0].Expired != 1 {
		t.Errorf("by reason: %+v", rows)
	}
	rows = all(cases.StatisticsQuery{By: cases.ByHour})
	if len(rows) != 2 || !rows[0].From.Equal(at(0)) || !rows[1].From.Equal(at(3*3600)) || rows[0].Opened != 4 || rows[1].Opened != 1 {
		t.Errorf("by hour: %+v", rows)
	}
	helsinki := w.dirHours("office").Location()
	rows = all(cases.StatisticsQuery{By: cases.ByDay, Zone: helsinki})
	if len(rows) != 1 || !rows[0].From.Equal(time.Date(2026, 11, 20, 0, 0, 0, 0, helsinki)) || rows[0].Opened != 5 || rows[0].Expired != 4 {
		t.Errorf("by day: %+v", rows)
	}
	rows = all(cases.StatisticsQuery{From: at(3600), To: at(4 * 3600)})
	if len(rows) != 1 || rows[0].Opened != 1 {
		t.Errorf("in a time: %+v", rows)
	}
}

// near compares a time of the statistics, which is rounded, and clears it.
func near(t *testing.T, got *time.Duration, want time.Duration) {
	t.Helper()
	if d := got.Seconds() / want.Seconds(); *got != 0 && (d < 0.89 || d > 1.12) {
		t.Errorf("got %s, want about %s", *got, want)
	}
	*got = 0
}
