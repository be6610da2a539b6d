package web

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestOnlyUnassignedCasesAreShownWhereAskedFor(t *testing.T) {
	w := whole(t)
	free := w.centre.missed("support", matti, time.Now().Add(-time.Hour))
	hers := w.centre.missed("support", teppo, time.Now().Add(-2*time.Hour))
	if status := w.ask(w.as("anna"), http.MethodPost, "/v1/cases/"+hers.ID+"/assign", "", nil); status != http.StatusOK {
		t.Fatalf("assigning: %d", status)
	}
	token := w.with("crm", nil, "cases:read")
	for _, who := range [][]string{w.as("anna"), w.as("sara"), token} {
		for query, want := range map[string][]string{
			"show=unassigned":                                 {free.ID},
			"show=unassigned&grouped=true":                    {free.ID},
			"show=unassigned&number=%2B" + matti.String()[1:]: {free.ID},
			"show=unassigned&number=%2B" + teppo.String()[1:]: {},
			"show=all": {hers.ID, free.ID},
		} {
			var page struct{ Cases []Case }
			w.get(who, "/v1/cases?"+query, &page)
			got := []string{}
			for i := range page.Cases {
				got = append(got, page.Cases[i].ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
	}
}

func TestACaseThatNoCallMadeHasNoVerdict(t *testing.T) {
	w := whole(t)
	var made map[string]any
	if status := w.ask(w.as("anna"), http.MethodPost, "/v1/cases", `{"list":"support"}`, &made); status != http.StatusCreated {
		t.Fatalf("%d", status)
	}
	missed := w.centre.missed("support", matti, time.Now().Add(-time.Hour))
	var seen map[string]any
	w.get(w.as("anna"), "/v1/cases/"+missed.ID, &seen)
	for _, member := range []string{"verdict", "reason", "confidence"} {
		if v, there := made[member]; there {
			t.Errorf("made by hand, %s is %v", member, v)
		}
		if seen[member] == nil {
			t.Errorf("a missed call's case has no %s", member)
		}
	}
}

func TestScreensAreToldTheWordsOfAList(t *testing.T) {
	w := whole(t)
	var me Me
	w.get(w.as("anna"), "/v1/session", &me)
	for _, l := range me.Lists {
		want := "standard"
		if l.ID == "campaign" {
			want = "enreach"
		}
		var detail ListDetail
		w.get(w.as("anna"), "/v1/lists/"+l.ID, &detail)
		if l.Vocabulary != want || detail.Vocabulary != want {
			t.Errorf("%s: %q and %q, want %q", l.ID, l.Vocabulary, detail.Vocabulary, want)
		}
	}
	if len(me.Lists) != 2 {
		t.Errorf("lists: %+v", me.Lists)
	}
}
