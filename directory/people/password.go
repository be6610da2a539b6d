package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// password is what is kept of a password: its argon2id hash (RFC 9106) and how it was made.
type password struct {
	Memory  uint32 `json:"memory"` // KiB
	Time    uint32 `json:"time"`
	Threads uint8  `json:"threads"`
	Salt    []byte `json:"salt"`
	Key     []byte `json:"key"`
}

// The cost of a hash: 19 MiB twice over, a tenth of a second of one core. The second choice of RFC
// 9106 §4 wants 64 MiB; several logins at once must fit beside the watch.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashKey     = 32
	hashSalt    = 16
)

func newPassword(text string) password {
	p := password{Memory: hashMemory, Time: hashTime, Threads: hashThreads, Salt: make([]byte, hashSalt)}
	_, _ = rand.Read(p.Salt) // it never fails
	p.Key = p.hash(text, hashKey)
	return p
}

func (p *password) hash(text string, length uint32) []byte {
	return argon2.IDKey([]byte(text), p.Salt, p.Time, p.Memory, p.Threads, length)
}

// is says whether the text is the password. It takes the same time whatever the text.
func (p *password) is(text string) bool {
	return subtle.ConstantTimeCompare(p.hash(text, uint32(len(p.Key))), p.Key) == 1
}

// weak says whether the hash was made at another cost than is wanted now.
func (p *password) weak() bool {
	return p.Memory != hashMemory || p.Time != hashTime || p.Threads != hashThreads || len(p.Key) != hashKey
}

// What a password must be: long, rather than of many kinds of signs (NIST SP 800-63B §3.1.1).
const (
	minPassword     = 12  // characters
	maxPassword     = 512 // bytes
	minDistinct     = 5
	longestIDInside = 4 // ids shorter than this may be part of a password by chance
)

// normal is the password as it is compared, the same however a keyboard makes its characters: RFC 8265 §4.2.
func normal(text string) (string, error) {
	if len(text) > maxPassword {
		return "", fmt.Errorf("%w: it has more than %d bytes", ErrPassword, maxPassword)
	}
	if text == "" {
		return "", nil
	}
	s, err := precis.OpaqueString.String(text)
	if err != nil {
		return "", fmt.Errorf("%w: it holds characters that no keyboard has", ErrPassword)
	}
	return s, nil
}

// check gives a new password of a person in its normal form, or says what is wrong with it.
func check(text string, names ...string) (string, error) {
	s, err := normal(text)
	if err != nil {
		return "", err
	}
	distinct := map[rune]bool{}
	for _, r := range s {
		distinct[r] = true
	}
	lower := strings.ToLower(s)
	switch {
	case utf8.RuneCountInString(s) < minPassword:
		return "", fmt.Errorf("%w: it needs at least %d characters; three or four words make a good one", ErrPassword, minPassword)
	case len(distinct) < minDistinct, inARow(lower):
		return "", fmt.Errorf("%w: it is the first that somebody would guess", ErrPassword)
	}
	for _, name := range append(names, "ringback", "password", "passwort", "salasana") {
		// What is left beside a word that everybody knows must do by itself.
		if name = strings.ToLower(name); len(name) >= longestIDInside && strings.Contains(lower, name) &&
			utf8.RuneCountInString(strings.ReplaceAll(lower, name, "")) < minPassword-longestIDInside {
			return "", fmt.Errorf("%w: there is little in it but %q", ErrPassword, name)
		}
	}
	return s, nil
}

// rows are what people type when they are asked for something long.
var rows = []string{"01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "98765432109876543210"}

func inARow(lower string) bool {
	for _, row := range rows {
		if strings.Contains(row, lower) {
			return true
		}
	}
	return false
}

// slots bound how many passwords are hashed at once, each of which takes hashMemory. A name always has
// the same slot, so of two logins of one account the second knows what became of the first.
type slots struct {
	free    [2]chan struct{}
	waiting *atomic.Int32
}

// maxWaiting is how many logins wait for a slot at most: some seconds' worth.
const maxWaiting = 128

func newSlots() slots {
	s := slots{waiting: new(atomic.Int32)}
	for i := range s.free {
		s.free[i] = make(chan struct{}, 1)
	}
	return s
}

// take waits for the slot of a name; the caller gives it back by calling leave. ErrBusy is returned when too
// many wait already.
func (s *slots) take(ctx context.Context, name string) (leave func(), err error) {
	if s.waiting.Add(1) > maxWaiting {
		s.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer s.waiting.Add(-1)
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	slot := s.free[h.Sum32()%uint32(len(s.free))]
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
