package sip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

// rungs are steps as lines.
func rungs(steps []sip.Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%s > %s %s", orDash(s.From.String()), orDash(s.To.String()), s.CallID)
		for _, word := range []string{s.Agent, s.Method, number(int(s.Status), 0), s.Reason, s.Note} {
			if word != "" {
				b.WriteString(" " + word)
			}
		}
		if s.Unseen {
			b.WriteString(" unseen")
		}
		if s.Alerts() {
			b.WriteString(" alerts")
		}
		if s.Ends() {
			b.WriteString(" ends")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// proven plays messages and gives the last call's end.
func proven(t *testing.T, messages string) *sip.Call {
	t.Helper()
	l := &ladder{t: t, where: t.Name(), script: newScript(), calls: map[string]int{}, shown: map[string]bool{}}
	l.tracker, l.scanner = l.fresh("")
	for line := range strings.Lines(messages) {
		if words := splitWords(strings.TrimSpace(line)); len(words) > 0 {
			l.line(words)
		}
	}
	var last *sip.Call
	l.tracker.Finish(func(e *sip.Event) {
		if e.Kind == sip.CallEnded {
			last = e.Clone().Call
		}
	})
	return last
}

func TestTheLadderOfACallTellsWhoSentWhat(t *testing.T) {
	for _, tt := range []struct{ name, messages, want string }{
		{"abandoned while a phone rang", `
0 carrier > pbx INVITE a from=+358401234529 to=+35893100100
0.1 pbx > carrier 200 a
1 pbx > 101 INVITE b from=7001@10.20.0.10 h=X-Service-Call-ID:a
1.1 101 > pbx 180 b
5 carrier > pbx BYE a reason=Q.850;cause=16
5.1 pbx > 101 CANCEL b
5.2 101 > pbx 487 b
`, `caller > pbx a INVITE
pbx > caller a 200
pbx > agent b 101 INVITE
agent > pbx b 101 alerts
caller > pbx a BYE Q.850;cause=16 ends
pbx > agent b 101 CANCEL ends
agent > pbx b 101 487
`},
		{"busy", `
0 carrier > pbx INVITE a from=+358401234529 to=+35893100100
1 pbx > 101 INVITE b from=7001@10.20.0.10 h=X-Service-Call-ID:a
1.1 101 > pbx 486 b
1.2 pbx > carrier 486 a
`, `caller > pbx a INVITE
pbx > agent b 101 INVITE
agent > pbx b 101 486 ends
pbx > caller a 486 ends
`},
		{"an agent dials", `
0 101 > pbx INVITE g from=101@10.20.0.10 to=00358401234561
0.1 pbx > carrier INVITE h from=+35893100100 to=0401234561
2 carrier > pbx 200 h
2.1 pbx > 101 200 g
5 101 > pbx BYE g
5.1 pbx > carrier BYE h
`, `agent > pbx g 101 INVITE
pbx > far_end h INVITE
far_end > pbx h 200
pbx > agent g 101 200
agent > pbx g 101 BYE ends
pbx > far_end h BYE ends
`},
	} {
		c := proven(t, tt.messages)
		steps, left := sip.Steps(c.Evidence, c.Direction)
		if diff := cmp.Diff(tt.want, rungs(steps)); diff != "" || left != 0 {
			t.Errorf("%s: %d left out\n%s", tt.name, left, diff)
		}
	}
}

func TestALongLadderKeepsItsEnds(t *testing.T) {
	var facts []sip.Evidence
	for i := range 200 {
		facts = append(facts, sip.Evidence{At: time.Unix(int64(i), 0), CallID: fmt.Sprint(i), What: "agent INVITE", Cause: -1})
	}
	facts = append(facts, sip.Evidence{What: "told by nobody knows whom", Cause: -1}, sip.Evidence{What: "caller BYE from its caller", Status: 408, Cause: 102})
	steps, left := sip.Steps(facts, sip.Inbound)
	last := steps[len(steps)-1]
	if len(steps) != 64 || left != 202-64 || steps[0].CallID != "0" || last.Reason != "SIP;cause=408, Q.850;cause=102" || steps[62].Note == "" || steps[62].Alerts() {
		t.Errorf("%d steps, %d left out, %+v", len(steps), left, last)
	}
}
