package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// EventOptions say how to measure event streams.
type EventOptions struct {
	Program string // this binary
	Clients int
	Rate    float64 // events per second
	Lists   []int   // over how many lists events and clients are spread, one measurement each
	For     time.Duration
	Out     io.Writer
}

// Events measures what it costs to tell many clients of what happens, each of what he may see.
func Events(ctx context.Context, o EventOptions) error {
	fmt.Fprintf(o.Out, "%d clients, %.0f events/s, %v each; CPU is the server's, user and system\n\n", o.Clients, o.Rate, o.For)
	fmt.Fprintf(o.Out, "%-24s %12s %12s %7s %8s %7s %9s %9s %9s %9s\n", "each client sees", "delivered/s", "CPU s per s", "lost", "dropped", "resets", "p50", "p99", "caught up", "peak RSS")
	for _, lists := range o.Lists {
		r, err := o.measure(ctx, max(1, lists))
		if err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "%-24s %12.0f %12.2f %7d %8d %7d %9v %9v %9v %6d MB\n", fmt.Sprintf("1 event in %d (%.1f/s)", lists, o.Rate/float64(lists)),
			float64(r.delivered)/o.For.Seconds(), r.CPU.Seconds()/o.For.Seconds(), r.lost, r.Dropped, r.Resets, r.p50, r.p99, r.late.Round(time.Millisecond), r.PeakRSS>>20)
	}
	return nil
}

// streamed is what came of one measurement.
type streamed struct {
	publication

	delivered, lost int64
	late            time.Duration // after the last event until all had it
	p50, p99        time.Duration
}

// audience is the clients of one measurement.
type audience struct {
	lists    int
	received []atomic.Int64 // by client
	cutOff   atomic.Int64   // clients whose stream ended
	over     atomic.Bool

	mu   sync.Mutex
	took []time.Duration // from an event to a client, of some clients
}

// measure runs a server in a process of its own with clients in this one.
func (o *EventOptions) measure(ctx context.Context, lists int) (r streamed, err error) {
	cmd := exec.CommandContext(ctx, o.Program, "bench", "events", "--serve") //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return r, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, in.Close(), cmd.Wait()) }()
	say, hear := json.NewEncoder(in), json.NewDecoder(out)
	if err := say.Encode(serving{Lists: lists, Rate: o.Rate}); err != nil {
		return r, err
	}
	var ready opened
	if err := hear.Decode(&ready); err != nil {
		return r, fmt.Errorf("bench: the server did not start: %w", err)
	}
	a := &audience{lists: lists, received: make([]atomic.Int64, o.Clients)}
	conns, err := a.connect(ctx, o.Clients, &ready)
	defer func() {
		a.over.Store(true)
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
	}()
	if err != nil {
		return r, err
	}
	if err := say.Encode(o.For); err != nil { // begin, and say when it is over
		return r, err
	}
	if err := hear.Decode(&r.publication); err != nil {
		return r, fmt.Errorf("bench: the server told nothing: %w", err)
	}
	r.late = a.settle(r.PerList)
	if err := say.Encode(0); err != nil {
		return r, err
	}
	if err := hear.Decode(&r.publication); err != nil {
		return r, fmt.Errorf("bench: the server told nothing: %w", err)
	}
	if n := a.cutOff.Load(); n > 0 {
		return r, fmt.Errorf("bench: %d clients were cut off", n)
	}
	for i := range a.received {
		got := a.received[i].Load()
		r.delivered += got
		r.lost += r.PerList[i%lists] - got
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at := quantiles(a.took)
	r.p50, r.p99 = at(.5), at(.99)
	return r, nil
}

// settle waits until every client has every event, or ten seconds brought nothing, and says how long
// that took.
func (a *audience) settle(perList []int64) time.Duration {
	began, progress := time.Now(), time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for before := int64(-1); time.Since(progress) < 10*time.Second; <-tick.C {
		missing := int64(0)
		for i := range a.received {
			missing += perList[i%a.lists] - a.received[i].Load()
		}
		if missing == 0 || a.cutOff.Load() > 0 {
			break
		}
		if missing != before {
			before, progress = missing, time.Now()
		}
	}
	return time.Since(began)
}

// connect opens the streams.
func (a *audience) connect(ctx context.Context, n int, to *opened) (conns []net.Conn, err error) {
	// One address has too few ports for very many clients.
	for i := range n {
		from := netip.AddrFrom4([4]byte{127, 0, 1, byte(1 + i/20_000)})
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
		c, err := d.DialContext(ctx, "tcp", to.Addr)
		if err != nil {
			return conns, fmt.Errorf("client %d: %w (each takes a file descriptor here and there: see ulimit -n)", i, err)
		}
		conns = append(conns, c)
		if _, err := fmt.Fprintf(c, "GET /v1/events HTTP/1.1\r\nHost: ringback\r\nAuthorization: Bearer %s\r\n\r\n", to.Tokens[i%a.lists]); err != nil {
			return conns, err
		}
		in := bufio.NewReaderSize(c, 2048)
		if err := greeted(in); err != nil {
			return conns, fmt.Errorf("client %d: %w", i, err)
		}
		go a.read(i, in)
	}
	return conns, nil
}

// greeted reads up to the first comment of a stream.
func greeted(in *bufio.Reader) error {
	first := true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("bench: answered %q", line)
		}
		first = false
		if bytes.HasPrefix(line, []byte(": ")) {
			return nil
		}
	}
}

// sampled is which clients look at the time of each event.
const sampled = 100

// read counts the events of one client.
func (a *audience) read(i int, in *bufio.Reader) {
	var buffer bytes.Buffer
	whole := i%sampled == 0
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			buffer.Write(line)
			continue
		}
		if err != nil {
			if !a.over.Load() {
				a.cutOff.Add(1)
			}
			return
		}
		if buffer.Len() > 0 {
			buffer.Write(line)
			line = buffer.Bytes()
			buffer.Reset()
		}
		switch {
		case bytes.HasPrefix(line, []byte("event: case")):
			a.received[i].Add(1)
		case whole && bytes.HasPrefix(line, []byte("data: ")):
			a.sample(line[len("data: "):])
		}
	}
}

func (a *audience) sample(data []byte) {
	var ev struct{ At time.Time }
	if json.Unmarshal(data, &ev) != nil || ev.At.IsZero() {
		return
	}
	elapsed := time.Since(ev.At)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, elapsed)
}
