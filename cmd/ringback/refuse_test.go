package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// refused runs ringback, which must end with exit code 1 and one sentence that says so.
func refused(t *testing.T, want, path string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != exitFailure {
		t.Errorf("%v: %v, want exit code %d", args, err, exitFailure)
	}
	text := strings.TrimSpace(string(out))
	if strings.Contains(text, "\n") || !strings.Contains(text, want) {
		t.Errorf("%v says %q, want one line with %q", args, text, want)
	}
}

// serving is a configuration for a quiet daemon; more holds further sections.
func serving(t *testing.T, dir, data, more string) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "ringback.yaml")
	write(t, config, fmt.Sprintf("data_dir: %s\nhep: {udp: ['127.0.0.1:0']}\nhints: {enabled: false}\nlog: {level: error}\n"+
		"web: {listen: ''}\nadmin: {listen: '', socket: %s/admin.sock}\n%s", data, dir, more))
	return config
}

func TestADataFolderThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	path, dir := program(t), t.TempDir()
	s := serve(t, path, serving(t, dir, dir+"/data", ""))
	s.told("READY=1")

	refused(t, "another ringback is running there", path, "serve", "-c", serving(t, dir, t.TempDir(), ""))
	refused(t, "in use by another process", path, "serve", "-c", serving(t, t.TempDir(), dir+"/data", ""))

	write(t, dir+"/file", "")
	refused(t, "not a directory", path, "serve", "-c", serving(t, t.TempDir(), dir+"/file", ""))

	// One that may be read only. Who may do everything is stopped by a file system that is read-only.
	refused(t, "store: ", path, "serve", "-c", serving(t, t.TempDir(), "/proc/ringback", ""))
	s.stop(syscall.SIGTERM)
}

// TestADaemonWithoutRoomWatchesAndSaysSo keeps more of the disk in reserve than there is.
func TestADaemonWithoutRoomWatchesAndSaysSo(t *testing.T) {
	t.Parallel()
	path, dir := program(t), t.TempDir()
	full := serving(t, dir, dir+"/data", "store: {disk_reserve: 4096TiB}\n")
	centre := filepath.Join(dir, "centre.yaml")
	write(t, centre, small)
	s := serve(t, path, serving(t, dir, dir+"/data", ""))
	s.told("READY=1")
	if out, err := s.run("directory", "import", "--yes", centre); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.stop(syscall.SIGTERM)

	s.config = full
	s = again(t, s)
	write(t, centre, strings.Replace(small, `"101"`, `"102"`, 1))
	if out, err := s.run("directory", "import", "--yes", centre); err == nil || strings.Count(out, "disk full") != 1 {
		t.Errorf("import: %v\n%s", err, out)
	}
	await(t, "the store is not ready", func() bool {
		out, err := s.run("status")
		return err != nil && strings.Contains(out, "kept in reserve")
	})
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	if n := strings.Count(s.log.String(), "store refuses writes"); n != 1 {
		t.Errorf("said %d times that there is no room:\n%s", n, s.log.String())
	}
}
