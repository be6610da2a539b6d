package rtp

import (
	"context"
	"slices"
)

// Prompt is what Play says: its clips one after the other.
type Prompt struct {
	Clips   []*Clip
	BargeIn bool // a digit ends the prompt, at once when its key goes down; one that is down or waits in Digits skips it
}

// Play sends a prompt and returns when its last sample is on its way. Prompts of concurrent calls are queued; before the
// first answer, and on hold, a prompt waits. The error is that of ctx, ErrInterrupted (a digit came and the prompt allows
// that) or ErrClosed.
func (s *Session) Play(ctx context.Context, p Prompt) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return ErrClosed
	case p.BargeIn && (len(s.digits) > 0 || s.in.presses.held()):
		s.mu.Unlock()
		return ErrInterrupted
	}
	one := s.player.add(p)
	s.mu.Unlock()
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
		s.mu.Lock()
		s.player.remove(one)
		s.mu.Unlock()
		return context.Cause(ctx)
	}
}

// player is the queue of prompts of a session.
type player struct {
	queue []*playing
}

// playing is a prompt that plays or waits.
type playing struct {
	Prompt
	clip, at int        // how far it is
	done     chan error // takes one
}

func (p *player) add(prompt Prompt) *playing {
	one := &playing{Prompt: prompt, done: make(chan error, 1)}
	p.queue = append(p.queue, one)
	return one
}

// fill takes a frame of sound from the prompts. It tells whether there was any.
func (p *player) fill(frame []int16) bool {
	n := 0
	for n < len(frame) && len(p.queue) > 0 {
		one := p.queue[0]
		k := one.fill(frame[n:])
		n += k
		if n < len(frame) || one.over() {
			p.end(0, nil)
		}
	}
	clear(frame[n:])
	return n > 0
}

func (p *playing) fill(frame []int16) int {
	n := 0
	for n < len(frame) && !p.over() {
		clip := p.Clips[p.clip].samples
		k := copy(frame[n:], clip[p.at:])
		n += k
		if p.at += k; p.at == len(clip) {
			p.clip, p.at = p.clip+1, 0
		}
	}
	return n
}

func (p *playing) over() bool { return p.clip == len(p.Clips) }

// end ends the prompt at i.
func (p *player) end(i int, err error) {
	p.queue[i].done <- err
	p.queue = slices.Delete(p.queue, i, i+1)
}

func (p *player) remove(one *playing) {
	for i, q := range p.queue {
		if q == one {
			p.end(i, nil)
			return
		}
	}
}

// interrupt ends the prompts that a digit may end.
func (p *player) interrupt() {
	p.queue = slices.DeleteFunc(p.queue, func(one *playing) bool {
		if one.BargeIn {
			one.done <- ErrInterrupted
		}
		return one.BargeIn
	})
}

func (p *player) playing() bool { return len(p.queue) > 0 }

func (p *player) close() {
	for _, one := range p.queue {
		one.done <- ErrClosed
	}
	p.queue = nil
}
