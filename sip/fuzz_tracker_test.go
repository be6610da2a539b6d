package sip_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/sip"
)

// What a fuzzed ladder is made of; a byte chooses by its remainder.
var (
	fuzzHosts = []string{"carrier", "pbx", "101", "102", "kcarrier", "kam", "151", "152", "pbx", "carrier2", "box", "us", "stranger", "103", "kam", "pbx"}
	fuzzSigns = []string{
		"INVITE", "100", "180", "200", "ACK", "BYE", "200 BYE", "CANCEL", "200 CANCEL", "487", "486", "401", "407", "302", "408", "503",
		"603", "REINVITE", "UPDATE", "REFER", "202 REFER", "NOTIFY", "481 UPDATE", "REGISTER", "200 REGISTER", "MESSAGE", "181", "PRACK", "408 BYE", "INVITE", "200", "BYE",
	}
	fuzzUsers   = []string{"+358401234501", "0401234501", "+358401234502", "<sip:anonymous@anonymous.invalid>", "101", "+35893100100", "+358931001002", "<sip:alice@example.org>"}
	fuzzCallees = []string{"+35893100100", "+35893100200", "101", "102", "0401234501", "90401234502", "+358509998877", "900"}
	fuzzOptions = [][]string{
		nil,
		{"again"},
		{"reason=Q.850;cause=41"},
		{"reason=SIP;cause=200"},
		{"privacy=id", "pai=+358401234501"},
		{"h=X-Service-Call-ID:a"},
		{"replaces=b;to-tag=b.101;from-tag=b.from"},
		{"diversion=+35893100200"},
		{"referto=103@10.20.0.10"},
		{"tag=101"},
		{"sdp=sendonly"},
		{"via=2"},
		{"contact=101-0x55@10.20.0.101:5060"},
		{"cseq=2"},
		{"branch=same"},
		{"tag=none"},
	}
)

// fuzzStep is how many bytes of the input make one message.
const fuzzStep = 6

// FuzzTracker plays ladders that no PBX would: whatever comes, every call is told as started, then as
// ended, once each, nothing is told of it outside of that, and what is kept stays within its limits.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{0, 0x10, 0, 0, 0, 1, 1, 0x01, 3, 0, 0, 1, 1, 0x12, 0, 1, 0, 1, 2, 0x21, 3, 1, 0, 9, 0, 0x10, 5, 0, 0, 9}) // a served call
	f.Add([]byte{0, 0x10, 0, 0, 0, 1, 1, 0x12, 0, 1, 0, 1, 0, 0x10, 7, 0, 0, 40, 1, 0x01, 9, 0, 0, 1})                     // given up
	f.Add([]byte{2, 0x21, 0, 2, 4, 1, 1, 0x10, 0, 3, 4, 1, 0, 0x01, 10, 3, 0, 50, 255, 255, 0, 0, 0, 0})                   // a busy callback, a restart
	plan := &sip.Plan{}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(plan.PBXs) == 0 {
			plan = ladderPlan(t, "")
		}
		o := sip.Options{MaxCalls: 12, MaxBindings: 4}
		tr, err := sip.NewTracker(plan, o)
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]int{} // 1 live, 2 over
		emit := func(e *sip.Event) {
			id := e.Call.ID
			switch {
			case e.Kind == sip.CallStarted && told[id] == 0:
				told[id] = 1
			case e.Kind == sip.CallStarted || told[id] != 1:
				t.Fatalf("%v of call %s, which was told of as %d", e.Kind, id, told[id])
			case e.Kind == sip.CallEnded:
				told[id] = 2
				judged(t, e.Call)
			}
		}
		scanner, play, at := scannerOf(plan), newScript(), ladderStart
		for ; len(b) >= fuzzStep; b = b[fuzzStep:] {
			at += fuzzWait(b[5])
			if b[0] == 255 && b[1] == 255 {
				tr = restarted(t, tr, plan, o)
				continue
			}
			src, dst := fuzzHosts[b[1]&15], fuzzHosts[b[1]>>4]
			what, method, _ := strings.Cut(fuzzSigns[int(b[2])%len(fuzzSigns)], " ")
			words := slices.Clone(fuzzOptions[b[4]>>4])
			words = append(words, method, "from="+fuzzUsers[b[3]>>3&7], "to="+fuzzCallees[b[4]&7])
			m, err := play.message(src, dst, what, string('a'+rune(b[3]&7)), words)
			if err != nil {
				continue // a host that does not speak to that one
			}
			var msg sip.Message
			if _, err := scanner.Skim(m.text, &msg); err != nil {
				t.Fatalf("%v\n%s", err, m.text)
			}
			msg.Time, msg.Src, msg.Dst, msg.Transport = at, m.src, m.dst, sip.UDP
			tr.Expire(at, emit)
			tr.Handle(&msg, emit)
			if s := tr.Stats(); s.LiveCalls > o.MaxCalls || s.Bindings > o.MaxBindings || s.LiveLegs < s.LiveCalls {
				t.Fatalf("%+v", s)
			}
		}
		tr.Finish(emit)
		if s := tr.Stats(); s.LiveCalls != 0 || s.LiveLegs != 0 {
			t.Fatalf("after the end: %+v", s)
		}
		for id, state := range told {
			if state != 2 {
				t.Fatalf("call %s never ended", id)
			}
		}
	})
}

// fuzzWait is the time before a message: mostly milliseconds, at times back, at times longer than
// every timer.
func fuzzWait(b byte) int64 {
	switch {
	case b < 128:
		return int64(b) * int64(20*time.Millisecond)
	case b < 192:
		return -int64(b-128) * int64(2*time.Millisecond)
	case b < 248:
		return int64(b-192) * int64(10*time.Second)
	default:
		return int64(b-247) * int64(2*time.Hour)
	}
}

// judged checks what holds of every verdict.
func judged(t *testing.T, c *sip.Call) {
	t.Helper()
	service := c.Direction == sip.Inbound && c.Service != ""
	var wrong string
	switch {
	case c.Withheld && c.Caller != 0:
		wrong = "a withheld number is shown"
	case c.Verdict != sip.VerdictNone && !service:
		wrong = "a verdict of what is no service call"
	case c.Verdict == sip.Served && c.Agent == "":
		wrong = "served by nobody"
	case c.Verdict == sip.Missed && c.Agent != "":
		wrong = "missed with an agent"
	}
	if wrong != "" {
		t.Fatalf("%s: %+v", wrong, *c)
	}
}

// restarted is a tracker that took over what another one kept.
func restarted(t *testing.T, tr *sip.Tracker, plan *sip.Plan, o sip.Options) *sip.Tracker {
	t.Helper()
	next, err := sip.NewTracker(plan, o)
	if err != nil {
		t.Fatal(err)
	}
	before := tr.Stats()
	tr.Changes(func(id, record []byte) {
		if record == nil {
			return
		}
		if err := next.Restore(string(id), slices.Clone(record)); err != nil {
			t.Fatal(err)
		}
	})
	if after := next.Stats(); after.LiveCalls != before.LiveCalls || after.LiveLegs != before.LiveLegs || after.Bindings != before.Bindings {
		t.Fatalf("%+v came back as %+v", before, after)
	}
	return next
}

// FuzzRestore feeds records that were never written: they are refused, or make calls that end.
func FuzzRestore(f *testing.F) {
	plan := &sip.Plan{}
	f.Add([]byte("c"), []byte{1})
	f.Fuzz(func(t *testing.T, id, record []byte) {
		if len(plan.PBXs) == 0 {
			plan = ladderPlan(t, "")
		}
		tr, err := sip.NewTracker(plan, sip.Options{MaxCalls: 12, MaxBindings: 4})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Restore(string(id), record); err != nil && err.Error() == "" {
			t.Fatal("an error that says nothing")
		}
		ended := map[string]int{}
		emit := func(e *sip.Event) {
			if e.Kind == sip.CallEnded {
				ended[e.Call.ID]++
			}
		}
		tr.Expire(ladderStart, emit)
		tr.Finish(emit)
		for id, n := range ended {
			if n != 1 {
				t.Fatalf("call %s ended %d times", id, n)
			}
		}
	})
}
