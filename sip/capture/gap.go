package capture

import (
	"slices"
	"time"
)

// keep stores a segment that came before its time.
func (st *streams) keep(s *stream, seq uint32, data []byte, now time.Time) {
	i, _ := slices.BinarySearchFunc(s.later, seq, func(l segment, seq uint32) int { return int(int32(l.seq - seq)) })
	if i < len(s.later) && s.later[i].seq == seq {
		if len(s.later[i].data) >= len(data) {
			st.d.skip(Retransmission)
			return
		}
		s.laterBytes -= len(s.later[i].data) + laterOverhead
		s.later = slices.Delete(s.later, i, i+1)
	}
	if len(s.later) == 0 && !slices.Contains(st.waiting, s) {
		s.gapSince, s.acked = now, false
		st.waiting = append(st.waiting, s)
	}
	s.later = slices.Insert(s.later, i, segment{seq, slices.Clone(data), now})
	s.laterBytes += len(data) + laterOverhead
	st.account(s)
	if s.laterBytes > maxLater {
		st.leap(s)
	}
}

// acknowledge notes that the other end of a stream has received more of it than was captured.
func (st *streams) acknowledge(f flow, ack uint32) {
	if s := st.byFlow[f]; s != nil && len(s.later) > 0 && int32(ack-s.next) > 0 {
		s.acked = true
	}
}

// sweep gives up waiting for bytes that have been missing for too long.
func (st *streams) sweep(now time.Time) {
	for i := 0; i < len(st.waiting); {
		s := st.waiting[i]
		limit := gapTime
		if s.acked {
			limit = gapTimeAcked
		}
		if now.Sub(s.gapSince) < limit {
			i++
			continue
		}
		st.leap(s) // takes it out of waiting
	}
}

// leap goes on behind a gap.
func (st *streams) leap(s *stream) {
	if len(s.later) == 0 {
		st.stopWaiting(s)
		return
	}
	st.d.skip(StreamGap)
	s.rest, s.searched, s.body = nil, 0, 0
	s.inSync = false
	s.next = s.later[0].seq
	st.enqueue(s)
	st.stopWaiting(s)
}

func (st *streams) stopWaiting(s *stream) {
	if i := slices.Index(st.waiting, s); i >= 0 {
		st.waiting = slices.Delete(st.waiting, i, i+1)
	}
}

// advance takes the next kept segment, if it is no longer beyond a gap.
func (st *streams) advance(s *stream) bool {
	for len(s.later) > 0 {
		l := s.later[0]
		behind := int(int32(s.next - l.seq))
		if behind < 0 {
			if !slices.Contains(st.waiting, s) { // the next gap
				s.gapSince, s.acked = l.at, false
				st.waiting = append(st.waiting, s)
			}
			return false
		}
		s.later = slices.Delete(s.later, 0, 1)
		s.laterBytes -= len(l.data) + laterOverhead
		if behind < len(l.data) {
			s.append(l.data[behind:], l.at)
			st.account(s)
			return true
		}
	}
	st.stopWaiting(s)
	return false
}
