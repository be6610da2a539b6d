package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ringback/web"
)

// talking has Anna call the customer, until both talk.
func (x *exchange) talking() (id string) {
	x.t.Helper()
	x.ringAnna()
	x.reachable()
	id = x.owed(customer)
	x.call(id, "anna")
	x.taken(id)
	x.state(id, "connected")
	return id
}

// closed waits until a case is closed because its customer was reached, and checks that it was so once, with one attempt.
func (x *exchange) closed(id string) {
	x.t.Helper()
	var c web.Case
	defer func() {
		if x.t.Failed() {
			x.t.Logf("the case is %+v, %q", c, x.told(id))
		}
	}()
	x.Until("the case is closed as called", func() bool {
		c = x.caseOf(id)
		return c.State == "closed" && c.CloseReason == "agent_called" && c.Attempts == 1
	})
	closed := 0
	for _, line := range x.told(id) {
		if strings.HasPrefix(line, "closed") {
			closed++
		}
	}
	if closed != 1 {
		x.t.Errorf("closed %d times: %q", closed, x.told(id))
	}
}

// gone waits until a telephone has seen the end of its call.
func (x *exchange) gone(who string, text func() string) {
	x.t.Helper()
	x.Until(who+"'s telephone saw the end", func() bool {
		return strings.Contains(text(), "terminated (duration") || strings.Contains(text(), "session closed")
	})
}

// cutOff waits until a call is over because the network was cut.
func (x *exchange) cutOff(id string) {
	x.t.Helper()
	if c := x.state(id, "over"); c.Outcome != "answered" || c.HungUp != "network" {
		x.t.Errorf("it came to %+v", c)
	}
}

// TestACustomerWhoseNetworkIsCut dies in the midst of a call, without a word: his sound stops, the agent is hung up on, and the
// case says that he was reached.
func TestACustomerWhoseNetworkIsCut(t *testing.T) {
	x := newExchange(t, nil)
	id := x.talking()
	x.caller.Kill()
	x.cutOff(id)
	x.gone("Anna", x.anna.String)
	x.closed(id)
}

// TestAnAgentWhoseNetworkIsCut is the same at the other end.
func TestAnAgentWhoseNetworkIsCut(t *testing.T) {
	x := newExchange(t, nil)
	id := x.talking()
	x.anna.Kill()
	x.cutOff(id)
	x.gone("the customer", x.caller.String)
	x.closed(id)
}

// TestAStopInTheMidstOfACall ends Ringback in order: both telephones are told.
func TestAStopInTheMidstOfACall(t *testing.T) {
	x := newExchange(t, nil)
	id := x.talking()
	if err := x.daemon.Stop(); err != nil {
		t.Error(err)
	}
	x.gone("Anna", x.anna.String)
	x.gone("the customer", x.caller.String)
	x.again()
	x.closed(id)
	if c := x.caseOf(id); c.Assignee != "" && c.State == "open" {
		t.Errorf("the case is %+v", c)
	}
}

// TestACrashInTheMidstOfACall kills Ringback: the telephones notice by themselves that nobody is there, and what the watch saw until
// then stands. The case is not left as one that is being called.
func TestACrashInTheMidstOfACall(t *testing.T) {
	x := newExchange(t, nil)
	id := x.talking()
	var c web.CallbackCall
	x.read("/v1/cases/"+id+"/call", &c)
	x.Until("the customer's leg is written behind", func() bool { return x.kept(c.CallIDs[1]) })
	x.daemon.Kill()
	x.again()
	x.anna.Command("hangup")
	x.caller.Command("hangup")
	x.closed(id)
	if status, body := x.post("/v1/cases/"+x.owed("+358401234555")+"/call", `{"agent":"anna"}`); status != 202 {
		t.Errorf("nobody can be called any more: %d %s", status, body)
	}
}

// kept says whether the daemon has a call on the disk that it finds again.
func (x *exchange) kept(callID string) bool {
	found := false
	_ = filepath.WalkDir(x.Path("data/live"), func(path string, d fs.DirEntry, err error) error { // files come and go
		if err == nil && !d.IsDir() {
			b, _ := os.ReadFile(path)
			found = found || bytes.Contains(b, []byte(callID))
		}
		return nil
	})
	return found
}

// TestACrashWhileTheAgentRings kills Ringback before the customer was called: the case is open, and can be called again.
func TestACrashWhileTheAgentRings(t *testing.T) {
	x := newExchange(t, nil)
	x.ringBertil()
	id := x.owed(customer)
	x.call(id, "bertil")
	x.Until("Bertil's telephone rings", func() bool { return strings.Contains(x.bertil.String(), "Incoming call from") })
	x.daemon.Kill()
	x.again()
	if c := x.caseOf(id); c.State != "open" || c.Attempts != 0 || c.Attempt != nil {
		t.Errorf("the case is %+v", c)
	}
	x.ringAnna()
	x.reachable()
	if status, body := x.post("/v1/cases/"+id+"/assign", `{"agent":"anna","to":"anna","from":"bertil"}`); status >= 300 {
		t.Errorf("Anna cannot take it over: %d %s", status, body)
	}
	x.call(id, "anna")
	x.taken(id)
	x.state(id, "connected")
	x.anna.Command("hangup")
	x.closed(id)
}

// again starts Ringback once more, as it was.
func (x *exchange) again() {
	x.t.Helper()
	x.daemon = x.Start(exec.CommandContext(x.t.Context(), "ringback", "-c", x.Path("ringback.yaml"), "serve"))
	x.Until("the daemon is ready", func() bool { return strings.Contains(x.get(x.Admin, "/readyz"), `"ready":true`) })
	x.registered()
}
