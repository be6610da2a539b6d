package web

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/assist"
	"ringback/cases"
	"ringback/sip"
)

func TestAReaderThatComesBackMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.publish("before")
		first := d.stream("")
		if m := first.must(); m.Comment != "hello" || m.ID == "" {
			t.Fatalf("the stream begins with %+v", m)
		}
		d.publish(numbered(1, 3)...)
		if diff := cmp.Diff(numbered(1, 3), first.calls(3)); diff != "" {
			t.Error(diff)
		}
		first.close()
		d.publish(numbered(4, 200)...)

		for _, second := range []*reader{d.stream("", "Last-Event-ID", first.id), d.stream("?last_event_id=" + first.id)} {
			second.must()
			if diff := cmp.Diff(numbered(4, 200), second.calls(197)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestAReaderThatLeavesBeforeTheFirstEventMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		first := d.stream("")
		first.must()
		first.close()
		d.publish("call-1")
		second := d.stream("", "Last-Event-ID", first.id)
		second.must()
		if diff := cmp.Diff(numbered(1, 1), second.calls(1)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnIDThatCannotBeResumedBeginsWithReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		earlier := newEvents(time.Now().Add(-time.Nanosecond), 10, 1<<20)
		d := open(t, Options{})
		d.server.events.maxEvents = 10
		d.stream("").must()
		d.publish(numbered(1, 30)...)
		own := d.server.events
		for id, reason := range map[string]string{
			earlier.id(5):                       "restarted",
			own.id(3):                           "too_old",
			own.id(19):                          "too_old",
			own.id(31):                          "unknown",
			own.epoch + "-":                     "unknown",
			own.epoch + "--1":                   "unknown",
			own.epoch + "-+1":                   "unknown",
			own.epoch + "-01":                   "unknown",
			own.epoch + "-99999999999999999999": "unknown",
			own.epoch:                           "unknown",
			"-1":                                "unknown",
			"zzzzzzzzzzzz-1":                    "unknown",
			"💥":                                 "unknown",
			"' OR 1=1":                          "unknown",
		} {
			r := d.stream("", "Last-Event-ID", id)
			m := r.must()
			if want := `{"type":"reset","reason":"` + reason + `"}`; m.Event != "reset" || m.Data != want || m.ID != own.id(30) {
				t.Errorf("after id %q the stream begins with %+v, want %s", id, m, want)
			}
			r.close()
		}
		r := d.stream("", "Last-Event-ID", own.id(20))
		r.must()
		if diff := cmp.Diff(numbered(21, 30), r.calls(10)); diff != "" {
			t.Error("the oldest id that can be resumed:", diff)
		}
	})
}

func TestAResetReaderGoesOnWithWhatHappensNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.publish("call-1")
		r := d.stream("", "Last-Event-ID", "nonsense")
		if m := r.must(); m.Event != "reset" {
			t.Fatalf("got %+v", m)
		}
		d.publish("call-2")
		if diff := cmp.Diff(numbered(2, 2), r.calls(1)); diff != "" {
			t.Error(diff)
		}
		if got := d.server.Events().Stats().Resets; got != 1 {
			t.Errorf("%d resets counted", got)
		}
	})
}

func TestIDsGrowOverRestarts(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	last := ""
	for n := range 50 {
		e := newEvents(start.Add(time.Duration(n)*31*24*time.Hour), 10, 1<<20)
		if id := e.id(1); id <= last {
			t.Errorf("%s after %s", id, last)
		} else {
			last = id
		}
	}
}

func TestAHeartbeatComesEveryFifteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		started := time.Now()
		// Longer than every timeout of the server.
		for n := range 40 {
			if m := r.must(); m.Comment != "heartbeat" || m.ID == "" {
				t.Fatalf("got %+v", m)
			}
			if got, want := time.Since(started), time.Duration(n+1)*15*time.Second; got != want {
				t.Fatalf("heartbeat %d after %v", n, got)
			}
		}
		d.publish("call-1")
		r.calls(1)
	})
}

func TestAKindNotWantedMovesTheIDButIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.maxEvents = 10
		r := d.stream("?kind=case,hint")
		r.must()
		for n := range 25 {
			d.publish(numbered(n, n)...)
			synctest.Wait()
		}
		if m := r.must(); m.Comment != "heartbeat" || m.ID != d.server.events.id(25) {
			t.Fatalf("got %+v", m)
		}
		r.close()
		again := d.stream("?kind=case,hint", "Last-Event-ID", r.id)
		if m := again.must(); m.Event == "reset" {
			t.Error("a reader of few kinds was reset by events of others")
		}
	})
}

func TestAReaderThatTakesNothingIsDroppedAndCanComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		id := r.id
		d.publish(numbered(1, 500)...) // more than lies between the server and the reader
		time.Sleep(writeTimeout + time.Second)
		if got := d.server.Events().Stats(); got.Dropped != 1 || got.Open != 0 {
			t.Fatalf("%d dropped, %d open", got.Dropped, got.Open)
		}
		again := d.stream("", "Last-Event-ID", id)
		again.must()
		if diff := cmp.Diff(numbered(1, 500), again.calls(500)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReaderOvertakenByTheRingIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.maxEvents = 100
		r := d.stream("")
		r.must()
		for range 20 {
			d.publish(numbered(1, 100)...)
			synctest.Wait()
		}
		for {
			m := r.must()
			if m.Event == "reset" {
				if m.ID != d.server.events.id(2000) {
					t.Errorf("reset to %s", m.ID)
				}
				break
			}
			if m.ID == d.server.events.id(2000) {
				t.Fatal("2000 events went through a ring of 100 without a reader")
			}
		}
		d.publish("call-1")
		r.calls(1)
	})
}

// TestEventsAreKeptForReadersWhoMayComeBack goes from the hour before the first reader to the one after the last.
func TestEventsAreKeptForReadersWhoMayComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.publish(numbered(1, 1000)...)
		if e := d.server.Events(); e.kept != 0 || e.Stats().Events != 1000 {
			t.Errorf("before there was any reader %d of %d events were kept", e.kept, e.Stats().Events)
		}
		first := d.stream("")
		if m := first.must(); m.ID != d.server.events.id(1000) {
			t.Fatalf("the stream begins with %+v", m)
		}
		first.close()
		synctest.Wait()
		time.Sleep(keptAlone)
		d.publish(numbered(1001, 1003)...)
		second := d.stream("", "Last-Event-ID", first.id)
		second.must()
		if diff := cmp.Diff(numbered(1001, 1003), second.calls(3)); diff != "" {
			t.Error(diff)
		}
		second.close()
		synctest.Wait()
		time.Sleep(keptAlone + 1)
		d.publish(numbered(1004, 1005)...)
		if e := d.server.Events(); e.kept != 0 {
			t.Errorf("%d events are kept for nobody", e.kept)
		}
		third := d.stream("", "Last-Event-ID", second.id)
		if m := third.must(); m.Event != "reset" || m.ID != d.server.events.id(1005) {
			t.Errorf("who comes back too late gets %+v", m)
		}
		d.publish("call-1006")
		third.calls(1)
	})
}

func TestTheRingIsBoundedInBytes(t *testing.T) {
	e := newEvents(time.Now(), 1000, 64<<10)
	for range 100 {
		e.Call(&sip.Event{Kind: sip.CallStarted, Call: &sip.Call{ID: "x", CallIDs: []string{strings.Repeat("c", 10_000)}}})
	}
	if e.kept != 3 || e.bytes > 64<<10 {
		t.Errorf("%d events of %d bytes kept", e.kept, e.bytes)
	}
	if _, reason := e.position(e.id(97)); reason != "" {
		t.Error("the oldest kept:", reason)
	}
	if _, reason := e.position(e.id(96)); reason != resetTooOld {
		t.Error("one before:", reason)
	}
}

func TestAStreamEndsWhenItsTokenIsRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		ours, theirs := d.stream(""), d.stream("", "Authorization", "Bearer "+secret+"2")
		ours.must()
		theirs.must()
		if err := os.WriteFile(d.tokens, []byte("crm:"+secret+"2"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.server.o.Tokens.Reload(); err != nil {
			t.Fatal(err)
		}
		if m, ok := ours.next(); ok {
			t.Errorf("a revoked token still gets %+v", m)
		}
		if m := theirs.must(); m.Comment != "heartbeat" {
			t.Errorf("another token gets %+v", m)
		}
	})
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		stopped := make(chan error, 1)
		started := time.Now()
		go func() { stopped <- d.server.Shutdown(t.Context()) }()
		if m := r.must(); m.Comment != "the server stops" {
			t.Errorf("got %+v", m)
		}
		if m, ok := r.next(); ok {
			t.Errorf("after the end comes %+v", m)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if waited := time.Since(started); waited > time.Second {
			t.Errorf("stopping took %v", waited)
		}
	})
}

func TestAReaderThatIsGoneLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		r := d.stream("")
		r.must()
		if got := d.server.Events().Stats().Open; got != 1 {
			t.Fatalf("%d streams open", got)
		}
		r.close()
		synctest.Wait()
		if got := d.server.Events().Stats().Open; got != 0 {
			t.Errorf("%d streams open", got)
		}
	})
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		d.server.events.streams.Store(maxStreams)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ringback/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		answer, err := d.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "Too many event streams") {
			t.Errorf("%d %s", answer.StatusCode, body)
		}
		d.server.events.streams.Store(0)
	})
}

func TestAHintReachesItsAgentAtOnceHoweverManyRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(time.Now(), 100, 1<<20)
		e.streams.Store(10_000) // so events are gathered for half a second
		type told struct {
			who, block string
			at         time.Time
		}
		got := make(chan told, 100)
		follow := func(who string) {
			s := &stream{
				events: e, prompt: make(chan struct{}, 1),
				look: func() (*sight, bool) { return &sight{agent: who, lists: map[string]bool{"support": true}}, true },
				to:   sender(func(b []byte) { got <- told{who, string(b), time.Now()} }),
			}
			e.enter(who, s)
			go s.run(t.Context().Done(), "")
		}
		follow("anna")
		follow("bertil")
		synctest.Wait()
		for len(got) > 0 {
			<-got // hello
		}
		change := cases.Change{Event: cases.Opened, Case: cases.Case{ID: "c", List: "support"}}
		e.Case(change) // after a quiet moment: at once
		time.Sleep(time.Millisecond)
		for len(got) > 0 {
			<-got
		}
		started := time.Now()
		e.Case(change)
		e.Hint(assist.Hint{Key: assist.Key{Agent: "anna", CallID: "call"}, Cases: []cases.Case{{ID: "c", List: "billing"}}})
		synctest.Wait()
		first := <-got
		if first.who != "anna" || !first.at.Equal(started) || !strings.Contains(first.block, "event: case") || !strings.Contains(first.block, "event: hint") {
			t.Errorf("at first %s is told %v later: %s", first.who, first.at.Sub(started), first.block)
		}
		second := <-got
		if second.who != "bertil" || second.at.Sub(started) > longestGather || second.at.Equal(started) || strings.Contains(second.block, "event: hint") {
			t.Errorf("then %s is told %v later: %s", second.who, second.at.Sub(started), second.block)
		}
		e.close()
	})
}

// sender is a wire that hands on what is sent.
type sender func([]byte)

func (s sender) send(b []byte) error {
	s(b)
	return nil
}
