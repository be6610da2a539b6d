package line

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"ringback/sip"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// Service is what a caller wanted, as far as the line has to know it.
type Service struct {
	ID       string
	List     string     // where his case will be
	Language string     // empty: Options.Language
	Greeting *rtp.Clip  // of who leaves a message; nil: the prompt
	Straight bool       // he is not asked what he wants, but leaves a message
	Caller   sip.Number // whom he calls from; 0: that cannot be called, or he does not want to be known
	// Number reads what a caller gave; 0 is none that can be called back. Required.
	Number func(text string) sip.Number
}

// Request is what a caller asks for.
type Request struct {
	Call    string // Call-ID of his call
	Service string
	List    string
	Number  sip.Number // the one to call
	Typed   bool       // he gave the number himself
	At      time.Time

	Language string // of the prompts he hears
}

// Message is a message that is being left. The samples go to Write, as rtp.Session.Record writes them.
type Message interface {
	io.Writer
	// Keep ends it, and keeps it if the caller said something.
	Keep(ctx context.Context, why End) (kept bool, err error)
}

// End is why a message ended.
type End string

// The ends of messages.
const (
	EndHangup      End = "hangup"
	EndSilence     End = "silence"
	EndDigit       End = "digit"
	EndMaxLength   End = "max_length"
	EndInterrupted End = "interrupted" // by us, or because it could not be written
)

// Options are what a Line is made of; Host, Service and Request are required.
type Options struct {
	Host *rtp.Host
	// Service says what a caller wanted; false: nothing of ours.
	Service func(i *phone.Invitation) (Service, bool)
	// Request notes that a customer wants to be called. Again says that he had asked before.
	Request func(ctx context.Context, r Request) (again bool, err error)
	// Message begins a message; nil: nobody can leave one.
	Message func(ctx context.Context, r Request) (Message, error)
	// Room says whether a message could be begun just now; nil: always.
	Room func() bool

	Language   string        // en
	PromptsDir string        // whose files replace the built-in prompts; empty: none
	Languages  []string      // that services have, beside Language
	MaxLength  time.Duration // of a message: 3 min
	Silence    time.Duration // that ends it: 8 s
	Patience   time.Duration // how long a key is waited for: 6 s
	Logger     *slog.Logger  // discards
}

// Line answers calls. It is safe for concurrent use.
type Line struct {
	o      Options
	voices map[string]voice
	calls  sync.WaitGroup
}

// New loads the prompts. The error wraps ErrPrompts.
func New(o Options) (*Line, error) {
	o.Language = cmp.Or(o.Language, "en")
	o.MaxLength = cmp.Or(o.MaxLength, 3*time.Minute)
	o.Silence = cmp.Or(o.Silence, 8*time.Second)
	o.Patience = cmp.Or(o.Patience, 6*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	wanted := names
	if o.Message != nil {
		wanted = slices.Concat(names, messageNames)
	}
	l := &Line{o: o, voices: map[string]voice{}}
	for _, language := range append([]string{o.Language}, o.Languages...) {
		if l.voices[language] != nil {
			continue
		}
		v, err := loadVoice(o.PromptsDir, language, wanted)
		if err != nil {
			return nil, err
		}
		l.voices[language] = v
	}
	return l, nil
}

// Service is what a caller wants; false: nothing of ours.
func (l *Line) Service(i *phone.Invitation) (Service, bool) { return l.o.Service(i) }

// Wait returns when no call is under way any more; none may begin by then.
func (l *Line) Wait() { l.calls.Wait() }

// Answer takes a call and leads it to its end. A number that is nobody's is refused with 404.
func (l *Line) Answer(ctx context.Context, c *phone.Call) {
	l.calls.Add(1)
	defer l.calls.Done()
	if c.Invitation.ReplacesCall {
		_ = c.Reject(phone.Response{StatusCode: 481}) // RFC 3891 §3; a caller who is gone needs no answer
		return
	}
	service, known := l.o.Service(&c.Invitation)
	if !known {
		_ = c.Reject(phone.Response{StatusCode: 404})
		return
	}
	s, err := l.o.Host.Session(rtp.SessionOptions{})
	if err != nil {
		_ = c.Reject(refusal(err))
		return
	}
	defer s.Close()
	if err := c.Answer(ctx, s); err != nil {
		l.o.Logger.Info("a caller was not answered", "call_id", c.ID(), "service", service.ID, "err", err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	t := l.talk(c, s, service)
	t.begin(ctx)
	l.o.Logger.Info("a caller of the callback line has gone", "call_id", c.ID(), "service", service.ID, "reason", t.result, "elapsed", time.Since(c.Started))
}

func refusal(err error) phone.Response {
	if r, ok := errors.AsType[*rtp.Refusal](err); ok {
		return phone.Response{StatusCode: r.StatusCode}
	}
	return phone.Response{StatusCode: 503}
}

// talk is what is said with one caller.
func (l *Line) talk(c *phone.Call, s *rtp.Session, service Service) *talk {
	t := &talk{l: l, s: s, c: c, service: service, call: c.ID(), language: cmp.Or(service.Language, l.o.Language), result: "nothing"}
	if t.voice = l.voices[t.language]; t.voice == nil {
		t.language = l.o.Language
		t.voice = l.voices[t.language]
	}
	if i := &c.Invitation; !i.Withheld {
		t.number = service.Caller
	}
	return t
}
