package people

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strings"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// noPeer is the address of somebody who has none.
var noPeer netip.Addr

// Login is a name and a password, and where they come from.
type Login struct {
	Name     string // the person's id in the directory, in capitals or not
	Password string
	Peer     netip.Addr // the client's address; the zero Addr for none
	Device   string     // what the client calls itself, for the person's list of his sessions
	At       time.Time
}

// Login opens a session. A name that is nobody's, a wrong password, an account without password and one
// that is disabled all give ErrCredentials after the same work. A *LockedError is returned, without
// looking at the password, when too many logins failed before; ErrBusy when too many wait.
func (p *People) Login(ctx context.Context, l Login) (Session, error) {
	l.Name = p.resolve(l.Name)
	who := suspectsOf(l.Name, l.Peer)
	if err := p.mayTry(&who, l.At); err != nil {
		return Session{}, err
	}
	leave, err := p.slots.take(ctx, l.Name)
	if err != nil {
		return Session{}, err
	}
	defer leave()
	if err := p.mayTry(&who, l.At); err != nil { // the one before in the slot may have been the last allowed
		return Session{}, err
	}
	a, reason, err := p.verify(l.Name, l.Password)
	if err != nil {
		return Session{}, err
	}
	if reason != "" {
		return Session{}, p.failed(ctx, &l, who, reason)
	}
	secret := newSecret()
	in := login{
		Act: Act{By: audit.Who{Kind: audit.Person, ID: l.Name}, Peer: peerText(l.Peer), At: l.At.UTC()}, ID: l.Name, Who: who,
		Sum: digest(secret), Device: l.Device, Checked: a.Password.Key, Until: l.At.Add(p.o.SessionLifetime).UTC(),
	}
	if a.Password.weak() {
		text, _ := normal(l.Password) // it was the password
		better := newPassword(text)
		in.Better = &better
	}
	if _, err := p.do(ctx, kindLogin, l.At, in); err != nil {
		if errors.Is(err, errRaced) { // disabled, or given another password, in between
			return Session{}, p.failed(ctx, &l, who, "raced")
		}
		return Session{}, err
	}
	return Session{
		Secret: secret, Principal: Principal{Kind: audit.Person, ID: l.Name, key: in.Sum},
		Created: l.At, Idle: p.o.SessionIdle, Until: in.Until,
	}, nil
}

// resolve is the id that somebody means who typed it with other capitals or blanks around it: phones
// begin with a capital. What is nobody's stays what it is, in one spelling.
func (p *People) resolve(name string) string {
	name = strings.TrimSpace(name)
	if p.known(name) {
		return name
	}
	var meant []string
	for _, id := range p.o.Directory().People() {
		if strings.EqualFold(id, name) {
			meant = append(meant, id)
		}
	}
	if len(meant) == 1 {
		return meant[0]
	}
	return strings.ToLower(name)
}

// mayTry says whether a login may be tried at all.
func (p *People) mayTry(who *suspects, now time.Time) error {
	return p.st.View(func(s *store.Snapshot) error {
		until, err := who.locked(s, now)
		if err == nil && !until.IsZero() {
			return &LockedError{until}
		}
		return err
	})
}

// verify looks up an account and compares the password, with the same work for a name that is
// nobody's. The reason is for the trail, and empty when the password is right.
func (p *People) verify(name, text string) (a account, reason string, err error) {
	known := p.known(name)
	if known {
		err = p.st.View(func(s *store.Snapshot) (err error) {
			a, err = readAccount(s, name)
			return err
		})
		if err != nil {
			return a, "", err
		}
	}
	against := p.dummy
	if a.Password != nil {
		against = *a.Password
	}
	normalised, err := normal(text)
	if err != nil {
		normalised = "" // nobody's password
	}
	right := against.is(normalised)
	switch {
	case !known:
		return a, "unknown_name", nil
	case a.Password == nil:
		return a, "no_password", nil
	case !right:
		return a, "wrong_password", nil
	case a.Disabled:
		return a, "disabled", nil
	}
	return a, "", nil
}

// failed counts a failed login and writes it into the trail.
func (p *People) failed(ctx context.Context, l *Login, who suspects, reason string) error {
	f := failed{Act: Act{By: audit.Who{Kind: audit.Unknown}, Peer: peerText(l.Peer), At: l.At.UTC()}, Who: who, Reason: reason}
	if p.known(l.Name) { // else it might be a password typed into the wrong field
		f.ID = l.Name
	}
	if _, err := p.do(ctx, kindFailed, l.At, f); err != nil {
		return err
	}
	return ErrCredentials
}

func peerText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}

// kindFailed is the command that counts a failed login.
const kindFailed = "people.failed"

type failed struct {
	Act
	ID     string // empty when it is nobody's
	Who    suspects
	Reason string
}

func applyFailed(tx *store.Tx, c store.Command) (any, error) {
	f, ok := c.Data.(failed)
	if !ok {
		return nil, wrongData(c)
	}
	until, err := f.Who.fail(tx, f.At)
	if err != nil {
		return nil, err
	}
	e := f.Entry("session.login", person(f.ID), "")
	e.Result, e.Reason, e.Detail = audit.Refused, f.Reason, lockedFor(until, f.At)
	return nil, audit.Write(tx, e)
}

// kindLogin is the command that opens a session.
const kindLogin = "people.login"

type login struct {
	Act
	ID      string
	Who     suspects
	Sum     [32]byte
	Device  string
	Checked []byte    // the key of the password that was compared
	Better  *password // the password hashed anew, where the old hash is weak
	Until   time.Time
}

// errRaced is returned by the command when the account changed since the password was compared.
var errRaced = errors.New("people: the account changed in the meantime")

func applyLogin(tx *store.Tx, c store.Command) (any, error) {
	l, ok := c.Data.(login)
	if !ok {
		return nil, wrongData(c)
	}
	a, err := readAccount(tx, l.ID)
	if err != nil {
		return nil, err
	}
	if a.Disabled || a.Password == nil || subtle.ConstantTimeCompare(a.Password.Key, l.Checked) != 1 {
		return nil, errRaced
	}
	if l.Better != nil {
		a.Password = l.Better
	}
	a.LastLogin = l.At
	l.Who.forgiven(tx)
	if err := makeRoom(tx, l.ID); err != nil {
		return nil, err
	}
	s := session{Format: recordFormat, ID: l.ID, Epoch: a.Epoch, Created: l.At, Seen: l.At, Until: l.Until, Peer: l.Peer, Device: clip(l.Device, maxDevice)}
	if err := write(tx, sessionKey(l.Sum), &s); err != nil {
		return nil, err
	}
	tx.Set(ofKey(l.ID, l.Sum), nil)
	if err := write(tx, accountKey(l.ID), &a); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, l.Entry("session.login", person(l.ID), ""))
}
