package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/configs"
)

// What the sender of these tests sends by.
const (
	hookToken = "hush-hush-hush"
	hookPath  = "/hooks/cloud/" + hookToken
)

// hookedSettings are those of a daemon with a call hook, whose token stands in the path.
func hookedSettings(t *testing.T) *configs.Config {
	t.Helper()
	c := settings(t)
	know(t, c, "../configs/examples/asterisk-lab.yaml")
	c.HEP.UDP = nil
	file := filepath.Join(c.DataDir, "cloud.token")
	put(t, file, hookToken+"\n")
	c.CallHooks = []configs.CallHook{{ID: "cloud", PBX: "asterisk", TokenFile: file}}
	return c
}

// TestACallHookMakesCases has a sender tell of a call that nobody answered, and asks a running daemon how its feeds are.
func TestACallHookMakesCases(t *testing.T) {
	t.Parallel()
	c := hookedSettings(t)
	x := run(t, c)
	send := func(path, kind, body string) int {
		t.Helper()
		res, _ := x.send(http.MethodPost, path, body, "Content-Type", kind)
		return res.StatusCode
	}
	const newCall = "event=newCall&callId=1&from=358401234567&to=35893100100&direction=in&user[]=101"
	for path, want := range map[string]int{"/hooks/cloud": 401, "/hooks/cloud/wrong": 401, "/hooks/other/" + hookToken: 404} {
		if got := send(path, "application/x-www-form-urlencoded", newCall); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	remote := x.remote()
	trials, err := remote.TestCallHook(t.Context(), "cloud")
	if err != nil || len(trials) != 9 {
		t.Fatalf("%+v, %v", trials, err)
	}
	for i, want := range []string{"A call begins: inbound, service hotline.", "Agent 101 is on the call.", "The verdict: served."} {
		for form := range 3 {
			if got := trials[form*3+i]; got.Status != 200 || !strings.Contains(strings.Join(got.Calls, " "), want) {
				t.Errorf("%+v, want %q", got, want)
			}
		}
	}
	event := func(id, kind, data string, at time.Time) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"%s","source":"cloud","type":"ringback.call.%s","time":"%s","data":%s}`, id, kind, at.Format(time.RFC3339Nano), data)
	}
	now := time.Now()
	began := event("1", "started", `{"call":"1","direction":"in","from":"+358401234567","to":"+35893100100","agents":["101"]}`, now.Add(-9*time.Second))
	for _, body := range []string{began, began, event("2", "ended", `{"call":"1"}`, now)} {
		if got := send(hookPath, "application/cloudevents+json", body); got != 200 {
			t.Errorf("%s: %d", body, got)
		}
	}
	x.awaitCases(1)
	if o := x.opened[0]; o.Number.String() != "+358401234567" || o.Reason.String() != "abandoned_ringing" {
		t.Errorf("%+v", o)
	}
	feeds, err := remote.Feeds(t.Context())
	if err != nil || len(feeds) != 1 || feeds[0].Name != "cloud/hook" || feeds[0].Events != 3 || feeds[0].Refused != 2 || feeds[0].State != "up" {
		t.Errorf("%+v, %v", feeds, err)
	}
	checks, err := remote.CheckPBX(t.Context(), "asterisk")
	if err != nil || len(checks) == 0 || !checks[0].OK {
		t.Errorf("%+v, %v", checks, err)
	}
	if _, err := remote.CheckPBX(t.Context(), "none"); err == nil {
		t.Error("a PBX nobody knows is well")
	}
	if strings.Contains(x.log.String(), hookToken) {
		t.Error("the token is in the log")
	}
}

// TestACallHookIsTestedOverTLS asks a daemon whose certificate is for an address, for a host and for all hosts of a
// domain to send itself events: it trusts the certificate that it shows.
func TestACallHookIsTestedOverTLS(t *testing.T) {
	t.Parallel()
	for name, hosts := range map[string][]string{"address": nil, "host": {"ringback.example.com"}, "domain": {"*.example.com"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := hookedSettings(t)
			c.Web.TLSCertFile, c.Web.TLSKeyFile = newAuthority(t, "ours").pair(name, hosts...)
			trials, err := run(t, c).remote().TestCallHook(t.Context(), "cloud")
			if err != nil || len(trials) != 9 || trials[0].Status != http.StatusOK {
				t.Errorf("%+v, %v", trials, err)
			}
		})
	}
}

// TestACallToldByAHookOutlivesARestart stops the daemon while a phone rings and while a caller talks, and asks for no
// case of either, but of the one who was missed.
func TestACallToldByAHookOutlivesARestart(t *testing.T) {
	t.Parallel()
	c := hookedSettings(t)
	send := func(x *centre, kind, data string) {
		t.Helper()
		body := fmt.Sprintf(`{"specversion":"1.0","id":"%x","source":"cloud","type":"ringback.call.%s","data":%s}`, kind+data, kind, data)
		res, _ := x.send(http.MethodPost, hookPath, body, "Content-Type", "application/cloudevents+json")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", body, res.StatusCode)
		}
	}
	start := func(x *centre, call, from string) {
		send(x, "started", fmt.Sprintf(`{"call":"%s","direction":"in","from":"%s","to":"+35893100100","agents":["101"]}`, call, from))
	}
	x := run(t, c)
	start(x, "ringing", "+358401234561")
	start(x, "talking", "+358401234562")
	send(x, "answered", `{"call":"talking","agents":["101"]}`)
	start(x, "missed", "+358401234563")
	x.await("live calls", func() bool { return x.Signalling().LiveCalls == 3 })
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	y := run(t, c)
	send(y, "answered", `{"call":"ringing","agents":["101"]}`)
	send(y, "ended", `{"call":"missed"}`)
	y.awaitCases(1)
	send(y, "ended", `{"call":"talking"}`)
	send(y, "ended", `{"call":"ringing"}`)
	y.await("the verdicts", func() bool { verdicts, _ := y.counted(); return verdicts == 3 })
	for _, e := range y.ended {
		want := "served"
		if e.Caller.String() == "+358401234563" {
			want = "missed"
		}
		if e.Verdict.String() != want {
			t.Errorf("%+v", e)
		}
	}
	if len(y.opened) != 1 || y.opened[0].Number.String() != "+358401234563" {
		t.Errorf("%+v", y.opened)
	}
}

// TestWhatACallHookSendsAgainAfterARestartIsRefused stops the daemon after a call was missed, and sends it all of its
// events again, and another call's.
func TestWhatACallHookSendsAgainAfterARestartIsRefused(t *testing.T) {
	t.Parallel()
	c := hookedSettings(t)
	send := func(x *centre, kind, body string) string {
		t.Helper()
		_, answer := x.send(http.MethodPost, hookPath, body, "Content-Type", kind)
		var a struct{ Events []struct{ Became string } }
		if err := json.Unmarshal([]byte(answer), &a); err != nil || len(a.Events) != 1 {
			t.Fatalf("%s, %v", answer, err)
		}
		return a.Events[0].Became
	}
	event := func(id, kind, data string) [2]string {
		return [2]string{"application/cloudevents+json", fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"cloud","type":"ringback.call.%s","data":%s}`, id, kind, data)}
	}
	began := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	all := [][2]string{
		event("1", "started", `{"call":"1","direction":"in","from":"+358401234571","to":"+35893100100","agents":["101"]}`),
		event("2", "ended", `{"call":"1"}`),
		{"application/json", `{"event":"newCall","callId":"g1","direction":"in","from":"358401234572","to":"35893100100"}`},
		{"application/json", `{"event":"hangup","callId":"g1","cause":"noAnswer"}`},
	}
	all[0][1] = strings.Replace(all[0][1], `"data"`, `"time":"`+began+`","data"`, 1)
	x := run(t, c)
	for _, e := range all {
		send(x, e[0], e[1])
	}
	x.awaitCases(2)
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}

	for range 2 { // the second time nothing but the memory of the memory is left
		y := run(t, c)
		for i, want := range []string{"Seen before.", "Seen before.", "Left out: the call is over already.", "Left out: the call is over already."} {
			if got := send(y, all[i][0], all[i][1]); got != want {
				t.Errorf("%s: %s", all[i][1], got)
			}
		}
		if n := y.Signalling().LiveCalls; n != 0 {
			t.Errorf("%d calls are made of it", n)
		}
		if err := y.stop(); err != nil {
			t.Fatal(err)
		}
		if verdicts, opened := y.counted(); verdicts != 0 || opened != 0 {
			t.Errorf("%d verdicts, %d cases", verdicts, opened)
		}
	}
	y := run(t, c)
	if got := send(y, all[0][0], strings.Replace(strings.Replace(all[0][1], `"id":"1"`, `"id":"3"`, 1), `"call":"1"`, `"call":"2"`, 1)); got != "The call has begun." {
		t.Error(got)
	}
}
