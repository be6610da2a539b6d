package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

func TestTheHistoryShowsTheLadderOfTheCall(t *testing.T) {
	w := whole(t)
	began := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	_, err := w.centre.cases.Apply(t.Context(), &sip.Event{Kind: sip.CallEnded, At: at(20), Call: &sip.Call{
		ID: "c", PBX: "asterisk", Direction: sip.Inbound, Service: "hotline", List: "support", Caller: matti, CallerID: matti.String(),
		CallIDs: []string{"b@pbx", "a@pbx"}, Started: at(0), Ended: at(9), Verdict: sip.Missed, Reason: sip.AbandonedWaiting,
		Evidence: []sip.Evidence{
			{At: at(0), CallID: "a@pbx", What: "caller INVITE", Cause: -1},
			{At: at(1), CallID: "b@pbx", What: "agent INVITE", Cause: -1, Agent: "anna"},
			{At: at(2), CallID: "b@pbx", What: "agent alerted", Cause: -1, Agent: "anna"},
			{At: at(8), CallID: "b@pbx", What: "agent CANCEL", Status: 487, Cause: -1, Agent: "anna"},
			{At: at(9), CallID: "a@pbx", What: "caller BYE from its caller", Cause: 16},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ids, _ := w.f.page("?lists=support")
	var history struct{ Entries []Entry }
	w.get(w.as("anna"), "/v1/cases/"+ids[0]+"/history", &history)
	p := history.Entries[0].Proof
	want := []Step{
		{At: at(0), CallID: "a@pbx", From: "caller", To: "pbx", Method: "INVITE"},
		{At: at(1), CallID: "b@pbx", From: "pbx", To: "agent", Agent: "anna", Method: "INVITE"},
		{At: at(2), CallID: "b@pbx", From: "agent", To: "pbx", Agent: "anna"},
		{At: at(8), CallID: "b@pbx", From: "pbx", To: "agent", Agent: "anna", Method: "CANCEL"},
		{At: at(8), CallID: "b@pbx", From: "agent", To: "pbx", Agent: "anna", Status: 487},
		{At: at(9), CallID: "a@pbx", From: "caller", To: "pbx", Method: "BYE", Reason: "Q.850;cause=16"},
	}
	if diff := cmp.Diff(want, p.Ladder); diff != "" {
		t.Error(diff)
	}
	if !cmp.Equal(p.Rang, []string{"anna"}) || p.EndedBy != "caller" || p.LeftOut != 0 {
		t.Errorf("%+v", p)
	}
}
