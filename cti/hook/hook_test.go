package hook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/cti"
	"ringback/cti/hook"
	"ringback/sip"
)

// told is what a model told, message by message.
type told struct{ all []string }

func (x *told) Message(m cti.Told) {
	start, _, _ := strings.Cut(string(m.Text), "\r\n")
	x.all = append(x.all, strings.TrimSuffix(start, " SIP/2.0"))
}
func (x *told) Link(time.Time, string, string) { x.all = append(x.all, "link") }
func (x *told) Fact(f sip.Fact)                { x.all = append(x.all, fmt.Sprintf("fact %d", f.Kind)) }

func site(tb testing.TB) *cti.Site {
	tb.Helper()
	at := func(s string) []sip.Host {
		return []sip.Host{{Net: netip.PrefixFrom(netip.MustParseAddr(s), 32)}}
	}
	s, err := cti.NewSite(&sip.Plan{
		PBXs: []sip.PBX{{ID: "cloud", Country: "FI", Addresses: at("192.0.2.10")}},
		Agents: []sip.Agent{
			{ID: "anna", Extensions: []string{"101"}, Direct: []sip.Number{358931001101}}, {ID: "bert", Extensions: []string{"102"}},
		},
	}, "cloud", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

const (
	formType = "application/x-www-form-urlencoded"
	newCall  = "event=newCall&from=358401234567&to=35893100100&direction=in&callId=c1&user%5B%5D=anna&user%5B%5D=bert"
	answer   = "event=answer&callId=c1&user=anna&from=358401234567&to=35893100100&direction=in&answeringNumber=101"
	hangup   = "event=hangup&callId=c1&cause=normalClearing&from=358401234567&to=35893100100&direction=in"
)

func parse(t *testing.T, kind, body string) hook.Event {
	t.Helper()
	all, err := hook.Parse(kind, http.Header{}.Get, []byte(body))
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %d events, %v", body, len(all), err)
	}
	return all[0]
}

// starts are the messages that begin or end something.
func starts(x *told) string {
	var out []string
	for _, s := range x.all {
		if !strings.HasPrefix(s, "ACK") && s != "link" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func TestEventsComeInAnyOrder(t *testing.T) {
	now := time.Now()
	var first string
	for _, order := range [][]string{
		{newCall, answer, hangup}, {answer, newCall, hangup}, {newCall, newCall, answer, answer, hangup, hangup, newCall},
	} {
		var x told
		m := hook.New(site(t), &x)
		for i, body := range order {
			e := parse(t, formType, body)
			m.Apply(&e, now.Add(time.Duration(i)*time.Second))
		}
		got := starts(&x)
		if !strings.Contains(got, "INVITE sip:+35893100100@192.0.2.10") || !strings.Contains(got, "BYE") || strings.Count(got, "INVITE") < 2 {
			t.Errorf("%v:\n%s", order, got)
		}
		if first == "" {
			first = got
		}
	}
	// Nothing but the call's number and the answer: the beginning came too late, and nothing is made up of it.
	var x told
	m := hook.New(site(t), &x)
	for i, body := range []string{"event=hangup&callId=c2&cause=cancel", "event=newCall&callId=c2&from=358401234567&to=35893100100&direction=in"} {
		e := parse(t, formType, body)
		m.Apply(&e, now.Add(time.Duration(i)*time.Second))
	}
	if got := starts(&x); !strings.Contains(got, "CANCEL") {
		t.Errorf("a hangup before its call: %s", got)
	}
}

func TestCausesOfAnEnd(t *testing.T) {
	for cause, want := range map[string]string{
		"busy": "SIP/2.0 486", "noAnswer": "SIP/2.0 480", "cancel": "CANCEL", "congestion": "SIP/2.0 503", "notFound": "SIP/2.0 404",
		"normalClearing": "CANCEL", "forwarded": "CANCEL", "": "CANCEL",
	} {
		var x told
		m := hook.New(site(t), &x)
		for _, body := range []string{newCall, "event=hangup&callId=c1&cause=" + cause} {
			e := parse(t, formType, body)
			m.Apply(&e, time.Now())
		}
		if got := starts(&x); !strings.Contains(got, want) {
			t.Errorf("%s: %s", cause, got)
		}
	}
}

func TestVoicemailIsNoAgent(t *testing.T) {
	var x told
	m := hook.New(site(t), &x)
	for _, body := range []string{"event=newCall&callId=c1&from=358401234567&to=35893100100&direction=in", "event=answer&callId=c1&user=voicemail"} {
		e := parse(t, formType, body)
		m.Apply(&e, time.Now())
	}
	if got := starts(&x); !strings.Contains(got, "fact 1") || strings.Count(got, "INVITE") != 1 {
		t.Error(got)
	}
}

func TestAWithheldNumberIsNotTold(t *testing.T) {
	var x told
	e := parse(t, "application/json", `{"event":"newCall","callId":"c","from":"anonymous","to":"35893100100","direction":"in"}`)
	hook.New(site(t), &x).Apply(&e, time.Now())
	if !e.Withheld || len(x.all) == 0 {
		t.Errorf("%+v %v", e, x.all)
	}
}

func TestCloudEventsAreRead(t *testing.T) {
	const structured = `{"specversion":"1.0","id":"1","source":"pbx","type":"ringback.call.started","time":"2026-11-20T10:00:00Z",
		"data":{"call":"c","direction":"in","from":"+358401234567","to":"+35893100100","agents":["101"]}}`
	all, err := hook.Parse("application/cloudevents+json; charset=utf-8", http.Header{}.Get, []byte(structured))
	if err != nil || all[0].Kind != hook.Started || all[0].ID != "pbx#1" || all[0].At.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
	all, err = hook.Parse("application/cloudevents-batch+json", http.Header{}.Get, []byte("["+structured+","+structured+"]"))
	if err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	h := http.Header{}
	for k, v := range map[string]string{"ce-specversion": "1.0", "ce-id": "2", "ce-source": "pbx", "ce-type": "ringback.call.ended"} {
		h.Set(k, v)
	}
	all, err = hook.Parse("application/json", h.Get, []byte(`{"call":"c","by":"callee","cause":17,"status":486}`))
	if err != nil || all[0].Kind != hook.Ended || !all[0].ByCallee || all[0].Cause != 17 || all[0].Status != 486 {
		t.Errorf("%+v, %v", all, err)
	}
	var x told
	m := hook.New(site(t), &x)
	first := all[0]
	m.Apply(&first, time.Now())
	again := all[0]
	if became, taken := m.Apply(&again, time.Now()); taken || became != "Seen before." {
		t.Errorf("the same id again: %s", became)
	}
}

func TestAnOldEventMakesNoCall(t *testing.T) {
	var x told
	e := parse(t, formType, newCall)
	now := time.Now()
	e.At = now.Add(-2 * time.Hour)
	if became, taken := hook.New(site(t), &x).Apply(&e, now); taken || len(x.all) > 0 {
		t.Errorf("%s %v", became, x.all)
	}
}

func TestAnEndWaitsForItsBeginningButNotForEver(t *testing.T) {
	var x told
	m := hook.New(site(t), &x)
	now := time.Now()
	for i, body := range []string{"event=hangup&callId=c2&cause=cancel", "event=newCall&callId=c2&from=358401234567&to=35893100100&direction=in"} {
		e := parse(t, formType, body)
		m.Apply(&e, now.Add(time.Duration(i)*time.Minute))
	}
	if got := starts(&x); strings.Contains(got, "CANCEL") || !strings.Contains(got, "INVITE") {
		t.Error(got)
	}
}

func TestCallsOutAreTold(t *testing.T) {
	var x told
	m := hook.New(site(t), &x)
	for _, body := range []string{"event=newCall&callId=o&from=358931001101&to=358401234567&direction=out&user=anna", "event=answer&callId=o", "event=hangup&callId=o&cause=normalClearing"} {
		e := parse(t, formType, body)
		m.Apply(&e, time.Now())
	}
	if got := starts(&x); strings.Count(got, "INVITE sip:+358401234567") != 2 || strings.Count(got, "BYE") != 2 {
		t.Error(got)
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	for kind, bodies := range map[string][]string{
		formType:                             {"", "event=x&callId=1", "event=newCall&callId=1", "callId=1", "event=newCall", "event=newCall&callId=1&from=1&to=2&direction=up", "%zz"},
		"application/json":                   {"", "[]", "{", "null", `{"event":1}`, `{"event":"newCall","callId":{}}`},
		"application/cloudevents+json":       {"", "{}", `{"specversion":"0.3","id":"1","source":"a","type":"ringback.call.ended","data":{"call":"1"}}`, `{"specversion":"1.0","id":"1","source":"a","type":"x","data":{}}`, `{"specversion":"1.0","id":"1","source":"a","type":"ringback.call.linked","data":{}}`, `{"specversion":"1.0","id":"1","source":"a","type":"ringback.call.started","data":{"call":"1"}}`, `{"specversion":"1.0","id":"1","source":"a","type":"ringback.call.ended"}`},
		"text/xml":                           {"<a/>"},
		"application/cloudevents-batch+json": {"{}"},
	} {
		for _, body := range bodies {
			if _, err := hook.Parse(kind, http.Header{}.Get, []byte(body)); !errors.Is(err, hook.ErrEvent) {
				t.Errorf("%s %s: %v", kind, body, err)
			}
		}
	}
	if _, err := hook.Parse(formType, http.Header{}.Get, make([]byte, 1<<20)); !errors.Is(err, hook.ErrEvent) {
		t.Errorf("too large: %v", err)
	}
}

func sender(t *testing.T, x *told) *hook.Sender {
	t.Helper()
	s := &hook.Sender{
		Feed: cti.NewFeed("cloud/hook", "hook", "cloud", "", time.Now()), Begin: func(time.Time) {}, Logger: slog.New(slog.DiscardHandler),
		Secrets: func() ([]string, error) { return []string{"old", "whsec_aHVzaCBodXNoIGh1c2g="}, nil },
		Token:   func() (string, error) { return "t0ken", nil },
	}
	s.SetModel(hook.New(site(t), x))
	return s
}

func post(s *hook.Sender, token, body string, sign func(http.Header)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/hooks/cloud/"+token, strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	r.SetPathValue("token", token)
	if sign != nil {
		sign(r.Header)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestOnlyWhoProvesHimselfIsHeard(t *testing.T) {
	now := time.Now()
	hub := func(key string) func(http.Header) {
		return func(h http.Header) {
			mac := hmac.New(sha256.New, []byte(key))
			_, _ = io.WriteString(mac, newCall)
			h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		}
	}
	standard := func(secret, body string, at time.Time) func(http.Header) {
		return func(h http.Header) { hook.Sign(h, "msg_1", secret, []byte(body), at) }
	}
	for name, c := range map[string]struct {
		token string
		sign  func(http.Header)
		want  int
	}{
		"the token":                {"t0ken", nil, 200},
		"another token":            {"t0kem", nil, 401},
		"neither":                  {"", nil, 401},
		"a signature of the body":  {"", hub("old"), 200},
		"a forged one":             {"", hub("new"), 401},
		"a standard signature":     {"", standard("whsec_aHVzaCBodXNoIGh1c2g=", newCall, now), 200},
		"an old standard one":      {"", standard("old", newCall, now.Add(-time.Hour)), 401},
		"one of another body":      {"", standard("old", hangup, now), 401},
		"a wrong token and a sign": {"x", hub("old"), 401},
	} {
		var x told
		if w := post(sender(t, &x), c.token, newCall, c.sign); w.Code != c.want || (len(x.all) > 0) != (c.want == 200) {
			t.Errorf("%s: %d, told %d messages", name, w.Code, len(x.all))
		}
	}
}

func TestSipgateIsToldWhereToSendTheRest(t *testing.T) {
	var x told
	s := sender(t, &x)
	w := post(s, "t0ken", newCall, nil)
	if body := w.Body.String(); !strings.Contains(body, `onAnswer="http://example.com/hooks/cloud/t0ken"`) || w.Header().Get("Content-Type") != "application/xml" {
		t.Error(body)
	}
	r := httptest.NewRequest(http.MethodGet, "/hooks/cloud/t0ken", nil)
	got := httptest.NewRecorder()
	s.ServeHTTP(got, r)
	if got.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.Code)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{newCall, answer, hangup} {
		f.Add(formType, []byte(s))
	}
	f.Add("application/cloudevents+json", []byte(`{"specversion":"1.0","id":"1","source":"a","type":"ringback.call.ended","data":{"call":"1"}}`))
	s := site(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		all, err := hook.Parse(kind, http.Header{}.Get, body)
		if err != nil {
			if !errors.Is(err, hook.ErrEvent) {
				t.Fatal(err)
			}
			return
		}
		var x told
		m := hook.New(s, &x)
		for i := range all {
			m.Apply(&all[i], time.Now())
		}
		for _, text := range x.all {
			if strings.ContainsAny(text, "\r\n") {
				t.Fatalf("a line break in %q", text)
			}
		}
		if _, err := json.Marshal(all); err != nil {
			t.Fatal(err)
		}
	})
}
