package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// log is the file behind Badger's current table in memory, opened a second time to sync it. Badger maps
// the file and, asked to sync, also syncs its value log, which nothing is written to: on ext4 that is a
// flush of the disk's cache for nothing, half the cost of a commit. On Linux fdatasync writes back what
// was written through any mapping of the file, as msync does.
type log struct {
	dir  string
	name int // of the file, a number that Badger counts up
	size int64
	file *os.File
}

// ownSync says that commits are synced here and not by Badger.
const ownSync = true

// openLog finds the current log in dir, the one with the highest number.
func openLog(dir string, size int64) (*log, error) {
	l := &log{dir: dir, size: size, name: -1}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if number, ok := strings.CutSuffix(f.Name(), ".mem"); ok {
			if n, err := strconv.Atoi(number); err == nil {
				l.name = max(l.name, n)
			}
		}
	}
	return l, l.open()
}

func (l *log) path(name int) string { return filepath.Join(l.dir, fmt.Sprintf("%05d.mem", name)) }

// open opens the file, gives it its room on the disk, and makes its name durable.
func (l *log) open() error {
	f, err := os.OpenFile(l.path(l.name), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = f
	// With its blocks allocated a write to the file cannot meet a full disk, which would end the process,
	// and a sync has less to do. A file system that cannot do that goes on without.
	_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, l.size)
	dir, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// sync makes the transaction that was just committed durable. It is in the newest log, whole.
func (l *log) sync() error {
	for {
		if _, err := os.Stat(l.path(l.name + 1)); err != nil {
			break
		}
		l.name++
		if err := l.open(); err != nil {
			return err
		}
	}
	return unix.Fdatasync(int(l.file.Fd()))
}

func (l *log) close() { l.file.Close() }

// checkRoom says why a write in dir would be refused: a read-only file system, or fewer free bytes
// than the reserve.
func checkRoom(dir string, reserve int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return refused(dir, err)
	}
	if fs.Flags&unix.ST_RDONLY != 0 {
		return refused(dir, unix.EROFS)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < reserve {
		return fmt.Errorf("%w: %d MiB free for %s and %d MiB are kept in reserve: free some space, writing goes on by itself then",
			ErrFull, free>>20, dir, reserve>>20)
	}
	return nil
}

// allocated is how many bytes a file takes on the disk: Badger's logs are sparse.
func allocated(path string) int64 {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}

// checkAccess says why files cannot be made in dir.
func checkAccess(dir string) error {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return refused(dir, err)
	}
	return nil
}
