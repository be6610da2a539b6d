package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ringback/sip/rtp"
)

// asked waits until the open cases are these, as "number misses requests".
func (x *exchange) asked(want ...string) {
	x.t.Helper()
	slices.Sort(want)
	var got []string
	defer func() {
		if x.t.Failed() {
			x.t.Logf("the open cases are %q", got)
		}
	}()
	x.Until(fmt.Sprintf("the open cases are %q", want), func() bool { got = x.open(); return slices.Equal(got, want) })
}

// calls has the customer call a service, and waits until the line speaks with him.
func (x *exchange) calls(service string) {
	x.t.Helper()
	before := strings.Count(x.caller.String(), "Call established")
	x.caller.Command("dial", service)
	x.Until("the line has answered the customer", func() bool { return strings.Count(x.caller.String(), "Call established") > before })
}

// judged waits until the watch has judged so many calls to services.
func (x *exchange) judged(want int) {
	x.t.Helper()
	x.Until(fmt.Sprintf("%d calls are judged", want), func() bool {
		sum := 0
		for line := range strings.Lines(x.get(x.Admin, "/metrics")) {
			if strings.HasPrefix(line, "ringback_verdicts_total{") {
				n, _ := strconv.Atoi(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]))
				sum += n
			}
		}
		return sum == want
	})
}

// TestRealCustomersAskOnTheLine has customers ask to be called by all three kinds of keys, at their own number and at another
// one, while the mirror shows each call as well: each customer has one case, and the watch's verdict stands in it.
func TestRealCustomersAskOnTheLine(t *testing.T) {
	x := newExchange(t, nil)
	x.ringBertil()
	x.reachable()

	x.calls("+35893100200")
	x.caller.Command("sndcode", "1") // RFC 4733
	x.asked(customer + " 0 1")
	x.caller.Command("hangup")
	x.asked(customer + " 1 1")

	x.calls("+35893100100") // Bertil's telephone rings first
	for _, key := range "20409876543#1" {
		x.caller.Command("sndcode", string(key))
	}
	x.asked(customer+" 1 1", "+358409876543 0 1")
	x.caller.Command("hangup")
	x.asked(customer+" 1 1", "+358409876543 1 1")

	if err := x.SIPp("info.xml", "-p", fmt.Sprint(x.Customer), "-key", "caller", "+358401234511", fmt.Sprintf("127.0.0.1:%d", x.PBX))(); err != nil {
		t.Fatal(err)
	}
	x.asked(customer+" 1 1", "+358409876543 1 1", "+358401234511 1 1")

	_ = x.caller.Stop()
	x.speaks("customer", rtp.Silence(2*time.Second), rtp.Tone(200*time.Millisecond, 697, 1209), rtp.Silence(2*time.Minute)) // ITU-T Q.23: 1
	x.reachable()
	x.calls("+35893100200")
	x.asked(customer+" 1 2", "+358409876543 1 1", "+358401234511 1 1")
	x.caller.Command("hangup")
	x.asked(customer+" 2 2", "+358409876543 1 1", "+358401234511 1 1")

	x.judged(4)
	x.asked(customer+" 2 2", "+358409876543 1 1", "+358401234511 1 1")
}
