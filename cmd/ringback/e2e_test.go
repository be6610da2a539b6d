package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

//go:embed testdata/e2e
var e2eFiles embed.FS

// centre is a contact centre of real programs on loopback: Kamailio mirrors to ringback, baresip is
// the agent's phone, sipp the customers and the carrier.
type centre struct {
	t   *testing.T
	Dir string

	PBX, HEP, Hints, API, Admin, Phone, Control, Customer, Carrier int

	RTP, Modules string
	phone        *output
	daemon       *output
}

// output collects what a program prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

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

// TestARealContactCentre is the whole promise with real programs: a missed call opens a case, the
// agent's call closes it, and a call that matches an open case shows a hint on the agent's phone.
func TestARealContactCentre(t *testing.T) {
	for _, program := range []string{"kamailio", "sipp", "baresip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends kamailio sip-tester baresip-core", program)
		}
	}
	c := newCentre(t)
	c.ringback()
	c.run("kamailio", "-DD", "-E", "-f", c.Dir+"/kamailio.cfg", "-P", c.Dir+"/kamailio.pid", "-Y", c.Dir, "-w", c.Dir, "-m", "64", "-M", "8")
	c.phone = c.run("baresip", "-f", c.Dir+"/baresip")
	c.until("the agent's phone is registered and the mirror shows it", func() bool {
		return strings.Contains(c.get(c.Admin, "/metrics"), "\nringback_learnt_bindings 1\n")
	})

	const first, second = "+358401234501", "+358401234502"
	c.customer("abandon.xml", first)
	c.until("the missed call is an open case", func() bool { return c.cases("open", first) == 1 })

	carrier := c.sipp("answer.xml", c.Carrier, "")
	c.dial("0401234501")
	c.until("the agent's call closed the case", func() bool { return c.cases("open", first) == 0 && c.cases("closed", first) == 1 })
	c.until("the agent's phone showed the hint of the customer he dialled", func() bool {
		return strings.Contains(c.phone.String(), "sip:ringback@127.0.0.1") && strings.Contains(c.phone.String(), first)
	})
	c.until("the customer answers", func() bool { return strings.Contains(c.phone.String(), "Call established") })
	c.command("hangup")
	if err := carrier(); err != nil {
		t.Errorf("the carrier: %v", err)
	}
	if why := c.closeReason(first); why != "agent_called" {
		t.Errorf("the case closed as %q", why)
	}

	c.customer("abandon.xml", second)
	c.until("the second customer has an open case", func() bool { return c.cases("open", second) == 1 })
	if strings.Contains(c.phone.String(), second+" missed") {
		t.Error("a hint came before there was a call")
	}
	c.customer("abandon.xml", second)
	c.until("the agent's phone showed the hint while the customer rang again", func() bool {
		return strings.Contains(c.phone.String(), second)
	})
	if n := c.cases("open", second); n != 1 {
		t.Errorf("the second customer has %d open cases", n)
	}
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{t: t, Dir: t.TempDir()}
	for _, p := range []*int{&c.PBX, &c.HEP, &c.Hints, &c.API, &c.Admin, &c.Phone, &c.Control, &c.Customer, &c.Carrier} {
		*p = freePort(t)
	}
	media := freePort(t)
	c.RTP = fmt.Sprintf("%d-%d", media, media+40)
	modules, err := filepath.Glob("/usr/lib/*/kamailio/modules")
	if err != nil || len(modules) == 0 {
		t.Fatal("kamailio's modules are not where Debian puts them")
	}
	c.Modules = modules[0] + "/"
	files, err := fs.Glob(e2eFiles, "testdata/e2e/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(e2eFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(c.Dir, filepath.Base(name))
		if rest, ok := strings.CutPrefix(filepath.Base(name), "baresip."); ok {
			target = filepath.Join(c.Dir, "baresip", rest)
		}
		var out bytes.Buffer
		if filepath.Ext(name) == ".xml" {
			out.Write(text)
		} else if err := template.Must(template.New(name).Parse(string(text))).Execute(&out, c); err != nil {
			t.Fatal(err)
		}
		c.write(target, out.String(), 0o644)
	}
	c.write(filepath.Join(c.Dir, "hep.key"), "hepsecret\n", 0o600)
	c.write(filepath.Join(c.Dir, "tokens"), "e2e:"+e2eToken+"\n", 0o600)
	if os.Getuid() == 0 {
		err := filepath.WalkDir(c.Dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, nobody, nobody)
		})
		if err != nil {
			t.Fatal(err)
		}
		// The folder of all tests is the root's own.
		if err := os.Chmod(filepath.Dir(c.Dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

const (
	e2eToken = "e2e-0123456789abcdef0123456789abcdef"
	nobody   = 65534
)

func (c *centre) write(path, text string, mode fs.FileMode) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		c.t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port
		}
	}
	t.Fatal("no port is free for both TCP and UDP")
	return 0
}

// ringback builds the binary, imports the directory as an operator would, and starts the daemon.
func (c *centre) ringback() {
	c.t.Helper()
	binary := filepath.Join(c.t.TempDir(), "ringback")
	if out, err := exec.CommandContext(c.t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		c.t.Fatalf("building: %v\n%s", err, out)
	}
	config := c.Dir + "/ringback.yaml"
	if out, err := exec.CommandContext(c.t.Context(), binary, "-c", config, "directory", "import", "--yes", c.Dir+"/directory.yaml").CombinedOutput(); err != nil {
		c.t.Fatalf("importing the directory: %v\n%s", err, out)
	}
	c.daemon = c.start(exec.CommandContext(c.t.Context(), binary, "-c", config, "serve"))
	c.until("the daemon is ready", func() bool {
		return strings.Contains(c.get(c.Admin, "/readyz"), `"ready":true`)
	})
}

// run starts a program that lives as long as the test, as nobody where we are root: they refuse root.
func (c *centre) run(name string, args ...string) *output {
	c.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(c.t.Context(), path, args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), "HOME="+c.Dir)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c.start(cmd)
}

// start starts a program and ends it with the test. Its standard input stays open: baresip ends
// without one.
func (c *centre) start(cmd *exec.Cmd) *output {
	c.t.Helper()
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = in.Close()
		_ = cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), out)
		}
	})
	return out
}

// sipp starts one call of a scenario; the function returned waits for its end.
func (c *centre) sipp(scenario string, port int, caller string) func() error {
	c.t.Helper()
	args := []string{"-sf", filepath.Join(c.Dir, scenario), "-i", "127.0.0.1", "-p", fmt.Sprint(port), "-m", "1", "-nostdin", "-timeout", "90", "-timeout_error"}
	if caller != "" {
		args = append(args, "-key", "caller", caller, fmt.Sprintf("127.0.0.1:%d", c.PBX))
	}
	cmd := exec.CommandContext(c.t.Context(), "sipp", args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), "TERM=dumb")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return func() error {
		if err := cmd.Wait(); err != nil {
			text := out.String()
			return fmt.Errorf("%s: %w\n%s", scenario, err, text[max(0, len(text)-2000):])
		}
		return nil
	}
}

func (c *centre) customer(scenario, caller string) {
	c.t.Helper()
	if err := c.sipp(scenario, c.Customer, caller)(); err != nil {
		c.t.Fatalf("the customer: %v", err)
	}
}

// command types a command at the agent's phone (baresip's ctrl_tcp: JSON in netstrings).
func (c *centre) command(name string, params ...string) {
	c.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.Control))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	body, err := json.Marshal(map[string]string{"command": name, "params": strings.Join(params, " ")})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "%d:%s,", len(body), body); err != nil {
		c.t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 4096)); err != nil {
		c.t.Fatalf("%s: no answer: %v", name, err)
	}
}

func (c *centre) dial(number string) { c.t.Helper(); c.command("dial", number) }

// get fetches a page, empty while nobody answers.
func (c *centre) get(port int, path string) string {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e2eToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

type e2eCases struct {
	Cases []struct {
		Number, State string
		CloseReason   string `json:"close_reason"`
	}
}

func (c *centre) list(state string) e2eCases {
	var page e2eCases
	_ = json.Unmarshal([]byte(c.get(c.API, "/v1/cases?list=callbacks&state="+state)), &page)
	return page
}

// cases counts the cases of a number that are in a state.
func (c *centre) cases(state, number string) int {
	n := 0
	for _, x := range c.list(state).Cases {
		if x.Number == number {
			n++
		}
	}
	return n
}

func (c *centre) closeReason(number string) string {
	for _, x := range c.list("closed").Cases {
		if x.Number == number {
			return x.CloseReason
		}
	}
	return ""
}

// until waits for what must become true.
func (c *centre) until(what string, f func() bool) {
	c.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-deadline.C:
			c.t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}
