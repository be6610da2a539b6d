package main

import (
	"cmp"
	"fmt"
	"io"

	"ringback/configs"
	"ringback/daemon"
)

type configCommand struct {
	Check   configCheck   `cmd:"" help:"Say whether a configuration is right, and what to mend."`
	Show    configShow    `cmd:"" help:"Print the configuration in force, defaults included."`
	Default configDefault `cmd:"" help:"Print a file with every setting at its default, explained."`
}

func (*configCommand) Help() string {
	return `
Examples:

    ringback config default > ringback.yaml
    ringback config check ringback.yaml
    ringback --config ringback.yaml config show`
}

type configCheck struct {
	File string `arg:"" optional:"" help:"The file to check; without it the one that serve would read."`
}

func (*configCheck) Help() string {
	return `
Every mistake is printed as file:line:column, what is wrong and how to mend it, and the exit code is 1. The files that
the configuration names (certificates, keys, passwords, tokens) are looked at too; nothing is opened for writing and no
running daemon is touched.`
}

// Run checks one file.
func (c *configCheck) Run(cli *commandLine, out io.Writer) error {
	file := cmp.Or(c.File, cli.ConfigFile, configs.DefaultPath)
	if err := configs.Check(file); err != nil {
		return err
	}
	loaded, err := configs.Load(file)
	if err != nil {
		return err
	}
	if err := daemon.CheckFiles(loaded); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is right\n", file)
	return nil
}

type configShow struct{}

// Run prints the configuration as serve would use it.
func (*configShow) Run(cli *commandLine, out io.Writer) error {
	loaded, err := cli.load()
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, loaded.YAML())
	return err
}

type configDefault struct{}

// Run prints the explained example.
func (*configDefault) Run(out io.Writer) error {
	_, err := io.WriteString(out, configs.Example)
	return err
}
