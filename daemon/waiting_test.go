package daemon_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"ringback/configs"
	"ringback/daemon"
	"ringback/store"
)

// runFailing runs a daemon whose writes fail when broken says so. It ends by itself.
func runFailing(t *testing.T, c *configs.Config, fault func(store.Stage) error) (x *centre, ended func() error) {
	t.Helper()
	x = &centre{t: t, config: c}
	var err error
	x.Daemon, err = daemon.New(t.Context(), daemon.Options{
		Config: c, Logger: slog.New(slog.NewTextHandler(&x.log, nil)), Observe: x.observe, Fault: fault,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { done <- x.Run(ctx) }()
	t.Cleanup(cancel)
	return x, sync.OnceValue(func() error { return <-done })
}

// TestADiskThatFailsOnceEndsTheDaemonWithNothingLost lets one write after the other fail, before and after it reached
// the disk, while calls are missed. The daemon ends, saying why, and the next one has every case once.
func TestADiskThatFailsOnceEndsTheDaemonWithNothingLost(t *testing.T) {
	t.Parallel()
	for _, stage := range []store.Stage{store.BeforeWrite, store.AfterSync} {
		c := settings(t)
		know(t, c, kamailio)
		var failing atomic.Bool
		x, ended := runFailing(t, c, func(at store.Stage) error {
			if at == stage && failing.Load() {
				return syscall.EIO
			}
			return nil
		})
		feed := x.dial()
		mirror(t, feed, "", captured(t, "kamailio/k3_cancel"))
		x.awaitCases(1)
		failing.Store(true)
		mirror(t, feed, "", captured(t, "kamailio/k4_all_busy_486"))
		err := ended()
		if !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "\n") ||
			!strings.Contains(err.Error(), "the disk takes writes again") {
			t.Errorf("ended with %v", err)
		}

		// The next one cannot write either: they wait on.
		_, ended = runFailing(t, c, func(store.Stage) error { return syscall.EIO })
		if err := ended(); !errors.Is(err, store.ErrFailed) {
			t.Errorf("the second ended with %v", err)
		}
		if _, err := os.Stat(filepath.Join(c.DataDir, "waiting")); err != nil {
			t.Error(err)
		}

		x = run(t, c)
		x.await("both cases", func() bool { return openCases(x) == 2 })
		if status, body := x.get("/readyz"); status != http.StatusOK {
			t.Errorf("not ready: %s", body)
		}
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		if files, err := filepath.Glob(filepath.Join(c.DataDir, "waiting*")); err != nil || len(files) > 0 {
			t.Errorf("left behind: %v, %v", files, err)
		}
	}
}

// openCases is how many open cases of one miss the API lists.
func openCases(x *centre) int {
	_, body := x.get("/v1/cases?list=callbacks&state=open")
	return strings.Count(body, `"missed_count":1`)
}

func TestVerdictsThatNobodyCanReadAreSetAside(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	put(t, filepath.Join(c.DataDir, "waiting"), "no such thing")
	x := run(t, c)
	if b, err := os.ReadFile(filepath.Join(c.DataDir, "waiting.unreadable")); err != nil || string(b) != "no such thing" {
		t.Errorf("%q, %v", b, err)
	}
	if !strings.Contains(x.log.String(), "set aside") {
		t.Error("nobody is told")
	}
}
