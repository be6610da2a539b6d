package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/assist"
	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/hep"
	"ringback/store"
)

// mirrors are all captures of HEP.
func mirrors(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../sip/testdata/captures/*/*/hep.pcap.gz")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d captures, %v", len(files), err)
	}
	return files
}

// titled is a capture's name in short.
func titled(file string) string {
	dir := filepath.Dir(file)
	return filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
}

// labOf is the directory of the lab that a capture is of.
func labOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), `"pbx": "kamailio"`) {
		return "../configs/examples/kamailio-lab.yaml"
	}
	return "../configs/examples/asterisk-lab.yaml"
}

// packets are all packets of a capture, as they reached us.
func packets(t *testing.T, file string) []hep.Received {
	t.Helper()
	r, err := capture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []hep.Received
	for {
		var p hep.Received
		err := r.Next(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Payload = slices.Clone(p.Payload)
		p.CorrelationID, p.CaptureName = nil, nil
		all = append(all, p)
	}
}

// stage is what a daemon does between its sockets and its listeners, by the clock of a test.
type stage struct {
	t      *testing.T
	store  *store.Store
	behind *behind
	watch  *watch
	cases  *cases.Cases
	out    bytes.Buffer
	now    time.Time
}

func newStage(t *testing.T, lab string, o store.Options) *stage {
	t.Helper()
	dir, err := loadDirectory(lab)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t}
	if s.store, err = store.Open(o); err != nil {
		t.Fatal(err)
	}
	current := func() *directory.Directory { return dir }
	s.behind = newBehind(s.store, filepath.Join(o.Dir, "live"))
	if s.cases, err = cases.New(s.store, current, cases.Options{}); err != nil {
		t.Fatal(err)
	}
	p := newPrinter(&s.out, true)
	f := &flow{cases: s.cases, assist: assist.New(assist.Options{Directory: current}), tell: p.told}
	s.watch, err = newWatch(dir.Plan(), sip.Options{}, func(ev *sip.Event, at time.Time) { f.apply(&caused{ev: ev.Clone(), arrival: at}) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play lets packets come in as they came in then, in batches, with the timers running between.
func (s *stage) play(all []hep.Received, batches *rand.Rand) {
	for len(all) > 0 {
		n := min(len(all), 1+batches.IntN(8))
		for n > 1 && all[n-1].Arrival.Sub(all[0].Arrival) > tickEvery {
			n--
		}
		s.until(all[n-1].Arrival, tickEvery)
		s.watch.handle(all[:n])
		all = all[n:]
	}
}

// until lets time pass.
func (s *stage) until(at time.Time, step time.Duration) {
	if s.now.IsZero() || at.Sub(s.now) > time.Hour*24 {
		s.now = at
	}
	for ; s.now.Before(at); s.now = s.now.Add(step) {
		s.watch.tick(s.now)
	}
}

// rest lets time pass until every timer that a replay waits for has run out.
func (s *stage) rest() { s.until(s.now.Add(70*time.Minute), time.Second) }

func replayed(t *testing.T, lab, file string) string {
	t.Helper()
	var out bytes.Buffer
	if err := Replay(t.Context(), ReplayOptions{Directory: lab, Files: []string{file}, JSON: true, Out: &out, Warn: func(string) {}}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// seeded are the batches of a test, the same in each run.
func seeded(file string) *rand.Rand {
	var seed [32]byte
	copy(seed[:], titled(file))
	return rand.New(rand.NewChaCha8(seed))
}

func TestLiveTellsWhatReplayPrints(t *testing.T) {
	for _, file := range mirrors(t) {
		t.Run(titled(file), func(t *testing.T) {
			t.Parallel()
			lab := labOf(t, file)
			s := newStage(t, lab, store.Options{InMemory: true})
			defer s.store.Close()
			s.play(packets(t, file), seeded(file))
			s.rest()
			want := replayed(t, lab, file)
			rest, ok := strings.CutPrefix(want, s.out.String())
			if !ok {
				t.Fatalf("- replay\n+ live\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(s.out.String(), "\n")))
			}
			// Only the end of the file ends a call that goes on.
			for line := range strings.Lines(rest) {
				if !strings.Contains(line, `"still_live"`) && !strings.Contains(line, `"withdrawn"`) {
					t.Errorf("live does not tell: %s", line)
				}
			}
		})
	}
}

// verdictsOf is what a text tells of calls and cases, less some fields: who called whom and what
// became of it.
func verdictsOf(text string, less ...string) []string {
	var out []string
	for line := range strings.Lines(text) {
		for _, field := range less {
			line = without(line, field)
		}
		if strings.Contains(line, `"type":"hint"`) || strings.Contains(line, `"still_live"`) {
			continue
		}
		out = append(out, strings.TrimSpace(line))
	}
	slices.Sort(out)
	return out
}

// without cuts a field of one value out of a JSON line.
func without(line, field string) string {
	begin := strings.Index(line, `,"`+field+`":`)
	if begin < 0 {
		return line
	}
	end := begin + 1
	for depth := false; end < len(line) && (depth || line[end] != ',' && line[end] != '}'); end++ {
		if line[end] == '"' {
			depth = !depth
		}
	}
	return line[:begin] + line[end:]
}

func TestAWrongClockChangesNoVerdict(t *testing.T) {
	hour := func(sign time.Duration) func(int, int, time.Duration, *hep.Received) time.Duration {
		return func(int, int, time.Duration, *hep.Received) time.Duration { return sign * time.Hour }
	}
	step := func(by time.Duration) func(int, int, time.Duration, *hep.Received) time.Duration {
		return func(i, n int, _ time.Duration, _ *hep.Received) time.Duration {
			if i > n/2 {
				return by
			}
			return 0
		}
	}
	wrong := map[string]func(i, n int, since time.Duration, p *hep.Received) time.Duration{
		"an hour ahead":         hour(1),
		"an hour behind":        hour(-1),
		"drifting by a percent": func(_, _ int, since time.Duration, _ *hep.Received) time.Duration { return since / 100 },
		"stepped forward":       step(time.Hour),
		"stepped back":          step(-time.Hour),
		"two agents of different skew": func(_, _ int, _ time.Duration, p *hep.Received) time.Duration {
			return time.Duration(p.Agent%7)*time.Minute - 3*time.Minute
		},
	}
	for _, file := range mirrors(t) {
		t.Run(titled(file), func(t *testing.T) {
			t.Parallel()
			lab := labOf(t, file)
			timed := []string{"started", "ended", "at", "case", "confidence"}
			want := verdictsOf(replayed(t, lab, file), timed...)
			all := packets(t, file)
			for name, skew := range wrong {
				skewed := slices.Clone(all)
				for i := range skewed {
					p := &skewed[i]
					p.Time = p.Time.Add(skew(i, len(all), p.Arrival.Sub(all[0].Arrival), p))
				}
				s := newStage(t, lab, store.Options{InMemory: true})
				s.play(skewed, seeded(file))
				s.rest()
				if diff := cmp.Diff(want, verdictsOf(s.out.String(), timed...)); diff != "" {
					t.Errorf("%s (- right clock, + wrong clock)\n%s", name, diff)
				}
				if strings.HasPrefix(name, "an hour") {
					for _, k := range s.watch.skews() {
						if k.Offset.Abs().Round(time.Second) != time.Hour || (k.Offset > 0) != (name == "an hour ahead") {
							t.Errorf("%s: skew of agent %d told as %s", name, k.CaptureAgent, k.Offset)
						}
					}
				}
				s.store.Close()
			}
		})
	}
}

// TestARestartChangesNoVerdict cuts calls in two: the first half is watched by one process, the second
// by another on the same store.
func TestARestartChangesNoVerdict(t *testing.T) {
	for _, name := range []string{
		"asterisk/a1_answered_customer_bye", "asterisk/b1_cancel_while_ringing", "asterisk/b2_cancel_ringgroup",
		"asterisk/c1_abandon_in_queue", "asterisk/d1_queue_timeout", "asterisk/g1_agent_calls_back_answered",
		"asterisk/g2_agent_calls_back_busy", "asterisk/g3_agent_calls_back_noanswer", "asterisk/h1_customer_calls_again",
		"asterisk/i1_blind_transfer", "asterisk/i2_blind_transfer_no_answer", "asterisk/k1_hold_by_agent", "asterisk/x1_pbx_crash",
		"kamailio/k1_answered_customer_bye", "kamailio/k3_cancel", "kamailio/k10_agent_calls_back", "kamailio/k7_bye_cause41",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "../sip/testdata/captures/" + name + "/hep.pcap.gz"
			lab := labOf(t, file)
			all := packets(t, file)
			want := verdictsOf(replayed(t, lab, file), "confidence")
			const cuts = 5
			for i := range cuts {
				cut := (i*len(all) + len(all)/2) / cuts
				text := interrupted(t, lab, file, all, cut)
				if diff := cmp.Diff(want, verdictsOf(text, "confidence")); diff != "" {
					t.Errorf("restarted after %d of %d messages (- undisturbed, + restarted)\n%s\n%s", cut, len(all), diff, text)
				}
			}
		})
	}
}

// interrupted plays a capture with a restart after so many messages.
func interrupted(t *testing.T, lab, file string, all []hep.Received, cut int) string {
	t.Helper()
	o := store.Options{Dir: t.TempDir(), MemTable: 1 << 20, Reserve: -1}
	first := newStage(t, lab, o)
	batches := seeded(file)
	first.play(all[:cut], batches)
	stopped := all[0].Arrival
	if cut > 0 {
		stopped = all[cut-1].Arrival
	}
	if err := errors.Join(first.behind.write(first.watch, stopped), first.store.Close()); err != nil {
		t.Fatal(err)
	}

	second := newStage(t, lab, o)
	_, bad, seen, err := second.behind.restore(second.watch)
	if err != nil || bad > 0 || !seen.Equal(stopped) {
		t.Fatalf("restored: %d unreadable, last seen %s (stopped %s), %v", bad, seen, stopped, err)
	}
	changes, err := second.cases.Resume(t.Context(), second.watch.live(1000), stopped)
	if err != nil || len(changes) > 0 {
		t.Errorf("resumed after %d: %v, %v", cut, changes, err)
	}
	second.play(all[cut:], batches)
	second.rest()
	if err := second.store.Close(); err != nil { // which waits for all that is under way
		t.Fatal(err)
	}
	return fmt.Sprint(first.out.String(), second.out.String())
}

// TestManyLiveCallsAreWrittenBehind keeps more live calls than one segment holds.
func TestManyLiveCallsAreWrittenBehind(t *testing.T) {
	t.Parallel()
	const file, calls = "../sip/testdata/captures/kamailio/k3_cancel/hep.pcap.gz", 20_000
	o := store.Options{Dir: t.TempDir(), MemTable: 4 << 20, Reserve: -1}
	first := newStage(t, labOf(t, file), o)
	all := packets(t, file)
	invite := all[slices.IndexFunc(all, func(p hep.Received) bool { return bytes.HasPrefix(p.Payload, []byte("INVITE ")) })]
	for i := range calls {
		p := invite
		p.Payload = bytes.Replace(p.Payload, []byte("Call-ID: "), fmt.Appendf(nil, "Call-ID: %d-", i), 1)
		first.watch.handle([]hep.Received{p})
	}
	first.watch.tick(invite.Arrival.Add(time.Second)) // calls of one number are told once it is clear that they are several
	live := len(first.watch.live(calls + 1))
	if err := errors.Join(first.behind.write(first.watch, invite.Arrival), first.store.Close()); err != nil {
		t.Fatal(err)
	}
	second := newStage(t, labOf(t, file), o)
	defer second.store.Close()
	if _, bad, _, err := second.behind.restore(second.watch); err != nil || bad > 0 {
		t.Fatal(bad, err)
	}
	if got := len(second.watch.live(calls + 1)); live < calls || got != live {
		t.Errorf("%d live calls of %d are back", got, live)
	}
}
