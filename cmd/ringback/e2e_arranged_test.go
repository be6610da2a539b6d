package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestARealScheduledCallComesAtItsTime schedules a call that is dialled by itself.
func TestARealScheduledCallComesAtItsTime(t *testing.T) {
	x := newExchange(t, nil)
	x.ringAnna()
	x.reachable()
	id := x.owed(customer)
	at := time.Now().Add(4 * time.Second).UTC().Truncate(time.Second)
	if status, body := x.post("/v1/cases/"+id+"/schedule", fmt.Sprintf(`{"agent":"anna","at":%q,"mode":"dial","device":"101"}`, at.Format(time.RFC3339))); status != http.StatusCreated && status != http.StatusOK {
		t.Fatal(status, body)
	}
	if strings.Contains(x.anna.String(), "Call established") {
		t.Error("it came at once")
	}
	x.taken(id)
	if now := time.Now(); now.Before(at) {
		t.Errorf("it came %v early", at.Sub(now))
	}
	x.state(id, "connected")
	x.caller.Command("hangup")
	if c := x.state(id, "over"); c.Outcome != "answered" || c.HungUp != "customer" {
		t.Errorf("it came to %+v", c)
	}
	x.closed(id)
}

// TestARealPBXConnectsTheTwo has the agent's telephone call the customer itself when it is told to (REFER): sound does not go
// through Ringback, the watch sees the call, and what came of it reaches the case.
func TestARealPBXConnectsTheTwo(t *testing.T) {
	x := newExchange(t, func(x *exchange) { x.Refer = true })
	x.ringAnna()
	x.reachable()
	id := x.owed(customer)
	x.call(id, "anna")
	x.taken(id)
	if c := x.state(id, "over"); c.Outcome != "answered" {
		t.Errorf("it came to %+v", c)
	}
	x.hears("customer")
	x.caller.Command("hangup")
	x.heard("customer", annaHertz, customerHertz)
	x.quiet()
	x.closed(id)
}

// TestARealPBXCannotConnectTheTwo has the customer be busy when the agent's telephone calls him.
func TestARealPBXCannotConnectTheTwo(t *testing.T) {
	x := newExchange(t, func(x *exchange) { x.Refer = true })
	x.ringAnna()
	id := x.owed(customer)
	busy := x.carrier(x.refusal(486))
	x.call(id, "anna")
	x.taken(id)
	if c := x.state(id, "over"); c.Outcome != "busy" || c.StatusCode != 486 {
		t.Errorf("it came to %+v", c)
	}
	if err := busy(); err != nil {
		t.Error(err)
	}
	x.quiet()
	x.Until("the case is open with its attempt", func() bool {
		c := x.caseOf(id)
		return c.State == "open" && c.Attempts == 1 && c.Suggested == "busy"
	})
}
