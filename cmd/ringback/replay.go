package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"golang.org/x/term"

	"ringback/daemon"
)

type replayCommand struct {
	Directory string   `required:"" placeholder:"FILE" help:"The directory file: who and what is in the captures."`
	Contacts  string   `placeholder:"FILE" help:"Names for numbers: contacts as CSV, XLSX or vCard."`
	JSON      bool     `name:"json" help:"Print lines for machines instead of a table for people."`
	Files     []string `arg:"" name:"file" help:"Captures: pcap or pcapng, gzipped or not, of SIP or HEP. Several are merged by time."`
}

func (*replayCommand) Help() string {
	return `
Runs captures through the rules as if they came in live, and prints what would have happened: calls with their verdicts,
cases that open and close, hints. Nothing is kept and nobody is told. Time runs on at the end of the files until every
verdict has fallen. The times of the configuration's tracker section apply. Recordings of what a PBX told by ARI, AMI or
dialog events, an event a line, may stand beside captures or alone.

Examples:

    ringback replay --directory centre.yaml monday.pcap
    ringback replay --directory centre.yaml hep.pcap ari.jsonl
    ringback replay --directory centre.yaml --json trunk.pcapng.gz phones.pcapng.gz | jq 'select(.type == "case")'`
}

// lessGC lets commands that handle many messages spend memory instead of time on garbage: what they
// keep is small. The environment's GOGC has the last word.
func lessGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// Run replays the files.
func (c *replayCommand) Run(ctx context.Context, cli *commandLine, out io.Writer, stderr stderrWriter) error {
	config, err := cli.load()
	if err != nil {
		return err
	}
	lessGC()
	bar := newProgress(stderr)
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		bar = &progress{} // the lines themselves show how far it is
	}
	defer bar.clear()
	return daemon.Replay(ctx, daemon.ReplayOptions{
		Directory: c.Directory, Contacts: c.Contacts, Files: c.Files, JSON: c.JSON, Tracker: daemon.TrackerOptions(config.Tracker), Out: out,
		Warn: func(text string) {
			bar.clear()
			fmt.Fprintf(stderr, "ringback: %s\n", text)
		},
		Progress: bar.show,
	})
}
