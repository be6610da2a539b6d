package calling

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// Class is a kind of numbers that calls may need a PIN for.
type Class string

// The classes: all numbers of other countries, and those of sip.NumberKind that cost or disturb.
const (
	International Class = "international"
	Premium       Class = "premium" // shared cost as well
	MobileNumbers Class = "mobile"
	FixedNumbers  Class = "fixed"
	OtherNumbers  Class = "other"
)

// Classes are all of them.
func Classes() []Class {
	return []Class{International, Premium, MobileNumbers, FixedNumbers, OtherNumbers}
}

// ClassesOf are the classes that a number is of, seen from a country.
func ClassesOf(n sip.Number, home string) []Class {
	var all []Class
	if home != "" && n.Region() != home {
		all = append(all, International)
	}
	switch n.Kind() {
	case sip.PremiumRate, sip.SharedCost:
		return append(all, Premium)
	case sip.Mobile:
		return append(all, MobileNumbers)
	case sip.FixedLine:
		return append(all, FixedNumbers)
	case sip.FixedOrMobile:
		return append(all, MobileNumbers, FixedNumbers)
	default:
		return append(all, OtherNumbers)
	}
}

// pin is what is kept of a PIN: its argon2id hash (RFC 9106). A PIN is short, so whoever has the store finds it; the hash
// keeps it from whoever only sees the record.
type pin struct {
	Format int       `json:"format"`
	Salt   []byte    `json:"salt"`
	Key    []byte    `json:"key"`
	Set    time.Time `json:"set"`
	By     string    `json:"by"`
}

// The cost of a hash: 8 MiB, some 10 ms.
const (
	pinMemory = 8 << 10 // KiB
	pinTime   = 1
	pinKey    = 32
)

func hashed(text string, salt []byte) []byte {
	return argon2.IDKey([]byte(text), salt, pinTime, pinMemory, 1, pinKey)
}

func pinKeyOf(c Class) []byte { return store.Key(keySpace, "pin", string(c)) }

// The lengths of a PIN in digits.
const (
	minPIN = 4
	maxPIN = 12
)

// setting is the data of kindPIN.
type setting struct {
	Act
	Class Class
	PIN   *pin // nil: none any more
}

// SetPIN sets the PIN that calls to a class of numbers need; empty for none any more. The error wraps ErrInput.
func (l *Lists) SetPIN(ctx context.Context, a Act, c Class, text string) error {
	if !slices.Contains(Classes(), c) {
		return fmt.Errorf("%w: no such class of numbers", ErrInput)
	}
	s := setting{Act: a, Class: c}
	if text != "" {
		if len(text) < minPIN || len(text) > maxPIN || strings.Trim(text, "0123456789") != "" {
			return fmt.Errorf("%w: a PIN has %d to %d digits", ErrInput, minPIN, maxPIN)
		}
		s.PIN = &pin{Format: recordFormat, Salt: make([]byte, 16), Set: a.At.UTC(), By: a.By.String()}
		_, _ = rand.Read(s.PIN.Salt) // it never fails
		s.PIN.Key = hashed(text, s.PIN.Salt)
	}
	_, err := l.st.Do(ctx, store.Command{ID: string(c), Kind: kindPIN, At: a.At.UTC(), Data: s, Urgent: true})
	return err
}

func applyPIN(tx *store.Tx, cmd store.Command) (any, error) {
	s, ok := cmd.Data.(setting)
	if !ok {
		return nil, wrongData(cmd)
	}
	e := audit.Entry{At: s.At, By: s.By, Peer: s.Peer, Action: "pin.set", Object: audit.On("class", string(s.Class))}
	if s.PIN == nil {
		e.Action = "pin.delete"
		tx.Delete(pinKeyOf(s.Class))
		return nil, audit.Write(tx, e)
	}
	value, err := json.Marshal(s.PIN)
	if err != nil {
		return nil, fmt.Errorf("calling: writing a PIN: %w", err)
	}
	tx.Set(pinKeyOf(s.Class), value)
	return nil, audit.Write(tx, e)
}

// PINs are the classes of numbers that need one.
func (l *Lists) PINs() ([]Class, error) {
	var set []Class
	err := l.st.View(func(s *store.Snapshot) error {
		for _, c := range Classes() {
			if _, there := s.Get(pinKeyOf(c)); there {
				set = append(set, c)
			}
		}
		return nil
	})
	return set, err
}

// PINState is what a PIN that somebody gave is worth.
type PINState uint8

// The states of a PIN.
const (
	PINNotNeeded PINState = iota
	PINRight
	PINMissing
	PINWrong
)

// CheckPIN says whether calls to numbers of the classes need a PIN, and whether that is the right one for all of them. Who
// gives five wrong ones has to wait a quarter of an hour: ErrTries.
func (l *Lists) CheckPIN(classes []Class, given, who string, now time.Time) (PINState, error) {
	var needed []pin
	err := l.st.View(func(s *store.Snapshot) error {
		for _, c := range classes {
			value, there := s.Get(pinKeyOf(c))
			if !there {
				continue
			}
			var p pin
			if err := json.Unmarshal(value, &p); err != nil {
				return fmt.Errorf("calling: reading a PIN: %w", err)
			}
			needed = append(needed, p)
		}
		return nil
	})
	switch {
	case err != nil:
		return PINMissing, err
	case len(needed) == 0:
		return PINNotNeeded, nil
	case given == "":
		return PINMissing, nil
	case len(given) > maxPIN:
		given = "" // wrong, and not worth a hash of its length
	}
	if !l.begin(who, now) {
		return PINWrong, ErrTries
	}
	right := true
	for i := range needed {
		right = subtle.ConstantTimeCompare(hashed(given, needed[i].Salt), needed[i].Key) == 1 && right
	}
	if !right {
		return PINWrong, nil
	}
	l.forgive(who)
	return PINRight, nil
}

// tries are the wrong PINs of late, by who gave them. They are forgotten with the process.
type tries struct {
	mu    sync.Mutex
	wrong map[string][]time.Time
}

// How many wrong PINs somebody may give in how long, and how many people are remembered.
const (
	maxWrong   = 5
	wrongFor   = 15 * time.Minute
	maxTriers  = 10_000
	trierWords = 128 // bytes of a name
)

// begin counts a try as wrong, until it is forgiven; false when there were too many.
func (t *tries) begin(who string, now time.Time) bool {
	who = who[:min(len(who), trierWords)]
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) >= maxTriers {
		for name, times := range t.wrong {
			if now.Sub(times[len(times)-1]) >= wrongFor {
				delete(t.wrong, name)
			}
		}
	}
	recent := slices.DeleteFunc(t.wrong[who], func(at time.Time) bool { return now.Sub(at) >= wrongFor })
	if len(recent) >= maxWrong {
		t.wrong[who] = recent
		return false
	}
	t.wrong[who] = append(recent, now)
	return true
}

func (t *tries) forgive(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.wrong, who[:min(len(who), trierWords)])
}
