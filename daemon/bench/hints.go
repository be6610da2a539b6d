package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon"
	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/sip/hep"
)

// HintOptions say how to measure the way from the wire to the agent's phone.
type HintOptions struct {
	Hints int
	Rate  float64 // messages per second that the daemon watches beside
	Out   io.Writer
}

// betweenHints is the time from one customer's call to the next.
const betweenHints = 25 * time.Millisecond

// hintRun is one measurement: a daemon, an agent's phone, and what was sent when.
type hintRun struct {
	conn  net.Conn
	phone *simulate.Phone

	mu   sync.Mutex
	sent map[string]time.Time // by the customer's number
	took []time.Duration
}

// Hints measures how long it takes from the datagram that shows an agent's phone ringing, for a
// customer with an open case, until the MESSAGE is at that phone.
func Hints(ctx context.Context, o HintOptions) (err error) {
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := configs.Default()
	c.DataDir = dir
	c.Web.Listen, c.Admin.Listen, c.Admin.Socket = "", "", ""
	c.HEP.UDP, c.HEP.TCP, c.HEP.ReceiveBuffer = []configs.Address{"127.0.0.1:0"}, nil, socketBuffer
	c.Hints.Enabled, c.Hints.UDP, c.Hints.TCP = true, []configs.Address{"127.0.0.1:0"}, nil
	if err := putDirectory(ctx, c); err != nil {
		return err
	}
	var opened atomic.Int64
	d, err := daemon.New(ctx, daemon.Options{Config: c, Observe: func(_ *sip.Event, changes []cases.Change, _ []assist.Hint) {
		opened.Add(int64(countOpened(changes)))
	}})
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.Run(run) }()
	defer func() { stop(); err = errors.Join(err, <-done) }()

	h := &hintRun{sent: map[string]time.Time{}}
	if h.phone, err = simulate.NewPhone(netip.MustParseAddr("127.0.0.1"), h.shown); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.phone.Close()) }()
	if h.conn, err = net.Dial("udp", d.Feeds()["hep_udp"].String()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.conn.Close()) }()
	fmt.Fprintf(o.Out, "%d customers miss the service …\n", o.Hints)
	h.register()
	h.miss(o.Hints)
	if err := until(ctx, func() bool { return opened.Load() == int64(o.Hints) }); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "… and call again, while %.0f messages/s are watched\n", o.Rate)
	load := pack(NewLoad(int(o.Rate*betweenHints.Seconds()*float64(o.Hints)/MessagesPerCall), o.Rate), math.MaxInt)
	background := make(chan error, 1)
	go func() {
		_, err := load.sendUDP(d.Feeds()["hep_udp"].String())
		background <- err
	}()
	t := time.NewTicker(betweenHints)
	defer t.Stop()
	for i := range o.Hints {
		<-t.C
		h.ring(i)
	}
	if err := <-background; err != nil {
		return err
	}
	_ = until(ctx, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.took) == o.Hints })
	return h.report(o)
}

// until waits some seconds for what must come true.
func until(ctx context.Context, f func() bool) error {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for range 500 {
		if f() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	return errors.New("bench: waited in vain")
}

func (h *hintRun) report(o HintOptions) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.took) == 0 {
		return errors.New("bench: no hint came")
	}
	slices.Sort(h.took)
	at := func(q float64) time.Duration {
		return h.took[int(q*float64(len(h.took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Fprintf(o.Out, "\ndatagram in to MESSAGE at the phone: %d of %d hints, p50 %v  p95 %v  p99 %v  max %v\n", len(h.took), o.Hints, at(.5), at(.95), at(.99), at(1))
	return nil
}

// shown is the phone's display.
func (h *hintRun) shown(s simulate.Shown) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for number, sent := range h.sent {
		if strings.Contains(s.Text, number) {
			h.took = append(h.took, s.At.Sub(sent))
			delete(h.sent, number)
			return
		}
	}
}

// customer is a number apart from the load's.
func customer(i int) string { return fmt.Sprintf("+35850%07d", i) }

func (h *hintRun) mirror(src, dst netip.AddrPort, text string) {
	frame := hep.Append(nil, hep.Packet{Packet: sip.Packet{
		Time: time.Now(), Src: src, Dst: dst, Transport: sip.UDP, Agent: 2001, Payload: []byte(strings.ReplaceAll(text, "\n", "\r\n")),
	}})
	_, _ = h.conn.Write(frame) // what does not arrive is missing from the report
}

func (h *hintRun) contact() string { return "sip:10000-0xbeef@" + h.phone.Addr().String() }

func (h *hintRun) register() {
	h.mirror(inside, h.phone.Addr(), fmt.Sprintf(`SIP/2.0 200 OK
Via: SIP/2.0/UDP %s;branch=z9hG4bK-reg
From: <sip:10000@10.20.0.10>;tag=r
To: <sip:10000@10.20.0.10>;tag=s
Call-ID: register-10000
CSeq: 1 REGISTER
Contact: <%s>;expires=600
Content-Length: 0

`, h.phone.Addr(), h.contact()))
}

// leg is an INVITE's headers; tag is of the To.
func leg(start, via, from, to, tag, callID, cseq string) string {
	if tag != "" {
		to += ";tag=" + tag
	}
	return fmt.Sprintf("%s\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-%s\nFrom: <%s>;tag=f-%s\nTo: %s\nCall-ID: %s\nCSeq: %s\nContent-Length: 0\n\n",
		start, via, callID, from, callID, to, callID, cseq)
}

const service = "sip:+35893100100@198.51.100.10:5060"

// miss is customers who give up while it rings, late enough to be no short abandon.
func (h *hintRun) miss(n int) {
	say := func(i int, back bool, start, tag, cseq string) {
		src, dst := carrier, outside
		if back {
			src, dst = dst, src
		}
		from := "sip:" + customer(i) + "@operator.example"
		h.mirror(src, dst, leg(start, carrier.String(), from, "<"+service+">", tag, fmt.Sprintf("miss-%d", i), cseq))
	}
	for i := range n {
		say(i, false, "INVITE "+service+" SIP/2.0", "", "1 INVITE")
		say(i, true, "SIP/2.0 180 Ringing", "t", "1 INVITE")
	}
	<-time.After(patience)
	for i := range n {
		say(i, false, "CANCEL "+service+" SIP/2.0", "", "1 CANCEL")
		say(i, true, "SIP/2.0 487 Request Terminated", "t", "1 INVITE")
	}
}

// patience is how long the customers wait before they give up.
const patience = 2500 * time.Millisecond

// ring is the same customer who calls again; the last datagram shows the agent's phone alerting.
func (h *hintRun) ring(i int) {
	from := "sip:" + customer(i) + "@operator.example"
	h.mirror(carrier, outside, leg("INVITE "+service+" SIP/2.0", carrier.String(), from, "<"+service+">", "", fmt.Sprintf("again-%d", i), "1 INVITE"))
	own := "sip:" + customer(i) + "@10.20.0.10"
	id := fmt.Sprintf("phone-%d", i)
	h.mirror(inside, h.phone.Addr(), leg("INVITE "+h.contact()+" SIP/2.0", inside.String(), own, "<"+h.contact()+">", "", id, "1 INVITE"))
	h.mu.Lock()
	h.sent[customer(i)] = time.Now()
	h.mu.Unlock()
	h.mirror(h.phone.Addr(), inside, leg("SIP/2.0 180 Ringing", inside.String(), own, "<"+h.contact()+">", "t", id, "1 INVITE"))
}
