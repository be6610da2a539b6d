package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"

	"ringback/daemon"
)

// Profile writes a CPU profile of watching a load over UDP and TCP, with the whole daemon behind it, and of
// replaying it from a file: what the compiler is to make fast.
func Profile(ctx context.Context, path string, messages int, rate float64, out io.Writer) (err error) {
	f := pack(newLoadOf(messages, rate), messages)
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file, yaml := filepath.Join(dir, "load.pcap"), filepath.Join(dir, "directory.yaml")
	if err := os.WriteFile(yaml, []byte(Directory()), 0o600); err != nil {
		return err
	}
	if _, err := writeCapture(file, NewLoad(int(float64(messages)/MessagesPerCall), rate)); err != nil {
		return err
	}
	w, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := pprof.StartCPUProfile(w); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer pprof.StopCPUProfile()
	for _, network := range []string{"udp", "tcp"} {
		fmt.Fprintf(out, "watching %d messages over %s …\n", messages, network)
		if err := f.sendItself(ctx, network, watch); err != nil {
			return err
		}
		if err := f.sendItself(ctx, network, receive); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "replaying …")
	return daemon.Replay(ctx, daemon.ReplayOptions{Directory: yaml, Files: []string{file}, JSON: true, Out: io.Discard, Warn: func(string) {}})
}

// receiving is what a mode does.
type receiving func(ctx context.Context, network string, ready func(net.Addr), ended <-chan struct{}, r *report) error

// sendItself sends to a receiver in this process.
func (f *frames) sendItself(ctx context.Context, network string, to receiving) error {
	ended, sent := make(chan struct{}), make(chan error, 1)
	ready := func(a net.Addr) {
		go func() {
			defer close(ended)
			_, err := f.send(network, a.String())
			sent <- err
		}()
	}
	if err := to(ctx, network, ready, ended, &report{}); err != nil {
		return err
	}
	return <-sent
}
