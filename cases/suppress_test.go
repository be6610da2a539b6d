package cases_test

import (
	"errors"
	"testing"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// hushed is a desk whose customers in the set are not to be called.
func hushed(t *testing.T, numbers map[sip.Number]bool) *world {
	t.Helper()
	w := &world{t: t, dir: parse(t, desks)}
	var err error
	if w.st, err = store.Open(store.Options{InMemory: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.st.Close(); err != nil {
			t.Error(err)
		}
	})
	w.c, err = cases.New(w.st, func() *directory.Directory { return w.dir }, cases.Options{DoNotCall: func(_ store.Reader, n sip.Number) bool { return numbers[n] }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestACaseOfACustomerWhoIsNotToBeCalledIsSuppressedAtOnce(t *testing.T) {
	hush := map[sip.Number]bool{maija: true}
	w := hushed(t, hush)
	w.tell(gone("a", maija, "hotline", 0, 40, sip.Timeout), "opened callbacks timeout", "closed callbacks suppressed")
	w.none(maija)
	w.tell(gone("b", pekka, "hotline", 50, 90, sip.Timeout), "opened callbacks timeout")
	done, err := w.c.Create(t.Context(), cases.Act{Agent: "101", At: at(100)}, cases.Draft{List: "support", Number: maija})
	if err != nil || done.Case.State != cases.Closed || done.Case.CloseReason != cases.Suppressed {
		t.Errorf("made by hand: %+v, %v", done.Case, err)
	}
	same(t, "as it is told and stored", w.read(done.Case.ID), done.Case)

	// What a person opens again in spite of that stays open, until the next miss: that is added to it.
	again := by("101", done.Case.ID, 110)
	again.By = audit.Who{Kind: audit.Person, ID: "101"}
	w.must(again, cases.Reopen{}, "reopened support by_hand by 101")
	w.tell(gone("c", maija, "support", 120, 160, sip.Busy), "miss_added support busy")
	w.tell(gone("d", maija, "hotline", 170, 200, sip.Busy), "opened callbacks busy", "closed callbacks suppressed")

	hush[maija] = false
	w.tell(gone("e", maija, "hotline", 300, 340, sip.Busy), "opened callbacks busy")
}

func TestASuppressedCaseAsksForNothing(t *testing.T) {
	w := desk(t)
	id := w.missed(maija, "strict", 0).ID
	w.must(by("102", id, 50), cases.Assign{To: "102"}, "assigned strict 102 by 102")
	w.must(by("102", id, 60), cases.KeepOpen{Keep: true}, "edited strict keep_open by 102")
	w.must(by("101", id, 100), cases.Suppress{}, "closed strict suppressed by 101")
	w.refused(by("101", id, 110), cases.Suppress{}, cases.ErrNotOpen)
	if _, err := w.c.Do(t.Context(), by("101", "none", 110), cases.Suppress{}); !errors.Is(err, cases.ErrNotFound) {
		t.Error(err)
	}
}
