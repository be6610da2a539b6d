package assist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ringback/sip/phone"
)

const text = "Callback +358401234567 on Support: missed 2x, 12 min ago"

func TestHintGoesToThePhoneThatRings(t *testing.T) {
	desk := newSoftphone(t, "200 OK")
	x := newOutbox(t, phone.Options{}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101-0x55f5")))
	if got := desk.take(t); got != text {
		t.Errorf("the phone got %q, want %q", got, text)
	}
	x.want("sent 0 after 1, not final")
	o := x.want("delivered 200 after 1")
	if o.To != desk.uri("101-0x55f5") || o.Peer != desk.addr || o.Elapsed <= 0 || o.Err != nil || o.Hint.Agent != "anna" {
		t.Errorf("%+v", o)
	}
	if s := x.Stats(); s.Delivered != 1 || s.Attempts != 1 || s.Retries != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRefusalIsFinal(t *testing.T) {
	for _, status := range []string{"415 Unsupported Media Type", "480 Temporarily Unavailable", "401 Unauthorized", "302 Moved Temporarily", "501 Not Implemented", "603 Decline"} {
		desk := newSoftphone(t, status, "200 OK")
		x := newOutbox(t, phone.Options{}, DeliveryOptions{})
		x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
		x.want("sent 0 after 1, not final", "refused "+status[:3]+" after 1")
		x.Deliver(hintFor(Confirmed, "anna", "c1", desk.uri("101"))) // it said no
		x.Close()
		x.wantNothing()
	}
}

func TestPhoneThatWasAwayIsToldAgain(t *testing.T) {
	desk := newSoftphone(t, "", "503 Service Unavailable|Retry-After: 0", "200 OK")
	x := newOutbox(t, phone.Options{Timeout: 50 * time.Millisecond}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
	x.want("sent 0 after 1, not final", "delivered 200 after 3")
	if s := x.Stats(); s.Delivered != 1 || s.Attempts != 3 || s.Retries != 2 {
		t.Errorf("%+v", s)
	}
}

func TestDeadPhoneIsGivenUp(t *testing.T) {
	desk := newSoftphone(t, "")
	x := newOutbox(t, phone.Options{Timeout: 20 * time.Millisecond}, DeliveryOptions{GiveUp: 150 * time.Millisecond})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
	x.want("sent 0 after 1, not final")
	o, _ := x.next()
	if o.State != Expired || !o.Final || !errors.Is(o.Err, ErrGaveUp) || o.Attempts < 2 {
		t.Errorf("%v after %d, %v", o.State, o.Attempts, o.Err)
	}
	// Later in the call the phone is back: what was not delivered may be tried once more.
	desk.answers.Store(&[]string{"200 OK"})
	x.Deliver(hintFor(Confirmed, "anna", "c1", desk.uri("101")))
	x.want("sent 0 after 1, not final", "delivered 200 after 1")
}

func TestPhoneOutOfReachIsAWarningOnce(t *testing.T) {
	desk := newSoftphone(t, "480 Temporarily Unavailable", "480 Temporarily Unavailable", "200 OK", "200 OK", "480 Temporarily Unavailable")
	var log bytes.Buffer
	x := newOutbox(t, phone.Options{}, DeliveryOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for i, outcome := range []string{"refused 480", "refused 480", "delivered 200", "delivered 200", "refused 480"} {
		x.Deliver(hintFor(Raised, "anna", fmt.Sprint("c", i), desk.uri("101")))
		x.want("sent 0 after 1, not final", outcome+" after 1")
	}
	x.Close()
	if warned, mended := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=INFO"); warned != 2 || mended != 1 {
		t.Errorf("%d warnings and %d good news, want 2 and 1:\n%s", warned, mended, &log)
	}
}

func TestHintOlderThanItsCallIsNeverSent(t *testing.T) {
	t.Run("withdrawn between two attempts", func(t *testing.T) {
		desk := newSoftphone(t, "", "200 OK")
		x := newOutbox(t, phone.Options{Timeout: 20 * time.Millisecond}, DeliveryOptions{FirstRetry: time.Hour, MaxRetry: time.Hour, GiveUp: 2 * time.Hour})
		x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
		desk.take(t)
		x.Deliver(hintFor(Withdrawn, "anna", "c1", desk.uri("101")))
		x.want("sent 0 after 1, not final")
		if o := x.want("expired 0 after 1"); !errors.Is(o.Err, ErrWithdrawn) {
			t.Errorf("%v", o.Err)
		}
		next := hintFor(Raised, "anna", "c2", desk.uri("101"))
		next.Number = teppo
		x.Deliver(next)
		if got := desk.take(t); !strings.Contains(got, teppo.String()) {
			t.Errorf("the phone got %q of a call that was over", got)
		}
	})
	t.Run("withdrawn while the phone was busy with another", func(t *testing.T) {
		desk := newSoftphone(t, "")
		x := newOutbox(t, phone.Options{Timeout: time.Hour}, DeliveryOptions{})
		x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
		desk.take(t)
		x.want("sent 0 after 1, not final")
		second := hintFor(Raised, "anna", "c2", desk.uri("101"))
		x.Deliver(second)
		second.Event = Withdrawn
		x.Deliver(second)
		if o := x.want("expired 0 after 0"); !errors.Is(o.Err, ErrWithdrawn) || o.Hint.CallID != "c2" {
			t.Errorf("%s: %v", o.Hint.CallID, o.Err)
		}
		if len(desk.got) != 0 {
			t.Error("it was sent")
		}
	})
	t.Run("another hint of the agent is not", func(t *testing.T) {
		desk := newSoftphone(t, "", "200 OK")
		x := newOutbox(t, phone.Options{Timeout: 20 * time.Millisecond}, DeliveryOptions{})
		x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
		x.Deliver(hintFor(Withdrawn, "anna", "c2", desk.uri("101")))
		x.Deliver(hintFor(Withdrawn, "bertil", "c1", desk.uri("101")))
		x.want("sent 0 after 1, not final", "delivered 200 after 2")
	})
}

func TestPhoneIsToldOncePerCall(t *testing.T) {
	desk, mobile := newSoftphone(t, "200 OK"), newSoftphone(t, "200 OK")
	x := newOutbox(t, phone.Options{}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
	x.want("sent 0 after 1, not final", "delivered 200 after 1")
	x.Deliver(hintFor(Confirmed, "anna", "c1", desk.uri("101")))
	x.Deliver(hintFor(Withdrawn, "anna", "c1", desk.uri("101")))
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101"))) // the queue rings it again
	x.wantNothing()
	x.Deliver(hintFor(Confirmed, "anna", "c1", mobile.uri("101"))) // but he answers on another phone
	if o := x.want("sent 0 after 1, not final", "delivered 200 after 1"); o.To != mobile.uri("101") {
		t.Errorf("to %s", o.To)
	}
	x.Deliver(hintFor(Raised, "anna", "c2", desk.uri("101")))
	x.want("sent 0 after 1, not final", "delivered 200 after 1")
	if n := len(desk.got); n != 2 {
		t.Errorf("the phone got %d messages for two calls", n)
	}
}

func TestRaisedAndConfirmedAtOnceIsOneMessage(t *testing.T) {
	desk := newSoftphone(t, "", "200 OK")
	x := newOutbox(t, phone.Options{Timeout: 50 * time.Millisecond}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
	x.Deliver(hintFor(Confirmed, "anna", "c1", desk.uri("101")))
	x.want("sent 0 after 1, not final", "delivered 200 after 2")
	x.Close()
	x.wantNothing()
}

func TestAgentWithoutAnAddress(t *testing.T) {
	x := newOutbox(t, phone.Options{}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "nobody", "c1", ""))
	if o := x.want("expired 0 after 0"); !errors.Is(o.Err, ErrNoPhone) {
		t.Errorf("%v", o.Err)
	}
	x.Deliver(hintFor(Confirmed, "nobody", "c1", ""))
	other := hintFor(Raised, "anna", "c1", "")
	other.PBX = "" // no user agent speaks to it
	x.Deliver(other)
	x.wantNothing()
	x.Deliver(hintFor(Raised, "anna", "c2", "sip:101@192.0.2.1;transport=ws"))
	if o := x.want("expired 0 after 1"); !errors.Is(o.Err, phone.ErrTransport) || !errors.Is(o.Err, ErrGaveUp) {
		t.Errorf("%v", o.Err)
	}
}

func TestRouteOfAHint(t *testing.T) {
	d := newDirectory(t, centre)
	direct := newOutbox(t, phone.Options{}, DeliveryOptions{}).phone
	through := newOutbox(t, phone.Options{OutboundProxy: "sip:10.20.0.10"}, DeliveryOptions{}).phone
	for _, tt := range []struct {
		phone              *phone.Phone
		agent, pbx, device string
		want               string
	}{
		{direct, "anna", "asterisk", "sip:101-0x1@10.20.0.101", "sip:101-0x1@10.20.0.101"},
		{direct, "anna", "asterisk", "", "sip:101@10.20.0.10"},
		{through, "anna", "asterisk", "sip:101-0x1@10.20.0.101", "sip:101@10.20.0.10"},
		{through, "bertil", "kamailio", "", "sip:152@sip.example.com"},
		{through, "bertil", "asterisk", "", "sip:102@10.20.0.10"},
		{through, "bertil", "", "", "sip:152@sip.example.com"},
		{through, "2001", "asterisk", "sip:2001@10.20.0.99", ""},
	} {
		h := hintFor(Raised, tt.agent, "c1", tt.device)
		h.PBX = tt.pbx
		if r, ok := RouteVia(Way{"message", tt.phone}, d, &h); r.To != tt.want || ok != (tt.want != "") {
			t.Errorf("%s at %q with %q: %q, %v; want %q", tt.agent, tt.pbx, tt.device, r.To, ok, tt.want)
		}
	}
}

func TestFailingPhonesDelayNoOther(t *testing.T) {
	const agents, dead = 200, 50
	x := newOutbox(t, phone.Options{Timeout: time.Hour}, DeliveryOptions{})
	silence := newSoftphone(t, "")
	alive := newSoftphone(t, "200 OK")
	for i := range agents {
		desk := alive
		if i < dead {
			desk = silence
		}
		x.Deliver(hintFor(Raised, fmt.Sprint("agent", i), "c1", desk.uri(fmt.Sprint(i))))
	}
	sent, delivered := 0, 0
	for sent < agents || delivered < agents-dead {
		switch o, s := x.next(); o.State {
		case Sent:
			sent++
		case Delivered:
			delivered++
		default:
			t.Fatal(s)
		}
	}
	if s := x.Stats(); s.Pending != dead {
		t.Errorf("%+v: want the %d dead ones still pending", s, dead)
	}
}

func TestPendingHintsAreBounded(t *testing.T) {
	desk := newSoftphone(t, "")
	x := newOutbox(t, phone.Options{Timeout: time.Hour}, DeliveryOptions{MaxPending: 5, MaxPerPhone: 2})
	for i := range 3 { // the third pushes out the first
		x.Deliver(hintFor(Raised, "anna", fmt.Sprint("c", i), desk.uri("101")))
	}
	full := func() Outcome {
		for {
			if o, _ := x.next(); o.State == Expired {
				return o
			}
		}
	}
	if o := full(); o.Hint.CallID != "c0" || !errors.Is(o.Err, ErrFull) {
		t.Errorf("%s: %v", o.Hint.CallID, o.Err)
	}
	for i := range 4 {
		x.Deliver(hintFor(Raised, "anna", fmt.Sprint("d", i), desk.uri(fmt.Sprint(i))))
	}
	if o := full(); o.Hint.CallID != "d3" || !errors.Is(o.Err, ErrFull) {
		t.Errorf("%s: %v", o.Hint.CallID, o.Err)
	}
	if s := x.Stats(); s.Pending != 5 {
		t.Errorf("%+v", s)
	}
}

func TestCloseDropsWhatIsNotDelivered(t *testing.T) {
	desk := newSoftphone(t, "")
	x := newOutbox(t, phone.Options{Timeout: time.Hour}, DeliveryOptions{})
	x.Deliver(hintFor(Raised, "anna", "c1", desk.uri("101")))
	desk.take(t)
	x.Close()
	x.want("sent 0 after 1, not final")
	if o := x.want("expired 0 after 1"); !errors.Is(o.Err, ErrStopped) {
		t.Errorf("%v", o.Err)
	}
	x.Deliver(hintFor(Raised, "anna", "c2", desk.uri("101")))
	x.Close()
	x.wantNothing()
}

func TestWhatAnAnswerMeans(t *testing.T) {
	const again State = 0
	for code, want := range map[int]State{
		200: Delivered, 204: Delivered, 202: Unknown, 300: Refused, 302: Refused, 400: Refused, 401: Refused, 403: Refused, 404: Refused,
		405: Refused, 407: Refused, 408: again, 413: Refused, 415: Refused, 480: Refused, 481: Refused, 486: Refused, 488: Refused, 489: Refused,
		500: again, 501: Refused, 503: again, 504: again, 513: Refused, 600: Refused, 603: Refused, 604: Refused,
	} {
		if got, retry := judge(phone.Result{StatusCode: code}, nil); got != want || retry != (want == again) {
			t.Errorf("%d: %v, again %v; want %v", code, got, retry, want)
		}
	}
	for _, err := range []error{phone.ErrURI, phone.ErrTransport, phone.ErrTooLarge, phone.ErrChallenge, phone.ErrClosed} {
		if got, retry := judge(phone.Result{}, fmt.Errorf("x: %w", err)); got != Expired || retry {
			t.Errorf("%v: %v, again %v", err, got, retry)
		}
	}
	for _, err := range []error{phone.ErrTimeout, context.DeadlineExceeded, errors.New("connection refused")} {
		if _, retry := judge(phone.Result{}, err); !retry {
			t.Errorf("%v is not tried again", err)
		}
	}
}

func TestStateWords(t *testing.T) {
	want := map[State]string{0: "none", Sent: "sent", Delivered: "delivered", Refused: "refused", Unknown: "unknown", Expired: "expired", 99: "none"}
	for s, w := range want {
		if b, err := s.MarshalText(); err != nil || string(b) != w {
			t.Errorf("%d: %s, %v; want %s", uint8(s), b, err, w)
		}
	}
}

func TestFIFOForgetsTheFirst(t *testing.T) {
	f := newFIFO[int, string](3)
	for i := range 10 {
		f.put(i, "x")
		f.put(i, "y")
	}
	for i := range 10 {
		if v, ok := f.get(i); ok != (i >= 7) || ok && v != "y" {
			t.Errorf("%d: %q, %v", i, v, ok)
		}
	}
	if len(f.m) != 3 || len(f.keys) != 3 {
		t.Errorf("%d kept", len(f.m))
	}
}
