package daemon_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/sip/hep"
)

// TestAHintIsStillThereAfterARestart restarts while an agent calls a customer who has a case, twice, and lets the call
// end then.
func TestAHintIsStillThereAfterARestart(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Tracker.Settle = 100 * time.Millisecond
	know(t, c, kamailio)
	x := run(t, c)
	packets := captured(t, "kamailio/k10_agent_calls_back")
	last := slices.IndexFunc(packets, func(p hep.Packet) bool { return bytes.HasPrefix(p.Payload, []byte("BYE ")) })
	mirror(t, x.dial(), "", packets[:last])
	hints := func() string {
		_, body := x.get("/v1/hints/live")
		return body
	}
	x.await("the hint", func() bool { return strings.Contains(hints(), `"confirmed"`) })
	for range 2 {
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		x = run(t, c)
		x.await("the hint is there again", func() bool { return strings.Contains(hints(), `"confirmed"`) })
	}
	mirror(t, x.dial(), "", packets[last:])
	x.await("the hint goes with the call", func() bool { return !strings.Contains(hints(), `"confirmed"`) })
}
