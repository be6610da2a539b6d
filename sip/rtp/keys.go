package rtp

import (
	"context"
	"slices"
	"strings"
	"time"
)

// keys are the digits to be sent as telephone events (RFC 4733 §2.5.1), one after the other.
type keys struct {
	queue []*key

	ts      uint32 // of the event that is sent
	elapsed int    // samples of it so far
	ends    int    // packets with the end bit sent
	rest    int    // samples of the pause after it that are left
}

// key is one digit to be sent.
type key struct {
	symbol        byte          // ',' is a pause
	length, pause int           // in samples
	done          chan struct{} // closed when it was sent; nil when nobody waits
}

const (
	shortestKey  = 40 * time.Millisecond // ITU-T Q.24
	longestKey   = 5 * time.Second
	usualKey     = 100 * time.Millisecond
	commaPause   = 500 * time.Millisecond
	eventEnds    = 3  // RFC 4733 §2.5.1.4
	eventVolume  = 10 // in -dBm0
	queuedDigits = 64
)

// SendDigits sends digits, each for length with as long a pause after it (40 ms to 5 s; 0: 100 ms): as telephone
// events, or as tones if the peer takes none. ',' is a pause of 500 ms. It returns when they are sent. The error is
// ErrDigit, ErrNotAgreed, ErrBusy when too many wait already, that of ctx or ErrClosed.
func (s *Session) SendDigits(ctx context.Context, digits string, length time.Duration) error {
	digits = strings.ToUpper(digits)
	for i := range len(digits) {
		if strings.IndexByte(symbols+",", digits[i]) < 0 {
			return ErrDigit
		}
	}
	if digits == "" {
		return nil
	}
	if length == 0 {
		length = usualKey
	}
	length = min(max(length, shortestKey), longestKey)

	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return ErrClosed
	case s.terms == nil:
		s.mu.Unlock()
		return ErrNotAgreed
	case s.terms.sendEvent == 0:
		s.mu.Unlock()
		return s.Play(ctx, Prompt{Clips: dial(digits, length)})
	case len(s.keys.queue)+len(digits) > queuedDigits:
		s.mu.Unlock()
		return ErrBusy
	}
	mine := s.keys.add(digits, length)
	last := mine[len(mine)-1]
	last.done = make(chan struct{})
	s.mu.Unlock()

	select {
	case <-last.done:
		return nil
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
		s.mu.Lock()
		s.keys.remove(mine)
		s.mu.Unlock()
		return context.Cause(ctx)
	}
}

// pass sends a digit on to the other side of a bridge, where its packets are not relayed. Called with mu held.
func (s *Session) pass(d Digit) {
	if s.peer == nil || d.Method == MethodInBand || d.Method == MethodInfo && s.in.events.known {
		return // its sound is relayed; its events were
	}
	peer, length := s.peer, min(max(d.Duration, shortestKey, usualKey), longestKey)
	go peer.dialOn(string(d.Symbol), length, d.Method)
}

// dialOn queues a digit that came by m from the other side.
func (s *Session) dialOn(digit string, length time.Duration, m Method) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.terms == nil || len(s.keys.queue) >= queuedDigits:
	case s.terms.sendEvent == 0:
		s.player.add(Prompt{Clips: dial(digit, length)})
	case m == MethodInfo:
		s.keys.add(digit, length)
	}
}

// dial makes the tones of digits.
func dial(digits string, length time.Duration) (clips []*Clip) {
	for i := range len(digits) {
		if digits[i] == ',' {
			clips = append(clips, Silence(commaPause))
			continue
		}
		low, high := tonesOf(digits[i])
		clips = append(clips, Tone(length, low, high), Silence(length))
	}
	return clips
}

func (k *keys) add(digits string, length time.Duration) (added []*key) {
	n := samples(length)
	for i := range len(digits) {
		one := &key{symbol: digits[i], length: n, pause: n}
		if one.symbol == ',' {
			one.length, one.pause = 0, samples(commaPause)
		}
		added = append(added, one)
	}
	k.queue = append(k.queue, added...)
	return added
}

// remove takes out those that wait; one that is being sent is finished.
func (k *keys) remove(mine []*key) {
	kept := k.queue[:0]
	for i, q := range k.queue {
		waits := i > 0 || k.elapsed == 0
		if !waits || !slices.Contains(mine, q) {
			kept = append(kept, q)
		}
	}
	clear(k.queue[len(kept):])
	k.queue = kept
}

func (k *keys) sending() bool { return len(k.queue) > 0 }

func (k *keys) close() { k.queue = nil }

// tick sends what is due of a digit, for n samples of time. It tells whether it said something; pauses are left to others.
func (k *keys) tick(s *Session, n int, now time.Time) bool {
	for s.terms.sendEvent == 0 && len(k.queue) > 0 {
		k.next() // the peer takes none any more
	}
	if len(k.queue) == 0 {
		return false
	}
	one, o := k.queue[0], &s.out
	if one.length == 0 || k.ends == eventEnds {
		if k.elapsed == 0 {
			k.rest = one.pause
		}
		k.elapsed += n
		if k.rest -= n; k.rest <= 0 {
			k.next()
		}
		return k.silence(s, n, now)
	}
	marker := o.begin(now)
	if k.elapsed == 0 {
		k.ts, k.rest, marker = o.ts, one.pause, true // RFC 4733 §2.5.1.2
	}
	e := event{code: uint8(strings.IndexByte(symbols, one.symbol)), volume: eventVolume}
	k.elapsed += n
	if k.elapsed >= one.length {
		e.end = true
		if k.ends++; k.ends > 1 {
			k.rest -= n
		}
	}
	e.duration = uint16(min(k.elapsed, one.length))
	e.write(o.payload[:])
	s.write(header{marker, s.terms.sendEvent, o.seq, k.ts, o.ssrc}, o.payload[:eventBytes], now)
	o.advance(n, s.terms.packet)
	return true
}

// silence keeps the stream going in a pause.
func (k *keys) silence(s *Session, n int, now time.Time) bool {
	o := &s.out
	payload := o.payload[:n]
	for i := range payload {
		payload[i] = s.terms.codec.silence()
	}
	marker := o.begin(now)
	s.write(header{marker, s.terms.sendPT, o.seq, o.ts, o.ssrc}, payload, now)
	o.advance(n, s.terms.packet)
	return true
}

func (k *keys) next() {
	if done := k.queue[0].done; done != nil {
		close(done)
	}
	k.queue[0] = nil
	k.queue = k.queue[1:]
	k.elapsed, k.ends, k.rest = 0, 0, 0
}
