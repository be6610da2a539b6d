package store_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ringback/store"
)

// TestAFullDisk runs the store on a file system of 64 MiB of its own. Where mounting is not allowed the
// limit on file sizes of the next test has to do.
func TestAFullDisk(t *testing.T) {
	cmd := child(t, "small disk", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || strings.Contains(string(out), errNoMount.Error()) {
		t.Log("mounting is not allowed here")
		cmd = child(t, "file limit", t.TempDir())
		out, err = cmd.CombinedOutput()
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

var errNoMount = errors.New("mounting is not allowed")

func childOnSmallDisk(dir string) error {
	runtime.LockOSThread()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return errNoMount
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		return errNoMount
	}
	if err := fillToTheReserve(dir); err != nil {
		return err
	}
	if err := makeReadOnly(dir); err != nil {
		return err
	}
	return fillToTheLastByte(dir)
}

func ids(n int) string { return fmt.Sprintf("%06d", n) }

// fillToTheReserve writes until the store refuses, and goes on when there is room again.
func fillToTheReserve(dir string) error {
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	s, err := openTry(store.Options{Dir: data, MemTable: 1 << 20, Reserve: 16 << 20})
	if err != nil {
		return err
	}
	if err := os.WriteFile(ballast, make([]byte, 16<<20), 0o600); err != nil {
		return err
	}
	acknowledged := 0
	for err == nil {
		if _, err = s.Do(background, store.Command{ID: ids(acknowledged), Kind: "fill", Data: 50_000}); err == nil {
			acknowledged++
		}
	}
	if !errors.Is(err, store.ErrFull) || !errors.Is(s.Err(), store.ErrFull) || strings.Contains(err.Error(), "\n") {
		return fmt.Errorf("a full disk gave %w, the store says %w", err, s.Err())
	}
	if acknowledged < 100 {
		return fmt.Errorf("full after %d commands", acknowledged)
	}
	if err := verify(s, acknowledged); err != nil {
		return err
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if _, err := s.Do(background, store.Command{ID: ids(acknowledged), Kind: "fill", Data: 50_000}); err != nil || s.Err() != nil {
		return fmt.Errorf("with room again: %w, the store says %w", err, s.Err())
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = openTry(store.Options{Dir: data, MemTable: 1 << 20, Reserve: 16 << 20}); err != nil {
		return err
	}
	return errors.Join(verify(s, acknowledged+1), s.Close(), os.RemoveAll(data))
}

// makeReadOnly makes the file system read-only under a store, and writable again.
func makeReadOnly(dir string) error {
	data := filepath.Join(dir, "data")
	s, err := openTry(store.Options{Dir: data, MemTable: 1 << 20, Reserve: 16 << 20})
	if err != nil {
		return err
	}
	write := func(i int) error {
		_, err := s.Do(background, store.Command{ID: ids(i), Kind: "fill", Data: 50_000})
		return err
	}
	mount := func(flags uintptr) error { return unix.Mount("", data, "", unix.MS_BIND|unix.MS_REMOUNT|flags, "") }
	if err := errors.Join(write(0), unix.Mount(data, data, "", unix.MS_BIND, ""), mount(unix.MS_RDONLY)); err != nil {
		return err
	}
	if err := write(1); !errors.Is(err, store.ErrReadOnly) || !errors.Is(s.Err(), store.ErrReadOnly) || strings.Contains(err.Error(), "\n") {
		return fmt.Errorf("a read-only file system gave %w, the store says %w", err, s.Err())
	}
	_, err = store.Open(store.Options{Dir: filepath.Join(data, "second")})
	if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "read-only file system") {
		return fmt.Errorf("opening another store gave %w", err)
	}
	if err := errors.Join(verify(s, 1), mount(0), write(1), s.Err(), verify(s, 2), s.Close()); err != nil {
		return fmt.Errorf("writable again: %w", err)
	}
	return errors.Join(unix.Unmount(data, 0), os.RemoveAll(data))
}

// fillToTheLastByte lets somebody else take the reserve too.
func fillToTheLastByte(dir string) error {
	data, other := filepath.Join(dir, "data"), filepath.Join(dir, "other")
	s, err := openTry(store.Options{Dir: data, MemTable: 1 << 20, Reserve: 16 << 20})
	if err != nil {
		return err
	}
	const acknowledged = 3
	for i := range acknowledged {
		if _, err := s.Do(background, store.Command{ID: ids(i), Kind: "fill", Data: 50_000}); err != nil {
			return err
		}
	}
	if err := eat(other); err != nil {
		return err
	}
	if _, err := s.Do(background, store.Command{ID: "more", Kind: "fill", Data: 1}); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("a disk without any room gave %w", err)
	}
	if err := verify(s, acknowledged); err != nil {
		return err
	}
	if _, err := store.Open(store.Options{Dir: filepath.Join(dir, "second")}); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("opening another store gave %w", err)
	}
	if err := s.Close(); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("closing without room gave %w", err)
	}
	if err := os.Remove(other); err != nil {
		return err
	}
	return verifyInNewProcess(data, acknowledged)
}

// verifyInNewProcess replaces this process by one that opens the store and looks.
func verifyInNewProcess(dir string, acknowledged int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	env := []string{childEnv + "=verify", "ACKNOWLEDGED=" + strconv.Itoa(acknowledged)}
	return syscall.Exec(exe, []string{exe, dir}, env)
}

// eat fills the file system to the last byte.
func eat(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = io.Copy(f, endless{}); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("filling the disk: %w", err)
	}
	return nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// verify checks that the first n fills are stored, and at most one more.
func verify(s *store.Store, n int) error {
	return s.View(func(snap *store.Snapshot) error {
		found := 0
		for k := range snap.Scan(store.Prefix("fill")) {
			var id string
			if err := store.SplitKey(k, nil, &id); err != nil || id != ids(found) {
				return fmt.Errorf("found %q where %d should be, %w", id, found, err)
			}
			found++
		}
		if found < n || found > n+1 {
			return fmt.Errorf("found %d, acknowledged were %d", found, n)
		}
		return nil
	})
}

func childVerify(dir string) error {
	n, err := strconv.Atoi(os.Getenv("ACKNOWLEDGED"))
	if err != nil {
		return err
	}
	s, err := openTry(store.Options{Dir: dir, MemTable: 1 << 20, Reserve: 16 << 20})
	if err != nil {
		return err
	}
	return errors.Join(verify(s, n), s.Close())
}

func TestAFileThatCannotGrow(t *testing.T) {
	if out, err := child(t, "file limit", t.TempDir()).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// childWithFileLimit forbids new files to be as long as Badger wants its next log, which then cannot
// be made in the middle of a commit.
func childWithFileLimit(dir string) error {
	s, err := openTry(store.Options{Dir: dir, MemTable: 1 << 20, Reserve: -1})
	if err != nil {
		return err
	}
	const limit = 64 << 10
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: unix.RLIM_INFINITY}); err != nil {
		return err
	}
	acknowledged := 0
	for err == nil && acknowledged < 1000 {
		if _, err = s.Do(background, store.Command{ID: ids(acknowledged), Kind: "fill", Data: 20_000}); err == nil {
			acknowledged++
		}
	}
	if !errors.Is(err, store.ErrFailed) || strings.Contains(err.Error(), "\n") {
		return fmt.Errorf("a log that could not be made gave %w", err)
	}
	if _, err := s.Do(background, store.Command{ID: "more", Kind: "fill", Data: 1}); !errors.Is(err, store.ErrFailed) {
		return fmt.Errorf("afterwards a write gave %w", err)
	}
	_ = verify(s, acknowledged) // may fail, and must not panic

	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}); err != nil {
		return err
	}
	return verifyInNewProcess(dir, acknowledged)
}

// TestWhatIsAcknowledgedIsOnTheDisk looks after acknowledgements, through several logs, whether the
// kernel still holds a page of one that differs from the disk.
func TestWhatIsAcknowledgedIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type == unix.TMPFS_MAGIC {
		if dir = "/var/tmp/" + filepath.Base(dir); os.MkdirAll(dir, 0o700) != nil {
			t.Fatal("this test wants a folder on a disk: set TMPDIR")
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	s := open(t, store.Options{Dir: dir, MemTable: 1 << 20})
	logs := map[string]bool{}
	for i := range 100 {
		do(t, s, store.Command{ID: ids(i), Kind: "fill", Data: 40_000})
		for name, dirty := range dirtyPages(t, dir) {
			logs[name] = true
			if dirty > 0 {
				t.Fatalf("after %d acknowledgements %d kB of %s are not on the disk", i+1, dirty, name)
			}
		}
	}
	if len(logs) < 3 {
		t.Errorf("only %d logs were written: %v", len(logs), logs)
	}
}

// dirtyPages gives for each log that the process has mapped how many kilobytes wait to be written.
func dirtyPages(t *testing.T, dir string) map[string]int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	dirty, name := map[string]int{}, ""
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			name = ""
			if path := fields[len(fields)-1]; strings.HasPrefix(path, dir) && strings.HasSuffix(path, ".mem") {
				name = filepath.Base(path)
				dirty[name] = 0
			}
		case name != "" && (fields[0] == "Shared_Dirty:" || fields[0] == "Private_Dirty:"):
			n, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			dirty[name] += n
		}
	}
	return dirty
}

// asNobody runs fn as a user who owns nothing, where the test runs as root.
func asNobody(fn func()) {
	if os.Getuid() != 0 {
		fn()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, 65534, 65534, 65534); errno != 0 {
			panic(errno)
		}
		fn()
	}()
	<-done
}

func TestAFolderThatCannotBeWrittenIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, dir + "/below"} {
		var err error
		asNobody(func() { _, err = store.Open(store.Options{Dir: path}) })
		isSentence(t, err, store.ErrReadOnly, path, "permission", "give the folder")
	}
}
