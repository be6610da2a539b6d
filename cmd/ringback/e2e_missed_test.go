package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"ringback/web"
)

// carrier has SIPp answer for the customer.
func (x *exchange) carrier(scenario string) func() error {
	x.t.Helper()
	return x.SIPp(scenario, "-p", strconv.Itoa(x.Carrier))
}

// quiet waits until the watch knows of no call any more.
func (x *exchange) quiet() {
	x.t.Helper()
	x.Until("no call is watched", func() bool { return strings.Contains(x.get(x.Admin, "/metrics"), "\nringback_live_calls 0\n") })
}

// missing is a callback call that comes to nothing.
type missing struct {
	name, agent string
	does        func(id string) // what the agent does
	carrier     string          // the customer's side; empty: he is not called
	outcome     string
	suggested   string
	attempts    int
}

// TestRealCallbackCallsThatAgentsDoNotTake goes through what agents do instead: the case is as it was.
func TestRealCallbackCallsThatAgentsDoNotTake(t *testing.T) {
	x := newExchange(t, nil)
	x.ringAnna()
	x.ringBertil()
	x.miss([]missing{
		{"an agent who does not answer", "bertil", nil, "", "agent_no_answer", "", 0},
		{"an agent who rejects", "bertil", x.rejects, "", "agent_rejected", "", 0},
		{"an agent who hangs up in the prompt", "anna", x.hangsUp, "", "agent_declined", "", 0},
	})
}

// TestRealCallbackCallsThatReachNobody goes through what customers and carriers do instead of talking; each time the case is
// open again with the attempt, which the watch and the dialler see alike.
func TestRealCallbackCallsThatReachNobody(t *testing.T) {
	x := newExchange(t, nil)
	x.ringAnna()
	x.miss([]missing{
		{"a customer who is busy", "anna", x.taken, x.refusal(486), "busy", "busy", 1},
		{"a customer who is not there", "anna", x.taken, x.refusal(480), "no_answer", "no_answer", 1},
		{"a customer whose number is none", "anna", x.taken, x.refusal(404), "wrong_number", "wrong_number", 1},
		{"a network that fails", "anna", x.taken, x.refusal(503), "failed", "", 0},
		{"a customer who lets it ring", "anna", x.taken, "ring.xml", "no_answer", "", 1},
		{"a customer whose calls are forwarded", "anna", x.taken, "redirect.xml", "busy", "busy", 1},
	})
}

// miss makes the calls one after the other.
func (x *exchange) miss(rows []missing) {
	x.t.Helper()
	for i, row := range rows {
		x.t.Log(row.name)
		id := x.owed(fmt.Sprintf("+3584012345%02d", i+10))
		carrier := func() error { return nil }
		if row.carrier != "" {
			carrier = x.carrier(row.carrier)
		}
		x.call(id, row.agent)
		if row.does != nil {
			row.does(id)
		}
		if c := x.state(id, "over"); c.Outcome != row.outcome {
			x.t.Errorf("%s: it came to %+v", row.name, c)
		}
		if err := carrier(); err != nil {
			x.t.Errorf("%s: %v", row.name, err)
		}
		x.quiet()
		var c web.Case
		defer func() {
			if x.t.Failed() {
				x.t.Logf("the case is %+v, %q", c, x.told(id))
			}
		}()
		x.Until("the case is open, with what was tried", func() bool {
			c = x.caseOf(id)
			return c.State == "open" && c.Attempts == row.attempts && c.Suggested == row.suggested
		})
	}
}

// refusal is a scenario of a carrier that refuses with a code.
func (x *exchange) refusal(code int) string {
	x.t.Helper()
	text, err := os.ReadFile("testdata/calls/refuse.xml")
	if err != nil {
		x.t.Fatal(err)
	}
	name := fmt.Sprintf("refuse-%d.xml", code)
	x.Write(name, bytes.ReplaceAll(text, []byte("[code]"), []byte(strconv.Itoa(code))))
	return name
}

// rejects has Bertil reject what rings.
func (x *exchange) rejects(string) {
	x.t.Helper()
	rung := strings.Count(x.bertil.String(), "Incoming call from")
	x.Until("Bertil's telephone rings", func() bool { return strings.Count(x.bertil.String(), "Incoming call from") >= max(rung, 2) })
	x.bertil.Command("hangup")
}

// hangsUp has Anna hang up instead of taking the call.
func (x *exchange) hangsUp(id string) {
	x.t.Helper()
	x.state(id, "announcing")
	x.anna.Command("hangup")
}

// TestNobodyIsCalledWhoMayNotBe asks for calls that the rules do not allow: nothing leaves.
func TestNobodyIsCalledWhoMayNotBe(t *testing.T) {
	x := newExchange(t, nil)
	x.ringAnna()
	id := x.owed(customer)
	if status, body := x.ask(http.MethodPost, x.API, "/v1/numbers/do-not-call", fmt.Sprintf(`{"number":%q}`, customer)); status >= 300 {
		t.Fatal(status, body)
	}
	other := x.owed("+358600123456") // premium
	for _, id := range []string{id, other} {
		if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna"}`); status < 400 || status >= 500 {
			t.Errorf("a call was made: %d %s", status, body)
		}
	}
	if text := x.anna.String(); strings.Contains(text, "Call established") || strings.Contains(text, "Incoming call") {
		t.Errorf("the telephone rang: %s", text)
	}
	if !strings.Contains(x.get(x.Admin, "/metrics"), "\nringback_calls_started_total 0\n") {
		t.Error("the watch saw a call")
	}
}
