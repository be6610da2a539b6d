package daemon_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ringback/daemon"
)

// truth is what the program that drove a scenario did, as its truth.json says.
type truth struct {
	PBX   string `json:"pbx"`
	Calls []struct {
		N                 int
		Direction, Caller string
		Called            string
		Agent             *string
		CalleeE164        string `json:"callee_e164"`
		Withheld          bool
		Expected          struct {
			Verdict string
			Reasons []string
		}
	}
	Cases []struct {
		Number     string
		FinalState string `json:"final_state"`
		ClosedBy   string `json:"closed_by_agent"`
	} `json:"expected_cases"`
}

// line is any line that a replay prints.
type line struct {
	Type, Event                               string
	CallIDs                                   []string `json:"call_ids"`
	Direction, Service, Caller, Callee, Agent string
	Verdict, Reason, Confidence               string
	Started, Ended, At                        *string
	Case, List, Number                        string
}

// unreadable are captures whose phones' signalling is encrypted on the wire: what the wire alone
// shows is a missed call, and it must say that it is not sure.
var unreadable = []string{"asterisk/p3_tls_agent/sip"}

func TestEveryCaptureGivesItsTruthThroughMirrorAndWire(t *testing.T) {
	files, err := filepath.Glob("../sip/testdata/captures/*/*/*.pcap.gz")
	if err != nil || len(files) < 100 {
		t.Fatalf("found %d captures, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "../sip/testdata/captures/"), ".pcap.gz")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := readTruth(t, filepath.Join(filepath.Dir(file), "truth.json"))
			text, lines := replay(t, want.PBX, file)
			if slices.Contains(unreadable, name) {
				for _, l := range lines {
					if l.Type == "call" && l.Verdict != "none" && l.Confidence != "inferred" {
						t.Errorf("sure of what cannot be seen: %+v", l)
					}
				}
				return
			}
			checkCalls(t, want, lines)
			checkCases(t, want, lines)
			checkHints(t, lines)
			for _, c := range want.Calls {
				if c.Withheld && strings.Contains(text, strings.TrimPrefix(c.Caller, "+358")) {
					t.Errorf("the withheld number %s is in the output:\n%s", c.Caller, text)
				}
			}
			if t.Failed() {
				t.Log("\n" + text)
			}
		})
	}
}

func readTruth(t *testing.T, path string) *truth {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var w truth
	if err := json.Unmarshal(b, &w); err != nil {
		t.Fatal(err)
	}
	return &w
}

// replay runs files through the front door.
func replay(t *testing.T, pbx string, files ...string) (string, []line) {
	t.Helper()
	var out bytes.Buffer
	err := daemon.Replay(t.Context(), daemon.ReplayOptions{
		Directory: "../configs/examples/" + pbx + "-lab.yaml", Files: files, JSON: true, Out: &out, Warn: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	for text := range strings.Lines(out.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, l)
	}
	return out.String(), lines
}

func checkCalls(t *testing.T, want *truth, lines []line) {
	t.Helper()
	var calls []line
	for _, l := range lines {
		if l.Type == "call" {
			calls = append(calls, l)
		}
	}
	for _, w := range want.Calls {
		caller, agent := w.Caller, ""
		if w.Withheld {
			caller = "anonymous"
		}
		if w.Agent != nil {
			agent = *w.Agent
		}
		i := slices.IndexFunc(calls, func(l line) bool {
			return l.Direction == w.Direction && l.Caller == caller && l.Agent == agent && l.Verdict == w.Expected.Verdict &&
				(len(w.Expected.Reasons) == 0 || slices.Contains(w.Expected.Reasons, l.Reason)) &&
				(w.CalleeE164 == "" || l.Callee == w.CalleeE164)
		})
		if i < 0 {
			t.Errorf("no call line as %+v", w)
			continue
		}
		calls = slices.Delete(calls, i, i+1)
	}
	for _, l := range calls {
		if l.Verdict != "none" {
			t.Errorf("a call nobody made: %+v", l)
		}
	}
}

func checkCases(t *testing.T, want *truth, lines []line) {
	t.Helper()
	type state struct {
		open bool
		by   string
	}
	got := map[string]state{}
	for _, l := range lines {
		if l.Type != "case" {
			continue
		}
		switch l.Event {
		case "opened", "reopened":
			got[l.Number] = state{open: true}
		case "closed":
			got[l.Number] = state{by: l.Agent}
		}
	}
	for _, w := range want.Cases {
		s, ok := got[w.Number]
		switch {
		case !ok:
			t.Errorf("no case for %s", w.Number)
		case s.open != (w.FinalState == "open"):
			t.Errorf("the case of %s: open %v, want %s", w.Number, s.open, w.FinalState)
		case w.ClosedBy != "" && s.by != w.ClosedBy:
			t.Errorf("the case of %s was closed by %q, want %q", w.Number, s.by, w.ClosedBy)
		}
		delete(got, w.Number)
	}
	for n := range got {
		t.Errorf("a case for %s that nobody expected", n)
	}
}

// checkHints says that every hint raised is taken away again, and that whoever closed a case by
// dialling had a hint of it.
func checkHints(t *testing.T, lines []line) {
	t.Helper()
	up := map[[2]string]int{}
	raised := map[[2]string]bool{}
	for _, l := range lines {
		k := [2]string{l.Agent, l.Case}
		switch {
		case l.Type == "hint" && l.Event == "raised":
			up[k]++
			raised[k] = true
		case l.Type == "hint" && l.Event == "withdrawn":
			up[k]--
		case l.Type == "hint" && l.Event == "confirmed" && up[k] != 1:
			t.Errorf("confirmed and not there: %+v", l)
		}
	}
	for k, n := range up {
		if n != 0 {
			t.Errorf("the hint %v is left %d times", k, n)
		}
	}
	for _, l := range lines {
		if l.Type == "case" && l.Event == "closed" && l.Agent != "" && !raised[[2]string{l.Agent, l.Case}] {
			t.Errorf("agent %s had no hint of case %s", l.Agent, l.Case)
		}
	}
}
