package cases

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
	"ringback/store"
)

// check holds what is stored against itself and against the promises of docs/cases.md: one open case of a
// customer on a list, and every index, counter and figure is what follows from the records.
func (s *sim) check() {
	t := s.t
	t.Helper()
	want := following{keys: map[string]string{}, figures: map[string]*figures{}, heads: map[string]time.Time{}, counts: &Cases{
		lists: map[string]*counts{}, mine: map[string]map[string]int{}, numbers: numbers{known: map[sip.Number]uint32{}},
	}}
	perCustomer := map[string]int{}
	err := s.st.View(func(snap *store.Snapshot) error {
		for _, value := range snap.Scan(store.Prefix(tableCase)) {
			r, err := decodeRecord(slices.Clone(value))
			if err != nil {
				return err
			}
			s.checkCase(snap, r)
			s.checkPeople(r)
			want.add(r)
			if r.State == Open && (r.Number != 0 || r.Caller != "") && !s.dir.SharedNumber(r.Number) {
				customer := r.List + " " + r.Number.String() + r.Caller
				if perCustomer[customer]++; perCustomer[customer] > 1 {
					t.Errorf("a second open case of %s", customer)
				}
			}
		}
		for n := range s.c.numbers.known { // nothing else runs
			i := s.c.known(n)
			all, err := openOf(snap, customerKey(n, ""))
			if err != nil || len(all) != i.open || i.pending != 0 {
				t.Errorf("%s has %d open cases, in memory %+v, %v", n, len(all), i, err)
			}
		}
		want.compare(t, snap, s.c)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// following is what follows from the records.
type following struct {
	keys    map[string]string // of the indexes
	figures map[string]*figures
	counts  *Cases
	heads   map[string]time.Time
}

func (f *following) add(r *record) {
	p := r.position()
	for _, at := range p.spots(nil, r.List, r.ID) {
		f.keys[string(at.key)] = string(at.value)
	}
	if r.ExternalID != "" {
		f.keys[string(externalKey(r.List, r.ExternalID))] = r.ID
	}
	key := string(countedKey(r.List, &p.tally))
	if f.figures[key] == nil {
		f.figures[key] = new(figures)
	}
	f.figures[key].count(&p.tally, 1)
	if p.state == Open && p.assignee == "" {
		if first, some := f.heads[r.List]; !some || p.due.Before(first) {
			f.heads[r.List] = p.due
		}
	}
	x := p.share()
	f.counts.count(r.List, &x, 1)
}

func (f *following) compare(tb testing.TB, snap *store.Snapshot, c *Cases) {
	tb.Helper()
	keys := map[string]string{}
	for _, table := range []string{tableOpen, tableMine, tableWake, tableClosed, tableCloser, tableExternal} {
		for key, value := range snap.Scan(store.Prefix(table)) {
			keys[string(key)] = string(value)
		}
	}
	same(tb, "indexes", f.keys, keys)
	stored := map[string]*figures{}
	for key, value := range snap.Scan(store.Prefix(tableCounted)) {
		x, err := decodeFigures(value)
		if err != nil {
			tb.Error(err)
		}
		if x.opened != 0 || len(x.first)+len(x.contact) > 0 {
			stored[string(key)] = x
		}
	}
	if diff := cmp.Diff(f.figures, stored, cmp.AllowUnexported(figures{})); diff != "" {
		tb.Errorf("statistics (-from the records +stored)\n%s", diff)
	}
	for _, n := range c.lists { // marks agree with the minutes
		for _, m := range []*minutes{&n.due, &n.expires} {
			for minute := range m.n {
				if minute < m.low {
					tb.Errorf("a minute %d before the first one, %d", minute, m.low)
				}
			}
			for _, k := range m.marks {
				if fresh := (minutes{n: m.n}); fresh.before(time.Unix(k.minute*60, 0), new(mark)) != k.n {
					tb.Errorf("%d are counted before minute %d", k.n, k.minute)
				}
			}
		}
	}
	maps.DeleteFunc(c.lists, func(_ string, n *counts) bool { return n.open == 0 })
	if diff := cmp.Diff(f.counts.lists, c.lists, cmp.AllowUnexported(counts{}, minutes{}), cmpopts.IgnoreFields(minutes{}, "marks", "low"), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("counters (-from the records +kept)\n%s", diff)
	}
	same(tb, "cases by assignee", f.counts.mine, c.mine)
	for list, first := range f.heads {
		if from := c.heads.due[list]; first.Before(from) {
			tb.Errorf("a case of %s is due %s, and agents are given those from %s on", list, first, from)
		}
	}
}

// checkPeople looks at what people made of a case.
func (s *sim) checkPeople(r *record) {
	t := s.t
	t.Helper()
	switch {
	case r.Assignee == "" && (r.Claimed || !r.Claim.IsZero() || r.Personal != "" || !r.Fallback.IsZero() || !r.Accepted.IsZero()):
		t.Errorf("%s: nobody has it, and it is claimed or meant for somebody: %+v", r.ID, r.worked)
	case r.Personal != "" && r.Personal != r.Assignee:
		t.Errorf("%s: meant for %s, %s has it", r.ID, r.Personal, r.Assignee)
	case !r.Claim.IsZero() && !r.Claimed:
		t.Errorf("%s: a claim of nobody", r.ID)
	case r.State == Open && !r.Expires.IsZero() && !r.Expires.After(r.Due) && !r.OwnExpiry && !r.NotBefore.IsZero():
		t.Errorf("%s: put off until %s, and expires %s", r.ID, r.Due, r.Expires)
	case r.State == Closed && (len(r.Calling) > 0 || r.Closed.IsZero() || r.CloseReason == NotClosed):
		t.Errorf("%s: closed, and %+v", r.ID, r)
	case r.State == Open && (!r.Closed.IsZero() || r.CloseReason != NotClosed || r.ClosedBy != ""):
		t.Errorf("%s: open, and closed %s for %s by %s", r.ID, r.Closed, r.CloseReason, r.ClosedBy)
	}
}

func (s *sim) checkCase(snap *store.Snapshot, r *record) {
	t := s.t
	t.Helper()
	if r.Number != 0 || r.Caller != "" {
		b, _ := snap.Get(customerKey(r.Number, r.Caller))
		customer, err := decodeCustomer(b)
		if err != nil {
			t.Error(err)
			return
		}
		if slices.Contains(customer.open(), r.ID) != (r.State == Open) {
			t.Errorf("%s is %s, its customer has open %v", r.ID, r.State, customer.open())
		}
	}
	entries, state := uint64(0), StateUnknown
	for e, err := range s.c.History(r.ID) {
		if err != nil {
			t.Error(err)
			return
		}
		entries++
		switch e.Event {
		case Opened, Reopened:
			if state == Open {
				t.Errorf("%s was opened while open", r.ID)
			}
			state = Open
		case CaseClosed:
			if state != Open {
				t.Errorf("%s was closed while not open", r.ID)
			}
			state = Closed
		default:
		}
		switch e.Event {
		case MissAdded, Attempted, CaseClosed, Opened:
			byHand := e.Agent != "" && e.Call == nil
			byTime := e.Reason == Expired.String()
			if !byHand && !byTime && (e.Call == nil || len(e.Call.CallIDs) == 0) {
				t.Errorf("%s: %s without proof", r.ID, e.Event)
			}
		default:
		}
	}
	if entries != r.Entries || state != r.State {
		t.Errorf("%s has %d of %d entries and is %s, by its history %s", r.ID, entries, r.Entries, r.State, state)
	}
}
