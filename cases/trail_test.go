package cases_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ringback/cases"
	"ringback/directory/audit"
	"ringback/sip"
)

// trailOf are the entries of the trail, the earliest first, with ids as they were given.
func trailOf(w *world, ids map[string]string) []string {
	w.t.Helper()
	page, err := audit.New(w.st).Read(audit.Query{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	out := make([]string, len(page.Entries))
	for i, e := range page.Entries {
		text := fmt.Sprintf("%s: %s %s (%s)", e.By, e.Action, e.Object, e.Detail)
		if e.Peer != "" {
			text += " from " + e.Peer
		}
		for id, name := range ids {
			text = strings.ReplaceAll(text, id, name)
		}
		out[len(out)-1-i] = text
	}
	return out
}

func TestTheTrailTellsWhatPeopleDidAndNothingOfTheCustomer(t *testing.T) {
	w := desk(t)
	const customer = sip.Number(358401234567)
	c := w.missed(customer, "hotline", 0)
	w.must(by("101", c.ID, 100), cases.Assign{To: "101"}, "assigned callbacks 101 by 101")
	w.refused(by("102", c.ID, 101), cases.Assign{To: "102"}, cases.ErrTaken)
	a := by("101", c.ID, 102)
	a.By, a.Peer = audit.Who{Kind: audit.Token, ID: "crm"}, "192.0.2.7"
	a.Note = "prefers Swedish, called from +358401234567"
	w.must(a, cases.Comment{}, "commented callbacks by 101")
	made := w.create("102", 103, cases.Draft{List: "support", Number: customer, Name: "Maija Meikäläinen"})
	names := map[string]string{c.ID: "CALL", made.ID: "MADE"}
	want := []string{
		"person 101: case.assigned case CALL (list callbacks 101)",
		"token crm: case.commented case CALL (list callbacks) from 192.0.2.7",
		"person 102: case.opened case MADE (list support call)",
	}
	same(t, "the trail", want, trailOf(w, names))

	erased, err := w.c.Erase(t.Context(), cases.Act{Agent: "david", At: at(200)}, customer)
	if err != nil || len(erased) != 2 {
		t.Fatal(lines(erased), err)
	}
	got := trailOf(w, names)[3:]
	if len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "person david: case.erased case CALL") || !strings.Contains(strings.Join(got, "\n"), "person david: case.erased case MADE") {
		t.Errorf("of the erasure: %q", got)
	}
	if all := strings.Join(trailOf(w, nil), "\n"); strings.Contains(all, "1234567") || strings.Contains(all, "Maija") || strings.Contains(all, "Swedish") {
		t.Errorf("the trail tells of the customer: %s", all)
	}
}

func TestTheTrailTellsOfManyAtOnceInFewEntries(t *testing.T) {
	w := desk(t)
	rows := make([]cases.Draft, 300)
	for i := range rows {
		rows[i] = cases.Draft{List: "campaign", Number: sip.Number(358401000000 + i), ExternalID: fmt.Sprint(i)}
	}
	outcomes, err := w.c.Import(t.Context(), cases.Act{ID: "file", Agent: "103", At: at(0)}, rows, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Join(trailOf(w, nil), "\n")
	if n := strings.Count(told, "\n") + 1; n > 10 || !strings.HasPrefix(told, "person 103: case.opened list campaign (") {
		t.Errorf("%d entries: %.200s", n, told)
	}
	for _, o := range outcomes {
		if !strings.Contains(told, o.ID) {
			t.Fatalf("nothing is told of %s", o.ID)
		}
	}
}

func TestTheTrailTellsOfRetention(t *testing.T) {
	w := desk(t)
	c := w.missed(358401234567, "hotline", 0)
	w.must(by("101", c.ID, 100), cases.Close{Reason: cases.Unsuccessful}, "closed callbacks unsuccessful by 101")
	w.dir = parse(t, strings.Replace(desks, `{id: callbacks,`, `{id: callbacks, retention: 30,`, 1))
	if _, err := w.c.Expire(t.Context(), at(31*24*3600)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.c.Case(c.ID); !errors.Is(err, cases.ErrNotFound) {
		t.Fatalf("the case is kept: %v", err)
	}
	got := trailOf(w, map[string]string{c.ID: "CALL"})
	if last := got[len(got)-1]; last != "system: case.erased list callbacks ("+cases.ErasedRetention+" CALL)" {
		t.Errorf("%q", got)
	}
}
