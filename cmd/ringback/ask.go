package main

import (
	"context"
	"errors"

	"ringback/daemon"
)

// ask reaches the running daemon.
func ask(ctx context.Context, cli *commandLine, do func(*daemon.Remote) error) (err error) {
	config, err := cli.load()
	if err != nil {
		return err
	}
	remote, err := daemon.Connect(ctx, config.Admin.Socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remote.Close()) }()
	return do(remote)
}
