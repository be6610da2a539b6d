package voicemail

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// Keys are those of a key file: the first encrypts, all of them decrypt.
type Keys struct {
	to   age.Recipient
	from []age.Identity
}

// maxKeyFile bounds a key file, in bytes.
const maxKeyFile = 1 << 20

// LoadKeys reads a key file: native keys of age, one per line, the newest on top. The error wraps ErrKeyFile.
func LoadKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; `ringback messages new-key %s` makes one", ErrKeyFile, err, path)
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%w: %s is no key file, it is too large", ErrKeyFile, path)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%w: everybody may read %s: chmod 600 it", ErrKeyFile, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return parseKeys(text, path)
}

func parseKeys(text []byte, path string) (*Keys, error) {
	from, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: no age key; `ringback messages new-key %s` makes one", ErrKeyFile, path, path) // the error may quote a key
	}
	k := &Keys{from: from}
	switch first := from[0].(type) {
	case *age.X25519Identity:
		k.to = first.Recipient()
	case *age.HybridIdentity:
		k.to = first.Recipient()
	default:
		return nil, fmt.Errorf("%w: %s: the first key is of no kind that encrypts", ErrKeyFile, path)
	}
	return k, nil
}

// NewKey makes a key and puts it on top of a key file, which is made where there is none: what is recorded from then on is
// encrypted with it, and what was before with the ones below. It returns the public part, by which nothing can be decrypted.
// The file changes as a whole or not at all. An unusable file is left alone, with ErrKeyFile.
func NewKey(path string) (recipient string, err error) {
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrKeyFile, err)
	default:
		if _, err := parseKeys(old, path); err != nil {
			return "", err
		}
	}
	fresh, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("voicemail: making a key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	recipient = fresh.Recipient().String()
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n%s", recipient, fresh, old)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if info, gone := os.Stat(path); gone == nil {
		if err = keepOwner(f.Name(), info); err != nil {
			return "", fmt.Errorf("%w: %w", ErrKeyFile, err)
		}
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return recipient, syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("voicemail: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
