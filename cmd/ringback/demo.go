package main

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"ringback/daemon/demo"
)

type demoCommand struct {
	For  time.Duration `placeholder:"TIME" help:"Stop after this time, as 30s or 5m, with a summary. By default it goes on until Ctrl-C."`
	Seed uint64        `placeholder:"N" help:"Let the same customers come again; every demo names its seed."`
}

func (*demoCommand) Help() string {
	return `
Runs a real daemon in a temporary folder and a simulated contact centre around it: two services and five agents, a PBX that
mirrors its signalling to a real HEP3 socket, phones that receive real SIP MESSAGE hints. Customers are missed, dropped,
called back and served, and every line says what happens. It needs nothing installed and leaves nothing behind. The exit
code is 0 only if Ringback did with every call what it should.

Examples:

    ringback demo
    ringback demo --for 30s
    ringback demo --for 30s --seed 7`
}

// Run plays.
func (c *demoCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	return demo.Run(ctx, demo.Options{For: c.For, Seed: c.Seed, Out: out, Color: colourful(out), Version: release()})
}

// colourful reports whether out is a terminal that wants colours (https://no-color.org).
func colourful(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
