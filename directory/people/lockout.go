package people

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"ringback/store"
)

// failures are the logins that failed of one account, or from one address. They are kept, so that a
// restart gives nobody new guesses.
type failures struct {
	Format int       `json:"format"`
	Level  float64   `json:"level"` // failures, fewer as time goes by
	At     time.Time `json:"at"`    // of the last
	Until  time.Time `json:"until"` // no login is tried before; zero for none
}

// lockout is when logins are no longer tried: after free failures the next has to wait a second, and
// every further one doubles that up to longest. One failure is forgiven every so often.
type lockout struct {
	kind    string
	free    float64
	longest time.Duration
	forgive time.Duration
}

// Behind one address there may be a whole contact centre on the morning after a holiday.
var (
	ofAccount = lockout{"account", 5, 15 * time.Minute, time.Hour}
	ofAddress = lockout{"address", 50, 5 * time.Minute, time.Minute}
)

// next are the failures after one more.
func (l *lockout) next(f failures, at time.Time) failures {
	f.Format = recordFormat
	f.Level = f.left(l, at) + 1
	f.At, f.Until = at, time.Time{}
	if over := int(math.Round(f.Level - l.free)); over >= 0 {
		wait := l.longest
		if over < 20 {
			wait = min(wait, time.Second<<over)
		}
		f.Until = at.Add(wait)
	}
	return f
}

// left are the failures not forgiven yet.
func (f *failures) left(l *lockout, at time.Time) float64 {
	return max(0, f.Level-float64(at.Sub(f.At))/float64(l.forgive))
}

// suspects are the two that a login is counted against.
type suspects struct {
	Name    string // SHA-256 of the account's name: people type passwords where names belong
	Address string // IPv6 by its /64, which is one customer of a provider; empty when not known
}

func suspectsOf(name string, peer netip.Addr) suspects {
	sum := digest(name)
	s := suspects{Name: string(sum[:])}
	switch peer = peer.Unmap().WithZone(""); {
	case peer.Is6():
		s.Address = netip.PrefixFrom(peer, 64).Masked().String()
	case peer.IsValid():
		s.Address = peer.String()
	}
	return s
}

// each calls f for both, with the key of its failures.
func (s *suspects) each(f func(l *lockout, key []byte) error) error {
	if err := f(&ofAccount, failedKey(ofAccount.kind, s.Name)); err != nil || s.Address == "" {
		return err
	}
	return f(&ofAddress, failedKey(ofAddress.kind, s.Address))
}

// locked is until when neither of them may try, zero when they may.
func (s *suspects) locked(r store.Reader, now time.Time) (until time.Time, err error) {
	err = s.each(func(_ *lockout, key []byte) error {
		var f failures
		if _, err := read(r, key, &f); err != nil {
			return err
		}
		if f.Until.After(now) && f.Until.After(until) {
			until = f.Until
		}
		return nil
	})
	return until, err
}

// fail counts one more failure of both and says until when they are locked.
func (s *suspects) fail(tx *store.Tx, at time.Time) (until time.Time, err error) {
	err = s.each(func(l *lockout, key []byte) error {
		var f failures
		if _, err := read(tx, key, &f); err != nil {
			return err
		}
		f = l.next(f, at)
		if f.Until.After(until) {
			until = f.Until
		}
		return write(tx, key, &f)
	})
	return until, err
}

// forgiven takes back what was counted against an account that has proved itself. What an address did
// wrong stays: else whoever has one account could guess at all others in between.
func (s *suspects) forgiven(tx *store.Tx) { tx.Delete(failedKey(ofAccount.kind, s.Name)) }

// lockedFor tells how long a lock holds, for the trail.
func lockedFor(until, at time.Time) string {
	if until.IsZero() {
		return ""
	}
	return fmt.Sprintf("locked for %s", until.Sub(at).Round(time.Second))
}
