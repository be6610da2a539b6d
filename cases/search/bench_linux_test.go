package search

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkSearch measures searches of all kinds over as many cases as RINGBACK_SEARCH_CASES says, by
// default 100 000, and says how long making the index took and what it weighs. docs/performance.md has
// what a million gave.
func BenchmarkSearch(b *testing.B) {
	size := 100_000
	if s := os.Getenv("RINGBACK_SEARCH_CASES"); s != "" {
		var err error
		if size, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	c := &crowd{size: size}
	dir := filepath.Join(b.TempDir(), "search")
	x, err := Open(Options{Dir: dir, Cases: c, Directory: centre(b), Changes: c.changes, End: c.end})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	began := time.Now()
	if err := x.catchUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	bytes, count := x.Size()
	fmt.Printf("%d cases indexed in %s, %.0f/s; %d MiB on the disk, %d MiB of heap\n",
		count, took.Round(time.Millisecond), float64(count)/took.Seconds(), bytes>>20, m.HeapInuse>>20)

	for _, q := range []Query{
		{Text: "040 123"},
		{Text: "+358 40"},
		{Text: "358-40…"},
		{Text: "4567"},
		{Text: "12"},
		{Text: "0401234567"},
		{Text: "virtanen"},
		{Text: "matti virtanen"},
		{Text: "v"},
		{Text: "mak"},
		{Text: "lask"},
		{Text: "tilaus 123456"},
		{Text: "lasku", Lists: listIDs[:1]},
		{Text: "tilaus"},
		{Text: "puhuttu"},
		{Text: "nothing like this"},
		{Text: "sales virtanen 040"},
		{Text: "12345"},
	} {
		if q.Lists == nil {
			q.Lists = listIDs
		}
		b.Run(fmt.Sprintf("%q/lists=%d", q.Text, len(q.Lists)), func(b *testing.B) {
			// What one thread spends says what a search costs, whatever else the machine does.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var each []time.Duration
			total, spent := 0, spentByThread(b)
			for b.Loop() {
				start := time.Now()
				page, err := x.Search(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				each, total = append(each, time.Since(start)), page.Total
			}
			b.ReportMetric(float64((spentByThread(b)-spent).Microseconds())/1000/float64(b.N), "cpu-ms")
			slices.Sort(each)
			b.ReportMetric(float64(each[len(each)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(total), "found")
		})
	}
}

// spentByThread is the processor time of this thread.
func spentByThread(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
