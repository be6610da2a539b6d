package people

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"ringback/directory/audit"
	"ringback/store"
)

// Session is a session just opened. Secret is shown once and kept nowhere.
type Session struct {
	Secret    string
	Principal Principal
	Created   time.Time
	Idle      time.Duration // it ends when it was not used for so long
	Until     time.Time     // and at the latest then
}

// session is a session as it is stored.
type session struct {
	Format  int       `json:"format"`
	ID      string    `json:"id"`
	Epoch   uint64    `json:"epoch"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"` // at most touchEvery too early
	Until   time.Time `json:"until"`
	Peer    string    `json:"peer,omitempty"`
	Device  string    `json:"device,omitempty"`
}

const (
	touchEvery  = time.Minute // how exactly it is known when a session or token was last used
	maxSessions = 20          // of one person; the one not used for longest makes room
	maxDevice   = 120         // bytes
)

// Open is one of the sessions a person has open.
type Open struct {
	ID      string // for End; opens nothing
	Created time.Time
	Seen    time.Time
	Until   time.Time // at the latest
	Peer    string
	Device  string
}

// over says whether a session of an account has ended.
func (s *session) over(a *account, idle time.Duration, now time.Time) bool {
	return a.Disabled || a.Password == nil || s.Epoch != a.Epoch || !now.Before(s.Until) || !now.Before(s.Seen.Add(idle))
}

// Session is whose session a secret opens; ErrNoSession for one that is none, has ended, or is of
// somebody who left the directory. Using a session keeps it from ending for being idle.
func (p *People) Session(secret string, now time.Time) (Principal, error) {
	sum := digest(secret)
	s, err := p.session(sum, now)
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(s.Seen) >= touchEvery {
		p.st.Submit(store.Command{ID: kindTouch, Kind: kindTouch, At: now.UTC(), Data: sum}, func(any, error) {}) // told by the store itself
	}
	return Principal{Kind: audit.Person, ID: s.ID, key: sum}, nil
}

func (p *People) session(sum [32]byte, now time.Time) (session, error) {
	var s session
	err := p.st.View(func(snap *store.Snapshot) error {
		ok, err := read(snap, sessionKey(sum), &s)
		if err != nil {
			return err
		}
		if !ok || !p.known(s.ID) {
			return ErrNoSession
		}
		a, err := readAccount(snap, s.ID)
		if err == nil && s.over(&a, p.o.SessionIdle, now) {
			return ErrNoSession
		}
		return err
	})
	return s, err
}

// Valid says whether a principal that Session or Token gave would still be given. One that came from
// elsewhere is not known here, and so not valid.
func (p *People) Valid(who *Principal, now time.Time) bool {
	var err error
	switch {
	case who.key == [32]byte{}:
		return false
	case who.Kind == audit.Token:
		_, err = p.token(who.key, now)
	default:
		_, err = p.session(who.key, now)
	}
	return err == nil
}

const kindTouch = "people.touch"

// applyTouch notes that a session was used.
func applyTouch(tx *store.Tx, c store.Command) (any, error) {
	sum, ok := c.Data.([32]byte)
	if !ok {
		return nil, wrongData(c)
	}
	var s session
	if ok, err := read(tx, sessionKey(sum), &s); err != nil || !ok || c.At.Sub(s.Seen) < touchEvery {
		return nil, err
	}
	s.Seen = c.At
	return nil, write(tx, sessionKey(sum), &s)
}

// Logout ends the session of a principal.
func (p *People) Logout(ctx context.Context, who *Principal, a Act) error {
	_, err := p.do(ctx, kindEnd, a.At, ending{Act: a, ID: who.ID, Sum: who.key})
	return err
}

// Sessions are those a person has open, the one used last first.
func (p *People) Sessions(id string, now time.Time) ([]Open, error) {
	var all []Open
	err := p.st.View(func(s *store.Snapshot) error {
		a, err := readAccount(s, id)
		if err != nil {
			return err
		}
		all, err = p.sessions(s, id, &a, now)
		return err
	})
	slices.SortFunc(all, func(a, b Open) int { return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

func (p *People) sessions(r store.Reader, id string, a *account, now time.Time) ([]Open, error) {
	var all []Open
	for sum, err := range sumsOf(r, id) {
		if err != nil {
			return nil, err
		}
		var s session
		if ok, err := read(r, sessionKey(sum), &s); err != nil {
			return nil, err
		} else if ok && !s.over(a, p.o.SessionIdle, now) {
			all = append(all, Open{sessionID(sum), s.Created, s.Seen, s.Until, s.Peer, s.Device})
		}
	}
	return all, nil
}

// End ends one of the sessions that Sessions lists; ErrNoSession when he has none of that id.
func (p *People) End(ctx context.Context, a Act, person, id string) error {
	var found *[32]byte
	err := p.st.View(func(s *store.Snapshot) error {
		for sum, err := range sumsOf(s, person) {
			if err != nil {
				return err
			}
			if sessionID(sum) == id {
				found = &sum
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case found == nil:
		return ErrNoSession
	}
	_, err = p.do(ctx, kindEnd, a.At, ending{Act: a, ID: person, Sum: *found})
	return err
}

// sessionID is the sum of a session as people are shown it: enough to tell it from others, and no use for
// anything else.
func sessionID(sum [32]byte) string { return hex.EncodeToString(sum[:8]) }

// sumsOf yields the sums of the sessions of a person, over or not.
func sumsOf(r store.Reader, id string) func(yield func([32]byte, error) bool) {
	return func(yield func([32]byte, error) bool) {
		for key := range r.Scan(store.Prefix(keySpace, "of", id)) {
			var text string
			err := store.SplitKey(key, nil, nil, nil, &text)
			var sum [32]byte
			copy(sum[:], text)
			if !yield(sum, err) {
				return
			}
		}
	}
}

const kindEnd = "people.end"

type ending struct {
	Act
	ID  string
	Sum [32]byte
}

func applyEnd(tx *store.Tx, c store.Command) (any, error) {
	e, ok := c.Data.(ending)
	if !ok {
		return nil, wrongData(c)
	}
	var s session
	if ok, err := read(tx, sessionKey(e.Sum), &s); err != nil || !ok {
		return nil, err
	}
	tx.Delete(sessionKey(e.Sum))
	tx.Delete(ofKey(s.ID, e.Sum))
	return nil, audit.Write(tx, e.Entry("session.logout", person(s.ID), ""))
}

// makeRoom ends the sessions of a person that were not used for longest, so that one more has room.
func makeRoom(tx *store.Tx, id string) error {
	type open struct {
		sum  [32]byte
		seen time.Time
	}
	var all []open
	for sum, err := range sumsOf(tx, id) {
		if err != nil {
			return err
		}
		var s session
		if _, err := read(tx, sessionKey(sum), &s); err != nil {
			return err
		}
		all = append(all, open{sum, s.Seen})
	}
	slices.SortStableFunc(all, func(a, b open) int { return a.seen.Compare(b.seen) })
	for len(all) >= maxSessions {
		tx.Delete(sessionKey(all[0].sum))
		tx.Delete(ofKey(id, all[0].sum))
		all = all[1:]
	}
	return nil
}

// clip cuts a text from outside that is too long, between two characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
