package assist

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/phone"
)

// softphone is a phone, or a PBX, on a real UDP socket. It answers each new message with the next of its
// answers and then goes on with the last; "" is silence.
type softphone struct {
	addr    string
	got     chan string // bodies, once each
	answers atomic.Pointer[[]string]
}

func newSoftphone(tb testing.TB, answers ...string) *softphone {
	tb.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.(*net.UDPConn).SetReadBuffer(1 << 20); err != nil { // for bursts
		tb.Fatal(err)
	}
	s := &softphone{addr: c.LocalAddr().String(), got: make(chan string, 4096)}
	s.answers.Store(&answers)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64<<10)
		first := map[string]string{} // answers by branch, for retransmissions
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			raw := string(b[:n])
			via := headerOf(raw, "Via")
			status, again := first[via]
			if !again {
				list := *s.answers.Load()
				status = list[0]
				if len(list) > 1 {
					rest := list[1:]
					s.answers.Store(&rest)
				}
				first[via] = status
				_, body, _ := strings.Cut(raw, "\r\n\r\n")
				select {
				case s.got <- body:
				default: // nobody looks
				}
			}
			if status != "" {
				_, _ = c.WriteTo([]byte(response(raw, status)), from)
			}
		}
	}()
	tb.Cleanup(func() { c.Close(); <-done })
	return s
}

func (s *softphone) uri(user string) string { return "sip:" + user + "@" + s.addr }

func headerOf(raw, name string) string {
	for l := range strings.SplitSeq(raw, "\r\n") {
		if v, ok := strings.CutPrefix(l, name+": "); ok {
			return v
		}
	}
	return ""
}

func response(raw, status string) string {
	var b strings.Builder
	status, extra, _ := strings.Cut(status, "|")
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		v := headerOf(raw, name)
		if name == "To" && !strings.Contains(v, ";tag=") {
			v += ";tag=there"
		}
		b.WriteString(name + ": " + v + "\r\n")
	}
	if extra != "" {
		b.WriteString(extra + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// outbox is a Delivery with its own user agent, whose outcomes are kept.
type outbox struct {
	*Delivery
	tb    testing.TB
	phone *phone.Phone
	told  chan Outcome
}

// patience is for how long a test waits for what has to come.
const patience = 20 * time.Second

func newOutbox(tb testing.TB, p phone.Options, o DeliveryOptions) *outbox {
	tb.Helper()
	p.ListenUDP = []string{"127.0.0.1:0"}
	ua, err := phone.New(p)
	if err != nil {
		tb.Fatal(err)
	}
	x := &outbox{tb: tb, phone: ua, told: make(chan Outcome, 1<<16)}
	if o.Directory == nil {
		d := newDirectory(tb, centre)
		o.Directory = func() *directory.Directory { return d }
	}
	further := o.Ways
	o.Ways = func(pbx string) []Way {
		if pbx == "" {
			return nil
		}
		ways := []Way{{"message", ua}}
		if further != nil {
			ways = append(ways, further(pbx)...)
		}
		return ways
	}
	o.Outcome = func(out Outcome) { x.told <- out }
	if o.FirstRetry == 0 {
		o.FirstRetry = 10 * time.Millisecond
	}
	x.Delivery = NewDelivery(o)
	tb.Cleanup(func() {
		x.Close()
		if s := x.Stats(); s.Pending != 0 || len(x.pending)+len(x.lines)+len(x.byText) != 0 {
			tb.Errorf("after closing %d are pending, in %d + %d + %d places", s.Pending, len(x.pending), len(x.lines), len(x.byText))
		}
		ua.Close()
	})
	return x
}

// next is the next outcome, as "delivered 200 after 1".
func (x *outbox) next() (Outcome, string) {
	x.tb.Helper()
	select {
	case o := <-x.told:
		s := fmt.Sprintf("%s %d after %d", o.State, o.StatusCode, o.Attempts)
		if !o.Final {
			s += ", not final"
		}
		return o, s
	case <-time.After(patience):
		x.tb.Fatal("nothing is told")
		return Outcome{}, ""
	}
}

func (x *outbox) want(want ...string) (last Outcome) {
	x.tb.Helper()
	for _, w := range want {
		var got string
		if last, got = x.next(); got != w {
			x.tb.Fatalf("told %q (%v), want %q", got, last.Err, w)
		}
	}
	return last
}

func (x *outbox) wantNothing() {
	x.tb.Helper()
	select {
	case o := <-x.told:
		x.tb.Errorf("told %s %d (%v), want nothing", o.State, o.StatusCode, o.Err)
	default:
	}
}

// take is the next message that the phone got.
func (s *softphone) take(tb testing.TB) string {
	tb.Helper()
	select {
	case body := <-s.got:
		return body
	case <-time.After(patience):
		tb.Fatal("no message came")
		return ""
	}
}

func hintFor(e Event, agent, call, device string) Hint {
	return Hint{
		Key: Key{Agent: agent, CallID: call}, Event: e, At: start, Number: matti, Direction: sip.Inbound,
		PBX: "asterisk", Device: device, Cases: []cases.Case{open("S1", "support", matti)},
	}
}
