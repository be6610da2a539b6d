package dialer

import (
	"context"
	"errors"
	"slices"
	"time"

	"ringback/sip/rtp"
)

// Tones of the telephone network (ETSI TR 101 041).
var (
	ringing = []*rtp.Clip{rtp.Tone(time.Second, 425), rtp.Silence(4 * time.Second)}
	busy    = []*rtp.Clip{rtp.Tone(300*time.Millisecond, 425), rtp.Silence(300 * time.Millisecond)}
)

// announcePause is between two announcements.
const announcePause = 3 * time.Second

// accepts says whom the agent will be connected with, again and again, until he takes the call. It is false when he
// hung up or did not take it in time.
func (d *Dialer) accepts(r *run) bool {
	clips := []*rtp.Clip{rtp.Beep()}
	if d.o.Announce != nil {
		if said := d.o.Announce(&r.call, r.service); len(said) > 0 {
			clips = said
		}
	}
	if d.o.Accept == "none" {
		return r.sound.Play(r.ctx, rtp.Prompt{Clips: clips}) == nil && r.ctx.Err() == nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, d.o.AcceptWithin)
	defer cancel()
	said := make(chan struct{})
	go func() {
		defer close(said)
		_ = rotate(ctx, r.sound, append(slices.Clip(clips), rtp.Silence(announcePause))) // it ends with ctx or the call
	}()
	defer func() { cancel(); <-said }()
	for {
		select {
		case digit, ok := <-r.sound.Digits():
			if !ok {
				return false
			}
			switch key := string(digit.Symbol); {
			case d.o.Accept == "any" || key == d.o.Accept:
				return true
			case key == DeclineKey(d.o.Accept):
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

// DeclineKey is the key with which an agent does not take a call, beside the one that takes it; empty where hanging up
// is the only way.
func DeclineKey(accept string) string {
	switch accept {
	case "any", "none":
		return ""
	case "2":
		return "1"
	}
	return "2"
}

// rotate plays clips over and over until ctx ends.
func rotate(ctx context.Context, s *rtp.Session, clips []*rtp.Clip) error {
	for {
		if err := s.Play(ctx, rtp.Prompt{Clips: clips}); err != nil && !errors.Is(err, rtp.ErrInterrupted) {
			return err
		}
	}
}

// regret lets the agent hear that there is no connection.
func (d *Dialer) regret(r *run) {
	ctx, cancel := context.WithTimeout(r.ctx, 2*time.Second)
	defer cancel()
	_ = rotate(ctx, r.sound, busy) // he may have hung up
}
