package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ringback/daemon"
)

type statusCommand struct {
	Alive bool `help:"Ask only whether it answers, ready or not: for a container's health check."`
}

func (*statusCommand) Help() string {
	return `
Asks the daemon at the admin socket whether it can keep its promise, and prints what must work for that. The exit code is
0 when all does.`
}

// errNotReady is what status ends with when the daemon cannot keep its promise.
var errNotReady = errors.New("the daemon is not ready")

// statusPatience is how long a daemon may take to answer before it does not live.
const statusPatience = 5 * time.Second

// Run prints what the daemon says of itself.
func (c *statusCommand) Run(ctx context.Context, cli *commandLine, out io.Writer) (err error) {
	config, err := cli.load()
	if err != nil {
		return err
	}
	remote, err := daemon.Connect(ctx, config.Admin.Socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remote.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	readiness, err := remote.Ready(ctx)
	if err != nil || c.Alive {
		return err
	}
	for _, check := range readiness.Checks {
		state := "ready"
		if !check.Ready {
			state = "not ready: " + check.Problem
		}
		fmt.Fprintf(out, "%-12s %s\n", check.Name, state)
	}
	if !readiness.Ready {
		return errNotReady
	}
	return nil
}
