package journey

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

const maija, pekka sip.Number = 358401234567, 358501234567

func open(t *testing.T) *Journeys {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return New(st)
}

func ended(id string, n sip.Number, minute int) *sip.Call {
	at := start.Add(time.Duration(minute) * time.Minute)
	return &sip.Call{
		ID: id, Direction: sip.Inbound, Caller: n, CallerID: n.String(), Callee: 35893100100, CalleeID: "+35893100100", Service: "hotline", List: "support", PBX: "pbx",
		Agent: "anna", Rang: []string{"anna", "bertil"}, CallIDs: []string{id + "@a", id + "@b"}, Started: at, Answered: at.Add(5 * time.Second), Ended: at.Add(65 * time.Second),
		Verdict: sip.Served,
		Evidence: []sip.Evidence{
			{At: at, What: "caller INVITE", CallID: id},
			{At: at.Add(2 * time.Second), What: "agent alerted", Agent: "anna"},
			{At: at.Add(5 * time.Second), What: "agent answered", Agent: "anna", Status: 200},
			{At: at.Add(65 * time.Second), What: "caller BYE from its caller"},
		},
	}
}

func put(t *testing.T, j *Journeys, now time.Time, calls ...Call) {
	t.Helper()
	var records []Record
	for i := range calls {
		records = append(records, calls[i].Record())
	}
	if err := j.Put(t.Context(), records, now); err != nil {
		t.Fatal(err)
	}
}

func ids(calls []Call) (all []string) {
	for i := range calls {
		all = append(all, calls[i].ID)
	}
	return all
}

func TestACallIsReadAsItWas(t *testing.T) {
	j := open(t)
	want := Of(ended("a", maija, 0), "sip:101@192.0.2.7", []string{"case1"})
	put(t, j, start, want)
	got, err := j.Call("a")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if got.Talking() != time.Minute || got.HungUp() != ByCustomer {
		t.Errorf("talking %s, hung up by %s", got.Talking(), got.HungUp())
	}
	if n := len(want.encode()); n > 300 {
		t.Errorf("a call takes %d bytes", n)
	}
	if _, err := j.Call("none"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestCallsOfACustomerAreReadTheLatestFirst(t *testing.T) {
	j := open(t)
	for i := range 5 {
		put(t, j, start, Of(ended(fmt.Sprint("m", i), maija, i), "", nil), Of(ended(fmt.Sprint("p", i), pekka, i), "", nil))
	}
	put(t, j, start, Of(ended("m2", maija, 2), "", []string{"late"})) // told again
	all, err := j.OfNumber(maija, time.Time{}, 3)
	if !cmp.Equal(ids(all), []string{"m4", "m3", "m2"}) || err != nil || !cmp.Equal(all[2].Cases, []string{"late"}) {
		t.Errorf("%v, %v", ids(all), err)
	}
	if all, err = j.OfNumber(maija, start.Add(2*time.Minute), 10); !cmp.Equal(ids(all), []string{"m2", "m1", "m0"}) || err != nil {
		t.Errorf("%v, %v", ids(all), err)
	}
	if gone, err := j.Erase(t.Context(), maija, start); gone != 5 || err != nil {
		t.Errorf("%d, %v", gone, err)
	}
	if all, err = j.OfNumber(maija, time.Time{}, 10); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", ids(all), err)
	}
	if _, err := j.Call("m1"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if all, err = j.OfNumber(pekka, time.Time{}, 10); len(all) != 5 || err != nil {
		t.Errorf("%v, %v", ids(all), err)
	}
}

func TestOldCallsAreDropped(t *testing.T) {
	j := open(t)
	for day := range 20 {
		put(t, j, start.AddDate(0, 0, day), Of(ended(fmt.Sprint(day), maija, day*24*60), "", nil))
	}
	if err := j.Trim(t.Context(), start.AddDate(0, 0, 15), start); err != nil {
		t.Fatal(err)
	}
	all, err := j.OfNumber(maija, time.Time{}, 100)
	if !cmp.Equal(ids(all), []string{"19", "18", "17", "16", "15"}) || err != nil {
		t.Errorf("%v, %v", ids(all), err)
	}
	if _, err := j.Call("3"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAWithheldNumberIsNotKept(t *testing.T) {
	c := ended("a", maija, 0)
	c.Withheld, c.CallerID = true, "anonymous"
	if j := Of(c, "", nil); j.Number != 0 {
		t.Errorf("%+v", j)
	}
	c = ended("b", maija, 0)
	c.Direction, c.Callee = sip.Outbound, pekka
	if j := Of(c, "", nil); j.Number != pekka {
		t.Errorf("%+v", j)
	}
}

func TestWhoHungUp(t *testing.T) {
	for _, row := range []struct {
		name      string
		direction sip.Direction
		what      []string
		want      string
	}{
		{"nobody knows", sip.Inbound, nil, ""},
		{"the customer", sip.Inbound, []string{"caller INVITE", "agent answered", "caller BYE from its caller"}, ByCustomer},
		{"the agent", sip.Inbound, []string{"agent BYE from its callee", "caller BYE from its callee"}, ByAgent},
		{"the queue", sip.Inbound, []string{"caller answered", "caller BYE from its callee"}, ByPBX},
		{"gave up ringing", sip.Inbound, []string{"caller CANCEL"}, ByCustomer},
		{"refused", sip.Inbound, []string{"caller failed"}, ByPBX},
		{"the called customer", sip.Outbound, []string{"far end BYE from its callee", "caller BYE from its callee"}, ByCustomer},
		{"the calling agent", sip.Outbound, []string{"caller BYE from its caller", "far end BYE from its caller"}, ByAgent},
		{"the agent gave up", sip.Outbound, []string{"far end CANCEL"}, ByAgent},
		{"the customer was busy", sip.Outbound, []string{"far end failed"}, ByCustomer},
	} {
		c := Call{Direction: row.direction}
		for _, what := range row.what {
			e := sip.Evidence{What: what, Cause: -1}
			if what == "caller failed" || what == "far end failed" {
				e.Status = 486
			}
			c.Evidence = append(c.Evidence, e)
		}
		if got := c.HungUp(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := Of(ended("a", maija, 0), "device", []string{"case"})
	f.Add(c.encode())
	f.Add([]byte{})
	f.Add([]byte{1, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decode(b); err == nil {
			if _, err := decode(c.encode()); err != nil {
				t.Errorf("%+v cannot be read again: %v", c, err)
			}
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	call := ended("a", maija, 0)
	b.ReportAllocs()
	for b.Loop() {
		c := Of(call, "sip:101@192.0.2.7", nil)
		_ = c.Record()
	}
}
