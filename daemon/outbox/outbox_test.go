package outbox

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/store"
	"ringback/web/webhook"
)

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func scrubbed(m webhook.Message) []byte { return []byte("scrubbed " + m.ID) }

func open(t *testing.T, o Options) (*Outbox, *store.Store) {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	o.Scrub = scrubbed
	return New(st, o), st
}

func message(id string, cases ...string) webhook.Message {
	return webhook.Message{
		ID: id, Type: "case.opened", Cases: cases, At: now.Add(-time.Minute), Queued: now, Stale: now.Add(time.Hour),
		Body: []byte(`{"number": "+358401234567", "id":"` + id + "\"}\n"),
	}
}

func put(t *testing.T, b *Outbox, endpoint string, messages ...webhook.Message) {
	t.Helper()
	var batch Batch
	for _, m := range messages {
		batch.Items = append(batch.Items, Item{endpoint, m})
	}
	if err := b.Put(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, b *Outbox, endpoint string) []string {
	t.Helper()
	all, err := b.Pending(endpoint, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range all {
		out = append(out, m.ID)
	}
	return out
}

func deadIDs(t *testing.T, b *Outbox, endpoint string) []string {
	t.Helper()
	all, err := b.Dead(endpoint, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range all {
		out = append(out, d.ID)
	}
	return out
}

func stateOf(t *testing.T, b *Outbox, endpoint string) webhook.State {
	t.Helper()
	s, err := b.State(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMessagesComeBackAsTheyWerePutIn(t *testing.T) {
	b, _ := open(t, Options{})
	one, two := message("1", "A", "B"), message("2")
	two.Stale = time.Time{}
	put(t, b, "crm", one, two)
	put(t, b, "other", message("3"))
	got, err := b.Pending("crm", 10)
	if err != nil {
		t.Fatal(err)
	}
	one.Seq, two.Seq = 1, 2
	if diff := cmp.Diff([]webhook.Message{one, two}, got); diff != "" {
		t.Errorf("messages (-want +got)\n%s", diff)
	}
	if got, err := b.Pending("crm", 1); err != nil || len(got) != 1 {
		t.Errorf("%d messages, %v", len(got), err)
	}
	died := webhook.Dead{Message: one, Died: now, Reason: webhook.Refused, Status: 400, Attempts: 5}
	if err := b.Bury(t.Context(), "crm", []webhook.Dead{died}); err != nil {
		t.Fatal(err)
	}
	dead, err := b.Dead("crm", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]webhook.Dead{died}, dead); diff != "" {
		t.Errorf("dead letters (-want +got)\n%s", diff)
	}
	all, err := b.Endpoints()
	if err != nil || !slices.Equal(all, []string{"crm", "other"}) {
		t.Errorf("endpoints %v, %v", all, err)
	}
}

func TestAMessageIsDeliveredOnce(t *testing.T) {
	b, _ := open(t, Options{})
	put(t, b, "crm", message("1"), message("2"))
	for range 2 { // whoever is killed behind the first says it again
		if err := b.Delivered(t.Context(), "crm", 1); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, b, "crm"); !slices.Equal(got, []string{"2"}) {
		t.Errorf("waiting are %v", got)
	}
	if err := b.Bury(t.Context(), "crm", []webhook.Dead{{Message: webhook.Message{Seq: 1}, Died: now}}); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, b, "crm"); s.Pending != 1 || s.Dead != 0 {
		t.Errorf("state %+v", s)
	}
}

func TestTooManyMessagesBecomeDeadLettersAndTooManyOfThoseAreDropped(t *testing.T) {
	b, _ := open(t, Options{MaxPending: 3, MaxDead: 2})
	for i := range 7 {
		put(t, b, "crm", message(fmt.Sprint(i)))
	}
	if got := ids(t, b, "crm"); !slices.Equal(got, []string{"4", "5", "6"}) {
		t.Errorf("waiting are %v", got)
	}
	if got := deadIDs(t, b, "crm"); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("dead are %v", got)
	}
	if diff := cmp.Diff(webhook.State{Pending: 3, Dead: 2, Dropped: 2}, stateOf(t, b, "crm")); diff != "" {
		t.Errorf("state (-want +got)\n%s", diff)
	}
}

func TestResendingTakesEachOnce(t *testing.T) {
	b, _ := open(t, Options{})
	var died []webhook.Dead
	for i := range 2500 {
		put(t, b, "crm", message(fmt.Sprint(i)))
		died = append(died, webhook.Dead{Message: webhook.Message{Seq: uint64(i + 1)}, Died: now})
	}
	if err := b.Bury(t.Context(), "crm", died); err != nil {
		t.Fatal(err)
	}
	later := now.Add(time.Hour)
	if n, err := b.Resend(t.Context(), "crm", []string{"2400", "7", "none"}, later); n != 2 || err != nil {
		t.Errorf("resent %d, %v", n, err)
	}
	if got := ids(t, b, "crm"); !slices.Equal(got, []string{"7", "2400"}) {
		t.Errorf("waiting are %v", got)
	}
	if n, err := b.Resend(t.Context(), "crm", nil, later); n != 2498 || err != nil {
		t.Errorf("resent %d, %v", n, err)
	}
	if s := stateOf(t, b, "crm"); s.Pending != 2500 || s.Dead != 0 {
		t.Errorf("state %+v", s)
	}
	all, err := b.Pending("crm", 3)
	if err != nil || len(all) != 3 || !all[0].Queued.Equal(later) || !all[0].Stale.IsZero() || all[2].ID != "0" {
		t.Errorf("waiting are %+v, %v", all, err)
	}
}

func TestNothingPersonalStaysOfAnErasedCase(t *testing.T) {
	b, st := open(t, Options{})
	put(t, b, "crm", message("1", "A"), message("2", "B"), message("3", "B", "A"))
	put(t, b, "other", message("4", "A"))
	if err := b.Bury(t.Context(), "crm", []webhook.Dead{{Message: webhook.Message{Seq: 1}, Died: now}}); err != nil {
		t.Fatal(err)
	}
	next := message("5", "A")
	next.Body = []byte("erased")
	if err := b.Put(t.Context(), Batch{Erased: []string{"A"}, Items: []Item{{"crm", next}}}); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for _, endpoint := range []string{"crm", "other"} {
		waiting, err := b.Pending(endpoint, 10)
		if err != nil {
			t.Fatal(err)
		}
		dead, err := b.Dead(endpoint, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dead {
			waiting = append(waiting, d.Message)
		}
		for _, m := range waiting {
			bodies[m.ID] = string(m.Body)
		}
	}
	want := map[string]string{"1": "scrubbed 1", "2": string(message("2").Body), "3": "scrubbed 3", "4": "scrubbed 4", "5": "erased"}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got)\n%s", diff)
	}

	// The notes of which message tells of which case go with the messages.
	for _, endpoint := range []string{"crm", "other"} {
		for {
			waiting, err := b.Pending(endpoint, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(waiting) == 0 {
				break
			}
			if err := b.Delivered(t.Context(), endpoint, waiting[0].Seq); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.Expire(t.Context(), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := st.View(func(r *store.Snapshot) error {
		for key := range r.Scan(store.Prefix(table, tableCase)) {
			t.Errorf("left is %q", key)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestOldOnesExpire(t *testing.T) {
	b, _ := open(t, Options{})
	var old []webhook.Dead
	for i := range 2100 {
		m := message(fmt.Sprint(i))
		m.Queued = now.Add(time.Duration(i) * time.Second)
		put(t, b, "crm", m)
		put(t, b, "gone", m)
		old = append(old, webhook.Dead{Message: webhook.Message{Seq: uint64(i + 1)}, Died: now.Add(time.Duration(i) * time.Second)})
	}
	if err := b.Bury(t.Context(), "crm", old); err != nil {
		t.Fatal(err)
	}
	if err := b.Expire(t.Context(), now.Add(2090*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := deadIDs(t, b, "crm"); len(got) != 10 || got[0] != "2090" {
		t.Errorf("dead are %v", got)
	}
	if got := ids(t, b, "gone"); len(got) != 10 || got[0] != "2090" {
		t.Errorf("waiting are %v", got)
	}
}

func TestTheCursorIsWrittenWithTheMessages(t *testing.T) {
	b, _ := open(t, Options{})
	if _, ok, err := b.Cursor(); ok || err != nil {
		t.Errorf("a new outbox has a cursor, %v", err)
	}
	if err := b.Put(t.Context(), Batch{Cursor: 7}); err != nil {
		t.Fatal(err)
	}
	put(t, b, "crm", message("1"))
	if at, ok, err := b.Cursor(); at != 7 || !ok || err != nil {
		t.Errorf("got %d %v %v", at, ok, err)
	}
}

func TestAnEndpointIsDisabledAndEnabled(t *testing.T) {
	b, _ := open(t, Options{})
	put(t, b, "crm", message("1"))
	if err := b.Disable(t.Context(), "crm", "https://crm.example.com", now); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, b, "crm"); !s.Disabled.Equal(now) || s.URL != "https://crm.example.com" || s.Pending != 1 {
		t.Errorf("state %+v", s)
	}
	if err := b.Disable(t.Context(), "crm", "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, b, "crm"); !s.Disabled.IsZero() {
		t.Errorf("state %+v", s)
	}
}

func FuzzRecords(f *testing.F) {
	m := message("1", "A")
	f.Add(encodeMessage(&m))
	f.Add(encodeDead(&webhook.Dead{Message: m, Died: now, Reason: webhook.Refused}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMessage(1, b)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Errorf("got %v", err)
			}
			return
		}
		again, err := decodeMessage(1, encodeMessage(&m))
		if err != nil || again.ID != m.ID || string(again.Body) != string(m.Body) {
			t.Errorf("%+v came back as %+v, %v", m, again, err)
		}
		if _, err := decodeDead(1, b); err != nil && !errors.Is(err, errRecord) {
			t.Errorf("got %v", err)
		}
	})
}
