//go:build !unix

package voicemail

import (
	"io/fs"
	"os"
)

// keepOwner gives a file the mode of the one that it replaces.
func keepOwner(path string, was fs.FileInfo) error { return os.Chmod(path, was.Mode().Perm()) }
