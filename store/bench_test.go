package store_test

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"ringback/store"
)

// caseSize is what PERF's measurements write: one record of about a kilobyte and three index keys.
const caseSize = 1024

func caseRecord() []byte {
	b := make([]byte, caseSize)
	_, _ = rand.Read(b)
	return b
}

// caseKeys are a record's key and those of its indexes.
func caseKeys(i uint64) [4][]byte {
	n := i * 0x9e3779b97f4a7c15
	return [4][]byte{
		store.Key("case", n),
		store.Key("list", "hotline", int64(i), n),
		store.Key("number", n>>20, "hotline"),
		store.Key("expires", int64(i), n),
	}
}

// BenchmarkSyncedWriters compares a synced case command each with a synced Badger transaction each,
// for 1, 16 and 64 writers that wait for their own. The two take turns of a tenth of a second, so
// that whatever else the machine does troubles both alike; x-badger is how many times as many
// commands per second the store does.
func BenchmarkSyncedWriters(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			plain, ours := badgerWriter(b), storeWriter(b)
			var was, is rate
			for b.Loop() {
				was.add(turn(b, writers, plain))
				is.add(turn(b, writers, ours))
			}
			b.ReportMetric(was.perSecond(), "badger/s")
			b.ReportMetric(is.perSecond(), "store/s")
			b.ReportMetric(is.perSecond()/was.perSecond(), "x-badger")
			b.ReportMetric(was.cpuPerOp(), "badger-cpu-µs/op")
			b.ReportMetric(is.cpuPerOp(), "store-cpu-µs/op")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// badgerWriter writes a record and its keys in a transaction of its own, as a program would that uses
// Badger directly.
func badgerWriter(b *testing.B) func(i uint64) error {
	b.Helper()
	db, err := badger.Open(badger.DefaultOptions(b.TempDir()).WithLogger(nil).WithSyncWrites(true))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	record := caseRecord()
	return func(i uint64) error {
		return db.Update(func(tx *badger.Txn) error {
			for n, k := range caseKeys(i) {
				v := record
				if n > 0 {
					v = nil
				}
				if err := tx.Set(k, v); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// storeWriter writes the same as one command.
func storeWriter(b *testing.B) func(i uint64) error {
	b.Helper()
	s, err := store.Open(store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	record := caseRecord()
	s.Handle("case", func(tx *store.Tx, c store.Command) (any, error) {
		for n, k := range caseKeys(c.Data.(uint64)) {
			v := record
			if n > 0 {
				v = nil
			}
			tx.Set(k, v)
		}
		return nil, nil
	})
	return func(i uint64) error {
		_, err := s.Do(b.Context(), store.Command{Kind: "case", Data: i})
		return err
	}
}

// rate is how much was done in how much time.
type rate struct {
	ops          uint64
	elapsed, cpu time.Duration
}

func (r *rate) add(o rate) { r.ops += o.ops; r.elapsed += o.elapsed; r.cpu += o.cpu }

func (r *rate) perSecond() float64 { return float64(r.ops) / r.elapsed.Seconds() }

func (r *rate) cpuPerOp() float64 { return float64(r.cpu.Microseconds()) / float64(r.ops) }

var nextCase atomic.Uint64

// turn lets the writers write for a tenth of a second.
func turn(b *testing.B, writers int, write func(uint64) error) rate {
	b.Helper()
	before := nextCase.Load()
	began, used := time.Now(), cpuTime()
	failed := make(chan error, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for time.Since(began) < 100*time.Millisecond {
				if err := write(nextCase.Add(1)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	return rate{nextCase.Load() - before, time.Since(began), cpuTime() - used}
}

// cpuTime is what the process used of the processors, in user and system.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
