package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// Times and sizes of an event stream.
const (
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second // a reader that takes nothing for so long is dropped
	retryMillis  = "2000"           // how long a browser waits before it comes back
	batchSize    = 64               // events looked at together
	maxWrite     = 64 << 10         // bytes gathered for one write, but for its last event
)

// Reset tells a reader that it missed events and must read again what it shows.
type Reset struct {
	Type   string `json:"type" enum:"reset" doc:"Always reset."`
	Reason string `json:"reason" enum:"restarted,unknown,too_old" doc:"Why the stream cannot go on where the client left it: the server restarted, the id is none of its ids, or what followed is no longer kept."`
}

// stream sends events to one reader as text/event-stream (WHATWG HTML §9.2). Between writes it holds
// no more than its place: ten thousand of them are mostly idle.
type stream struct {
	events *Events
	kinds  []string              // those wanted; empty: all
	look   func() (*sight, bool) // what the reader may see just now; not ok: nothing any more
	prompt chan struct{}         // something concerns this reader's agent: look at once

	w     http.ResponseWriter
	conn  *http.ResponseController
	http2 bool
	out   *bytes.Buffer // of outs while there is something to write, else nil
	at    uint64        // sequence number of the last event sent or passed over
}

// outs are what streams gather their next write in.
var outs = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// run sends what follows lastID until the reader is gone or too slow, may see nothing any more, or the
// server stops. An empty lastID begins with what happens next.
func (s *stream) run(done <-chan struct{}, lastID string) {
	s.begin(lastID)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for atOnce := false; ; atOnce = false {
		more, err := s.follow(atOnce)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				s.events.dropped.Add(1)
			}
			return
		}
		if more == nil {
			return
		}
		select {
		case <-more:
		case <-s.prompt:
			atOnce = true
		case <-beat.C:
			s.comment("heartbeat")
		case <-s.events.closed:
			s.comment("the server stops")
			_ = s.send() // It is over either way.
			return
		case <-done:
			return
		}
	}
}

// follow sends what the reader was not sent yet. Then more is closed when there is more; it is nil when
// the reader may see nothing any more.
func (s *stream) follow(atOnce bool) (more <-chan struct{}, err error) {
	seen, ok := s.look()
	if !ok {
		s.drop()
		return nil, nil
	}
	var room [batchSize]*event
	for {
		events, more, ok := s.events.after(s.at, room[:0], atOnce)
		if !ok {
			s.reset(resetTooOld)
			continue
		}
		for _, ev := range events {
			s.event(ev, seen)
		}
		if more == nil && (s.out == nil || s.out.Len() < maxWrite) {
			continue
		}
		if err := s.send(); err != nil || more != nil {
			return more, err
		}
	}
}

// begin says when to come back and where the stream starts, so that a reader that loses the connection
// before the first event misses nothing.
func (s *stream) begin(lastID string) {
	s.buffer().WriteString("retry: " + retryMillis + "\n")
	s.at = s.events.last()
	if lastID != "" {
		seq, reason := s.events.position(lastID)
		if reason != "" {
			s.reset(reason)
			return
		}
		s.at = seq
	}
	s.comment("hello")
}

// reset tells the reader to read again, and goes on with what happens next.
func (s *stream) reset(reason resetReason) {
	s.events.resets.Add(1)
	s.at = s.events.last()
	body, err := json.Marshal(Reset{Type: "reset", Reason: string(reason)})
	if err != nil {
		return // two strings always become JSON
	}
	s.buffer().Write(s.events.block(&event{seq: s.at, kind: "reset"}, body))
}

// event writes ev if the reader wants it and may see it.
func (s *stream) event(ev *event, seen *sight) {
	s.at = ev.seq
	if (len(s.kinds) == 0 || slices.Contains(s.kinds, ev.kind)) && seen.sees(&ev.about) {
		s.buffer().Write(ev.frame())
	}
}

// comment writes a line that readers skip, with an id: without data it is no event, but moves the place
// where the reader resumes, also past events it did not want.
func (s *stream) comment(text string) {
	s.buffer().WriteString(": " + text + "\nid: " + s.events.id(s.at) + "\n\n")
}

// buffer is what the next write is gathered in.
func (s *stream) buffer() *bytes.Buffer {
	if s.out == nil {
		s.out = outs.Get().(*bytes.Buffer)
	}
	return s.out
}

// drop gives the buffer back.
func (s *stream) drop() {
	if s.out != nil {
		s.out.Reset()
		outs.Put(s.out)
		s.out = nil
	}
}

// send writes out what was gathered.
func (s *stream) send() error {
	if s.out == nil {
		return nil
	}
	defer s.drop()
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.out.Bytes()); err != nil {
		return err
	}
	if err := s.conn.Flush(); err != nil {
		return err
	}
	if !s.http2 {
		return nil
	}
	// HTTP/2 cuts a stream whose deadline passes even when there is nothing to write.
	return s.conn.SetWriteDeadline(time.Time{})
}
