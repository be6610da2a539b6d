package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/store"
)

// Options say how long doors stay open; zero fields take the defaults named beside them.
type Options struct {
	Directory func() *directory.Directory // the one in force; required

	SessionIdle     time.Duration // a session ends when it was not used for so long: 12 h
	SessionLifetime time.Duration // and at the latest so long after the login: 7 days
	InvitationFor   time.Duration // an invitation can be used for so long: 72 h
}

// People keeps accounts, sessions, tokens and preferences in a store. Its methods may be called from any
// goroutine.
type People struct {
	st    *store.Store
	o     Options
	slots slots
	dummy password // what the password of nobody is compared with

	generation atomic.Uint64
}

// Errors that people are told. None says more than its reader may know.
var (
	// ErrCredentials is the answer to a name and password that open nothing, whyever: nobody of the
	// name, a wrong password, none set yet, an account disabled. The audit trail knows.
	ErrCredentials = errors.New("people: name or password is wrong")
	// ErrLocked is wrapped by every *LockedError.
	ErrLocked = errors.New("people: too many failed logins")
	// ErrBusy is returned when more logins wait than can be checked soon.
	ErrBusy = errors.New("people: too many logins at once")
	// ErrNoSession is returned for a session that is none, or none any more.
	ErrNoSession = errors.New("people: no such session")
	// ErrInvitation is returned for an invitation that was used, has run out, or never was.
	ErrInvitation = errors.New("people: the invitation was used or has run out")
	// ErrPassword is wrapped by what is wrong with a new password.
	ErrPassword = errors.New("people: this password will not do")
	// ErrUnknown is returned for an id that is nobody's in the directory, or a name that is no token's.
	ErrUnknown = errors.New("people: nobody of this name")
	// ErrTaken is returned for a name that another token has.
	ErrTaken = errors.New("people: another token has this name")
	// ErrExpiry is returned for a token that would have run out before it is made.
	ErrExpiry = errors.New("people: a token runs out in the future, or never")
	// ErrName is returned for what cannot be the name of a token.
	ErrName = errors.New("people: not a name; use letters, digits and . _ + @ -, at most 64")
)

// LockedError says until when no login is tried: too many have failed, of this account or from this
// address. It wraps ErrLocked.
type LockedError struct{ Until time.Time }

// Error implements error.
func (e *LockedError) Error() string {
	return fmt.Sprintf("%v; try again at %s", ErrLocked, e.Until.UTC().Format(time.TimeOnly))
}

// Unwrap makes it an ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store, o Options) *People {
	def := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	def(&o.SessionIdle, 12*time.Hour)
	def(&o.SessionLifetime, 7*24*time.Hour)
	def(&o.InvitationFor, 72*time.Hour)
	p := &People{st: st, o: o, slots: newSlots(), dummy: newPassword(rand.Text())}
	for kind, h := range map[string]func(*store.Tx, store.Command) (any, error){
		kindInvite: applyInvite, kindAccept: applyAccept, kindLogin: applyLogin, kindFailed: applyFailed,
		kindEnd: applyEnd, kindTouch: applyTouch, kindState: applyState, kindPassword: applyPassword,
		kindToken: applyToken, kindRevoke: applyRevoke, kindUsed: applyUsed, kindPrefer: applyPrefer, kindSweep: applySweep, kindCalendar: applyCalendar,
	} {
		st.Handle(kind, h)
	}
	return p
}

// Generation grows with everything that may take a right away: a log-out, an account disabled, a token
// revoked. Whoever keeps a Principal for long asks Valid again when it has grown.
func (p *People) Generation() uint64 { return p.generation.Load() }

// do applies a command of this package.
func (p *People) do(ctx context.Context, kind string, at time.Time, data any) (any, error) {
	res, err := p.st.Do(ctx, store.Command{ID: kind, Kind: kind, At: at.UTC(), Data: data, Urgent: true})
	if err == nil {
		p.generation.Add(1)
	}
	return res, err
}

// Act is who does something, from where and when.
type Act = audit.Act

// person names a person for the trail.
func person(id string) string { return audit.On("person", id) }

// newSecret makes a secret of 256 random bits, as letters, digits, - and _ (RFC 4648 §5).
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// digest is what is kept of a secret. A hash without salt is enough for secrets that are random and
// long: nobody can search 2^256 of them.
func digest(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// The keys of this package. A sum is a SHA-256.
//
//	people account <id>          account: what is kept of one person
//	people prefer <id>           Preferences
//	people session <sum>         session
//	people of <id> <sum>         nothing: the sessions of a person
//	people invite <sum>          the id of the person invited
//	people token <name>          token
//	people bearer <sum>          the name of the token
//	people failed <kind> <name>  failures: of an account, by the SHA-256 of its name, or of an address
const keySpace = "people"

func accountKey(id string) []byte          { return store.Key(keySpace, "account", id) }
func preferKey(id string) []byte           { return store.Key(keySpace, "prefer", id) }
func sessionKey(sum [32]byte) []byte       { return store.Key(keySpace, "session", string(sum[:])) }
func ofKey(id string, sum [32]byte) []byte { return store.Key(keySpace, "of", id, string(sum[:])) }
func inviteKey(sum [32]byte) []byte        { return store.Key(keySpace, "invite", string(sum[:])) }
func tokenKey(name string) []byte          { return store.Key(keySpace, "token", name) }
func bearerKey(sum [32]byte) []byte        { return store.Key(keySpace, "bearer", string(sum[:])) }
func failedKey(kind, name string) []byte   { return store.Key(keySpace, "failed", kind, name) }

// recordFormat is the version of all records of this package. 1: the first.
const recordFormat = 1

// read decodes the record under a key into v; false when there is none.
func read(r store.Reader, key []byte, v any) (bool, error) {
	value, ok := r.Get(key)
	if !ok {
		return false, nil
	}
	return true, decode(value, v)
}

func decode(value []byte, v any) error {
	var head struct{ Format int }
	if err := json.Unmarshal(value, &head); err != nil {
		return fmt.Errorf("people: reading a record: %w", err)
	}
	if head.Format > recordFormat {
		return fmt.Errorf("people: a record was written by a newer Ringback (format %d, this one reads up to %d); run that one", head.Format, recordFormat)
	}
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("people: reading a record: %w", err)
	}
	return nil
}

// write encodes a record.
func write(tx *store.Tx, key []byte, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("people: writing a record: %w", err)
	}
	tx.Set(key, value)
	return nil
}

// wrongData is what a handler says to data of another kind.
func wrongData(c store.Command) error {
	return fmt.Errorf("people: %s with data of type %T", c.Kind, c.Data)
}
