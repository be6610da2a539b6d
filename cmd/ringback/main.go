// Command ringback watches a PBX's signalling, keeps a case for every customer who rang and was not
// served, and tells agents when a call matches one. It holds flags, signals and exit codes; what the
// commands do is package daemon's.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/alecthomas/kong"

	"ringback/configs"
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

	Config     configCommand     `cmd:"" help:"Check, show or explain the configuration."`
	Version    versionCommand    `cmd:"" help:"Say which version this is."`
	Completion completionCommand `cmd:"" help:"Print what makes a shell complete ringback's commands and flags."`
}

const description = `Ringback watches a PBX's signalling and sees to it that every customer who rang and was not served is called back, once.

Exit codes: 0 success, 1 failure, 2 a command line that makes no sense.`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var cli commandLine
	parser, err := kong.New(&cli,
		kong.Name("ringback"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Bind(&cli),
		kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"default_config": configs.DefaultPath},
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
	if problems, ok := errors.AsType[configs.Problems](err); ok {
		fmt.Fprintln(stderr, problems)
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
