package phone

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestNothingLeaks makes ten thousand calls that end in every way, and looks at what is left.
func TestNothingLeaks(t *testing.T) {
	const warm, calls, atOnce = 1000, 10000, 50
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		var turn int
		var mu sync.Mutex
		pbx := newEndpoint(t, n, EndpointOptions{MaxCalls: 2 * atOnce, CallRate: 1e6, Incoming: func(c *Call) {
			mu.Lock()
			turn++
			how := turn % 5
			mu.Unlock()
			_ = c.Ring(t.Context())
			time.Sleep(time.Second)
			switch how {
			case 0:
				_ = c.Reject(Response{StatusCode: 486})
			case 1: // the caller cancels
				<-c.Done()
			case 2: // the callee hangs up
				_ = c.Answer(t.Context(), newMedia("callee"))
			default:
				_ = c.Answer(t.Context(), newMedia("callee"))
				<-c.Done()
			}
		}})
		e := newEndpoint(t, n, EndpointOptions{MaxCalls: 2 * atOnce, Accounts: trunkTo(pbx)})
		run := func(count int) {
			todo := make(chan struct{}, count)
			for range count {
				todo <- struct{}{}
			}
			close(todo)
			var wg sync.WaitGroup
			for range atOnce {
				wg.Go(func() {
					for range todo {
						c, err := e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller"), RingTimeout: 5 * time.Second})
						if err == nil {
							time.Sleep(time.Second)
							_ = c.Hangup(t.Context())
						}
					}
				})
			}
			wg.Wait()
			time.Sleep(2 * time.Minute) // transactions live for 32 s after their calls
			synctest.Wait()
		}
		measure := func() (goroutines int, heap uint64) {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return runtime.NumGoroutine(), m.HeapAlloc
		}
		run(warm)
		goroutines, heap := measure()
		run(calls)
		goroutinesAfter, heapAfter := measure()
		if goroutinesAfter > goroutines {
			t.Errorf("%d goroutines, %d before", goroutinesAfter, goroutines)
		}
		if grown := int64(heapAfter) - int64(heap); grown > calls*100 {
			t.Errorf("the heap grew by %d bytes in %d calls", grown, calls)
		}
		for _, e := range []*Endpoint{e, pbx} {
			if e.Live() != 0 || len(e.calls) != 0 || len(e.invites) != 0 || len(e.limits.paces) > 1 {
				t.Errorf("left over: %d calls, %d dialogs, %d INVITEs", e.Live(), len(e.calls), len(e.invites))
			}
		}
		s := e.Stats()
		if s.Dialled != warm+calls || s.Ended["refused"] != (warm+calls)/5 || s.Ended["rang out"] != (warm+calls)/5 || s.Ended["hung up"] != 3*(warm+calls)/5 {
			t.Errorf("counted %+v", s)
		}
	})
}
