package web

import (
	"errors"
	"os"
	"slices"
	"time"
)

// Times and sizes of an event stream.
const (
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second // a reader that takes nothing for so long is dropped
	retryMillis  = "2000"           // how long a browser waits before it comes back
	batchSize    = 64               // events written together at most, a bit of a mask each
)

// Reset tells a reader that it missed events and must read again what it shows.
type Reset struct {
	Type   string `json:"type" enum:"reset" doc:"Always reset."`
	Reason string `json:"reason" enum:"restarted,unknown,too_old" doc:"Why the stream cannot go on where the client left it: the server restarted, the id is none of its ids, or what followed is no longer kept."`
}

// stream sends events to one reader as text/event-stream (WHATWG HTML §9.2). It holds no more than its
// place: ten thousand of them are mostly idle, and when they are not they write the same bytes.
type stream struct {
	events *Events
	kinds  []string              // those wanted; empty: all
	look   func() (*sight, bool) // what the reader may see just now; not ok: nothing any more
	prompt chan struct{}         // something concerns this reader's agent: look at once

	to wire
	at uint64 // sequence number of the last event sent or passed over
}

// wire is the way to a reader.
type wire interface {
	// send writes b out; os.ErrDeadlineExceeded when the reader does not take it in time.
	send(b []byte) error
}

// run sends what follows lastID until the reader is gone or too slow, may see nothing any more, or the
// server stops. An empty lastID begins with what happens next.
func (s *stream) run(done <-chan struct{}, lastID string) {
	err := s.to.send(s.begin(lastID))
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	atOnce := false
	for err == nil {
		seen, ok := s.look()
		if !ok {
			return
		}
		var more <-chan struct{}
		if more, err = s.follow(seen, atOnce); err != nil {
			break
		}
		atOnce = false
		select {
		case <-more:
		case <-s.prompt:
			atOnce = true
		case <-beat.C:
			if _, ok := s.look(); !ok {
				return
			}
			err = s.to.send(s.comment("heartbeat"))
		case <-s.events.closed:
			_ = s.to.send(s.comment("the server stops")) // It is over either way.
			return
		case <-done:
			return
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.events.dropped.Add(1)
	}
}

// follow sends what the reader was not sent yet; more is closed when there is more.
func (s *stream) follow(seen *sight, atOnce bool) (more <-chan struct{}, err error) {
	var room [batchSize]*event
	for {
		events, more, ok := s.events.after(s.at, room[:0], atOnce)
		if !ok {
			if err := s.to.send(s.reset(resetTooOld)); err != nil {
				return nil, err
			}
			continue
		}
		if more != nil {
			return more, nil
		}
		var wanted uint64
		for i, ev := range events {
			if (len(s.kinds) == 0 || slices.Contains(s.kinds, ev.kind)) && seen.sees(ev.news.whom()) {
				wanted |= 1 << i
			}
		}
		s.at = events[len(events)-1].seq
		if wanted != 0 {
			if err := s.to.send(s.events.blocks(events, wanted)); err != nil {
				return nil, err
			}
		}
	}
}

// begin says when to come back and where the stream starts, so that a reader that loses the connection
// before the first event misses nothing.
func (s *stream) begin(lastID string) []byte {
	retry := []byte("retry: " + retryMillis + "\n")
	s.at = s.events.last()
	if lastID != "" {
		seq, reason := s.events.position(lastID)
		if reason != "" {
			return append(retry, s.reset(reason)...)
		}
		s.at = seq
	}
	return append(retry, s.comment("hello")...)
}

// reset tells the reader to read again, and goes on with what happens next.
func (s *stream) reset(reason resetReason) []byte {
	s.events.resets.Add(1)
	s.at = s.events.last()
	return s.events.block("reset", s.at, encode(Reset{Type: "reset", Reason: string(reason)}))
}

// comment is a line that readers skip, with an id: without data it is no event, but moves the place
// where the reader resumes, also past events it did not want.
func (s *stream) comment(text string) []byte {
	return []byte(": " + text + "\nid: " + s.events.id(s.at) + "\n\n")
}
