package people_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/people"
	"ringback/store"
)

func TestSessionEndsIdleAndForGood(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	unused := w.enter("anna", start)
	used := w.enter("anna", start)
	for at := start; at.Before(start.Add(7 * 24 * time.Hour)); at = at.Add(11 * time.Hour) {
		if !w.open(used, at) {
			t.Fatalf("the session that is used ended after %s", at.Sub(start))
		}
		if want := at.Sub(start) < 12*time.Hour; w.people.Valid(&unused.Principal, at) != want {
			t.Errorf("the session that is not used is %v after %s", !want, at.Sub(start))
		}
	}
	if w.open(used, start.Add(7*24*time.Hour)) {
		t.Error("a session that is used never ends")
	}
}

func TestWhatShutsSomebodyOutDoesSoAtOnce(t *testing.T) {
	for name, shut := range map[string]func(w *world, s people.Session) error{
		"log-out": func(w *world, s people.Session) error {
			return w.people.Logout(t.Context(), &s.Principal, act(start))
		},
		"log-out everywhere": func(w *world, _ people.Session) error {
			return w.people.LogoutEverywhere(t.Context(), act(start), "anna")
		},
		"disabled": func(w *world, _ people.Session) error {
			return w.people.Disable(t.Context(), act(start), "anna", "")
		},
		"another password": func(w *world, _ people.Session) error {
			return w.people.ChangePassword(t.Context(), people.Login{Name: "anna", Password: good, At: start}, "another good passphrase")
		},
		"a new invitation used": func(w *world, _ people.Session) error {
			w.invite("anna", start)
			return nil
		},
		"ended by itself": func(w *world, _ people.Session) error {
			open, err := w.people.Sessions("anna", start)
			if err != nil {
				return err
			}
			for _, o := range open {
				err = errors.Join(err, w.people.End(t.Context(), act(start), "anna", o.ID))
			}
			return err
		},
		"left the directory": func(w *world, _ people.Session) error {
			w.load(`lists: [{id: callbacks}]`)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.invite("anna", start)
			s := w.enter("anna", start)
			before := w.people.Generation()
			if !w.open(s, start) {
				t.Fatal("not open")
			}
			if err := shut(w, s); err != nil {
				t.Fatal(err)
			}
			if w.open(s, start) {
				t.Error("still open")
			}
			if name != "left the directory" && w.people.Generation() == before {
				t.Error("the generation stayed, so streams go on")
			}
		})
	}
}

func TestMadeUpSessionsOpenNothing(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	s := w.enter("anna", start)
	changed := []byte(s.Secret)
	changed[5] ^= 1
	for _, secret := range []string{"", "x", s.Secret[:len(s.Secret)-1], s.Secret + "A", string(changed), "\x00"} {
		if _, err := w.people.Session(secret, start); !errors.Is(err, people.ErrNoSession) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	open, err := w.people.Sessions("anna", start)
	if err != nil || len(open) != 1 {
		t.Fatal(open, err)
	}
	if _, err := w.people.Session(open[0].ID, start); !errors.Is(err, people.ErrNoSession) {
		t.Error("the id in the list of sessions opens one")
	}
	if err := w.people.End(t.Context(), act(start), "bertil", open[0].ID); !errors.Is(err, people.ErrNoSession) {
		t.Errorf("ending another's session: %v", err)
	}
	if w.people.Valid(&people.Principal{Kind: audit.Person, ID: "anna"}, start) {
		t.Error("a principal that nobody gave is valid")
	}
}

func TestOldSessionsMakeRoom(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	first := w.enter("anna", start)
	for i := range 20 {
		w.enter("anna", start.Add(time.Duration(i+1)*time.Second))
	}
	at := start.Add(time.Minute)
	open, err := w.people.Sessions("anna", at)
	if err != nil || len(open) != 20 || w.open(first, at) {
		t.Errorf("%d sessions are open, the first is %v, %v", len(open), w.open(first, at), err)
	}
}

func TestInvitationWorksOnceWhoeverIsFirst(t *testing.T) {
	w := newWorld(t)
	in, err := w.people.Invite(t.Context(), act(start), "anna")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := w.people.Invited(in.Secret, start); id != "anna" || err != nil {
		t.Errorf("Invited = %s, %v", id, err)
	}
	var won atomic.Int32
	var winner atomic.Value
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := fmt.Sprintf("%s number %d", good, i)
			switch _, err := w.people.Accept(t.Context(), in.Secret, text, office, start); {
			case err == nil:
				won.Add(1)
				winner.Store(text)
			case !errors.Is(err, people.ErrInvitation):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d used one invitation", won.Load())
	}
	if _, err := w.login("anna", winner.Load().(string), start); err != nil {
		t.Error(err)
	}
}

func TestInvitationThatIsOverOpensNothing(t *testing.T) {
	w := newWorld(t)
	use := func(in people.Invitation, at time.Time) error {
		_, err := w.people.Accept(t.Context(), in.Secret, good, office, at)
		return err
	}
	invite := func() people.Invitation {
		in, err := w.people.Invite(t.Context(), act(start), "anna")
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	first := invite()
	second := invite()
	if err := use(first, start); !errors.Is(err, people.ErrInvitation) {
		t.Errorf("one before another: %v", err)
	}
	if err := use(second, start.Add(72*time.Hour)); !errors.Is(err, people.ErrInvitation) {
		t.Errorf("one that ran out: %v", err)
	}
	if err := use(second, start.Add(72*time.Hour-time.Second)); err != nil {
		t.Errorf("one that has not run out: %v", err)
	}
	if err := use(second, start); !errors.Is(err, people.ErrInvitation) {
		t.Errorf("one that was used: %v", err)
	}
	third := invite()
	if err := w.people.Disable(t.Context(), act(start), "anna", ""); err != nil {
		t.Fatal(err)
	}
	if err := use(third, start); !errors.Is(err, people.ErrInvitation) {
		t.Errorf("one of somebody disabled: %v", err)
	}
	if err := w.people.Enable(t.Context(), act(start), "anna"); err != nil {
		t.Fatal(err)
	}
	if err := use(third, start); !errors.Is(err, people.ErrInvitation) {
		t.Errorf("one of before the account was disabled: %v", err)
	}
	w.enter("anna", start) // with the password of before
	if _, err := w.people.Invite(t.Context(), act(start), "nobody"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("inviting nobody: %v", err)
	}
}

func TestRightsFollowTheDirectoryInForce(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	p := w.enter("anna", start).Principal
	rights := func() string {
		d := w.dir.Load()
		return fmt.Sprint(p.Right(d, "callbacks"), p.Right(d, "secret"), p.May(d, people.CasesWrite), p.May(d, people.AuditRead), p.All(d), p.ListsFor(d, directory.See))
	}
	if got := rights(); got != "2 0 true false false [callbacks]" {
		t.Error(got)
	}
	w.load(`
country: FI
agents: [{id: anna, extensions: 101, roles: admin}]
lists: [{id: callbacks}, {id: secret}]`)
	if got := rights(); got != "3 3 true true true [callbacks secret]" {
		t.Errorf("as admin: %s", got)
	}
	w.load(`
country: FI
agents: [{id: anna, extensions: 101, roles: approver}]
lists: [{id: callbacks}, {id: secret, readers: anna}]`)
	if got := rights(); got != "0 1 false false false [secret]" {
		t.Errorf("as reader: %s", got)
	}
	w.load(`lists: [{id: callbacks}, {id: secret}]`)
	if got := rights(); got != "0 0 false false false []" {
		t.Errorf("gone: %s", got)
	}
	var nobody people.Principal
	if d := w.dir.Load(); nobody.Right(d, "callbacks") != directory.NoRight || nobody.May(d, people.CasesRead) || nobody.All(d) {
		t.Error("the zero principal may do something")
	}
}

func TestTokenOpensWhatItsScopesAndListsSay(t *testing.T) {
	w := newWorld(t)
	d := w.dir.Load()
	create := func(n people.NewToken) people.Principal {
		t.Helper()
		secret, _, err := w.people.CreateToken(t.Context(), act(start), n)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.people.Token(secret, start)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, row := range []struct {
		token               people.NewToken
		callbacks, secret   directory.Right
		write, manage, wide bool
	}{
		{people.NewToken{Name: "read", Scopes: []people.Scope{people.CasesRead}}, directory.See, directory.See, false, false, true},
		{people.NewToken{Name: "work", Scopes: []people.Scope{people.CasesWrite}, Lists: []string{"callbacks"}}, directory.Work, directory.NoRight, true, false, false},
		{people.NewToken{Name: "all", Scopes: people.Scopes()}, directory.Supervise, directory.Supervise, true, true, true},
		{people.NewToken{Name: "contacts", Scopes: []people.Scope{people.ContactsRead}, Lists: []string{"secret"}}, directory.NoRight, directory.See, false, false, false},
	} {
		p := create(row.token)
		if p.Right(d, "callbacks") != row.callbacks || p.Right(d, "secret") != row.secret || p.Right(d, "none") != directory.NoRight {
			t.Errorf("%s: rights %v %v", row.token.Name, p.Right(d, "callbacks"), p.Right(d, "secret"))
		}
		if p.May(d, people.CasesWrite) != row.write || p.May(d, people.PeopleManage) != row.manage || p.All(d) != row.wide {
			t.Errorf("%s: may %v %v, all %v", row.token.Name, p.May(d, people.CasesWrite), p.May(d, people.PeopleManage), p.All(d))
		}
		if p.Agent() != "" {
			t.Error("a token is an agent")
		}
	}
	for name, n := range map[string]people.NewToken{
		"taken":        {Name: "read", Scopes: people.Scopes()},
		"no name":      {Scopes: people.Scopes()},
		"a bad name":   {Name: "a b", Scopes: people.Scopes()},
		"no scope":     {Name: "x"},
		"wrong scope":  {Name: "x", Scopes: []people.Scope{"cases"}},
		"unknown list": {Name: "x", Scopes: people.Scopes(), Lists: []string{"nowhere"}},
	} {
		if secret, _, err := w.people.CreateToken(t.Context(), act(start), n); err == nil || secret != "" {
			t.Errorf("%s: made", name)
		}
	}
}

func TestTokenRevokedOrRunOutOpensNothing(t *testing.T) {
	w := newWorld(t)
	until := start.Add(time.Hour)
	secret, made, err := w.people.CreateToken(t.Context(), act(start), people.NewToken{Name: "crm", Scopes: people.Scopes(), Expires: until})
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.people.Token(secret, start.Add(10*time.Minute))
	if err != nil || !w.people.Valid(&p, start) {
		t.Fatal(err)
	}
	list, err := w.people.Tokens()
	made.LastUsed = start.Add(10 * time.Minute)
	if diff := cmp.Diff([]people.Token{made}, list); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := w.people.Token(secret, until); !errors.Is(err, people.ErrUnknown) || w.people.Valid(&p, until) {
		t.Errorf("one that ran out: %v", err)
	}
	if err := w.people.RevokeToken(t.Context(), act(start), "crm"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.people.Token(secret, start); !errors.Is(err, people.ErrUnknown) || w.people.Valid(&p, start) {
		t.Errorf("one revoked: %v", err)
	}
	if err := w.people.RevokeToken(t.Context(), act(start), "crm"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("revoked twice: %v", err)
	}
	// A new one of the name is another token.
	if _, _, err := w.people.CreateToken(t.Context(), act(start), people.NewToken{Name: "crm", Scopes: people.Scopes()}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.people.Token(secret, start); !errors.Is(err, people.ErrUnknown) || w.people.Valid(&p, start) {
		t.Errorf("the secret of the one before: %v", err)
	}
	for _, s := range []string{"", "rb_", secret[:10], "rb_" + secret} {
		if _, err := w.people.Token(s, start); !errors.Is(err, people.ErrUnknown) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestPreferencesAreKeptAndSayWhereSomebodyIsActive(t *testing.T) {
	w := newWorld(t)
	active, err := w.people.Active("bertil")
	if diff := cmp.Diff([]string{"callbacks"}, active); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	want := people.Preferences{Inactive: []string{"callbacks", "secret", "none"}, ShowAll: true, Sort: "assigned_to_me", Field: "note"}
	if err := w.people.SetPreferences(t.Context(), act(start), "bertil", want); err != nil {
		t.Fatal(err)
	}
	want.Inactive = []string{"callbacks"} // the others are not his
	got, err := w.people.Preferences("bertil")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if active, err := w.people.Active("bertil"); len(active) != 0 || err != nil {
		t.Errorf("active on %v, %v", active, err)
	}
	if err := w.people.SetPreferences(t.Context(), act(start), "nobody", want); !errors.Is(err, people.ErrUnknown) {
		t.Error(err)
	}
}

func TestAccountsShowWhereEverybodyStands(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	w.enter("anna", start.Add(time.Minute))
	if _, err := w.people.Invite(t.Context(), act(start), "bertil"); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		_, _ = w.login("anna", "wrong", start.Add(time.Minute)) // to lock her out
	}
	got, err := w.people.Accounts(start.Add(time.Minute))
	want := []people.Account{
		{ID: "anna", State: people.Active, PasswordAt: start, LastLogin: start.Add(time.Minute), LockedUntil: start.Add(time.Minute + time.Second), Sessions: 1},
		{ID: "bertil", State: people.Invited, InvitedUntil: start.Add(72 * time.Hour)},
		{ID: "david", State: people.NotInvited},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := w.people.Disable(t.Context(), act(start), "anna", ""); err != nil {
		t.Fatal(err)
	}
	if a, err := w.people.Account("anna", start); a.State != people.Disabled || a.Sessions != 0 || err != nil {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := w.people.Account("nobody", start); !errors.Is(err, people.ErrUnknown) {
		t.Error(err)
	}
}

func TestSweepLeavesOnlyWhatStillCounts(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	s := w.enter("anna", start)
	if _, err := w.people.Invite(t.Context(), act(start), "bertil"); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		_, _ = w.login(fmt.Sprint("user", i), "wrong", start) // failures of many names
	}
	keys := func() map[string]int {
		n := map[string]int{}
		if err := w.st.View(func(snap *store.Snapshot) error {
			for key := range snap.Scan(store.Prefix("people")) {
				var table string
				if err := store.SplitKey(key, nil, &table); err != nil {
					return err
				}
				n[table]++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	sweep := func(at time.Time) {
		if err := w.people.Sweep(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	sweep(start)
	if diff := cmp.Diff(map[string]int{"account": 2, "session": 1, "of": 1, "invite": 1, "failed": 31}, keys()); diff != "" {
		t.Errorf("nothing has ended (-want +got):\n%s", diff)
	}
	if !w.open(s, start) {
		t.Error("an open session was swept away")
	}
	sweep(start.Add(100 * time.Hour))
	if diff := cmp.Diff(map[string]int{"account": 2}, keys()); diff != "" {
		t.Errorf("all has ended (-want +got):\n%s", diff)
	}
}
