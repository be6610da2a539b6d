package people

import (
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// account is what is kept of one person, by his id in the directory.
type account struct {
	Format     int        `json:"format"`
	Password   *password  `json:"password,omitempty"` // none before an invitation was used
	PasswordAt time.Time  `json:"password_at,omitzero"`
	Disabled   bool       `json:"disabled,omitempty"`
	Epoch      uint64     `json:"epoch"` // of his sessions: those of an earlier one are over
	LastLogin  time.Time  `json:"last_login,omitzero"`
	Invited    invitation `json:"invited,omitzero"`
}

// invitation is one that can still be used.
type invitation struct {
	Sum   []byte    `json:"sum"`
	Until time.Time `json:"until"`
}

func readAccount(r store.Reader, id string) (account, error) {
	a := account{Format: recordFormat}
	_, err := read(r, accountKey(id), &a)
	return a, err
}

// State is whether a person can log in.
type State string

// The states of a person.
const (
	NotInvited State = "not_invited" // has no password, and no way to give himself one
	Invited    State = "invited"     // has no password yet
	Active     State = "active"
	Disabled   State = "disabled"
)

// Account is one person as others see him.
type Account struct {
	ID           string
	State        State
	PasswordAt   time.Time // when he last gave himself a password; zero for never
	LastLogin    time.Time // zero for never
	InvitedUntil time.Time // an invitation that was not used can be used until then; zero for none
	LockedUntil  time.Time // too many logins failed; zero when not locked
	Sessions     int       // that are open
}

// Accounts are all people of the directory in force, in its order.
func (p *People) Accounts(now time.Time) ([]Account, error) {
	var all []Account
	err := p.st.View(func(s *store.Snapshot) error {
		for _, id := range p.o.Directory().People() {
			a, err := p.show(s, id, now)
			if err != nil {
				return err
			}
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

// Account is one person; ErrUnknown when the directory has none of the id.
func (p *People) Account(id string, now time.Time) (Account, error) {
	if !p.known(id) {
		return Account{}, ErrUnknown
	}
	var a Account
	err := p.st.View(func(s *store.Snapshot) (err error) {
		a, err = p.show(s, id, now)
		return err
	})
	return a, err
}

func (p *People) show(s *store.Snapshot, id string, now time.Time) (Account, error) {
	rec, err := readAccount(s, id)
	if err != nil {
		return Account{}, err
	}
	a := Account{ID: id, State: Active, PasswordAt: rec.PasswordAt, LastLogin: rec.LastLogin}
	if rec.Invited.Until.After(now) {
		a.InvitedUntil = rec.Invited.Until
	}
	switch {
	case rec.Disabled:
		a.State = Disabled
	case rec.Password == nil && a.InvitedUntil.IsZero():
		a.State = NotInvited
	case rec.Password == nil:
		a.State = Invited
	}
	name := suspects{Name: suspectsOf(id, noPeer).Name}
	if a.LockedUntil, err = name.locked(s, now); err != nil {
		return Account{}, err
	}
	open, err := p.sessions(s, id, &rec, now)
	a.Sessions = len(open)
	return a, err
}

// known says whether the directory in force has somebody of the id.
func (p *People) known(id string) bool {
	_, ok := p.o.Directory().Agent(id)
	return ok
}

// kindState is the command that changes what an account may.
const kindState = "people.state"

// change is its data.
type change struct {
	Act
	ID     string
	What   what
	Reason string
}

// what is done to an account.
type what string

const (
	disable what = "account.disable"
	enable  what = "account.enable"
	unlock  what = "account.unlock"
	endAll  what = "session.end_all"
)

func applyState(tx *store.Tx, c store.Command) (any, error) {
	d, ok := c.Data.(change)
	if !ok {
		return nil, wrongData(c)
	}
	a, err := readAccount(tx, d.ID)
	if err != nil {
		return nil, err
	}
	e := d.Entry(string(d.What), person(d.ID), "")
	e.Detail = d.Reason
	switch d.What {
	case disable:
		// Whoever disables somebody wants him out now, and no invitation of before to let him in again.
		a.Disabled = true
		a.Epoch++
		a.drop(tx)
	case enable:
		a.Disabled = false
	case endAll:
		a.Epoch++
	case unlock:
		name := suspectsOf(d.ID, noPeer)
		name.forgiven(tx)
	}
	if err := write(tx, accountKey(d.ID), &a); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, e)
}
