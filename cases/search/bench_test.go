package search

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"ringback/directory"
	"ringback/sip"
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
			var each []time.Duration
			total := 0
			for b.Loop() {
				start := time.Now()
				page, err := x.Search(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				each, total = append(each, time.Since(start)), page.Total
			}
			slices.Sort(each)
			b.ReportMetric(float64(each[len(each)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(total), "found")
		})
	}
}

// centre is a directory with the lists of a crowd.
func centre(tb testing.TB) func() *directory.Directory {
	tb.Helper()
	f := &directory.File{Country: "FI", TimeZone: "Europe/Helsinki", PBXs: []directory.PBX{{ID: "pbx", CaptureIDs: []uint32{1}, Addresses: []sip.Host{{Net: netip.MustParsePrefix("10.0.0.1/32")}}}}}
	for _, id := range listIDs {
		f.Lists = append(f.Lists, directory.ListEntry{ID: id, Name: "List of " + id, Policy: directory.DefaultPolicy()})
	}
	f.Agents = append(f.Agents, directory.Agent{ID: "sari", Name: "Sari Mäki-Ahola", Extensions: []string{"201"}}, directory.Agent{ID: "pekka", Name: "Pekka Koivu", Extensions: []string{"202"}})
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return func() *directory.Directory { return d }
}
