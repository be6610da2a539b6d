package people

import (
	"slices"

	"ringback/directory"
	"ringback/directory/audit"
)

// Principal is who makes a request: a person who logged in, or a token. It says who, not what he may do
// for good: Right and May ask the directory each time, so what they say follows the directory in force.
// The zero Principal may do nothing.
type Principal struct {
	Kind audit.Kind // audit.Person, audit.Token, or audit.Socket for an operator, who may do everything
	ID   string     // of the person in the directory; the name of a token; the operator's user name

	// Of a token: what it is for, and on which lists; no lists mean all. Of a person both are empty.
	Scopes []Scope
	Lists  []string

	key [32]byte // of the session or token, for Valid; zero for what is not kept here
}

// Who is the principal as the audit trail names him.
func (p *Principal) Who() audit.Who { return audit.Who{Kind: p.Kind, ID: p.ID} }

// String is the principal as the audit trail writes him, as "person anna".
func (p *Principal) String() string { return p.Who().String() }

// Agent is the id of the person in the directory, empty for a token.
func (p *Principal) Agent() string {
	if p.Kind == audit.Person {
		return p.ID
	}
	return ""
}

// Session is the id of the session that he came by, as People.Sessions has it; empty for one who came by
// none.
func (p *Principal) Session() string {
	if p.Kind != audit.Person || p.key == [32]byte{} {
		return ""
	}
	return sessionID(p.key)
}

// Right is what he may do on a list. Without any he must not learn that the list is there. A token has
// on its lists the right that its scopes need: to supervise with ListsManage, to work with CasesWrite,
// else to see.
func (p *Principal) Right(d *directory.Directory, list string) directory.Right {
	switch p.Kind {
	case audit.Person:
		return d.Right(p.ID, list)
	case audit.Token:
		if _, ok := d.List(list); !ok || len(p.Lists) > 0 && !slices.Contains(p.Lists, list) {
			return directory.NoRight
		}
		switch {
		case slices.Contains(p.Scopes, ListsManage):
			return directory.Supervise
		case slices.Contains(p.Scopes, CasesWrite):
			return directory.Work
		case len(p.Scopes) > 0:
			return directory.See
		}
	case audit.Socket:
		if _, ok := d.List(list); ok {
			return directory.Supervise
		}
	case audit.System, audit.Unknown: // make no requests
	}
	return directory.NoRight
}

// ListsFor are the ids of the lists on which he has at least that right, in the order of the directory.
func (p *Principal) ListsFor(d *directory.Directory, least directory.Right) []string {
	var ids []string
	for _, l := range d.Lists() {
		if p.Right(d, l.ID) >= least {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// May says whether he may do what the scope is about, on the lists where he has the right to.
func (p *Principal) May(d *directory.Directory, s Scope) bool {
	switch p.Kind {
	case audit.Person:
		return slices.ContainsFunc(d.Roles(p.ID), func(r directory.Role) bool { return s.of(r) })
	case audit.Token:
		return slices.Contains(p.Scopes, s)
	case audit.Socket:
		return true
	case audit.System, audit.Unknown: // make no requests
	}
	return false
}

// All says whether he sees every list, now and to come, and with them what belongs to none: an admin, an
// operator, or a token that is not kept to some lists.
func (p *Principal) All(d *directory.Directory) bool {
	if p.Kind == audit.Token {
		return len(p.Lists) == 0 && len(p.Scopes) > 0
	}
	return p.Kind == audit.Socket || p.Kind == audit.Person && slices.Contains(d.Roles(p.ID), directory.RoleAdmin)
}
