package main

import (
	"context"
	"io"
	"os"
	"time"

	"ringback/daemon/bench"
)

type benchCommand struct {
	HEP     benchHEP     `cmd:"" name:"hep" help:"CPU per million HEP messages, against a bare receiver."`
	Replay  benchReplay  `cmd:"" help:"A capture file's time, against tshark and sngrep where installed."`
	Hints   benchHints   `cmd:"" help:"The time from the wire to the agent's phone."`
	Profile benchProfile `cmd:"" help:"Write a CPU profile of the load for the compiler to go by."`
	Cases   benchCases   `cmd:"" help:"Pages, creating and taking with a million cases, against a Badger transaction each."`
	Events  benchEvents  `cmd:"" help:"Event streams: CPU of many clients that each see what happens."`
	Receive benchReceive `cmd:"" hidden:"" help:"The receiving side of hep, in a process of its own."`
}

func (*benchCommand) Help() string {
	return `
Measures Ringback on this machine, against named peers and floors in the same run. Everything stays on loopback, is
bounded, cleans up and stops by itself. docs/performance.md tells what was measured on which machine.`
}

type benchHEP struct {
	Messages int          `default:"1000000" help:"How many messages each run sends."`
	Rate     float64      `default:"100000" help:"Messages per second."`
	Networks []string     `name:"network" default:"udp,tcp" enum:"udp,tcp" help:"Over what: udp, tcp."`
	Modes    []bench.Mode `name:"mode" default:"bare,watch,cases" enum:"bare,watch,cases" help:"What the receiver does: bare counts, watch judges calls, cases is the whole daemon."`
	Runs     int          `default:"3" help:"Runs of each kind; the median counts."`
}

// Run measures the feeds.
func (c *benchHEP) Run(ctx context.Context, out io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.HEP(ctx, bench.HEPOptions{Program: program, Messages: c.Messages, Rate: c.Rate, Networks: c.Networks, Modes: c.Modes, Runs: max(1, c.Runs), Out: out})
}

type benchReplay struct {
	Calls int `default:"100000" help:"How many calls the capture holds; 12.8 messages each."`
	Runs  int `default:"3" help:"Runs of each program; the median counts."`
}

// Run measures capture files.
func (c *benchReplay) Run(ctx context.Context, out io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.Replay(ctx, bench.ReplayOptions{Program: program, Calls: c.Calls, Runs: max(1, c.Runs), Out: out})
}

type benchHints struct {
	Hints int     `default:"400" help:"How many customers call again."`
	Rate  float64 `default:"10000" help:"Messages per second watched beside."`
}

// Run measures hints.
func (c *benchHints) Run(ctx context.Context, out io.Writer) error {
	return bench.Hints(ctx, bench.HintOptions{Hints: c.Hints, Rate: c.Rate, Out: out})
}

type benchProfile struct {
	File     string  `arg:"" type:"path" help:"Where to write it."`
	Messages int     `default:"1000000" help:"How many messages the load has."`
	Rate     float64 `default:"50000" help:"Messages per second."`
}

// Run writes a profile.
func (c *benchProfile) Run(ctx context.Context, out io.Writer) error {
	return bench.Profile(ctx, c.File, c.Messages, c.Rate, out)
}

type benchReceive struct {
	Mode    bench.Mode `required:"" enum:"bare,watch,cases"`
	Network string     `required:"" enum:"udp,tcp"`
}

// Run receives until standard input ends.
func (c *benchReceive) Run(ctx context.Context, out io.Writer) error {
	lessGC()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	return bench.Receive(ctx, c.Mode, c.Network, os.Stdin, out)
}

type benchCases struct {
	Cases   int    `default:"1000000" help:"How many open cases there are."`
	Writers int    `default:"16" help:"How many create cases at once."`
	Turns   int    `default:"10" help:"Seconds that cases are created, and as many that the peer writes."`
	Pages   int    `default:"2000" help:"How many pages of each kind are read."`
	Races   int    `default:"2000" help:"How many agents ask for the next case at once; 2000 at most."`
	Dir     string `placeholder:"FOLDER" help:"On the disk to be measured; by default where temporary files are."`
	Part    string `hidden:"" enum:"fill,weigh," default:"" help:"One part, in a process of its own."`
}

// Run measures case work.
func (c *benchCases) Run(ctx context.Context, out io.Writer) error {
	lessGC() // both as serve does
	go boundMemory(ctx)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Part != "" {
		return bench.CasePart(ctx, bench.CaseOptions{Dir: c.Dir, Cases: c.Cases, Writers: c.Writers, Out: out}, c.Part)
	}
	return bench.CaseWork(ctx, bench.CaseOptions{
		Program: program, Dir: c.Dir, Cases: c.Cases, Writers: c.Writers, Turns: c.Turns, Pages: c.Pages, Races: c.Races, Out: out,
	})
}

type benchEvents struct {
	Clients int           `default:"10000" help:"How many streams are open."`
	Rate    float64       `default:"100" help:"Events per second."`
	Lists   []int         `default:"20,1" help:"Over how many lists events and clients are spread: each client sees his list's events. With 1 everybody sees everything."`
	For     time.Duration `default:"20s" help:"How long each is measured."`
	Serve   bool          `hidden:"" help:"The serving side, in a process of its own."`
}

func (*benchEvents) Help() string {
	return `
The server runs in a process of its own, whose CPU is measured; the clients share another. Every client takes a file
descriptor in each: both need a limit above the number of clients (ulimit -n; Go raises the soft limit to the hard one itself).`
}

// Run measures event streams, or serves them.
func (c *benchEvents) Run(ctx context.Context, out io.Writer) error {
	if c.Serve {
		return bench.ServeEvents(ctx, os.Stdin, out)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.Events(ctx, bench.EventOptions{Program: program, Clients: c.Clients, Rate: c.Rate, Lists: c.Lists, For: c.For, Out: out})
}
