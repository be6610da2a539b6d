package daemon_test

import (
	"path/filepath"
	"testing"
)

// TestDialogEventsAloneGiveTheVerdict replays what dialog events told of real calls: a proxy tells all but
// who answered and why nobody did, an Asterisk lets calls be pieced together.
func TestDialogEventsAloneGiveTheVerdict(t *testing.T) {
	eachRecording(t, "notify", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		_, lines := replay(t, want.PBX, filepath.Join(dir, "notify.jsonl.gz"))
		var calls, opened []line
		for _, l := range lines {
			switch {
			case l.Type == "call":
				calls = append(calls, l)
			case l.Type == "case" && l.Event == "opened":
				opened = append(opened, l)
			}
		}
		if len(calls) != 1 { // an outgoing call is not told without a number
			t.Fatalf("%d calls", len(calls))
		}
		w, got := want.Calls[0], calls[0]
		if got.Caller != w.Caller || got.Verdict != w.Expected.Verdict || got.Confidence != "inferred" {
			t.Errorf("got %+v, want %+v", got, w)
		}
		if len(opened) != len(want.Cases) {
			t.Errorf("%d cases, want %d", len(opened), len(want.Cases))
		}
	})
}

func TestMirrorAndDialogEventsMakeNoCallTwice(t *testing.T) {
	eachRecording(t, "notify", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		lines := check(t, want, filepath.Join(dir, "hep.pcap.gz"), filepath.Join(dir, "notify.jsonl.gz"))
		for _, l := range lines {
			if want.PBX == "kamailio" && l.Type == "call" && l.Confidence != "seen" {
				t.Errorf("dialog events make the mirror unsure: %+v", l)
			}
		}
	})
}
