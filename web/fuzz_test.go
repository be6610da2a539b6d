package web

import (
	"strings"
	"testing"
	"time"

	"ringback/sip"
)

// FuzzAnIDResumesOnlyWhereItWasGiven: whatever a client sends, it goes on after an event that has this
// very id and is followed by all that is kept.
func FuzzAnIDResumesOnlyWhereItWasGiven(f *testing.F) {
	e := newEvents(time.Unix(1_800_000_000, 0), 8, 1<<20)
	for range 20 {
		e.Call(&sip.Event{Kind: sip.CallStarted, Call: &sip.Call{ID: "x"}})
	}
	for _, id := range []string{"", "-", e.id(0), e.id(11), e.id(12), e.id(20), e.id(21), e.epoch + "-+12", e.epoch + "-012", "A" + e.id(12)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		seq, reason := e.position(id)
		if reason != "" {
			return
		}
		if e.id(seq) != id || seq < 12 || seq > 20 {
			t.Fatalf("%q resumes after %d", id, seq)
		}
		events, _, ok := e.after(seq, make([]*event, 0, 64), true)
		if !ok || uint64(len(events)) != 20-seq {
			t.Fatalf("%q resumes with %d events, %v", id, len(events), ok)
		}
	})
}

// FuzzAuthorization: a header gives a token that can be one, or a complaint that does not repeat it.
func FuzzAuthorization(f *testing.F) {
	for _, header := range []string{"", "Bearer", "Bearer ", "bearer abc==", "Basic abc", "Bearer a b", "Bearer \x00", "Bearer a=b", "Bearer =="} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		presented, problem := bearer([]string{header})
		switch {
		case presented != "" && problem != "":
			t.Fatalf("%q is both good and bad", header)
		case presented != "" && (!isB64Token(presented) || !strings.HasSuffix(header, presented)):
			t.Fatalf("%q gives %q", header, presented)
		case len(header) > 12 && strings.Contains(problem, header[7:]):
			t.Fatalf("%q is repeated: %s", header, problem)
		}
	})
}

// FuzzTokensFile: any file is read whole or refused, and the error never tells a token.
func FuzzTokensFile(f *testing.F) {
	f.Add("a:" + secret + "\nb:sha256:" + digestOf(secret+"x"))
	f.Add("#\n\n:\n")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := parseTokens([]byte(text))
		if (err == nil) != (len(tokens) > 0) {
			t.Fatalf("%d tokens and %v", len(tokens), err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Fatalf("the error holds too much: %v", err)
		}
	})
}
