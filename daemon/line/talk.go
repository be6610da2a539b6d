package line

import (
	"context"
	"errors"
	"slices"
	"time"

	"ringback/sip"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// talk is one caller's.
type talk struct {
	l       *Line
	s       *rtp.Session
	service Service
	c       *phone.Call
	voice   voice
	call    string
	number  sip.Number // he calls from; 0: none that can be called
	typed   bool       // the number is one that he gave
	full    bool       // no message could be begun

	language string // of the voice
	result   string // what came of it, for the log
}

const (
	tries       = 3  // of a choice or a number before we give up
	maxDigits   = 20 // of a number: 15 (ITU-T E.164 §6) and what is dialled before
	pauseAtKeys = 2  // times Patience: a caller looks for his number
)

// begin begins with what the service is for.
func (t *talk) begin(ctx context.Context) {
	if t.service.Straight && t.canLeave() && t.message(ctx) {
		return
	}
	t.menu(ctx)
}

// menu asks what the caller wants.
func (t *talk) menu(ctx context.Context) {
	for range tries {
		switch key := t.ask(ctx, t.voice.clips(t.choices())...); {
		case ctx.Err() != nil:
			return
		case key == '1' && t.number != 0:
			t.here(ctx)
			return
		case key == '2':
			t.elsewhere(ctx)
			return
		case key == '3' && t.canLeave():
			if t.message(ctx) {
				return
			}
		case key != 0:
			t.say(ctx, "not_a_choice")
		}
	}
	t.say(ctx, "goodbye")
}

// choices is the prompt that says what can be chosen.
func (t *talk) choices() string {
	switch leave := t.canLeave(); {
	case t.number == 0 && leave:
		return "menu_withheld_message"
	case t.number == 0:
		return "menu_withheld"
	case leave:
		return "menu_message"
	}
	return "menu"
}

// here notes that the caller wants to be called at his number, before he is told, so that he can hang up.
func (t *talk) here(ctx context.Context) {
	again, err := t.request(ctx)
	if err != nil {
		t.say(ctx, "failed")
		return
	}
	t.thanks(ctx, again, true)
}

// elsewhere asks for a number and reads it back. One that is complete is noted also when the caller hangs up while
// he hears it; what he corrects is not.
func (t *talk) elsewhere(ctx context.Context) {
	for range tries {
		typed := t.keys(ctx)
		if ctx.Err() != nil {
			return
		}
		n := t.service.Number(typed)
		if n == 0 {
			t.say(ctx, "not_a_number")
			continue
		}
		if !t.right(ctx, n) {
			continue
		}
		t.number, t.typed = n, true
		again, err := t.request(ctx)
		if err != nil {
			t.say(ctx, "failed")
			return
		}
		t.thanks(ctx, again, false)
		return
	}
	t.say(ctx, "goodbye")
}

// right reads a number back; it is right unless the caller says that it is not.
func (t *talk) right(ctx context.Context, n sip.Number) bool {
	for range tries {
		key := t.ask(ctx, slices.Concat(t.voice.clips("number_is"), t.voice.number(n.String()), t.voice.clips("confirm"))...)
		switch {
		case ctx.Err() != nil, key == '1', key == '#':
			return true
		case key == '2':
			return false
		}
	}
	return true
}

// keys collects a number up to # or a long pause; * begins anew.
func (t *talk) keys(ctx context.Context) string {
	var typed []byte
	key := t.ask(ctx, t.voice.clips("enter")...)
	for range 10 * maxDigits { // who plays with his keys has his turn, no more
		switch {
		case key == 0 && (len(typed) > 0 || ctx.Err() != nil), key == '#' && len(typed) > 0, len(typed) == maxDigits:
			return string(typed)
		case key == 0:
			return ""
		case key == '*':
			typed = typed[:0]
		case key >= '0' && key <= '9':
			typed = append(typed, key)
		}
		key = t.wait(ctx, pauseAtKeys*t.l.o.Patience)
	}
	return string(typed)
}

// request notes what the caller asks for, also when he has gone meanwhile.
func (t *talk) request(ctx context.Context) (again bool, err error) {
	again, err = t.l.o.Request(context.WithoutCancel(ctx), t.wanted())
	if err != nil {
		t.l.o.Logger.Error("a request to be called back was not noted", "call_id", t.call, "service", t.service.ID, "err", err)
		t.result = "failed"
		return false, err
	}
	t.result = "asked"
	return again, nil
}

func (t *talk) wanted() Request {
	return Request{Call: t.call, Service: t.service.ID, List: t.service.List, Number: t.number, Typed: t.typed, At: time.Now(), Language: t.language}
}

// thanks tells the caller what was noted, with his number unless it was read to him before; he may leave a message as well.
func (t *talk) thanks(ctx context.Context, again, read bool) {
	said := t.voice.clips("asked")
	if again {
		said = t.voice.clips("asked_before")
	}
	if read {
		said = slices.Concat(said, t.voice.clips("call_at"), t.voice.number(t.number.String()))
	}
	if !t.canLeave() {
		t.play(ctx, rtp.Prompt{Clips: append(said, t.voice["goodbye"])})
		return
	}
	if t.ask(ctx, append(said, t.voice["or_message"])...) == '3' && t.message(ctx) {
		return
	}
	t.say(ctx, "goodbye")
}

// ask plays a question, which a key cuts short, and waits for the key; 0: none came.
func (t *talk) ask(ctx context.Context, clips ...*rtp.Clip) byte {
	t.play(ctx, rtp.Prompt{Clips: clips, BargeIn: true})
	return t.wait(ctx, t.l.o.Patience)
}

// wait waits for a key; 0: none came, or the caller has gone.
func (t *talk) wait(ctx context.Context, patience time.Duration) byte {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case d := <-t.s.Digits():
		return d.Symbol
	case <-timer.C:
	case <-ctx.Done():
	}
	return 0
}

func (t *talk) say(ctx context.Context, name string) {
	t.play(ctx, rtp.Prompt{Clips: t.voice.clips(name)})
}

// play plays; what cuts it short, a key or the end of the call, is seen by who waits next.
func (t *talk) play(ctx context.Context, p rtp.Prompt) {
	if err := t.s.Play(ctx, p); err != nil && ctx.Err() == nil && !errors.Is(err, rtp.ErrInterrupted) {
		t.l.o.Logger.Warn("a prompt was not played", "call_id", t.call, "err", err)
	}
}
