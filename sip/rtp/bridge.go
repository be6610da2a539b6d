package rtp

import "sync"

// Bridge joins two sessions: what one hears, the other says.
type Bridge struct {
	a, b *Session
	once sync.Once
	done chan struct{}
}

// Join joins two negotiated sessions. Media are relayed as they come, transcoded only where the codecs
// differ; digits go on as telephone events, or as tones to a peer that takes none; those of INFO too. A prompt played in a
// session is heard there in place of the other's voice. Both sessions still tell their digits and can be recorded.
// The error is ErrNotBridged: one is closed, not negotiated or joined already.
func Join(a, b *Session) (*Bridge, error) {
	br := &Bridge{a: a, b: b, done: make(chan struct{})}
	if a == b || !a.join(br, b) {
		return nil, ErrNotBridged
	}
	if !b.join(br, a) {
		a.part(br)
		return nil, ErrNotBridged
	}
	return br, nil
}

func (s *Session) join(br *Bridge, peer *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.terms == nil || s.bridge != nil {
		return false
	}
	s.bridge, s.peer = br, peer
	return true
}

func (s *Session) part(br *Bridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bridge == br {
		s.bridge, s.peer = nil, nil
		s.out.relayed.on = false
	}
}

// Close parts the two; the sessions go on. Closing a session parts them too.
func (b *Bridge) Close() {
	b.once.Do(func() {
		b.a.part(b)
		b.b.part(b)
		close(b.done)
	})
}

// Done is closed when the two are parted.
func (b *Bridge) Done() <-chan struct{} { return b.done }
