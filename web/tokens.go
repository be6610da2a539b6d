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
	"slices"
	"strings"
	"sync/atomic"

	"ringback/directory/audit"
	"ringback/directory/people"
)

// Errors of reading a tokens file; they are wrapped with the file's name and, where one is to blame,
// the line. No error ever holds a token.
var (
	ErrTokensReadable  = errors.New("web: the tokens file can be read or changed by others: chmod 0600 it")
	ErrTokensFile      = errors.New("web: not a regular file of reasonable size")
	ErrTokenForm       = errors.New("web: a line must be name:token or name:sha256:hex-digest")
	ErrTokenWeak       = errors.New("web: a token needs at least 16 characters; make one with: openssl rand -hex 32")
	ErrTokenCharacters = errors.New("web: a token may hold letters, digits and -._~+/, with = at its end") // RFC 6750 §2.1
	ErrTokenScope      = errors.New("web: after the token stand scopes, as cases:read, or lists=support,billing; docs/permissions.md lists the scopes")
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
// start with # are comments. The name says in logs who called. Words after the token narrow what it is
// for: scopes, as cases:read, without which it has all, and lists=support,billing, without which it has
// all lists. Its methods may be called from any goroutine.
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
	scopes []people.Scope
	lists  []string
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

// caller is whose token this is. Every known token is compared in full, so that the time it takes tells
// nothing but how many there are.
func (t *Tokens) caller(presented string) (*caller, bool) {
	digest := sha256.Sum256([]byte(presented))
	e, ok := t.find(digest)
	if !ok {
		return nil, false
	}
	return &caller{Principal: people.Principal{Kind: audit.Token, ID: e.client, Scopes: e.scopes, Lists: e.lists}, digest: digest}, true
}

// known names whose token has this digest; nobody's: empty.
func (t *Tokens) known(digest [sha256.Size]byte) string {
	e, _ := t.find(digest)
	return e.client
}

func (t *Tokens) find(digest [sha256.Size]byte) (found token, ok bool) {
	for _, e := range *t.entries.Load() {
		if subtle.ConstantTimeCompare(e.digest[:], digest[:]) == 1 {
			found, ok = e, true
		}
	}
	return found, ok
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
	name, rest, ok := strings.Cut(line, ":")
	words := strings.Fields(rest)
	name = strings.TrimSpace(name)
	if !ok || name == "" || len(words) == 0 {
		return token{}, ErrTokenForm
	}
	t := token{client: name, scopes: people.Scopes()}
	var err error
	if t.digest, words, err = parseSecret(words); err != nil {
		return token{}, err
	}
	return t, t.narrow(words)
}

// parseSecret reads a token, or its digest, from the words of a line, and returns those after it.
func parseSecret(words []string) (digest [sha256.Size]byte, rest []string, err error) {
	secret, rest := words[0], words[1:]
	if hexed, hashed := strings.CutPrefix(secret, "sha256:"); hashed {
		if hexed == "" && len(rest) > 0 { // a blank may stand after the colon
			hexed, rest = rest[0], rest[1:]
		}
		b, err := hex.DecodeString(hexed)
		if err != nil || len(b) != sha256.Size {
			return digest, nil, ErrTokenForm
		}
		return [sha256.Size]byte(b), rest, nil
	}
	if len(secret) < minTokenLength || len(secret) > maxTokenLength {
		return digest, nil, ErrTokenWeak
	}
	if !isB64Token(secret) {
		return digest, nil, ErrTokenCharacters
	}
	return sha256.Sum256([]byte(secret)), rest, nil
}

// narrow keeps a token to the scopes and lists that the words after it name.
func (t *token) narrow(words []string) error {
	var scopes []string
	for _, word := range words {
		lists, ok := strings.CutPrefix(word, "lists=")
		if !ok {
			scopes = append(scopes, strings.Split(strings.Trim(word, ","), ",")...)
			continue
		}
		if t.lists = strings.Split(lists, ","); slices.Contains(t.lists, "") {
			return ErrTokenForm
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	var err error
	if t.scopes, err = people.ParseScopes(scopes); err != nil {
		return ErrTokenScope // without the word, which may be part of a token
	}
	return nil
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
