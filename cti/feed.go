package cti

import (
	"sync"
	"time"
)

// State is how a feed is.
type State uint8

// The states of a feed.
const (
	StateUnknown State = iota
	Connecting         // not up yet, or not any more: it is being tried again
	Up
	Refused // the other side turned us away, which trying again does not mend
	Stopped
)

var stateWords = [...]string{StateUnknown: "unknown", Connecting: "connecting", Up: "up", Refused: "refused", Stopped: "stopped"}

// String is the state in lower case.
func (s State) String() string {
	if int(s) < len(stateWords) {
		return stateWords[s]
	}
	return stateWords[StateUnknown]
}

// Health is how a feed was when it was asked.
type Health struct {
	Name  string // unique among the feeds, as "asterisk/ari"
	Kind  string // hep, tap, ari, ami, dialog or hook
	PBX   string // directory id, empty where a feed may be of several
	Peer  string // address
	State State
	Since time.Time // it is so
	Err   string    // a sentence: why it is not up

	LastEvent     time.Time // by our clock
	Events        uint64
	Refused       uint64        // events that could not be read
	Lag           time.Duration // from the PBX's clock to ours, smoothed
	Gaps          uint64        // times nothing could be seen
	Reconnects    uint64
	Disagreements uint64 // with a stronger feed
}

// Feed keeps the health of a feed. It is safe for concurrent use.
type Feed struct {
	mu sync.Mutex
	h  Health
	up bool // has been, once
}

// NewFeed begins a feed's health.
func NewFeed(name, kind, pbx, peer string, now time.Time) *Feed {
	return &Feed{h: Health{Name: name, Kind: kind, PBX: pbx, Peer: peer, State: Connecting, Since: now}}
}

// Health is how the feed is.
func (f *Feed) Health() Health {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.h
}

// Rise notes that the feed is up, and says since when it was not: the zero time at its first rise.
func (f *Feed) Rise(now time.Time) (down time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.up && f.h.State != Up {
		f.h.Reconnects++
		f.h.Gaps++
		down = f.h.Since
	}
	f.up = true
	f.set(Up, "", now)
	return down
}

// Fall notes that the feed is not up, in which state, and why in a sentence.
func (f *Feed) Fall(s State, why string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(s, why, now)
}

// set changes the state; a feed that is down for one reason after another has been so since the first.
func (f *Feed) set(s State, why string, now time.Time) {
	if (f.h.State == Up) != (s == Up) {
		f.h.Since = now
	}
	f.h.State, f.h.Err = s, why
}

// smoothing is the weight of what was before against one event.
const smoothing = 16

// Event notes an event, when it happened by the PBX's clock and when it came.
func (f *Feed) Event(at, arrival time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h.Events++
	f.h.LastEvent = arrival
	lag := arrival.Sub(at)
	if f.h.Events == 1 {
		f.h.Lag = lag
	}
	f.h.Lag += (lag - f.h.Lag) / smoothing
}

// Bad notes an event that could not be read.
func (f *Feed) Bad() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h.Refused++
}

// Missed notes that something was missed while the feed was up.
func (f *Feed) Missed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h.Gaps++
}

// Disagree notes that a stronger feed says otherwise, so many times.
func (f *Feed) Disagree(n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.h.Disagreements += n
}
