package daemon_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// notInARI are recordings of calls whose callers withhold their numbers, which Asterisk does not tell, and
// of one that got no channel.
var notInARI = []string{"j1_anonymous_with_pai", "j3_anonymous_cancel", "e5_unknown_number"}

func TestARIAloneGivesTheTruth(t *testing.T) {
	eachRecording(t, "ari", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		if slices.Contains(notInARI, filepath.Base(dir)) {
			return
		}
		check(t, want, filepath.Join(dir, "ari.jsonl.gz"))
	})
}

func TestMirrorAndARITogetherAreSureOfTheTruth(t *testing.T) {
	eachRecording(t, "ari", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		for _, capture := range []string{"hep.pcap.gz", "sip.pcap.gz"} {
			lines := check(t, want, filepath.Join(dir, capture), filepath.Join(dir, "ari.jsonl.gz"))
			for _, l := range lines {
				if l.Type == "call" && l.Verdict != "none" && l.Reason != "lost" && l.Confidence != "seen" {
					t.Errorf("%s: not sure of %+v", capture, l)
				}
			}
		}
	})
}

// notInAMI are recordings of calls that AMI does not tell enough of: those of notInARI, and one whose
// session timer ran out, which AMI reports as a normal end.
var notInAMI = append([]string{"f5_session_timer"}, notInARI...)

func TestAMIAloneGivesTheTruth(t *testing.T) {
	eachRecording(t, "ami", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		if slices.Contains(notInAMI, filepath.Base(dir)) {
			return
		}
		check(t, want, filepath.Join(dir, "ami.jsonl.gz"))
	})
}

func TestMirrorAndAMIMakeNoCallTwice(t *testing.T) {
	eachRecording(t, "ami", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		check(t, want, filepath.Join(dir, "hep.pcap.gz"), filepath.Join(dir, "ami.jsonl.gz"))
	})
}

func TestAllFeedsTogetherGiveTheTruth(t *testing.T) {
	eachRecording(t, "ari", func(t *testing.T, dir string, want *truth) {
		t.Helper()
		check(t, want, filepath.Join(dir, "hep.pcap.gz"), filepath.Join(dir, "ami.jsonl.gz"), filepath.Join(dir, "ari.jsonl.gz"))
	})
}

// eachRecording runs a test for each scenario of the laboratory that has a recording of a kind.
func eachRecording(t *testing.T, kind string, f func(t *testing.T, dir string, want *truth)) {
	t.Helper()
	files, err := filepath.Glob("../sip/testdata/captures/*/*/" + kind + ".jsonl.gz")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d recordings, %v", len(files), err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			f(t, dir, readTruth(t, filepath.Join(dir, "truth.json")))
		})
	}
}

// check replays files and compares with the truth.
func check(t *testing.T, want *truth, files ...string) []line {
	t.Helper()
	text, lines := replay(t, want.PBX, files...)
	checkCalls(t, want, lines)
	checkCases(t, want, lines)
	checkHints(t, lines)
	if t.Failed() {
		t.Log("\n" + text)
	}
	return lines
}
