package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// HEPOptions say how to measure the feeds.
type HEPOptions struct {
	Program  string // this binary
	Messages int
	Rate     float64 // per second
	Networks []string
	Modes    []Mode // in this order; ratios are to Bare, so it comes first
	Runs     int
	Out      io.Writer
}

// HEP measures the CPU time that a million HEP3 messages cost, against a bare receiver in the same run.
func HEP(ctx context.Context, o HEPOptions) error {
	fmt.Fprintf(o.Out, "making %d messages …\n", o.Messages)
	f := pack(newLoadOf(o.Messages, o.Rate), o.Messages)
	fmt.Fprintf(o.Out, "%d messages, %.0f/s, median of %d runs; CPU is the receiver's, user and system\n\n", len(f.ends), o.Rate, o.Runs)
	fmt.Fprintf(o.Out, "%-4s %-6s %14s %8s %8s %8s %8s %9s\n", "net", "mode", "CPU s / 1 M", "x bare", "lost", "calls", "cases", "peak RSS")
	for _, network := range o.Networks {
		floor := time.Duration(0)
		for _, mode := range o.Modes {
			r, err := f.median(ctx, &o, mode, network)
			if err != nil {
				return err
			}
			if mode == Bare {
				floor = r.PerMillion()
			}
			fmt.Fprintf(o.Out, "%-4s %-6s %14.2f %8s %8d %8d %8d %6d MB\n", network, mode, r.PerMillion().Seconds(),
				ratio(r.PerMillion(), floor), r.Lost(), r.Calls, r.Opened, r.PeakRSS>>20)
		}
	}
	return nil
}

// ratio is a to b for people, and a dash where b was not measured.
func ratio(a, b time.Duration) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

func (f *frames) median(ctx context.Context, o *HEPOptions, mode Mode, network string) (*Result, error) {
	var all []*Result
	for range o.Runs {
		r, err := child(ctx, o.Program, mode, network, func(addr string) (time.Duration, error) { return f.send(network, addr) })
		if err != nil {
			return nil, err
		}
		r.Sent = len(f.ends)
		all = append(all, r)
	}
	return medianOf(all), nil
}
