// Command ringback watches a PBX's signalling, keeps a case for every customer who rang and was not
// served, and tells agents when a call matches one. It holds flags, signals and exit codes; what the
// commands do is package daemon's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"ringback/configs"
	"ringback/directory"
)

// What the process ends with.
const (
	exitOK      = 0
	exitFailure = 1 // the command was understood and failed
	exitUsage   = 2 // the command line was not understood
)

// commandLine is everything that can be typed.
type commandLine struct {
	ConfigFile string `name:"config" short:"c" env:"RINGBACK_CONFIG" placeholder:"FILE" help:"Configuration file. By default ${default_config}, if there is one."`

	Serve      serveCommand      `cmd:"" help:"Watch the PBX: run the daemon."`
	Demo       demoCommand       `cmd:"" help:"Watch a simulated contact centre."`
	Replay     replayCommand     `cmd:"" help:"Run captures through the rules and print what would have happened."`
	Status     statusCommand     `cmd:"" help:"Ask the running daemon whether all is well."`
	Feeds      feedsCommand      `cmd:"" help:"Show how the feeds are by which calls become known."`
	Check      checkCommand      `cmd:"" help:"Say how a PBX looks to the running daemon."`
	Hook       hookCommand       `cmd:"" help:"Try the addresses that PBXs tell of calls at."`
	Directory  directoryCommand  `cmd:"" help:"Check, import or export the directory: who and what."`
	Import     importCommand     `cmd:"" help:"Bring in customers to call, or contacts, from a file."`
	Export     exportCommand     `cmd:"" help:"Write cases, histories, statistics or contacts as a table."`
	People     peopleCommand     `cmd:"" help:"Show people, invite them and shut them out."`
	Token      tokenCommand      `cmd:"" help:"Make, show and revoke tokens of the API."`
	Audit      auditCommand      `cmd:"" help:"Show who did what."`
	Erase      eraseCommand      `cmd:"" help:"Erase all that is kept of a person."`
	Messages   messagesCommand   `cmd:"" help:"Make keys for what callers leave on the callback line."`
	Webhook    webhookCommand    `cmd:"" help:"Show the programs told of events, test them, and send again what they missed."`
	Backup     backupCommand     `cmd:"" help:"Write all that is stored into one file, while the daemon runs."`
	Restore    restoreCommand    `cmd:"" help:"Make the data what a backup holds."`
	Config     configCommand     `cmd:"" help:"Check, show or explain the configuration."`
	Bench      benchCommand      `cmd:"" hidden:"" help:"Measure Ringback on this machine, against peers and floors."`
	Version    versionCommand    `cmd:"" help:"Say which version this is."`
	Completion completionCommand `cmd:"" help:"Print what makes a shell complete ringback's commands and flags."`
}

const description = `Ringback watches a PBX's signalling and sees to it that every customer who rang and was not served is called back, once.

Exit codes: 0 success, 1 failure, 2 a command line that makes no sense.`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// stderrWriter is where logs, progress and warnings go.
type stderrWriter io.Writer

// run executes one command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	// The first signal ends the command in order, the second the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()

	var cli commandLine
	parser, err := kong.New(&cli,
		kong.Name("ringback"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Bind(&cli),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.BindTo(stderr, (*stderrWriter)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"default_config": configs.DefaultPath, "scopes": scopeWords()},
	)
	if err != nil {
		panic(err) // the commands above contradict each other
	}
	if len(args) > 0 && args[0] == completeArg {
		complete(stdout, parser.Model.Node, args[1:])
		return exitOK
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "ringback: %v; see `ringback%s --help`\n", err, selected(err))
		return exitUsage
	}
	if err := command.Run(); err != nil {
		tell(stderr, err)
		return exitFailure
	}
	return exitOK
}

// selected is the command that a wrong command line came as far as, with a space before it.
func selected(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
		if node := e.Context.Selected(); node != nil {
			return " " + node.Path()
		}
	}
	return ""
}

// tell writes an error for people: one sentence, or a line for each problem of a file, so that editors
// find the places.
func tell(stderr io.Writer, err error) {
	_, config := errors.AsType[configs.Problems](err)
	_, people := errors.AsType[*directory.InvalidError](err)
	if config || people {
		fmt.Fprintln(stderr, err)
		return
	}
	fmt.Fprintf(stderr, "ringback: %v\n", err)
}

// load reads the configuration: of the file that was named, else of the default place, else the defaults.
func (c *commandLine) load() (*configs.Config, error) {
	if c.ConfigFile != "" {
		return configs.Load(c.ConfigFile)
	}
	loaded, err := configs.Load(configs.DefaultPath)
	if errors.Is(err, fs.ErrNotExist) {
		return configs.Default(), nil
	}
	return loaded, err
}
