package people_test

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/people"
	"ringback/store"
)

const team = `
country: FI
agents:
  - {id: anna, name: Anna, extensions: 101}
  - {id: bertil, extensions: 102, roles: [agent, supervisor]}
  - {id: david, roles: admin}
lists:
  - {id: callbacks, members: [anna, bertil], supervisors: bertil}
  - {id: secret}
`

const good = "correct horse battery"

var (
	start  = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)
	office = netip.MustParseAddr("192.0.2.7")
)

// world is a store with people in it, and the directory in force.
type world struct {
	*testing.T
	st     *store.Store
	dir    atomic.Pointer[directory.Directory]
	people *people.People
	trail  *audit.Trail
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(t, st)
}

func worldOf(t *testing.T, st *store.Store) *world {
	t.Helper()
	w := &world{T: t, st: st}
	w.load(team)
	w.trail = audit.New(st)
	w.people = people.New(st, people.Options{Directory: w.dir.Load})
	return w
}

func (w *world) load(yaml string) {
	w.Helper()
	f, err := directory.Parse("team", []byte(yaml))
	if err != nil {
		w.Fatal(err)
	}
	d, err := directory.New(f)
	if err != nil {
		w.Fatal(err)
	}
	w.dir.Store(d)
}

func act(at time.Time) people.Act {
	return people.Act{By: audit.Who{Kind: audit.Socket}, At: at}
}

// invite gives a person a password.
func (w *world) invite(id string, at time.Time) {
	w.Helper()
	in, err := w.people.Invite(w.Context(), act(at), id)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.people.Accept(w.Context(), in.Secret, good, office, at); err != nil {
		w.Fatal(err)
	}
}

func (w *world) login(name, password string, at time.Time) (people.Session, error) {
	w.Helper()
	return w.people.Login(w.Context(), people.Login{Name: name, Password: password, Peer: office, At: at})
}

func (w *world) enter(name string, at time.Time) people.Session {
	w.Helper()
	s, err := w.login(name, good, at)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// open says whether a session is.
func (w *world) open(s people.Session, at time.Time) bool {
	w.Helper()
	p, err := w.people.Session(s.Secret, at)
	if err != nil && !errors.Is(err, people.ErrNoSession) {
		w.Fatal(err)
	}
	if valid := w.people.Valid(&s.Principal, at); valid != (err == nil) {
		w.Errorf("Valid = %v, Session = %v", valid, err)
	}
	return err == nil && p.ID == s.Principal.ID
}

// told are the actions in the trail, the earliest first.
func (w *world) told() []string {
	w.Helper()
	page, err := w.trail.Read(audit.Query{Limit: 1000})
	if err != nil {
		w.Fatal(err)
	}
	out := make([]string, len(page.Entries))
	for i, e := range page.Entries {
		line := e.By.String() + ": " + e.Action + " " + e.Object
		if e.Result != audit.Done {
			line += " " + string(e.Result) + " " + e.Reason
		}
		out[len(out)-1-i] = line
	}
	return out
}
