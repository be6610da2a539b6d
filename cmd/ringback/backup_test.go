package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestARunningDaemonIsBackedUp makes a backup through the admin socket, and restores it once the daemon
// has stopped.
func TestARunningDaemonIsBackedUp(t *testing.T) {
	path := program(t)
	dir := t.TempDir()
	config, centre, file := filepath.Join(dir, "ringback.yaml"), filepath.Join(dir, "centre.yaml"), filepath.Join(dir, "backup")
	write(t, config, fmt.Sprintf("data_dir: %[1]s/data\nhep: {udp: ['127.0.0.1:0']}\nhints: {enabled: false}\n"+
		"web: {listen: ''}\nadmin: {listen: '', socket: %[1]s/admin.sock}\n", dir))
	write(t, centre, small)
	s := serve(t, path, config)
	s.told("READY=1")
	if out, err := s.run("directory", "import", "--yes", centre); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	if out, err := s.run("backup", file); err != nil || !strings.Contains(out, "backup of the running daemon in "+file) {
		t.Fatalf("backup: %v\n%s", err, out)
	}

	out, err := s.run("restore", "--replace", file)
	if err == nil || !strings.Contains(out, "a ringback runs here") {
		t.Errorf("restore: %v\n%s", err, out)
	}
	// Another admin socket does not get around it: the store is locked.
	other := filepath.Join(dir, "other.yaml")
	write(t, other, fmt.Sprintf("data_dir: %[1]s/data\nadmin: {socket: %[1]s/other.sock}\n", dir))
	s.config = other
	out, err = s.run("restore", "--replace", file)
	if err == nil || !strings.Contains(out, "is open in process") {
		t.Errorf("restore with another socket: %v\n%s", err, out)
	}
	s.config = config
	if out, err := s.run("directory", "export"); err != nil || !strings.Contains(out, "hotline") {
		t.Errorf("the daemon no longer works: %v\n%s", err, out)
	}
	s.stop(syscall.SIGTERM)

	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if out, err := s.run("restore", file); err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	again := serve(t, program(t), config)
	again.told("READY=1")
	if out, err := again.run("directory", "export"); err != nil || !strings.Contains(out, "hotline") {
		t.Errorf("the restored directory: %v\n%s", err, out)
	}
	again.stop(syscall.SIGTERM)
}
