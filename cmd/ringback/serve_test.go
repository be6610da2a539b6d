package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is this test's own binary under the name by which TestMain runs it as ringback.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ringback")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// service is a ringback that runs as systemd would run it.
type service struct {
	t      *testing.T
	path   string
	config string
	cmd    *exec.Cmd
	log    bytes.Buffer // the process's own until it has ended
	notify *net.UnixConn
}

// serve starts ringback with a configuration file and a notification socket.
func serve(t *testing.T, path, config string, env ...string) *service {
	t.Helper()
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(filepath.Dir(path), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })
	s := &service{t: t, path: path, config: config, notify: notify}
	s.cmd = exec.CommandContext(t.Context(), path, "serve", "--config", config)
	s.cmd.Stderr = &s.log
	s.cmd.Env = append(append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String()), env...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// told waits until systemd is told a state, passing over others.
func (s *service) told(state string) {
	s.t.Helper()
	b := make([]byte, 4096)
	if err := s.notify.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	for {
		n, err := s.notify.Read(b)
		if err != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
			s.t.Fatalf("systemd was not told %s: %v\n%s", state, err, &s.log)
		}
		if strings.HasPrefix(string(b[:n]), state) {
			return
		}
	}
}

// run runs another ringback command against this service and returns what it prints.
func (s *service) run(args ...string) (string, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.path, append([]string{"--config", s.config}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// stop ends the service with a signal and returns its log.
func (s *service) stop(sig os.Signal) string {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("ended with %v\n%s", err, &s.log)
	}
	return s.log.String()
}

// write puts text into a file.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const small = `
pbxs: [{id: pbx, country: FI, addresses: [192.0.2.10]}]
trunks: [{id: carrier, addresses: [198.51.100.20]}]
services: [{id: hotline, list: callbacks, numbers: ["+35893100100"]}]
agents: [{id: "101", extensions: ["101"]}]
lists: [{id: callbacks, members: ["*"]}]
`

func TestServeLivesAsAService(t *testing.T) {
	path := program(t)
	dir := t.TempDir()
	config, centre := filepath.Join(dir, "ringback.yaml"), filepath.Join(dir, "centre.yaml")
	text := fmt.Sprintf("data_dir: %[1]s/data\nhep: {udp: ['127.0.0.1:0']}\nhints: {udp: ['127.0.0.1:0']}\n"+
		"web: {listen: '127.0.0.1:0'}\nadmin: {listen: '127.0.0.1:0', socket: %[1]s/admin.sock}\n", dir)
	write(t, config, text)
	write(t, centre, small)

	s := serve(t, path, config, "WATCHDOG_USEC=200000")
	s.told("READY=1")
	s.told("WATCHDOG=1")

	// Without a directory it runs, and says that it can do nothing yet.
	out, err := s.run("status")
	if err == nil || !strings.Contains(out, "not ready: the directory knows no service") {
		t.Errorf("status: %v\n%s", err, out)
	}
	if out, err = s.run("status", "--alive"); err != nil {
		t.Errorf("alive: %v\n%s", err, out)
	}
	if out, err = s.run("directory", "import", "--yes", centre); err != nil || !strings.Contains(out, "version 1 of the directory is in force") {
		t.Errorf("import: %v\n%s", err, out)
	}
	if out, err = s.run("status"); err != nil {
		t.Errorf("status: %v\n%s", err, out)
	}
	if out, err = s.run("directory", "export"); err != nil || !strings.Contains(out, "hotline") {
		t.Errorf("export: %v\n%s", err, out)
	}

	// A second one finds the socket taken and says so in one line.
	second, err := s.run("serve")
	if err == nil || strings.Count(strings.TrimSpace(second), "\n") != 0 {
		t.Errorf("a second daemon: %v\n%s", err, second)
	}

	// HUP takes over what can change; a mistake changes nothing.
	hup := func() {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.told("RELOADING=1\nMONOTONIC_USEC=")
		s.told("READY=1")
	}
	write(t, config, text+"log: {level: wrong}\n")
	hup()
	write(t, config, text+"log: {level: debug, format: json}\n")
	hup()

	log := s.stop(syscall.SIGTERM)
	s.told("STOPPING=1")
	for _, want := range []string{"is not known here", "log.level", "log.format", "ringback has stopped"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log says nothing of %q:\n%s", want, log)
		}
	}
	if out, err = s.run("status"); err == nil || !strings.Contains(out, "no ringback runs here") {
		t.Errorf("status of a stopped daemon: %v\n%s", err, out)
	}
}
