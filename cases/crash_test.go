package cases

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// The test that kills a process runs this test binary again; the environment tells it that it is the
// one to be killed.
const victimEnv = "RINGBACK_CASES_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashes is how often a process is killed; RINGBACK_CRASHES=100 for the long run.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("RINGBACK_CRASHES")); err == nil {
		return n
	}
	return 5
}

// theCall is the i-th missed call: each of a customer of its own. Every third customer is called back
// and does not answer, every fifth calls again and is served.
func theCall(i int) []*sip.Event {
	n := sip.Number(358401000000 + i)
	from := noon.Add(time.Duration(i) * time.Second)
	missed := &sip.Call{
		ID: fmt.Sprintf("missed %d", i), Direction: sip.Inbound, Service: "a", List: "a", Caller: n, CallerID: n.String(),
		Verdict: sip.Missed, Reason: sip.Busy, Started: from, Ended: from.Add(time.Second), CallIDs: []string{fmt.Sprintf("%d@carrier", i)},
	}
	events := []*sip.Event{{Kind: sip.CallEnded, At: from.Add(3 * time.Second), Call: missed}}
	if i%3 == 0 {
		c := &sip.Call{
			ID: fmt.Sprintf("dialled %d", i), Direction: sip.Outbound, Callee: n, DialledBy: "101",
			Started: from.Add(4 * time.Second), Ended: from.Add(9 * time.Second), Result: sip.NoAnswer, CallIDs: []string{"out"},
		}
		events = append(events,
			&sip.Event{Kind: sip.AgentDialled, At: c.Started, Call: c, Agent: "101", Number: n},
			&sip.Event{Kind: sip.CallEnded, At: from.Add(11 * time.Second), Call: c})
	}
	if i%5 == 0 {
		c := *missed
		c.ID, c.Verdict, c.Reason, c.Agent = fmt.Sprintf("served %d", i), sip.Served, sip.ReasonNone, "101"
		c.Started, c.Ended = from.Add(20*time.Second), from.Add(60*time.Second)
		events = append(events, &sip.Event{Kind: sip.CallEnded, At: from.Add(62 * time.Second), Call: &c})
	}
	return events
}

// expected is what is left of the i-th customer when all of his events were applied.
func expected(i int) (state State, entries int) {
	state, entries = Open, 1
	if i%3 == 0 {
		entries += 3 // closed, attempted, reopened
	}
	if i%5 == 0 {
		state = Closed
		entries++
	}
	return state, entries
}

// victim applies all calls from the first on and prints the number of each that is on the disk whole,
// until it is killed.
func victim(dir string) error {
	f, err := directory.Parse("sim.yaml", []byte(simCentre))
	if err != nil {
		return err
	}
	d, err := directory.New(f)
	if err != nil {
		return err
	}
	st, err := store.Open(store.Options{Dir: dir, MemTable: 1 << 20, Window: time.Millisecond})
	if err != nil {
		return err
	}
	c, err := New(st, func() *directory.Directory { return d }, Options{})
	if err != nil {
		return err
	}
	room := make(chan struct{}, 64)
	for i := 0; ; i++ {
		events := theCall(i)
		for k, ev := range events {
			last := k == len(events)-1
			if last {
				room <- struct{}{}
			}
			c.Submit(ev, func(_ []Change, err error) {
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
				if last {
					fmt.Println(i)
					<-room
				}
			})
		}
	}
}

// TestAKilledDaemonLosesNoCaseAndDoublesNone kills a process that applies events, again and again, with
// signal 9 after a random number of acknowledgements. Each process tells all events from the first on
// once more.
func TestAKilledDaemonLosesNoCaseAndDoublesNone(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := -1 // the last call, as they are acknowledged in order
	for round := range crashes() {
		ctx, kill := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, exe)
		cmd.Env = append(os.Environ(), victimEnv+"="+dir)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until := acknowledged + 1 + rand.IntN(500)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			// The last line may be cut off; then it is too small and changes nothing.
			if i, err := strconv.Atoi(lines.Text()); err == nil {
				acknowledged = max(acknowledged, i)
			}
			if acknowledged >= until {
				kill()
			}
		}
		_ = cmd.Wait()
		kill()
		if acknowledged < until || complaints.Len() > 0 {
			t.Fatalf("round %d: it ended by itself: %s", round, complaints.String())
		}
		s := newSim(t, store.Options{Dir: dir, MemTable: 1 << 20})
		s.check()
		s.checkCalls(acknowledged)
		if err := s.st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkCalls looks at what is stored of every customer up to the last one acknowledged.
func (s *sim) checkCalls(last int) {
	s.t.Helper()
	perNumber := map[sip.Number][]*record{}
	err := s.st.View(func(snap *store.Snapshot) error {
		for _, value := range snap.Scan(store.Prefix(tableCase)) {
			r, err := decodeRecord(append([]byte(nil), value...))
			if err != nil {
				return err
			}
			perNumber[r.Number] = append(perNumber[r.Number], r)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range last + 1 {
		all := perNumber[sip.Number(358401000000+i)]
		state, entries := expected(i)
		if len(all) != 1 || all[0].Misses != 1 || all[0].State != state || all[0].Entries != uint64(entries) {
			s.t.Errorf("of call %d, which was acknowledged, %d cases are left: %+v", i, len(all), all)
		}
	}
	for n, all := range perNumber {
		if len(all) > 1 {
			s.t.Errorf("%d cases of %s", len(all), n)
		}
	}
}
