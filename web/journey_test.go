package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/cases/journey"
	"ringback/sip"
)

// happened keeps a call that is over.
func (w *world) happened(c *sip.Call, device string, ids ...string) {
	w.t.Helper()
	of := journey.Of(c, device, ids)
	if err := w.journeys.Put(w.t.Context(), []journey.Record{of.Record()}, time.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// missedCall is a service call that nobody took, calledBack one by which an agent answered it.
func missedCall(id, service, list string, n sip.Number, at time.Time) *sip.Call {
	return &sip.Call{
		ID: id, Direction: sip.Inbound, Caller: n, CallerID: n.String(), CalleeID: "+35893100100", Service: service, List: list, Started: at, Ended: at.Add(40 * time.Second),
		Verdict: sip.Missed, Reason: sip.AbandonedWaiting, Rang: []string{"anna"}, CallIDs: []string{id + "@pbx"},
		Evidence: []sip.Evidence{{At: at, What: "caller INVITE", Cause: -1}, {At: at.Add(40 * time.Second), What: "caller BYE from its caller", Cause: 16}},
	}
}

func calledBack(id, agent string, n sip.Number, at time.Time) *sip.Call {
	return &sip.Call{
		ID: id, Direction: sip.Outbound, Callee: n, CallerID: agent, CalleeID: n.String(), DialledBy: agent, Agent: agent, Started: at, Answered: at.Add(10 * time.Second), Ended: at.Add(70 * time.Second),
		Result: sip.Answered, CallIDs: []string{id + "@pbx"},
		Evidence: []sip.Evidence{{At: at.Add(70 * time.Second), What: "caller BYE from its caller", Cause: -1}, {At: at.Add(70 * time.Second), What: "far end BYE from its caller", Cause: -1}},
	}
}

func TestACallAndItsCallbackAreFoundFromOneAnother(t *testing.T) {
	w := whole(t)
	anna, bertil := w.as("anna"), w.as("bertil")
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	missed := missedCall("miss", "hotline", "support", matti, at)
	changes, err := w.centre.cases.Apply(t.Context(), &sip.Event{Kind: sip.CallEnded, At: at.Add(42 * time.Second), Call: missed})
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	id := changes[0].Case.ID
	w.happened(missed, "", id)
	back := calledBack("back", "anna", matti, at.Add(10*time.Minute))
	dialled := *back
	dialled.Answered, dialled.Ended = time.Time{}, time.Time{}
	for _, ev := range []sip.Event{{Kind: sip.AgentDialled, At: back.Started, Call: &dialled, Agent: "anna", Number: matti}, {Kind: sip.CallEnded, At: back.Ended, Call: back}} {
		if _, err := w.centre.cases.Apply(t.Context(), &ev); err != nil {
			t.Fatal(err)
		}
	}
	w.happened(back, "sip:101@192.0.2.7", id)

	var j CallJourney
	w.get(anna, "/v1/calls/back/journey", &j)
	if j.Direction != "outbound" || j.Agent != "anna" || j.Device != "sip:101@192.0.2.7" || j.Talking != 60 || j.Result != "answered" || j.HungUp != "agent" ||
		j.Number != matti.String() || !cmp.Equal(j.Cases, []string{id}) || len(j.Steps) != 2 {
		t.Errorf("%+v", j)
	}
	if len(j.Related) != 1 || j.Related[0].Call != "miss" || j.Related[0].Relation != "missed" || j.Related[0].Case != id {
		t.Errorf("related to the callback: %+v", j.Related)
	}
	j = CallJourney{}
	w.get(anna, "/v1/calls/miss/journey", &j)
	if j.Verdict != "missed" || j.Reason != "abandoned_waiting" || j.HungUp != "customer" || len(j.Related) != 1 || j.Related[0].Relation != "callback" || j.Related[0].Result != "answered" {
		t.Errorf("%+v", j)
	}
	for _, path := range []string{"/v1/calls/miss/journey", "/v1/calls/back/journey", "/v1/calls/none/journey"} {
		if status := w.ask(bertil, http.MethodGet, path, "", nil); status != http.StatusNotFound {
			t.Errorf("bertil, %s: %d", path, status)
		}
	}
}

func TestACustomersJourneyHasAllThatOneSeesTheLatestFirst(t *testing.T) {
	w := whole(t)
	anna, bertil := w.as("anna"), w.as("bertil")
	at := time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Millisecond)
	c := w.centre.missed("support", matti, at)
	if status := w.ask(anna, http.MethodPost, "/v1/cases/"+c.ID+"/comments", `{"text":"he will call again"}`, nil); status != http.StatusOK {
		t.Fatal(status)
	}
	if _, err := w.centre.cases.Do(t.Context(), cases.Act{Case: c.ID, Agent: "anna", At: time.Now()}, cases.Close{Reason: cases.Unsuccessful}); err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		list, service := "support", "hotline"
		if i%3 == 0 {
			list, service = "billing", "invoices"
		}
		w.happened(missedCall(fmt.Sprintf("m%03d", i), service, list, matti, at.Add(time.Duration(i)*time.Minute)), "")
	}
	read := func(who []string, limit int) (kinds map[string]int, calls []string) {
		t.Helper()
		kinds = map[string]int{}
		last, cursor := time.Now().Add(time.Hour), ""
		for {
			var page struct {
				Items []JourneyItem
				Next  string
			}
			w.get(who, fmt.Sprintf("/v1/customers/%%2B%d/journey?limit=%d&cursor=%s", uint64(matti), limit, cursor), &page)
			for _, i := range page.Items {
				kinds[i.Kind]++
				if i.At.After(last) {
					t.Errorf("%s after %s", i.At, last)
				}
				last = i.At
				if i.Call != nil {
					calls = append(calls, i.Call.ID)
				}
			}
			if cursor = page.Next; cursor == "" {
				return kinds, calls
			}
		}
	}
	for _, limit := range []int{500, 7, 50} {
		kinds, calls := read(anna, limit)
		if kinds["call"] != 80 || kinds["note"] != 1 || kinds["case"] < 2 || len(calls) != 80 || calls[0] != "m119" {
			t.Errorf("anna, %d at a time: %v, %d calls", limit, kinds, len(calls))
		}
	}
	if kinds, _ := read(bertil, 9); kinds["call"] != 40 || kinds["case"] != 0 {
		t.Errorf("bertil: %v", kinds)
	}
	if kinds, _ := read(w.as("zoe"), 500); len(kinds) != 0 {
		t.Errorf("zoe: %v", kinds)
	}
	for _, path := range []string{"/v1/customers/hello/journey", "/v1/customers/0401234567/journey?cursor=nonsense!", "/v1/customers/0401234567/journey?cursor=" + strings.Repeat("A", 600)} {
		if status := w.ask(anna, http.MethodGet, path, "", nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, status)
		}
	}
}
