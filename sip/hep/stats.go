package hep

import "sync/atomic"

// Stats counts what a Server met since it was made. Its fields may be read at any time.
type Stats struct {
	Received  atomic.Uint64             // datagrams or frames, of all kinds
	Bytes     atomic.Uint64             // their bytes
	Delivered atomic.Uint64             // packets handed to the Handler
	Batches   atomic.Uint64             // reads that gave something
	Skipped   [NumReasons]atomic.Uint64 // packets not handed on, by Reason

	Connections atomic.Int64                   // open now
	Accepted    atomic.Uint64                  // connections ever accepted
	Closed      [NumCloseReasons]atomic.Uint64 // connections ended or refused, by CloseReason
}

// Socket is the state of a UDP socket in the kernel.
type Socket struct {
	ReadBuffer int    // bytes the kernel granted, by its own accounting (Linux doubles what is asked for)
	Queued     int    // bytes waiting to be read, in the same accounting
	Drops      uint64 // datagrams lost because the buffer was full
}

// tally collects the counts of one batch, so that the shared counters are touched once per read.
type tally struct {
	received, bytes, delivered uint64
	skipped                    [NumReasons]uint32
	anySkipped                 bool
}

func (t *tally) skip(r Reason) {
	t.skipped[r]++
	t.anySkipped = true
}

// addTo adds the tally to s and clears it.
func (t *tally) addTo(s *Stats) {
	s.Received.Add(t.received)
	s.Bytes.Add(t.bytes)
	s.Delivered.Add(t.delivered)
	s.Batches.Add(1)
	t.received, t.bytes, t.delivered = 0, 0, 0
	if !t.anySkipped {
		return
	}
	for r, n := range t.skipped {
		if n > 0 {
			s.Skipped[r].Add(uint64(n))
			t.skipped[r] = 0
		}
	}
	t.anySkipped = false
}
