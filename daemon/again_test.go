package daemon_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"ringback/store"
	"ringback/web"
	"ringback/web/client"
)

// dialAPI makes a client of the API with the token of the tokens file.
func dialAPI(t *testing.T, x *centre) *client.Client {
	t.Helper()
	c, err := client.New("http://"+x.API().String(), client.Options{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARequestSentAgainAfterACrashIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	draft := web.NewCase{List: "support", Number: "+358401234567", Name: "Matti"}
	made, err := dialAPI(t, x).Create(t.Context(), draft, client.Key("order-4711"))
	if err != nil {
		t.Fatal(err)
	}
	contact := web.ContactDraft{Name: "Matti", Numbers: []string{"+358401234567"}}
	known, err := dialAPI(t, x).CreateContact(t.Context(), contact, client.Key("contact-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, forgotten := range []bool{false, true} {
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		if forgotten { // it died between making and noting what was made
			forgetReceipts(t, c.DataDir)
		}
		x = run(t, c)
		api := dialAPI(t, x)
		again, err := api.Create(t.Context(), draft, client.Key("order-4711"))
		if err != nil || again.ID != made.ID || again.Version != made.Version {
			t.Errorf("forgotten %v: the case is %s, version %d, and was %s; %v", forgotten, again.ID, again.Version, made.ID, err)
		}
		same, err := api.CreateContact(t.Context(), contact, client.Key("contact-1"))
		if err != nil || same.ID != known.ID {
			t.Errorf("forgotten %v: the contact is %s and was %s; %v", forgotten, same.ID, known.ID, err)
		}
		other := draft
		other.Topic = "another request"
		if _, err := api.Create(t.Context(), other, client.Key("order-4711")); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("forgotten %v: the key of another request: %v", forgotten, err)
		}
	}
}

// forgetReceipts takes away what the daemon noted of requests.
func forgetReceipts(t *testing.T, dir string) {
	t.Helper()
	st, err := store.Open(store.Options{Dir: filepath.Join(dir, "store"), Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	st.Handle("test.forget", func(tx *store.Tx, _ store.Command) (any, error) {
		var keys [][]byte
		for key := range tx.Scan(store.Prefix("receipt")) {
			keys = append(keys, append([]byte(nil), key...))
		}
		for _, key := range keys {
			tx.Delete(key)
		}
		return len(keys), nil
	})
	n, err := st.Do(t.Context(), store.Command{ID: "forget", Kind: "test.forget", At: time.Now()})
	if err == nil && n.(int) == 0 {
		err = errors.New("there are none")
	}
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestCasesOfRecentCallsOutliveARestart lets an agent call a customer, reopens the case that the call closed, and
// asks for the cases of his recent calls before and after a restart.
func TestCasesOfRecentCallsOutliveARestart(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	mirror(t, x.dial(), "", captured(t, "kamailio/k10_agent_calls_back"))
	x.awaitCases(1)
	id := x.opened[0].ID
	recent := func(x *centre) (ids []string) {
		t.Helper()
		api, err := client.New("http://"+x.API().String(), client.Options{Token: token, Agent: "151"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := api.Recent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			ids = append(ids, all[i].ID)
		}
		return ids
	}
	x.await("the agent's call closes the case", func() bool {
		found, err := dialAPI(t, x).Case(t.Context(), id)
		return err == nil && found.CloseReason == "agent_called"
	})
	x.await("the call is over", func() bool { verdicts, _ := x.counted(); return verdicts == 2 })
	if _, err := dialAPI(t, x).Reopen(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := recent(x); len(got) != 1 || got[0] != id {
		t.Fatalf("before the restart: %q", got)
	}
	for range 2 { // the second process keeps what it was given
		if err := x.stop(); err != nil {
			t.Fatal(err)
		}
		x = run(t, c)
		if got := recent(x); len(got) != 1 || got[0] != id {
			t.Errorf("after a restart: %q", got)
		}
	}
}
