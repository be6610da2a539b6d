package rtp

import (
	"testing"
	"testing/synctest"
	"time"
)

// ticked notes when it is ticked.
type ticked struct {
	every time.Duration
	until int // ticks
	at    []time.Time
}

func (s *ticked) tick(now time.Time) time.Duration {
	s.at = append(s.at, now)
	if len(s.at) == s.until {
		return 0
	}
	return s.every
}

func TestPacerTicksEachAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			p.run()
		}()
		start := time.Now()
		var all []*ticked
		for i := range 200 {
			one := &ticked{every: time.Duration(10+10*(i%6)) * time.Millisecond, until: 50}
			all = append(all, one)
			p.add(one)
		}
		slots := map[time.Duration]int{}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for i, one := range all {
			if len(one.at) != one.until {
				t.Fatalf("%d was ticked %d times", i, len(one.at))
			}
			first := one.at[0].Sub(start)
			slots[first]++
			if first > defaultPacket+wheelStep {
				t.Errorf("%d began after %v", i, first)
			}
			for j, at := range one.at {
				if want := one.at[0].Add(time.Duration(j) * one.every); !at.Equal(want) {
					t.Fatalf("%d was ticked %v late", i, at.Sub(want))
				}
			}
		}
		if len(slots) != int(defaultPacket/wheelStep) || slots[wheelStep*3] != 20 {
			t.Errorf("sessions are not spread evenly: %v", slots)
		}
		if !p.idle() {
			t.Error("ticks on for nobody")
		}
		// And begins again.
		late := &ticked{every: defaultPacket, until: 3}
		p.add(late)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(late.at) != 3 {
			t.Errorf("a later one was ticked %d times", len(late.at))
		}
		close(p.stop)
		<-ended
	})
}
