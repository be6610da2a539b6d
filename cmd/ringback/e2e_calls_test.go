package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/sip/lab"
	"ringback/sip/rtp"
	"ringback/web"
)

// exchange is a contact centre whose Ringback takes and makes calls itself: registered at Kamailio, with baresip as the
// agents' telephones and the customer's. The customer speaks in one tone and Anna in another, and both record what they
// hear.
type exchange struct {
	*centre

	Line, Manual, ManualControl, CustomerControl, MediaFirst, MediaLast int

	AgentRTP, ManualRTP, CustomerRTP string
	Refer                            bool

	anna, bertil, caller *lab.Telephone
}

const (
	annaHertz     = 620
	customerHertz = 910
	customer      = "+358401234501" // who has a telephone
)

// newExchange starts Kamailio and Ringback, and waits until that is registered.
func newExchange(t *testing.T, change func(*exchange)) *exchange {
	t.Helper()
	x := &exchange{centre: emptyCentre(t)}
	for _, p := range []*int{&x.Line, &x.Manual, &x.ManualControl, &x.CustomerControl} {
		*p = x.Port()
	}
	x.MediaFirst = x.Ports(40)
	x.MediaLast = x.MediaFirst + 39
	x.AgentRTP, x.ManualRTP, x.CustomerRTP = x.ports(), x.ports(), x.ports()
	if change != nil {
		change(x)
	}
	x.Files(os.DirFS("testdata/calls"), x)
	x.secret("phone.password", "secret\n")
	x.speaks("agent", rtp.Tone(2*time.Minute, annaHertz))
	x.speaks("manual", rtp.Tone(2*time.Minute, annaHertz))
	x.speaks("customer", rtp.Tone(2*time.Minute, customerHertz))
	if out, err := exec.CommandContext(t.Context(), "ringback", "messages", "new-key", x.Path("messages.key")).CombinedOutput(); err != nil {
		t.Fatalf("making a key: %v\n%s", err, out)
	}
	x.Kamailio("kamailio.cfg")
	x.ringback()
	x.registered()
	return x
}

// registered waits until Ringback is registered.
func (x *exchange) registered() {
	x.t.Helper()
	x.Until("ringback is registered", func() bool { return strings.Contains(x.daemon.String(), "registered") })
}

// speaks says what a telephone plays.
func (x *exchange) speaks(folder string, clips ...*rtp.Clip) {
	x.t.Helper()
	var sound []int16
	for _, c := range clips {
		sound = append(sound, c.Samples()...)
	}
	b := rtp.WAVHeader(len(sound))
	for _, s := range sound {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	x.Write(folder+"/speaks.wav", b)
}

// ringAnna starts Anna's telephone, which answers by itself.
func (x *exchange) ringAnna() {
	x.t.Helper()
	x.anna = x.Telephone("agent", x.Control)
	x.Until("Anna's telephone is registered", func() bool { return strings.Contains(x.anna.String(), "200 OK") })
}

// ringBertil starts Bertil's, which does not.
func (x *exchange) ringBertil() {
	x.t.Helper()
	x.bertil = x.Telephone("manual", x.ManualControl)
	x.Until("Bertil's telephone is registered", func() bool { return strings.Contains(x.bertil.String(), "200 OK") })
}

// reachable starts the customer's telephone, which answers by itself.
func (x *exchange) reachable() {
	x.t.Helper()
	x.caller = x.Telephone("customer", x.CustomerControl)
	x.Until("the customer's telephone is on", func() bool { return strings.Contains(x.caller.String(), "baresip is ready") })
}

// post posts to the API and returns status and body.
func (x *exchange) post(path, body string) (int, string) {
	x.t.Helper()
	return x.ask(http.MethodPost, x.API, path, body)
}

// read reads a page of the API into v.
func (x *exchange) read(path string, v any) bool {
	return json.Unmarshal([]byte(x.get(x.API, path)), v) == nil
}

// owed makes a case by hand.
func (x *exchange) owed(number string) string {
	x.t.Helper()
	status, body := x.post("/v1/cases", fmt.Sprintf(`{"list":"callbacks","number":%q,"agent":"anna"}`, number))
	var made web.Case
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusCreated {
		x.t.Fatal(status, body)
	}
	return made.ID
}

// call has an agent call the customer of a case.
func (x *exchange) call(id, agent string) {
	x.t.Helper()
	if status, body := x.post("/v1/cases/"+id+"/call", fmt.Sprintf(`{"agent":%q}`, agent)); status != http.StatusAccepted {
		x.t.Fatal(status, body)
	}
}

// state waits until the call of a case has come so far.
func (x *exchange) state(id, state string) (c web.CallbackCall) {
	x.t.Helper()
	x.Until("the call is "+state, func() bool { return x.read("/v1/cases/"+id+"/call", &c) && string(c.State) == state })
	return c
}

// taken has Anna take the call that her telephone answered.
func (x *exchange) taken(id string) {
	x.t.Helper()
	x.state(id, "announcing")
	x.Until("Anna's telephone has answered", func() bool { return strings.Contains(x.anna.String(), "Call established") })
	x.anna.Command("sndcode", "1")
}

func (x *exchange) caseOf(id string) (c web.Case) {
	x.t.Helper()
	if !x.read("/v1/cases/"+id, &c) {
		x.t.Fatalf("no case %s", id)
	}
	return c
}

// cases are the open cases.
func (x *exchange) cases() []web.Case {
	x.t.Helper()
	var page struct{ Cases []web.Case }
	_ = json.Unmarshal([]byte(x.get(x.API, "/v1/cases?list=callbacks&state=open")), &page) // none while nobody answers
	return page.Cases
}

// open are the open cases, as "number misses requests", in order.
func (x *exchange) open() []string {
	all := []string{}
	for _, c := range x.cases() {
		all = append(all, fmt.Sprint(c.Number, " ", c.MissedCount, " ", c.Requests))
	}
	slices.Sort(all)
	return all
}

// hears waits until a telephone has recorded some seconds of its call.
func (x *exchange) hears(folder string) {
	x.t.Helper()
	x.Until(folder+" hears something", func() bool {
		all, _ := filepath.Glob(x.Path(folder + "/dump-*-dec.wav"))
		for _, name := range all {
			if f, err := os.Stat(name); err == nil && f.Size() > 5*rtp.SampleRate {
				return true
			}
		}
		return false
	})
}

// heard waits until a telephone has recorded a tone, and says how strongly, beside another one.
func (x *exchange) heard(folder string, hertz, other float64) {
	x.t.Helper()
	var tone, rest float64
	x.Until(folder+" has recorded a call", func() bool {
		all, _ := filepath.Glob(x.Path(folder + "/dump-*-dec.wav"))
		for _, name := range all {
			b, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			clip, err := rtp.LoadClip(bytes.NewReader(b))
			if err != nil || clip.Duration() < time.Second {
				continue
			}
			sound := clip.Samples()
			sound = sound[len(sound)-rtp.SampleRate*3/4:] // the end: before they were joined he heard tones of ours
			tone, rest = lab.Strength(sound, rtp.SampleRate, hertz), lab.Strength(sound, rtp.SampleRate, other)
			return true
		}
		return false
	})
	if tone < 200 || tone < 10*rest {
		x.t.Errorf("%s heard the other at %.0f and himself at %.0f", folder, tone, rest)
	}
}

// told are the entries of a case's history, as "event reason".
func (x *exchange) told(id string) []string {
	x.t.Helper()
	var page struct {
		Entries []struct{ Event, Reason string }
	}
	if !x.read("/v1/cases/"+id+"/history", &page) {
		x.t.Fatalf("no history of %s", id)
	}
	all := []string{}
	for _, e := range page.Entries {
		all = append(all, strings.TrimSpace(e.Event+" "+e.Reason))
	}
	return all
}

// TestRealCallbackCall follows a customer from the call that was missed to the callback that reached him: his case is closed
// once, by the watch, with one attempt, the agent sees the hint once, and the journeys of both calls name one another.
func TestRealCallbackCall(t *testing.T) {
	x := newExchange(t, nil)
	x.ringAnna()
	x.ringBertil()
	x.reachable()
	x.customer("abandon.xml", customer)
	id := ""
	x.Until("the missed call is an open case", func() bool {
		for _, c := range x.cases() {
			id = c.ID
		}
		return id != ""
	})

	x.call(id, "anna")
	x.taken(id)
	x.state(id, "connected")
	x.hears("agent")
	x.hears("customer")
	x.anna.Command("hangup")
	call := x.state(id, "over")
	if call.Outcome != "answered" || call.HungUp != "agent" || call.Shown != "+35893100100" || call.Talked < 1 {
		t.Errorf("it came to %+v", call)
	}
	x.heard("agent", customerHertz, annaHertz)
	x.heard("customer", annaHertz, customerHertz)

	x.quiet()
	x.closed(id)
	if c := x.caseOf(id); c.ClosedBy != "anna" || len(c.Proof) == 0 {
		t.Errorf("the case is %+v", c)
	}
	if n := strings.Count(x.anna.String(), "sip:hints@127.0.0.1:"); n != 1 {
		t.Errorf("%d hints were shown", n)
	}

	var all web.CallJourney
	x.Until("the journey of the customer has both calls", func() bool {
		var page struct{ Items []web.JourneyItem }
		missed, callback := false, false
		if !x.read("/v1/customers/"+customer+"/journey", &page) {
			return false
		}
		for _, i := range page.Items {
			missed = missed || i.Kind == "call" && i.Call.Verdict == "missed"
			if i.Kind == "callback" {
				callback, all = true, *i.Call
			}
		}
		return missed && callback
	})
	if all.Agent != "anna" || !strings.Contains(all.Device, "101") || all.CallerID != "+35893100100" || all.Result != "answered" || all.HungUp != "agent" || all.Talking < 1 {
		t.Errorf("the journey of the callback is %+v", all)
	}
	var one web.CallJourney
	if !x.read("/v1/calls/"+all.ID+"/journey", &one) || len(one.Related) != 1 || one.Related[0].Relation != "missed" || one.Related[0].Case != id {
		t.Errorf("the callback is of %+v", one.Related)
	}
}
