package people_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory/audit"
	"ringback/directory/people"
	"ringback/store"
)

func TestNameAndPasswordOpenASessionAndNothingElseDoes(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	w.invite("bertil", start)
	if err := w.people.Disable(t.Context(), act(start), "bertil", "left"); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]people.Login{
		"wrong password":           {Name: "anna", Password: good + "x"},
		"no password":              {Name: "anna"},
		"other capitals":           {Name: "anna", Password: strings.ToUpper(good)},
		"unknown name":             {Name: "nobody", Password: good},
		"no name":                  {Password: good},
		"nobody's hash":            {Name: "", Password: ""},
		"never invited":            {Name: "david", Password: good},
		"disabled":                 {Name: "bertil", Password: good},
		"a long password":          {Name: "anna", Password: strings.Repeat("x", 1<<20)},
		"control characters":       {Name: "anna", Password: good + "\x00"},
		"bytes that are no UTF-8":  {Name: "anna\xff", Password: "\xff\xfe"},
		"an empty one, normalised": {Name: "david", Password: "\u200b"},
	} {
		l.At = start
		if s, err := w.people.Login(t.Context(), l); !errors.Is(err, people.ErrCredentials) || s.Secret != "" {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.people.Unlock(t.Context(), act(start), "anna"); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"anna", "Anna", " ANNA "} {
		s, err := w.login(name, good, start)
		if err != nil || s.Principal.ID != "anna" || !w.open(s, start) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// The same characters, however the keyboard made them.
	in, err := w.people.Invite(t.Context(), act(start), "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.people.Accept(t.Context(), in.Secret, "Hyvää päivää vaan", office, start); err != nil {
		t.Fatal(err)
	}
	if _, err := w.login("anna", "Hyva\u0308a\u0308 pa\u0308iva\u0308a\u0308 vaan", start); err != nil {
		t.Errorf("decomposed: %v", err)
	}
}

func TestTooManyFailedLoginsLockTheAccountForLongerAndLonger(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	// An account that is not there locks just the same: a lock tells nobody that it is.
	for _, name := range []string{"anna", "nobody"} {
		at := start
		var waits []time.Duration
		for i := range 20 {
			peer := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
			_, err := w.people.Login(t.Context(), people.Login{Name: name, Password: "wrong", Peer: peer, At: at})
			if locked, ok := errors.AsType[*people.LockedError](err); ok {
				if !errors.Is(err, people.ErrLocked) {
					t.Fatal("a LockedError is no ErrLocked")
				}
				waits = append(waits, locked.Until.Sub(at))
				at = locked.Until
			} else if !errors.Is(err, people.ErrCredentials) {
				t.Fatal(err)
			}
		}
		want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second, 128 * time.Second}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// The right password does not open a locked account, and does when the lock is over.
	s, err := w.login("anna", good, start)
	if !errors.Is(err, people.ErrLocked) || s.Secret != "" {
		t.Errorf("locked: %v", err)
	}
	later := start.Add(5 * time.Minute)
	w.enter("anna", later)
	// And then there are new guesses.
	if _, err := w.login("anna", "wrong", later); !errors.Is(err, people.ErrCredentials) {
		t.Errorf("after the login: %v", err)
	}
	w.enter("anna", later)
}

func TestLockIsNeverLongerThanAQuarterOfAnHourAndForgiven(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	at, longest := start, time.Duration(0)
	for range 60 {
		_, err := w.login("anna", "wrong", at)
		if locked, ok := errors.AsType[*people.LockedError](err); ok {
			longest = max(longest, locked.Until.Sub(at))
			at = locked.Until
		}
	}
	if longest != 15*time.Minute {
		t.Errorf("the longest lock is %s", longest)
	}
	if err := w.people.Unlock(t.Context(), act(at), "anna"); err != nil {
		t.Fatal(err)
	}
	w.enter("anna", at)
}

func TestLockOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*store.Store, *world) {
		st, err := store.Open(store.Options{Dir: dir, Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		return st, worldOf(t, st)
	}
	st, w := open()
	w.invite("anna", start)
	s := w.enter("anna", start)
	for range 5 {
		if _, err := w.login("anna", "wrong", start); !errors.Is(err, people.ErrCredentials) {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st, w = open()
	defer st.Close()
	if _, err := w.login("anna", good, start); !errors.Is(err, people.ErrLocked) {
		t.Errorf("after a restart: %v", err)
	}
	if !w.open(s, start) {
		t.Error("the session did not outlive the restart")
	}
}

func TestOneAddressCannotGuessAtAllAccounts(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	try := func(i int, peer string) error {
		_, err := w.people.Login(t.Context(), people.Login{Name: fmt.Sprint("user", i), Password: "wrong", Peer: netip.MustParseAddr(peer), At: start})
		return err
	}
	for i := range 50 {
		// The /64 is one customer; his own account between the guesses buys him nothing.
		if err := try(i, fmt.Sprintf("2001:db8::%x", i+1)); !errors.Is(err, people.ErrCredentials) {
			t.Fatalf("guess %d: %v", i, err)
		}
		if i%10 == 0 {
			if _, err := w.people.Login(t.Context(), people.Login{Name: "anna", Password: good, Peer: netip.MustParseAddr("2001:db8::1"), At: start}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := try(50, "2001:db8::ffff"); !errors.Is(err, people.ErrLocked) {
		t.Errorf("the same network: %v", err)
	}
	if err := try(51, "2001:db8:0:1::1"); !errors.Is(err, people.ErrCredentials) {
		t.Errorf("another network: %v", err)
	}
}

// However many guess at once, no more passwords are compared than one after another would be.
func TestRacingGuessesGetNoMoreTries(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	var mu sync.Mutex
	results := map[string]int{}
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			peer := netip.AddrFrom4([4]byte{10, 1, 0, byte(i)})
			_, err := w.people.Login(t.Context(), people.Login{Name: "anna", Password: "wrong", Peer: peer, At: start})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, people.ErrCredentials):
				results["tried"]++
			case errors.Is(err, people.ErrLocked):
				results["locked"]++
			default:
				results[fmt.Sprint(err)]++
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[string]int{"tried": 5, "locked": 55}, results); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRacingLoginsOfOnePersonAllOpen(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	var wg sync.WaitGroup
	sessions := make([]people.Session, 10)
	for i := range sessions {
		wg.Go(func() {
			var err error
			if sessions[i], err = w.people.Login(t.Context(), people.Login{Name: "anna", Password: good, At: start}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, s := range sessions {
		if !w.open(s, start) || seen[s.Secret] {
			t.Error("a session is not open, or is there twice")
		}
		seen[s.Secret] = true
	}
}

func TestLoginsBeyondWhatCanBeCheckedAreTurnedAway(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	busy := 0
	for i := range 400 {
		wg.Go(func() {
			_, err := w.people.Login(ctx, people.Login{Name: fmt.Sprint("user", i), Password: "wrong", At: start})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, people.ErrBusy) {
				if busy++; busy == 100 {
					cancel() // enough seen
				}
			}
		})
	}
	wg.Wait()
	cancel()
	if busy < 100 {
		t.Errorf("%d of 400 were turned away", busy)
	}
}

func TestNoSecretIsKeptOrTold(t *testing.T) {
	w := newWorld(t)
	in, err := w.people.Invite(t.Context(), act(start), "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.people.Accept(t.Context(), in.Secret, good, office, start); err != nil {
		t.Fatal(err)
	}
	s := w.enter("anna", start)
	typed := "my Secret Passw0rd in the wrong field"
	if _, err := w.login(typed, "also wrong one", start); !errors.Is(err, people.ErrCredentials) {
		t.Fatal(err)
	}
	secret, _, err := w.people.CreateToken(t.Context(), act(start), people.NewToken{Name: "crm", Scopes: people.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if err := w.st.View(func(snap *store.Snapshot) error {
		for k, v := range snap.Scan(store.Range{}) {
			all.Write(k)
			all.Write(v)
			all.WriteByte('\n')
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"password": good, "session": s.Secret, "invitation": in.Secret, "token": secret, "half a token": secret[len(secret)/2:],
		"mistyped name": typed, "in small letters": strings.ToLower(typed), "wrong password": "also wrong one",
	} {
		if bytes.Contains(all.Bytes(), []byte(text)) {
			t.Errorf("the store holds the %s in clear", name)
		}
	}
	page, err := w.trail.Read(audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if told := fmt.Sprint(page.Entries); strings.Contains(told, "wrong field") || strings.Contains(told, "wrong one") {
		t.Error("the trail tells a secret")
	}
	if told := fmt.Sprintf("%v %+v %#v", s.Principal, s.Principal, &s.Principal); strings.Contains(told, s.Secret) {
		t.Error("a principal tells its session")
	}
}

func TestTrailTellsOfEveryLoginAndRefusal(t *testing.T) {
	w := newWorld(t)
	w.invite("anna", start)
	s := w.enter("anna", start)
	for _, l := range [][2]string{{"anna", "wrong"}, {"nobody", "wrong"}, {"david", "wrong"}} {
		if _, err := w.login(l[0], l[1], start); err == nil {
			t.Fatal(l)
		}
	}
	if err := w.people.Logout(t.Context(), &s.Principal, people.Act{By: s.Principal.Who(), At: start}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"socket: account.invite person anna",
		"person anna: account.accept person anna",
		"person anna: session.login person anna",
		"unknown: session.login person anna refused wrong_password",
		"unknown: session.login person refused unknown_name",
		"unknown: session.login person david refused no_password",
		"person anna: session.logout person anna",
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWeakPasswordsAreRefusedWithAReason(t *testing.T) {
	w := newWorld(t)
	in, err := w.people.Invite(t.Context(), act(start), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "short", "elevenchars", "aaaaaaaaaaaaaaaa", "123456789012", "qwertyuiopasdf", "abababababab", "abcdefghijklm",
		"anna anna an", "password1234", "Ringback2026", "nul\x00 in the middle", "\xff\xff\xff\xff\xff\xff", strings.Repeat("long enough ", 100),
	} {
		if _, err := w.people.Accept(t.Context(), in.Secret, text, office, start); !errors.Is(err, people.ErrPassword) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for i, text := range []string{"tavallinen talvipäivä", "xK9$mm2!pQ7z", "漢字仮名交じり文で書く合言葉"} {
		if i > 0 {
			if in, err = w.people.Invite(t.Context(), act(start), "anna"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.people.Accept(t.Context(), in.Secret, text, office, start); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := w.login("anna", text, start); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
