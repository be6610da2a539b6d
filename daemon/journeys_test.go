package daemon_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"ringback/daemon"
	"ringback/web"
)

// journeyOf is all that there was with a customer.
func (x *centre) journeyOf(number string) (items []web.JourneyItem) {
	x.t.Helper()
	var page struct{ Items []web.JourneyItem }
	status, body := x.get("/v1/customers/" + url.PathEscape(number) + "/journey")
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK {
		x.t.Fatalf("%d %s: %v", status, body, err)
	}
	return page.Items
}

func kindsOf(items []web.JourneyItem) (kinds string) {
	for _, i := range items {
		kinds += i.Kind + " "
	}
	return kinds
}

func TestTheJourneyOfACallIsKeptOverARestartAndErasedWithItsCustomer(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	number := x.opened[0].Number.String()
	x.await("a journey", func() bool { return strings.Contains(kindsOf(x.journeyOf(number)), "call") })
	var call *web.CallJourney
	for _, i := range x.journeyOf(number) {
		if i.Call != nil {
			call = i.Call
		}
	}
	if call.Verdict != "missed" || call.Reason != "abandoned_ringing" || call.HungUp != "customer" || len(call.Cases) != 1 || call.Cases[0] != x.opened[0].ID || len(call.Steps) == 0 {
		t.Errorf("%+v", call)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	y := run(t, c)
	if status, body := y.get("/v1/calls/" + call.ID + "/journey"); status != http.StatusOK || !strings.Contains(body, number) {
		t.Errorf("after the restart: %d %s", status, body)
	}
	if _, err := y.remote().Erase(t.Context(), number, web.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	if status, _ := y.get("/v1/calls/" + call.ID + "/journey"); status != http.StatusNotFound {
		t.Errorf("erased: %d", status)
	}
	if items := y.journeyOf(number); len(items) != 0 {
		t.Errorf("erased: %s", kindsOf(items))
	}
}

func TestOnlyTheJourneysOfCasesAreKeptWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	for keep, want := range map[string]int{"all": 2, "cases": 1, "off": 0} {
		c := settings(t)
		c.Store.Journeys = keep
		know(t, c, kamailio)
		x := run(t, c)
		mirror(t, x.dial(), "", captured(t, "kamailio/k2_answered_agent_bye"))
		x.await("a served call", func() bool { verdicts, _ := x.counted(); return verdicts == 1 })
		mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
		x.awaitCases(1)
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		n := 0
		readAll(t, c, func(key, _ []byte) {
			if strings.Contains(string(key), "journey") && strings.Contains(string(key), "call") {
				n++
			}
		})
		if n != want {
			t.Errorf("%s: %d journeys, want %d", keep, n, want)
		}
	}
}

// awake is a directory in which customers are called at any hour.
func awake(t *testing.T) string {
	t.Helper()
	return knowing(t, "\nlists:", "\ncalling: {in_quiet_hours: off}\nlists:")
}

func TestAScheduledCallIsDueOverARestartOnce(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, awake(t))
	x := run(t, c)
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	id := x.opened[0].ID
	at := time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339Nano)
	res, body := x.send(http.MethodPost, "/v1/cases/"+id+"/schedule", `{"at":"`+at+`","mode":"offer"}`, asJSON...)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s", res.Status, body)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	y := run(t, c)
	plans := func() (out struct{ Calls []web.ScheduledCall }) {
		_, body := y.get("/v1/cases/" + id + "/schedule")
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatal(err, body)
		}
		return out
	}
	y.await("the call to be due", func() bool { return plans().Calls[0].Outcome == "offered" })
	ended := plans().Calls[0].Ended
	if err := y.stop(); err != nil {
		t.Fatal(err)
	}
	y = run(t, c)
	if again := plans().Calls; len(again) != 1 || !again[0].Ended.Equal(*ended) || again[0].Outcome != "offered" {
		t.Errorf("after another restart: %+v", again)
	}
}

func TestAScheduledCallThatNothingCanDialSaysWhy(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, awake(t))
	x := run(t, c)
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	path := "/v1/cases/" + x.opened[0].ID + "/schedule"
	at := time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)
	if status, body := x.post(path, `{"at":"`+at+`","mode":"dial","for":"151"}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	var out struct{ Calls []web.ScheduledCall }
	x.await("the call to be due", func() bool {
		_, body := x.get(path)
		return json.Unmarshal([]byte(body), &out) == nil && out.Calls[0].State == "due" && out.Calls[0].Outcome != ""
	})
	if p := out.Calls[0]; p.Outcome != "refused" || p.Reason != "off" {
		t.Errorf("%+v", p)
	}
}

func TestTheCasesOfANumberThatIsNotToBeCalledAreSuppressed(t *testing.T) {
	t.Parallel()
	x := missed(t)
	c := x.config
	id, number := x.opened[0].ID, x.opened[0].Number.String()
	r := x.remote()
	i, err := r.Import(t.Context(), strings.NewReader("number\n"+number+"\n"), daemon.ImportWish{Numbers: "do-not-call"})
	if err != nil {
		t.Fatal(err)
	}
	x.await("the import", func() bool {
		i, err = r.ImportState(t.Context(), i.ID)
		return err != nil || i.Ended != nil
	})
	if err != nil || i.Report.Made != 1 {
		t.Fatalf("%+v, %v", i.Report, err)
	}
	if _, body := x.get("/v1/cases/" + id); !strings.Contains(body, `"suppressed"`) {
		t.Errorf("the case: %s", body)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	y := run(t, c)
	mirror(t, y.dial(), "", captured(t, "kamailio/k3_cancel"))
	y.awaitCases(1)
	if _, body := y.get("/v1/cases/" + y.opened[0].ID); y.opened[0].ID == id || !strings.Contains(body, `"suppressed"`) {
		t.Errorf("a call afterwards: %s", body)
	}
}
