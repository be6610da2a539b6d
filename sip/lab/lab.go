package lab

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"text/template"
	"time"
)

// Lab is a folder in which programs run, and what is known of this machine.
type Lab struct {
	// Dir is the folder. The programs may read and write in it.
	Dir string
	// Modules is where Kamailio's modules are, with a slash behind it.
	Modules string

	t     *testing.T
	taken [][2]int // ports given out, the first and the last
}

// nobody is whom programs run as that refuse root.
const nobody = 65534

// New makes a lab that lasts as long as the test, which is skipped where the programs are not installed.
func New(t *testing.T) *Lab {
	t.Helper()
	for _, program := range []string{"kamailio", "sipp", "baresip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends kamailio sip-tester baresip-core", program)
		}
	}
	l := &Lab{t: t, Dir: t.TempDir()}
	modules, err := filepath.Glob("/usr/lib/*/kamailio/modules")
	if err != nil || len(modules) == 0 {
		t.Fatal("kamailio's modules are not where Debian puts them")
	}
	l.Modules = modules[0] + "/"
	if os.Getuid() == 0 { // the folder of all tests is the root's own
		err := errors.Join(os.Chmod(filepath.Dir(l.Dir), 0o755), os.Chown(l.Dir, nobody, nobody)) //nolint:gosec // somebody else reads there
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// Files writes the files of a folder into the lab's: scenarios of SIPp, which end in .xml, as they are, all others as
// templates of data.
func (l *Lab) Files(from fs.FS, data any) {
	l.t.Helper()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if filepath.Ext(name) != ".xml" {
			var out bytes.Buffer
			page, err := template.New(name).Parse(string(text))
			if err == nil {
				err = page.Execute(&out, data)
			}
			if err != nil {
				return err
			}
			text = out.Bytes()
		}
		l.Write(name, text)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// Write writes one file into the lab's folder.
func (l *Lab) Write(name string, text []byte) {
	l.t.Helper()
	path := l.Path(name)
	folder := filepath.Dir(path)
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(path, text, 0o644)); err != nil { //nolint:gosec // somebody else reads it
		l.t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := errors.Join(os.Chown(folder, nobody, nobody), os.Chown(path, nobody, nobody)); err != nil {
			l.t.Fatal(err)
		}
	}
}

// Path is where a file of the lab is.
func (l *Lab) Path(name string) string { return filepath.Join(l.Dir, name) }

// firstPort and lastPort bound the ports used: below those that the kernel gives to whoever asks for any, which may have
// gone to somebody before a program is started.
const firstPort, lastPort = 10000, 29999

// Port finds a port of loopback that nobody has, for TCP and UDP, nor the next one, which a telephone takes for TLS.
func (l *Lab) Port() int {
	l.t.Helper()
	return l.Ports(2)
}

// Ports finds so many ports of loopback in a row, the first of them even, and gives the first.
func (l *Lab) Ports(n int) int {
	l.t.Helper()
	for range 1000 {
		first := (firstPort + rand.IntN(lastPort-n-firstPort)) &^ 1 //nolint:gosec // any will do
		if slices.ContainsFunc(l.taken, func(o [2]int) bool { return first <= o[1] && o[0] < first+n }) {
			continue
		}
		free := true
		for port := first; free && port < first+n; port++ {
			free = isFree(port)
		}
		if free {
			l.taken = append(l.taken, [2]int{first, first + n - 1})
			return first
		}
	}
	l.t.Fatal("no ports are free for both TCP and UDP")
	return 0
}

func isFree(port int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	c, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	_ = u.Close()
	return true
}

// Until waits for what must become true.
func (l *Lab) Until(what string, is func() bool) {
	l.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			l.t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}
