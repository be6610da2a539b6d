package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"ringback/configs"
	"ringback/daemon"
)

type serveCommand struct{}

func (*serveCommand) Help() string {
	return `
Runs until SIGTERM or SIGINT, then applies what has come in, writes the calls that are still live and stops; a second
signal stops at once. SIGHUP reads the configuration again (ringback config check says beforehand whether it will be
taken). Logs go to standard error. Under systemd it tells when it is ready, reloads and stops, and feeds the watchdog.

Examples:

    ringback serve
    ringback --config ./ringback.yaml serve`
}

// Run runs the daemon until a signal ends it.
func (*serveCommand) Run(ctx context.Context, cli *commandLine, stderr stderrWriter) error {
	config, err := cli.load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(slog.Level(config.Log.Level))
	log := newLogger(stderr, config.Log.Format, level)

	// HUP is caught before the daemon opens, as it kills a process that does not expect it.
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)

	d, err := daemon.New(ctx, daemon.Options{
		Config: config, Load: cli.load, Version: release(), Revision: revision(), Logger: log, Level: level,
	})
	if err != nil {
		return err
	}
	running, stopped := context.WithCancel(ctx)
	defer stopped()
	go reloads(running, d, hangUp, log)
	go watchdog(running, d, log)
	context.AfterFunc(running, func() { notify(log, systemd.SdNotifyStopping) })
	notify(log, systemd.SdNotifyReady)
	lessGC()
	go boundMemory(running)
	return d.Run(ctx)
}

// reloads reloads the daemon at every hang-up signal.
func reloads(ctx context.Context, d *daemon.Daemon, hangUp <-chan os.Signal, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
		}
		notify(log, systemd.SdNotifyReloading+"\n"+systemd.SdNotifyMonotonicUsec())
		_ = d.Reload(ctx) // the daemon has logged what was wrong and goes on as it was
		notify(log, systemd.SdNotifyReady)
	}
}

// watchdog tells systemd twice per interval that the daemon is alive, if it asked to be told.
func watchdog(ctx context.Context, d *daemon.Daemon, log *slog.Logger) {
	interval, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog's interval cannot be read", "err", err)
	}
	if interval <= 0 {
		return
	}
	tick := time.NewTicker(interval / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d.Alive()
		notify(log, systemd.SdNotifyWatchdog)
	}
}

// notify tells systemd, when it is there, about the state of the service.
func notify(log *slog.Logger, state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		log.Warn("systemd could not be told", "state", state, "err", err)
	}
}

// newLogger writes to w as the configuration says.
func newLogger(w io.Writer, format configs.LogFormat, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
