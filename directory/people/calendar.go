package people

import (
	"context"

	"ringback/directory/audit"
	"ringback/store"
)

// A calendar is read by programs that cannot log in, by an address that nobody can guess. The address shows nothing but
// when somebody has to call; it is kept as a hash, and another one can be made at any time.
//
//	people calendar <sum>     the id of the person whose it is
//	people calendarof <id>    the sum of his address
func calendarKey(sum string) []byte  { return store.Key(keySpace, "calendar", sum) }
func calendarOfKey(id string) []byte { return store.Key(keySpace, "calendarof", id) }

const kindCalendar = "people.calendar"

type calendaring struct {
	Act
	ID  string
	Sum string // empty: there is no address any more
}

// NewCalendar gives a person the secret of a new address of his calendar, which is shown once and kept nowhere. The one he
// had opens nothing any more.
func (p *People) NewCalendar(ctx context.Context, a Act, id string) (secret string, err error) {
	if !p.known(id) {
		return "", ErrUnknown
	}
	secret = newSecret()
	sum := digest(secret)
	_, err = p.do(ctx, kindCalendar, a.At, calendaring{a, id, string(sum[:])})
	return secret, err
}

// DropCalendar takes the address of a person's calendar away.
func (p *People) DropCalendar(ctx context.Context, a Act, id string) error {
	_, err := p.do(ctx, kindCalendar, a.At, calendaring{a, id, ""})
	return err
}

// Calendar is whose calendar a secret opens; ErrUnknown for one that opens none, or that of somebody who is shut out or
// gone from the directory.
func (p *People) Calendar(secret string) (id string, err error) {
	sum := digest(secret)
	err = p.st.View(func(s *store.Snapshot) error {
		value, ok := s.Get(calendarKey(string(sum[:])))
		if !ok {
			return ErrUnknown
		}
		id = string(value)
		a, err := readAccount(s, id)
		if err != nil {
			return err
		}
		if a.Disabled || !p.known(id) {
			return ErrUnknown
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func applyCalendar(tx *store.Tx, c store.Command) (any, error) {
	in, ok := c.Data.(calendaring)
	if !ok {
		return nil, wrongData(c)
	}
	old, had := tx.Get(calendarOfKey(in.ID))
	if had {
		tx.Delete(calendarKey(string(old)))
	}
	action := "calendar.make"
	switch {
	case in.Sum != "":
		tx.Set(calendarKey(in.Sum), []byte(in.ID))
		tx.Set(calendarOfKey(in.ID), []byte(in.Sum))
	case !had:
		return nil, nil
	default:
		action = "calendar.delete"
		tx.Delete(calendarOfKey(in.ID))
	}
	return nil, audit.Write(tx, in.Entry(action, person(in.ID), ""))
}
