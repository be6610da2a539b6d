package daemon_test

import (
	"encoding/json"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/configs"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// TestShortCapturesLiveOverUDP sends captures at the pace at which they were recorded to a real
// socket: the verdicts are those of a replay.
func TestShortCapturesLiveOverUDP(t *testing.T) {
	for _, name := range []string{
		"kamailio/k3_cancel", "kamailio/k4_all_busy_486", "asterisk/b1_cancel_while_ringing", "asterisk/e1_strict_nobody_registered",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pbx, _, _ := strings.Cut(name, "/")
			c := settings(t)
			c.Tracker = configs.Default().Tracker
			know(t, c, "../configs/examples/"+pbx+"-lab.yaml")
			_, lines := replay(t, pbx, "../sip/testdata/captures/"+name+"/hep.pcap.gz")
			want := 0
			verdicts := map[string]int{}
			for _, l := range lines {
				if l.Type == "call" && l.Reason != "still_live" {
					want++
					verdicts[l.Caller+" "+l.Verdict+" "+l.Reason+" "+l.Agent]++
				}
			}
			x := run(t, c)
			asRecorded(t, x.dial(), captured(t, name))
			x.await("all verdicts", func() bool { n, _ := x.counted(); return n >= want })
			got := map[string]int{}
			for _, call := range x.ended {
				got[call.CallerID+" "+call.Verdict.String()+" "+call.Reason.String()+" "+call.Agent]++
			}
			if diff := cmp.Diff(verdicts, got); diff != "" {
				t.Errorf("- replay, + live\n%s", diff)
			}
		})
	}
}

// asRecorded sends packets as far apart as they were captured.
func asRecorded(t *testing.T, to net.Conn, all []hep.Packet) {
	t.Helper()
	began, first := time.Now(), all[0].Time
	for _, p := range all {
		at := began.Add(p.Time.Sub(first))
		<-time.After(time.Until(at))
		p.Time = at
		if _, err := to.Write(hep.Append(nil, p)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheTapHearsTheInterface reads the loopback interface, where a PBX and its phones speak SIP.
func TestTheTapHearsTheInterface(t *testing.T) {
	t.Parallel()
	c := settings(t)
	far, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	c.HEP.UDP = nil
	c.Tap = configs.Tap{Interface: "lo", Ports: []uint16{far.LocalAddr().(*net.UDPAddr).AddrPort().Port()}}
	know(t, c, kamailio)
	if probe, err := capture.OpenTap(capture.TapOptions{Interface: "lo", Ports: c.Tap.Ports, Handler: func([]hep.Received) {}}); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("run as root, or with CAP_NET_RAW: %v", err)
	} else if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	x := run(t, c)
	near, err := net.Dial("udp", far.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	invite := captured(t, "kamailio/k3_cancel")[0].Payload
	x.await("a message on the wire", func() bool {
		_, _ = near.Write(invite)
		return x.Signalling().Messages > 0
	})
}

// TestAStopAppliesWhatHasComeIn ends the daemon right behind the last message.
func TestAStopAppliesWhatHasComeIn(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Tracker.Settle = time.Minute
	know(t, c, kamailio)
	x := run(t, c)
	all := captured(t, "kamailio/k3_cancel")
	mirror(t, x.dial(), "", all)
	x.await("all messages", func() bool { return x.Signalling().Messages >= uint64(len(all)) })
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	// The verdict falls with the next daemon, which knows the end of the call already.
	next := *c
	next.Tracker.Settle = time.Millisecond
	y := run(t, &next)
	y.awaitCases(1)
	y.mu.Lock()
	defer y.mu.Unlock()
	if i := slices.IndexFunc(y.ended, func(c *sip.Call) bool { return c.Verdict == sip.Missed && c.Reason == sip.AbandonedRinging }); i < 0 {
		t.Errorf("ended: %+v", y.ended)
	}
}

// TestMetricsAndAPIAgree reads the open cases of a list both ways.
func TestMetricsAndAPIAgree(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	feed := x.dial()
	mirror(t, feed, "", captured(t, "kamailio/k3_cancel"))
	mirror(t, feed, "", captured(t, "kamailio/k4_all_busy_486"))
	x.awaitCases(2)
	_, body := x.get("/v1/cases?list=callbacks")
	var page struct{ Cases []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Cases) != 2 {
		t.Errorf("%v\n%s", err, body)
	}
	if _, m := x.get("/metrics"); !strings.Contains(m, "\nringback_cases_open{list=\"callbacks\"} 2\n") {
		t.Error("the metrics do not show two open cases")
	}
}
