package lab

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Program is one that runs.
type Program struct {
	cmd   *exec.Cmd
	in    io.Closer
	out   output
	ended chan struct{}
	err   error // of its end
}

// output collects what a program prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Run starts a program that lives as long as the test, unless it is ended before; as nobody where we are root.
func (l *Lab) Run(name string, args ...string) *Program {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), name, args...) //nolint:gosec // a test says what it runs
	cmd.Dir, cmd.Env = l.Dir, append(os.Environ(), "HOME="+l.Dir, "TERM=dumb")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return l.Start(cmd)
}

// Start starts a command as it is, likewise. Its standard input stays open: baresip ends without one.
func (l *Lab) Start(cmd *exec.Cmd) *Program {
	l.t.Helper()
	p := &Program{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	in, err := cmd.StdinPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	p.in = in
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	l.t.Cleanup(func() {
		_ = p.Stop()
		if l.t.Failed() {
			l.t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), p)
		}
	})
	return p
}

// Kamailio starts Kamailio with a configuration of the lab.
func (l *Lab) Kamailio(config string) *Program {
	l.t.Helper()
	return l.Run("kamailio", "-DD", "-E", "-f", l.Path(config), "-P", l.Path("kamailio.pid"), "-Y", l.Dir, "-w", l.Dir, "-m", "64", "-M", "8")
}

// SIPp starts one call of a scenario; the function returned waits for its end.
func (l *Lab) SIPp(scenario string, args ...string) func() error {
	l.t.Helper()
	args = append([]string{"-sf", l.Path(scenario), "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "90", "-timeout_error"}, args...)
	p := l.Run("sipp", args...)
	return func() error {
		<-p.ended
		if p.err != nil {
			text := p.String()
			return fmt.Errorf("%s: %w\n%s", scenario, p.err, text[max(0, len(text)-3000):])
		}
		return nil
	}
}

// String is what the program printed so far.
func (p *Program) String() string { return p.out.String() }

// Signal sends the program a signal.
func (p *Program) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Stop asks the program to end and waits until it has.
func (p *Program) Stop() error {
	_ = p.Signal(syscall.SIGTERM) // it may be gone
	_ = p.in.Close()
	<-p.ended
	return p.err
}

// Kill ends the program as a crash does, and waits until it has.
func (p *Program) Kill() {
	_ = p.Signal(syscall.SIGKILL) // it may be gone
	<-p.ended
}
