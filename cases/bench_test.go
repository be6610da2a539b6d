package cases_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// benchCentre is a directory with opening hours, as the times of a case are worked out from them.
const benchCentre = `
country: FI
time_zone: Europe/Helsinki
pbxs: [{id: pbx, addresses: 192.0.2.10}]
calendars:
  - {id: office, week: [{days: mon-fri, hours: [08:00-12:00, 13:00-16:00]}], exceptions: [{date: 12-24..12-26}]}
services: [{id: hotline, list: callbacks, numbers: +35893100100}]
lists: [{id: callbacks, hours: office}]
`

func openBench(b *testing.B, o store.Options) (*cases.Cases, *store.Store) {
	b.Helper()
	st, err := store.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	dir := parse(b, benchCentre)
	c, err := cases.New(st, func() *directory.Directory { return dir }, cases.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return c, st
}

// benchCalls makes all events of n service calls from the given one on; three of ten are missed.
func benchCalls(first, n int) [][]*sip.Event {
	all := make([][]*sip.Event, n)
	for i := range all {
		k := first + i
		id := strconv.FormatUint(uint64(k)*0x9e3779b97f4a7c15, 36)
		from := float64(k) / 100
		number := sip.Number(358401000000 + k*7919%1_000_003 + k/1_000_003*1_000_003)
		start := rings(id, number, "hotline", from)
		if k%10 < 3 {
			all[i] = []*sip.Event{start, benchMissed(id, number, from)}
			continue
		}
		end := served(id, number, "hotline", from, from+60)
		agent := func(kind sip.EventKind) *sip.Event {
			return &sip.Event{Kind: kind, At: end.At, Call: start.Call, Agent: anna, Number: number}
		}
		all[i] = []*sip.Event{start, agent(sip.AgentRinging), agent(sip.AgentAnswered), agent(sip.AgentLeft), end}
	}
	return all
}

// benchMissed is a missed call with the Call-IDs and the evidence of three legs, as a PBX's queue makes.
func benchMissed(id string, n sip.Number, from float64) *sip.Event {
	ev := gone(id, n, "hotline", from, from+30, sip.AbandonedWaiting)
	c := ev.Call
	c.CallIDs, c.Evidence = nil, nil
	for leg := range 3 {
		callID := fmt.Sprintf("%s-%d-ab5c-414f-a849-79c413dabeae@198.51.100.50", id, leg)
		c.CallIDs = append(c.CallIDs, callID)
		for i, what := range []string{"agent INVITE", "agent alerted", "agent CANCEL"} {
			c.Evidence = append(c.Evidence, sip.Evidence{At: at(from + float64(i)), CallID: callID, What: what, Cause: -1, Agent: anna})
		}
	}
	return ev
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkReplay is the part of the cases in a replay of 100 000 calls, 30 000 of them missed, in
// memory.
func BenchmarkReplay(b *testing.B) {
	const calls, portion = 100_000, 2000
	var used time.Duration
	for b.Loop() {
		c, st := openBench(b, store.Options{InMemory: true})
		opened := 0
		for first := 0; first < calls; first += portion {
			part := benchCalls(first, portion)
			before := cpuTime()
			for _, events := range part {
				for _, ev := range events {
					c.Submit(ev, func(changes []cases.Change, err error) {
						if err != nil {
							b.Error(err)
						}
						opened += len(changes)
					})
				}
			}
			used += cpuTime() - before
		}
		if opened != calls*3/10 {
			b.Fatalf("%d cases", opened)
		}
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/replay")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N)/(calls*0.3), "cpu-µs/case")
}

// BenchmarkOpened opens 2400 cases per second durably, with a window of 20 ms, and says what processor
// time a case takes, from the event to the disk, all that Badger does in the background included. The
// events of the calls that were served run beside it, as of 8000 calls per second in all. b.N is the
// number of calls.
func BenchmarkOpened(b *testing.B) {
	const perSecond, portion = 8000, 160 // calls; a portion takes 20 ms
	c, st := openBench(b, store.Options{Dir: b.TempDir(), Window: 20 * time.Millisecond})
	var wg sync.WaitGroup
	done := func(_ []cases.Change, err error) {
		if err != nil {
			b.Error(err)
		}
		wg.Done()
	}
	var making time.Duration // what it takes to make the events
	before := cpuTime()
	b.ResetTimer()
	began := time.Now()
	for first := 0; first < b.N; first += portion {
		m := cpuTime()
		part := benchCalls(first, portion)
		making += cpuTime() - m
		for i, events := range part {
			if i%80 == 0 {
				time.Sleep(time.Until(began.Add(time.Duration(first+i) * time.Second / perSecond))) // the rate is the point
			}
			for _, ev := range events {
				wg.Add(1)
				c.Submit(ev, done)
			}
		}
	}
	wg.Wait()
	b.StopTimer()
	opened := float64(c.Open()["callbacks"])
	b.ReportMetric(float64((cpuTime()-before-making).Nanoseconds())/1000/opened, "cpu-µs/case")
	b.ReportMetric(opened/b.Elapsed().Seconds(), "cases/s")
	s := st.Stats()
	b.ReportMetric(float64(s.Commands)/float64(s.Commits), "commands/commit")
	b.ReportMetric(float64(s.Keys)/opened, "keys/case")
	b.ReportMetric(float64(s.Bytes)/opened, "B/case")
}

// BenchmarkPage reads pages of a list in its middle while cases are opened. RINGBACK_CASES=1000000 says
// how many are open.
func BenchmarkPage(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("RINGBACK_CASES"))
	if err != nil {
		n = 20_000
	}
	c, _ := openBench(b, store.Options{Dir: b.TempDir(), Window: 20 * time.Millisecond})
	var wg sync.WaitGroup
	submit := func(first, calls int) {
		for _, events := range benchCalls(first, calls) {
			for _, ev := range events {
				wg.Add(1)
				c.Submit(ev, func([]cases.Change, error) { wg.Done() })
			}
		}
	}
	const portion = 10_000
	first := 0
	for ; first*3/10 < n; first += portion {
		submit(first, portion)
	}
	wg.Wait()
	cursor := ""
	for range n / 2 / 500 {
		page, err := c.List(cases.Query{Lists: []string{"callbacks"}, State: cases.Open, Limit: 500, Cursor: cursor})
		if err != nil {
			b.Fatal(err)
		}
		cursor = page.Next
	}
	var took []time.Duration
	for b.Loop() {
		submit(first, 10)
		first += 10
		began := time.Now()
		page, err := c.List(cases.Query{Lists: []string{"callbacks"}, State: cases.Open, Limit: 50, Cursor: cursor})
		took = append(took, time.Since(began))
		if err != nil || len(page.Cases) != 50 {
			b.Fatalf("%d cases, %v", len(page.Cases), err)
		}
	}
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
