package people

import (
	"context"
	"net/netip"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// Invitation lets a person give himself a password, once. Secret is shown once and kept nowhere.
type Invitation struct {
	Secret string
	ID     string // of the person
	Until  time.Time
}

// Invite makes an invitation for a person, to give himself his first password or a new one; the one he
// has holds until then. An invitation of before can no longer be used. ErrUnknown when the directory
// has nobody of the id.
func (p *People) Invite(ctx context.Context, a Act, id string) (Invitation, error) {
	if !p.known(id) {
		return Invitation{}, ErrUnknown
	}
	in := Invitation{Secret: newSecret(), ID: id, Until: a.At.Add(p.o.InvitationFor).UTC()}
	_, err := p.do(ctx, kindInvite, a.At, inviting{a, id, digest(in.Secret), in.Until})
	return in, err
}

// Invited is who an invitation is for; ErrInvitation when it can not be used.
func (p *People) Invited(secret string, now time.Time) (id string, err error) {
	err = p.st.View(func(s *store.Snapshot) error {
		id, _, err = invited(s, digest(secret), now)
		return err
	})
	if err == nil && !p.known(id) {
		return "", ErrInvitation
	}
	return id, err
}

// Accept gives the person invited a password. Of several who use one invitation at once, one succeeds;
// the others are told ErrInvitation. His sessions of before end. What is wrong with a password wraps
// ErrPassword, and the invitation can be used again.
func (p *People) Accept(ctx context.Context, secret, text string, peer netip.Addr, now time.Time) (id string, err error) {
	id, err = p.Invited(secret, now)
	if err != nil {
		return "", err
	}
	person, _ := p.o.Directory().Agent(id)
	if text, err = check(text, id, person.Name); err != nil {
		return "", err
	}
	leave, err := p.slots.take(ctx, id)
	if err != nil {
		return "", err
	}
	hashed := newPassword(text)
	leave()
	a := Act{By: audit.Who{Kind: audit.Person, ID: id}, Peer: peerText(peer), At: now.UTC()}
	_, err = p.do(ctx, kindAccept, now, accepting{a, digest(secret), hashed})
	return id, err
}

const (
	kindInvite   = "people.invite"
	kindAccept   = "people.accept"
	kindPassword = "people.password"
)

type inviting struct {
	Act
	ID    string
	Sum   [32]byte
	Until time.Time
}

func applyInvite(tx *store.Tx, c store.Command) (any, error) {
	in, ok := c.Data.(inviting)
	if !ok {
		return nil, wrongData(c)
	}
	a, err := readAccount(tx, in.ID)
	if err != nil {
		return nil, err
	}
	a.drop(tx)
	a.Invited = invitation{in.Sum[:], in.Until}
	tx.Set(inviteKey(in.Sum), []byte(in.ID))
	if err := write(tx, accountKey(in.ID), &a); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, in.Entry("account.invite", person(in.ID), ""))
}

// drop takes an invitation back.
func (a *account) drop(tx *store.Tx) {
	if len(a.Invited.Sum) == 32 {
		tx.Delete(inviteKey([32]byte(a.Invited.Sum)))
	}
	a.Invited = invitation{}
}

type accepting struct {
	Act
	Sum      [32]byte
	Password password
}

func applyAccept(tx *store.Tx, c store.Command) (any, error) {
	in, ok := c.Data.(accepting)
	if !ok {
		return nil, wrongData(c)
	}
	id, a, err := invited(tx, in.Sum, in.At)
	if err != nil {
		return nil, err
	}
	a.drop(tx)
	a.set(tx, id, in.Password, in.At)
	if err := write(tx, accountKey(id), &a); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, in.Entry("account.accept", person(id), ""))
}

// invited is who an invitation is for, and his account.
func invited(r store.Reader, sum [32]byte, now time.Time) (id string, a account, err error) {
	value, ok := r.Get(inviteKey(sum))
	if !ok {
		return "", a, ErrInvitation
	}
	id = string(value)
	if a, err = readAccount(r, id); err != nil {
		return "", a, err
	}
	if a.Disabled || string(a.Invited.Sum) != string(sum[:]) || !now.Before(a.Invited.Until) {
		return "", a, ErrInvitation
	}
	return id, a, nil
}

// set gives an account a password and ends the sessions of the old one.
func (a *account) set(tx *store.Tx, id string, p password, at time.Time) {
	a.Password, a.PasswordAt = &p, at
	a.Epoch++
	name := suspectsOf(id, noPeer)
	name.forgiven(tx)
}

// ChangePassword gives a person who is logged in another password. The old one is asked for again, and
// counts as a login: ErrCredentials and *LockedError as there. All his sessions end, this one too.
func (p *People) ChangePassword(ctx context.Context, l Login, text string) error {
	who := suspectsOf(l.Name, l.Peer)
	leave, err := p.slots.take(ctx, l.Name)
	if err != nil {
		return err
	}
	defer leave()
	if err := p.mayTry(&who, l.At); err != nil {
		return err
	}
	_, reason, err := p.verify(l.Name, l.Password)
	if err != nil {
		return err
	}
	if reason != "" {
		return p.failed(ctx, &l, who, reason)
	}
	person, _ := p.o.Directory().Agent(l.Name)
	if text, err = check(text, l.Name, person.Name); err != nil {
		return err
	}
	a := Act{By: audit.Who{Kind: audit.Person, ID: l.Name}, Peer: peerText(l.Peer), At: l.At.UTC()}
	_, err = p.do(ctx, kindPassword, l.At, changing{a, l.Name, newPassword(text)})
	return err
}

type changing struct {
	Act
	ID       string
	Password password
}

func applyPassword(tx *store.Tx, c store.Command) (any, error) {
	ch, ok := c.Data.(changing)
	if !ok {
		return nil, wrongData(c)
	}
	a, err := readAccount(tx, ch.ID)
	if err != nil {
		return nil, err
	}
	a.set(tx, ch.ID, ch.Password, ch.At)
	if err := write(tx, accountKey(ch.ID), &a); err != nil {
		return nil, err
	}
	return nil, audit.Write(tx, ch.Entry("account.password", person(ch.ID), ""))
}
