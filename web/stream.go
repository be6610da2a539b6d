package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"time"
)

// Times and sizes of an event stream.
const (
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second // a reader that takes nothing for so long is dropped
	retryMillis  = "2000"           // how long a browser waits before it comes back
	batchSize    = 64               // events per write at most
	maxBuffer    = 64 << 10         // bytes a stream holds on to between writes
)

// Reset tells a reader that it missed events and must read again what it shows.
type Reset struct {
	Type   string `json:"type" enum:"reset" doc:"Always reset."`
	Reason string `json:"reason" enum:"restarted,unknown,too_old" doc:"Why the stream cannot go on where the client left it: the server restarted, the id is none of its ids, or what followed is no longer kept."`
}

// stream sends events to one reader as text/event-stream (WHATWG HTML §9.2).
type stream struct {
	events *Events
	kinds  []string    // those wanted; empty: all
	valid  func() bool // whether the reader's token still is

	w      http.ResponseWriter
	conn   *http.ResponseController
	buffer bytes.Buffer
	at     uint64 // sequence number of the last event sent or passed over
}

// immediately is ready at all times.
var immediately = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// run sends what follows lastID until the reader is gone or too slow, its token is revoked, or the
// server stops. An empty lastID begins with what happens next.
func (s *stream) run(done <-chan struct{}, lastID string) {
	s.begin(lastID)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	batch := make([]*event, 0, batchSize)
	for {
		events, more, ok := s.events.after(s.at, batch)
		if !ok {
			s.reset(resetTooOld)
		}
		for _, ev := range events {
			s.event(ev)
		}
		if err := s.send(); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				s.events.dropped.Add(1)
			}
			return
		}
		if more == nil {
			more = immediately
		}
		select {
		case <-more:
		case <-beat.C:
			if !s.valid() {
				return
			}
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

// begin says when to come back and where the stream starts, so that a reader that loses the connection
// before the first event misses nothing.
func (s *stream) begin(lastID string) {
	s.buffer.WriteString("retry: " + retryMillis + "\n")
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
	s.block("reset", s.at, body)
}

// event writes ev if it is of a kind the reader wants.
func (s *stream) event(ev *event) {
	s.at = ev.seq
	if len(s.kinds) > 0 && !slices.Contains(s.kinds, ev.kind) {
		return
	}
	if body := ev.encode(); body != nil {
		s.block(ev.kind, ev.seq, body)
	}
}

// block writes one event; body is JSON and so holds no line break.
func (s *stream) block(kind string, seq uint64, body []byte) {
	s.buffer.WriteString("id: " + s.events.id(seq) + "\nevent: " + kind + "\ndata: ")
	s.buffer.Write(body)
	s.buffer.WriteString("\n\n")
}

// comment writes a line that readers skip, with an id: without data it is no event, but moves the place
// where the reader resumes, also past events it did not want.
func (s *stream) comment(text string) {
	s.buffer.WriteString(": " + text + "\nid: " + s.events.id(s.at) + "\n\n")
}

// send writes out what is in the buffer.
func (s *stream) send() error {
	if s.buffer.Len() == 0 {
		return nil
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	if err := s.conn.Flush(); err != nil {
		return err
	}
	if s.buffer.Reset(); s.buffer.Cap() > maxBuffer {
		s.buffer = bytes.Buffer{}
	}
	// HTTP/2 cuts a stream whose deadline passes even when there is nothing to write.
	return s.conn.SetWriteDeadline(time.Time{})
}
