package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ringback/web"
)

// owed makes a case more.
func (x *centre) owed(number string) string {
	x.t.Helper()
	status, body := x.post("/v1/cases", fmt.Sprintf(`{"list":"support","number":%q,"agent":"anna"}`, number))
	var made web.Case
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusCreated {
		x.t.Fatal(status, body)
	}
	return made.ID
}

func TestADeviceTakesTwoCallbacksAndTheirCallsCanBeCancelled(t *testing.T) {
	b := newSwitchboard(t)
	b.agent = b.ringsOn
	x, first := dialled(t, b, "5")
	second, third := x.owed("+358401234568"), x.owed("+358401234569")
	for _, id := range []string{first, second} {
		if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna"}`); status != http.StatusAccepted {
			t.Fatal(status, body)
		}
	}
	if status, body := x.post("/v1/cases/"+third+"/call", `{"agent":"anna"}`); status != http.StatusAccepted || !strings.Contains(body, `"outcome":"missed"`) {
		t.Errorf("a third call: %d %s", status, body)
	}
	if c := x.caseOf(third); c.State != "open" || c.Attempts != 0 {
		t.Errorf("the case of the third is %+v", c)
	}
	for _, id := range []string{second, first} { // the one that waits, then the one that rings
		if res, body := x.send(http.MethodDelete, "/v1/cases/"+id+"/call", "", asJSON...); res.StatusCode >= 300 {
			t.Errorf("cancelling: %d %s", res.StatusCode, body)
		}
		if c := x.over(id); c.Outcome != "cancelled" {
			t.Errorf("it came to %+v", c)
		}
		if c := x.caseOf(id); c.State != "open" || c.Attempts != 0 {
			t.Errorf("the case is %+v", c)
		}
	}
	if res, _ := x.send(http.MethodDelete, "/v1/cases/"+first+"/call", "", asJSON...); res.StatusCode < 400 {
		t.Errorf("cancelled again: %d", res.StatusCode)
	}
}

func TestACustomersOtherNumberIsCalledAndKept(t *testing.T) {
	b := newSwitchboard(t)
	b.agent, b.far = b.answers("5", nil), refuses(486)
	x, id := dialled(t, b, "5")
	if res, body := x.send(http.MethodPut, "/v1/pins/mobile", `{"pin":"4711"}`, asJSON...); res.StatusCode >= 300 {
		t.Fatal(res.StatusCode, body)
	}
	for _, pin := range []string{"", `,"pin":"1234"`} {
		if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna","number":"0409876543","verify":true`+pin+`}`); status < 400 || status >= 500 {
			t.Errorf("called without the PIN: %d %s", status, body)
		}
	}
	if len(b.calls) > 0 {
		t.Error("somebody was called")
	}
	if status, body := x.post("/v1/cases/"+id+"/call", `{"agent":"anna","number":"0409876543","verify":true,"pin":"4711"}`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if c := x.over(id); c.Outcome != "busy" || c.Number != "+358409876543" {
		t.Errorf("it came to %+v", c)
	}
	if first, other := <-b.calls, <-b.calls; first.To != "101" || other.To != "+358409876543" {
		t.Errorf("called %q, then %q", first.To, other.To)
	}
	if c := x.caseOf(id); c.Number != "+358409876543" || c.Fields["verified_number"] != "+358409876543" {
		t.Errorf("the case is %+v", c)
	}
}
