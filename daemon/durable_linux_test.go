package daemon_test

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon"
	"ringback/daemon/bench"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/hep"
)

// BenchmarkDurable measures what the daemon does beside reading and watching: a million messages of a load, 100 000 a
// second, are handed to a watch alone, and then to the one of a whole daemon. more-s/M is what they cost the daemon
// more, in seconds of CPU, garbage collection and all that happens in the background included.
func BenchmarkDurable(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the program
	load := record(b, 1_000_000)
	for _, mode := range []struct {
		name     string
		api      bool
		journeys string
	}{{"cases", false, "all"}, {"cases and api", true, "all"}, {"cases, journeys of cases only", false, "cases"}, {"cases, no journeys", false, "off"}} {
		b.Run(mode.name, func(b *testing.B) {
			var alone, whole time.Duration
			for b.Loop() {
				alone += watchedAlone(b, load)
				whole += servedWhole(b, load, mode.api, mode.journeys)
			}
			each := 1e6 / float64(len(load.sent)) / float64(b.N)
			b.ReportMetric(alone.Seconds()*each, "watch-s/M")
			b.ReportMetric((whole-alone).Seconds()*each, "more-s/M")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// recorded is a load outside of Go's memory, which would otherwise have less garbage to collect than a daemon has.
type recorded struct {
	bytes []byte
	sent  []sent
	peers []netip.AddrPort
}

// sent is one message: when, between whom, and where its bytes end.
type sent struct {
	at       int64
	end      int
	src, dst int32
}

func record(b *testing.B, n int) *recorded {
	b.Helper()
	bytes, err := unix.Mmap(-1, 0, n<<10, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = unix.Munmap(bytes) })
	r := &recorded{bytes: bytes[:0]}
	known := map[netip.AddrPort]int32{}
	peer := func(a netip.AddrPort) int32 {
		i, ok := known[a]
		if !ok {
			i = int32(len(r.peers))
			known[a], r.peers = i, append(r.peers, a)
		}
		return i
	}
	l := bench.NewLoad(n, 100_000)
	for range n {
		p, ok := l.Next()
		if !ok || len(r.bytes)+len(p.Payload) > cap(r.bytes) {
			b.Fatal("the load has no room")
		}
		r.bytes = append(r.bytes, p.Payload...)
		r.sent = append(r.sent, sent{p.Time.UnixNano(), len(r.bytes), peer(p.Src), peer(p.Dst)})
	}
	return r
}

// play hands the load over as a feed would, a millisecond's packets at a time, and returns the CPU time that took.
func (r *recorded) play(b *testing.B, handle func([]hep.Received), events *atomic.Int64) time.Duration {
	b.Helper()
	runtime.GC()
	before := cpuOf(b)
	var batch []hep.Received
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i, from := 0, 0; i < len(r.sent); {
		now := <-tick.C
		for batch = batch[:0]; i < len(r.sent) && len(batch) < 256 && r.sent[i].at <= int64(now.Sub(began)); i++ {
			s := &r.sent[i]
			batch = append(batch, hep.Received{Arrival: now, Packet: sip.Packet{
				Time: began.Add(time.Duration(s.at)), Src: r.peers[s.src], Dst: r.peers[s.dst], Transport: sip.UDP, Agent: 2001, Payload: r.bytes[from:s.end],
			}})
			from = s.end
		}
		if len(batch) > 0 {
			handle(batch)
		}
	}
	for last := int64(-1); last != events.Load(); time.Sleep(100 * time.Millisecond) {
		last = events.Load()
	}
	return cpuOf(b) - before
}

func cpuOf(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func benchDirectory(b *testing.B) *directory.File {
	b.Helper()
	f, err := directory.Parse("bench", []byte(bench.Directory()))
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func watchedAlone(b *testing.B, load *recorded) time.Duration {
	b.Helper()
	dir, err := directory.New(benchDirectory(b))
	if err != nil {
		b.Fatal(err)
	}
	var events atomic.Int64
	w, err := daemon.NewWatching(dir, sip.Options{}, func(*sip.Event) { events.Add(1) })
	if err != nil {
		b.Fatal(err)
	}
	return load.play(b, w.Handle, &events)
}

func servedWhole(b *testing.B, load *recorded, api bool, journeys string) time.Duration {
	b.Helper()
	c := configs.Default()
	c.DataDir, c.Hints.Enabled = b.TempDir(), false
	c.Web.Listen, c.Admin.Listen, c.Admin.Socket = "", "", ""
	if api {
		c.Web.Listen = "127.0.0.1:0"
	}
	c.HEP.UDP, c.HEP.TCP, c.Store.Journeys = nil, nil, journeys
	k, err := daemon.OpenKeeper(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	_, version, err := k.Directory(b.Context())
	if err == nil {
		_, err = k.SetDirectory(b.Context(), directory.Format(benchDirectory(b)), version)
	}
	if err := errors.Join(err, k.Close()); err != nil {
		b.Fatal(err)
	}
	var events atomic.Int64
	d, err := daemon.New(b.Context(), daemon.Options{Config: c, Observe: func(*sip.Event, []cases.Change, []assist.Hint) { events.Add(1) }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	time.Sleep(200 * time.Millisecond) // for all that a start does
	used := load.play(b, d.Handle, &events)
	stop()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return used
}
