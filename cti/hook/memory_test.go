package hook_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/cti/hook"
)

// recordsOf are all records of a model's memory.
func recordsOf(into map[string][]byte, m *hook.Model) (changed int) {
	m.Memory().Changes(func(id string, record []byte) {
		into[id] = bytes.Clone(record)
		changed++
	})
	return changed
}

// TestEventsSentAgainToAnotherProcessChangeNothing sends a call's events again after each of them to a model that has
// the memory of the first one alone.
func TestEventsSentAgainToAnotherProcessChangeNothing(t *testing.T) {
	event := func(id, kind, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"cloud","type":"ringback.call.%s","data":%s}`, id, kind, data)
	}
	for kind, bodies := range map[string][]string{
		"application/cloudevents+json": {
			event("1", "started", `{"call":"c1","direction":"in","from":"+358401234567","to":"+35893100100"}`),
			event("2", "answered", `{"call":"c1","agents":["101"]}`),
			event("3", "ended", `{"call":"c1"}`),
		},
		formType: {newCall, answer, hangup},
	} {
		var first told
		m := hook.New(site(t), &first)
		for _, body := range bodies {
			e := parse(t, kind, body)
			m.Apply(&e, time.Now())
		}
		kept := map[string][]byte{}
		recordsOf(kept, m)
		var again told
		m = hook.New(site(t), &again)
		if bad := m.Memory().Restore(kept); bad != 0 {
			t.Errorf("%d records of its own are bad", bad)
		}
		for _, body := range bodies {
			e := parse(t, kind, body)
			if became, taken := m.Apply(&e, time.Now()); taken {
				t.Errorf("%s: %s %s", kind, body, became)
			}
		}
		if len(first.all) == 0 || len(again.all) != 0 {
			t.Errorf("%s: told %q, then %q", kind, first.all, again.all)
		}
		other := parse(t, kind, strings.NewReplacer("c1", "c2", `"id":"1"`, `"id":"4"`).Replace(bodies[0]))
		if became, taken := m.Apply(&other, time.Now()); !taken {
			t.Errorf("another call: %s", became)
		}
	}
}

// TestAMemoryIsBounded sends more events than are remembered: the latest are, records take each other's place, and only
// what changed is written.
func TestAMemoryIsBounded(t *testing.T) {
	var x told
	m := hook.New(site(t), &x)
	now := time.Now()
	apply := func(m *hook.Model, n int) string {
		became, _ := m.Apply(&hook.Event{ID: fmt.Sprint(n), Kind: hook.Noted, Fact: "note", CallID: "x@y"}, now)
		return became
	}
	kept := map[string][]byte{}
	const most = 40_000
	for n := range most {
		apply(m, n)
		if n%997 == 0 {
			recordsOf(kept, m)
		}
	}
	recordsOf(kept, m)
	if changed := recordsOf(kept, m); changed != 0 {
		t.Errorf("%d records of nothing", changed)
	}
	apply(m, most)
	if changed := recordsOf(kept, m); changed != 1 {
		t.Errorf("%d records of one event", changed)
	}
	size := 0
	for _, record := range kept {
		size += len(record)
	}
	if len(kept) > 256 || size > 300_000 {
		t.Errorf("%d records, %d bytes", len(kept), size)
	}
	m = hook.New(site(t), &x)
	m.Memory().Restore(kept)
	for _, n := range []int{most, most - 1, most - 16_000} {
		if became := apply(m, n); became != "Seen before." {
			t.Errorf("event %d: %s", n, became)
		}
	}
	if became := apply(m, 0); became != "Noted." {
		t.Errorf("the first event: %s", became)
	}
}

func TestAMemoryRefusesWhatIsNoRecord(t *testing.T) {
	m := hook.New(site(t), &told{})
	bad := map[string][]byte{"": make([]byte, 24), "e1": nil, "e2": make([]byte, 9), "c1": make([]byte, 8+65*16), "x": make([]byte, 24)}
	if got := m.Memory().Restore(bad); got != len(bad) {
		t.Errorf("%d of %d were refused", got, len(bad))
	}
	if got := m.Memory().Restore(map[string][]byte{"e0": bytes.Repeat([]byte{0xff}, 24)}); got != 0 {
		t.Errorf("%d", got)
	}
	if became, _ := m.Apply(&hook.Event{ID: "1", Kind: hook.Noted, Fact: "note", CallID: "x@y"}, time.Now()); became != "Noted." {
		t.Errorf("it goes on with %s", became)
	}
}
