//go:build unix

package voicemail

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the mode and the owner of the one that it replaces, so that who could read that can read it.
func keepOwner(path string, was fs.FileInfo) error {
	if owner, ok := was.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() || ok && int(owner.Gid) != os.Getegid() {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, was.Mode().Perm())
}
