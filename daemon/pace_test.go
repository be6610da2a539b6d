package daemon

import (
	"testing"
	"time"
)

func TestABusyDaemonIndexesNowAndThen(t *testing.T) {
	t.Parallel()
	var p pace
	now, scanned := time.Unix(1_800_000_000, 0), uint64(0)
	indexed := 0
	second := func(messages uint64) {
		now, scanned = now.Add(time.Second), scanned+messages
		p.look(now, scanned)
		for range 4 {
			if !p.waits(now) {
				indexed++
			}
		}
	}
	for range 60 {
		second(busyAt / 2)
	}
	if indexed != 60*4 {
		t.Errorf("a daemon at work lets the index go on %d times in 240", indexed)
	}
	indexed = 0
	for range 60 {
		second(2 * busyAt)
	}
	if indexed < 4 || indexed > 6 {
		t.Errorf("a busy one does %d times in a minute", indexed)
	}
	indexed = 0
	second(100)
	if indexed != 4 {
		t.Error("it still waits when it is quiet again")
	}
}
