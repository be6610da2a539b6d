package store

import (
	"fmt"

	"golang.org/x/sys/unix"
)

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
