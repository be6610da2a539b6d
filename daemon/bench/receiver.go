package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Mode is what a receiver does with what it gets.
type Mode string

// The modes: the floor; watching, with every call judged; and the whole daemon, with every case on the disk.
const (
	Bare  Mode = "bare"
	Watch Mode = "watch"
	Cases Mode = "cases"
)

// Result is what one receiver did.
type Result struct {
	Mode     Mode
	Network  string
	Sent     int
	Received int
	Calls    int           // verdicts
	Opened   int           // cases
	CPU      time.Duration // of the whole process from when it was ready, user and system
	PeakRSS  int64         // bytes
	Took     time.Duration // of sending
}

// Lost is how many messages did not arrive.
func (r *Result) Lost() int { return r.Sent - r.Received }

// PerMillion is the CPU time for a million messages.
func (r *Result) PerMillion() time.Duration {
	return time.Duration(float64(r.CPU) / float64(max(1, r.Sent)) * 1e6)
}

// report is what a receiver in a child process tells.
type report struct {
	Addr                    string
	Received, Calls, Opened int
	Start                   time.Duration // CPU until it was ready
	PeakRSS                 int64         // bytes; the kernel's own figure of a child counts what its parent had at the fork
}

// child runs a receiver in a process of its own while f sends to it.
func child(ctx context.Context, program string, mode Mode, network string, f func(addr string) (time.Duration, error)) (*Result, error) {
	cmd := exec.CommandContext(ctx, program, "bench", "receive", "--mode", string(mode), "--network", network) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := json.NewDecoder(out)
	var r report
	if err := d.Decode(&r); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: the receiver did not start: %w", err), cmd.Wait())
	}
	took, err := f(r.Addr)
	_ = in.Close() // tells it to end
	if err != nil {
		return nil, errors.Join(err, cmd.Wait())
	}
	if err := d.Decode(&r); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: the receiver did not report: %w", err), cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return nil, err
	}
	res := &Result{Mode: mode, Network: network, Received: r.Received, Calls: r.Calls, Opened: r.Opened, Took: took}
	res.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() - r.Start
	res.PeakRSS = r.PeakRSS
	return res, nil
}

// peak is the most memory that a process had, in bytes.
func peak(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10 // Linux counts KiB
	}
	return 0
}

// Receive is the child's side: it receives in one mode until standard input ends.
func Receive(ctx context.Context, mode Mode, network string, in io.Reader, out io.Writer) error {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	enc := json.NewEncoder(out)
	var r report
	ready := func(a net.Addr) { r.Addr, r.Start = a.String(), used(); _ = enc.Encode(r) }
	var err error
	switch {
	case mode == Bare && network == "udp":
		r.Received, err = bareUDP(ready, ended)
	case mode == Bare:
		r.Received, err = bareTCP(ready)
	case mode == Watch:
		err = watch(ctx, network, ready, ended, &r)
	default:
		err = receive(ctx, network, ready, ended, &r)
	}
	if err != nil {
		return err
	}
	r.PeakRSS = ownPeak()
	return enc.Encode(r)
}

// ownPeak is the most memory this process had, in bytes; 0 where the system does not tell.
func ownPeak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// medianOf is the run in the middle by CPU time.
func medianOf(runs []*Result) *Result {
	slices.SortFunc(runs, func(a, b *Result) int { return cmp.Compare(a.CPU, b.CPU) })
	return runs[len(runs)/2]
}
