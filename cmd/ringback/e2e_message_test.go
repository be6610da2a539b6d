package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"ringback/sip/lab"
	"ringback/sip/rtp"
	"ringback/web"
)

// TestARealCustomerLeavesAMessage has a customer press 3 and speak: what he said is heard again from his case, and he has one
// case, whatever the watch sees of the call.
func TestARealCustomerLeavesAMessage(t *testing.T) {
	x := newExchange(t, nil)
	x.reachable()
	x.calls("+35893100200")
	x.caller.Command("sndcode", "3")
	var page struct{ Messages []web.Message }
	x.Until("the message is kept", func() bool {
		all := x.cases()
		return len(all) == 1 && x.read("/v1/cases/"+all[0].ID+"/messages", &page) && len(page.Messages) == 1
	})
	status, sound := x.ask(http.MethodGet, x.API, "/v1/messages/"+page.Messages[0].ID+"/audio", "")
	clip, err := rtp.LoadClip(bytes.NewReader([]byte(sound)))
	if status != http.StatusOK || err != nil {
		t.Fatal(status, err)
	}
	if said := lab.Strength(clip.Samples(), rtp.SampleRate, customerHertz); said < 200 {
		t.Errorf("he is heard at %.0f only", said)
	}
	if !strings.Contains(x.caller.String(), "terminated (duration") {
		x.caller.Command("hangup")
	}
	x.quiet()
	x.Until("the watch's verdict is in his case", func() bool {
		all := x.cases()
		return len(all) == 1 && all[0].Number == customer && all[0].MissedCount == 1
	})
}
