package line

import (
	"context"

	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// canLeave says whether the caller can leave a message.
func (t *talk) canLeave() bool {
	return !t.full && t.l.o.Message != nil && (t.l.o.Room == nil || t.l.o.Room())
}

// message lets the caller speak. What he said is kept however he ends it: by #, by silence, by hanging up, or because it is
// as long as it may be. It is false where no message could be begun, and the caller has to be told something else.
func (t *talk) message(ctx context.Context) bool {
	greeting := t.service.Greeting
	if greeting == nil {
		greeting = t.voice["greeting"]
	}
	for range tries {
		t.play(ctx, rtp.Prompt{Clips: []*rtp.Clip{greeting}, BargeIn: true})
		t.s.DiscardDigits()
		t.play(ctx, rtp.Prompt{Clips: []*rtp.Clip{rtp.Beep()}})
		if ctx.Err() != nil {
			return true
		}
		lasting := context.WithoutCancel(ctx)
		m, err := t.l.o.Message(lasting, t.wanted())
		if err != nil {
			t.l.o.Logger.Error("a message could not be begun", "call_id", t.call, "service", t.service.ID, "err", err)
			t.full = true
			t.say(ctx, "failed")
			return false
		}
		end := t.record(ctx, m)
		kept, err := m.Keep(lasting, end)
		switch {
		case err != nil:
			t.l.o.Logger.Error("a message was not kept", "call_id", t.call, "service", t.service.ID, "err", err)
			t.result = "failed"
			t.say(ctx, "failed")
			return true
		case kept:
			t.result = "message"
			t.play(ctx, rtp.Prompt{Clips: t.voice.clips("saved", "goodbye")})
			return true
		case ctx.Err() != nil:
			return true
		}
		t.say(ctx, "nothing_heard")
	}
	t.say(ctx, "goodbye")
	return true
}

// record records a message to its end.
func (t *talk) record(ctx context.Context, m Message) End {
	got, err := t.s.Record(ctx, m, rtp.RecordOptions{MaxLength: t.l.o.MaxLength, Silence: t.l.o.Silence, StopDigits: "#"})
	t.s.DiscardDigits()
	if err != nil {
		t.l.o.Logger.Error("a message was cut off", "call_id", t.call, "service", t.service.ID, "err", err)
		return EndInterrupted
	}
	if got.Lost+got.Overrun > 0 {
		t.l.o.Logger.Info("a message has gaps", "call_id", t.call, "count", got.Lost+got.Overrun)
	}
	switch got.End {
	case rtp.EndMaxLength:
		return EndMaxLength
	case rtp.EndSilence:
		return EndSilence
	case rtp.EndDigit:
		return EndDigit
	case rtp.EndHangup, rtp.EndContext:
		if t.c.End().By == phone.Peer {
			return EndHangup
		}
	case rtp.EndError, rtp.EndUnknown:
	}
	return EndInterrupted
}
