package web

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

// Errors of reading a tokens file; they are wrapped with the file's name and, where one is to blame,
// the line. No error ever holds a token.
var (
	ErrTokensReadable  = errors.New("web: the tokens file can be read or changed by others: chmod 0600 it")
	ErrTokensFile      = errors.New("web: not a regular file of reasonable size")
	ErrTokenForm       = errors.New("web: a line must be name:token or name:sha256:hex-digest")
	ErrTokenWeak       = errors.New("web: a token needs at least 16 characters; make one with: openssl rand -hex 32")
	ErrTokenCharacters = errors.New("web: a token may hold letters, digits and -._~+/, with = at its end") // RFC 6750 §2.1
	ErrTokenDuplicate  = errors.New("web: name or token is there twice")
	ErrNoTokens        = errors.New("web: the tokens file holds no token")
)

const (
	minTokenLength = 16
	maxTokenLength = 1024
	maxTokensFile  = 1 << 20 // bytes
)

// Tokens are the bearer tokens that open the API, read from a file: one per line, name:token or
// name:sha256:digest, the digest being the SHA-256 of the token in hex. Empty lines and lines that
// start with # are comments. The name says in logs who called. Its methods may be called from any
// goroutine.
//
// A digest without salt is enough for tokens, which are random and long, unlike passwords: nobody can
// search 2^128 of them.
type Tokens struct {
	path    string
	entries atomic.Pointer[[]token]
}

type token struct {
	client string
	digest [sha256.Size]byte
}

// OpenTokens reads the tokens file at path. Errors are those of the Err… variables above, or of the
// file system.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the file again. When it is not as it should be the tokens stay as they are. Streams of
// a token that is gone end at their next heartbeat.
func (t *Tokens) Reload() error {
	b, err := readPrivate(t.path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.path, err)
	}
	entries, err := parseTokens(b)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.path, err)
	}
	t.entries.Store(&entries)
	return nil
}

// client names whose token this is. Every known token is compared in full, so that the time it takes
// tells nothing but how many there are.
func (t *Tokens) client(presented string) (name string, digest [sha256.Size]byte, ok bool) {
	digest = sha256.Sum256([]byte(presented))
	name, ok = t.known(digest)
	return name, digest, ok
}

// known names whose token has this digest.
func (t *Tokens) known(digest [sha256.Size]byte) (name string, ok bool) {
	for _, e := range *t.entries.Load() {
		if subtle.ConstantTimeCompare(e.digest[:], digest[:]) == 1 {
			name, ok = e.client, true
		}
	}
	return name, ok
}

// readPrivate reads a file that nobody but its owner and group may read and nobody but its owner may
// change.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of the open file: no other can take its place in between
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxTokensFile {
		return nil, ErrTokensFile
	}
	if info.Mode().Perm()&0o027 != 0 {
		return nil, fmt.Errorf("%w (it is %#o)", ErrTokensReadable, info.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(f, maxTokensFile))
}

func parseTokens(b []byte) ([]token, error) {
	var tokens []token
	names := map[string]bool{}
	digests := map[[sha256.Size]byte]bool{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := parseToken(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if names[t.client] || digests[t.digest] {
			return nil, fmt.Errorf("line %d: %w", n, ErrTokenDuplicate)
		}
		names[t.client], digests[t.digest] = true, true
		tokens = append(tokens, t)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, ErrNoTokens
	}
	return tokens, nil
}

func parseToken(line string) (token, error) {
	name, secret, ok := strings.Cut(line, ":")
	name, secret = strings.TrimSpace(name), strings.TrimSpace(secret)
	if !ok || name == "" || secret == "" {
		return token{}, ErrTokenForm
	}
	t := token{client: name}
	if digest, hashed := strings.CutPrefix(secret, "sha256:"); hashed {
		b, err := hex.DecodeString(strings.TrimSpace(digest))
		if err != nil || len(b) != sha256.Size {
			return token{}, ErrTokenForm
		}
		copy(t.digest[:], b)
		return t, nil
	}
	if len(secret) < minTokenLength || len(secret) > maxTokenLength {
		return token{}, ErrTokenWeak
	}
	if !isB64Token(secret) {
		return token{}, ErrTokenCharacters
	}
	t.digest = sha256.Sum256([]byte(secret))
	return t, nil
}

// isB64Token reports whether s is a b64token, all that a bearer token may be: RFC 6750 §2.1.
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return true
}
