package daemon

import (
	"fmt"
	"testing"
	"time"

	"ringback/store"
	"ringback/web"
)

func TestReceiptsOutliveARestartAndAreForgottenWhenOld(t *testing.T) {
	dir := t.TempDir()
	open := func() (*store.Store, *receipts) {
		t.Helper()
		st, err := store.Open(store.Options{Dir: dir, Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		return st, newReceipts(st)
	}
	start := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	st, r := open()
	want := web.Receipt{Print: [32]byte{1, 2, 3}, Made: "case-1", At: start}
	if err := r.Keep(t.Context(), "token crm/k", want); err != nil {
		t.Fatal(err)
	}
	for n := range 2500 {
		if err := r.Keep(t.Context(), fmt.Sprint("person anna/", n), web.Receipt{Made: "x", At: start.Add(time.Duration(n) * time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st, r = open()
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if got, ok, err := r.Receipt("token crm/k"); got != want || !ok || err != nil {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	if _, ok, err := r.Receipt("token crm/other"); ok || err != nil {
		t.Errorf("one that was never kept: %v, %v", ok, err)
	}
	if err := r.forget(t.Context(), start.Add(receiptsFor+2000*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for key, kept := range map[string]bool{"token crm/k": false, "person anna/0": false, "person anna/1999": false, "person anna/2000": true, "person anna/2499": true} {
		if _, ok, err := r.Receipt(key); ok != kept || err != nil {
			t.Errorf("%s is kept: %v, %v", key, ok, err)
		}
	}
	left := 0
	err := st.View(func(s *store.Snapshot) error {
		for range s.Scan(store.Prefix("receipt")) {
			left++
		}
		return nil
	})
	if err != nil || left != 1000 {
		t.Errorf("%d keys are left, %v", left, err)
	}
}
