package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

// busy is a board on which something happens on each list.
func busy(at time.Time) sip.Board {
	call := func(id, service, list string) *sip.Call {
		return &sip.Call{ID: id, Direction: sip.Inbound, Service: service, List: list, Caller: matti, CallerID: matti.String(), Started: at.Add(-time.Minute)}
	}
	out := &sip.Call{ID: "out", Direction: sip.Outbound, Callee: teppo, CalleeID: teppo.String(), DialledBy: "cecilia", Started: at}
	return sip.Board{
		Services: map[string]sip.Load{
			"hotline":  {Waiting: 2, Ringing: 1, Talking: 3, Voicemail: 1, Since: at.Add(-time.Minute)},
			"invoices": {Waiting: 1, Since: at},
		},
		Lines: []sip.Line{
			{Call: call("w1", "hotline", "support"), Stage: sip.StageRinging, Since: at.Add(-time.Minute)},
			{Call: call("w2", "hotline", "support"), Stage: sip.StageWaiting, Since: at.Add(-time.Second)},
			{Call: call("w3", "invoices", "billing"), Stage: sip.StageWaiting, Since: at},
		},
		Desks: map[string]sip.Desk{
			"anna":   {Stage: sip.StageTalking, Since: at.Add(-time.Second), Call: call("b1", "invoices", "billing")},
			"bertil": {Stage: sip.StageDialling, Since: at, Call: out},
		},
	}
}

func boardWorld(t *testing.T, at time.Time) *world {
	t.Helper()
	return wholeWith(t, func(o *Options) {
		o.Board = func() sip.Board { return busy(at) }
		o.Registered = func([]string) (map[string]bool, bool) { return map[string]bool{"anna": true}, true }
	})
}

func TestTheBoardShowsWhatASupervisorRuns(t *testing.T) {
	at := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	w := boardWorld(t, at)
	w.centre.missed("support", matti, time.Now().Add(-3*time.Hour))
	var b Board
	w.get(w.as("sara"), "/v1/board", &b)

	long, no, yes := at.Add(-time.Minute), false, true
	want := []BoardService{{ID: "hotline", Name: "Hotline", List: "support", Waiting: 2, Ringing: 1, Talking: 3, Voicemail: 1, WaitingSince: &long}}
	if diff := cmp.Diff(want, b.Services); diff != "" {
		t.Error(diff)
	}
	talking, dialling := at.Add(-time.Second), at
	agents := []BoardAgent{
		{ID: "anna", Name: "Anna Agent", State: "talking", Since: &talking, Registered: &yes, Active: []string{"support", "campaign"}}, // with a customer of billing
		{ID: "bertil", Name: "Bertil Billing", State: "dialling", Since: &dialling, Registered: &no, Active: []string{"campaign"}},
		{ID: "sara", Name: "Sara Supervisor", State: "idle", Registered: &no, Active: []string{"support"}},
	}
	if diff := cmp.Diff(agents, b.Agents); diff != "" {
		t.Error(diff)
	}
	if len(b.Waiting) != 2 || b.Waiting[0].Call != "w1" || b.Waiting[0].State != "ringing" || !b.Waiting[0].Since.Equal(long) || b.Waiting[1].State != "waiting" {
		t.Errorf("%+v", b.Waiting)
	}
	if len(b.Lists) != 2 || b.Lists[0].ID != "support" || b.Lists[0].Open != 1 || b.Lists[0].Overdue != 1 {
		t.Errorf("%+v", b.Lists)
	}
}

func TestTheBoardIsEmptyForWhoRunsNothing(t *testing.T) {
	w := boardWorld(t, time.Now())
	for _, who := range [][]string{w.as("anna"), w.as("eva")} {
		var b Board
		w.get(who, "/v1/board", &b)
		if len(b.Services)+len(b.Waiting)+len(b.Agents)+len(b.Lists) != 0 {
			t.Errorf("%+v", b)
		}
	}
	var b Board
	w.get(w.as("sara"), "/v1/board?lists=billing", &b)
	if len(b.Services)+len(b.Waiting)+len(b.Agents)+len(b.Lists) != 0 {
		t.Errorf("%+v", b)
	}
}

func TestTheBoardOfAnAdminShowsWhichCallAnAgentIsIn(t *testing.T) {
	w := boardWorld(t, time.Now())
	var b Board
	w.get(w.as("david"), "/v1/board", &b)
	if len(b.Services) != 2 || len(b.Waiting) != 3 {
		t.Errorf("%+v", b)
	}
	if b.Agents[0].Call != "b1" || b.Agents[0].Service != "invoices" || b.Agents[1].Direction != "outbound" {
		t.Errorf("%+v", b.Agents)
	}
}

func TestAnAgentWhoTakesNoPartIsNotIdle(t *testing.T) {
	w := wholeWith(t, func(o *Options) { o.Board = func() sip.Board { return sip.Board{} } })
	idle := func() int {
		var b Board
		w.get(w.as("david"), "/v1/board?lists=support", &b)
		return b.Services[0].Idle
	}
	if n := idle(); n != 2 {
		t.Errorf("%d idle", n)
	}
	w.ask(w.as("anna"), "PUT", "/v1/lists/support/active", `{"active":false}`, nil)
	if n := idle(); n != 1 {
		t.Errorf("%d idle", n)
	}
}
