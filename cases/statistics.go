package cases

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ringback/sip"
	"ringback/store"
)

// tally is what one case counts for in the statistics. It follows from the record alone, so that
// whatever is reopened, undone or corrected is taken back by counting what the case was with less and
// what it is with more.
type tally struct {
	hour    int64 // in which it was opened, since 1970; 0 for a case that does not count
	reason  sip.Reason
	outcome outcome
	tries   uint64
	first   uint8 // span until the first attempt, 0: none
	contact uint8 // span until the customer was reached, 0: not yet
}

// outcome is what became of a case.
type outcome uint8

const (
	stillOpen outcome = iota
	agentReached
	callerServed
	outExpired
	neverReached
	otherwise
	outcomes
)

func (r *record) tally() tally {
	t := tally{hour: r.Opened.Unix() / 3600, reason: r.OpenedFor, tries: r.Attempts, first: spanOf(r.Opened, r.Tried), contact: spanOf(r.Opened, r.Contacted)}
	if r.State != Closed {
		return t
	}
	switch r.CloseReason {
	case AgentCalled, Successful:
		t.outcome = agentReached
	case CallerServed:
		t.outcome = callerServed
	case Expired:
		t.outcome = outExpired
	case Unsuccessful, AttemptsExhausted:
		t.outcome = neverReached
	default:
		t.outcome = otherwise
	}
	return t
}

// A span is a time on a logarithmic scale, four steps to a doubling: span n holds times up to
// 2^(n/4) seconds, from 1, the first second, to beyond a year. What is read from it is at most a tenth
// from the truth.
const (
	spansPerDoubling = 4
	maxSpan          = 100
)

func spanOf(from, to time.Time) uint8 {
	if to.IsZero() {
		return 0
	}
	s := to.Sub(from).Seconds()
	if s <= 1 {
		return 1
	}
	return uint8(min(1+math.Ceil(spansPerDoubling*math.Log2(s)), maxSpan))
}

// spanTime is the time in the middle of a span.
func spanTime(n uint8) time.Duration {
	if n <= 1 {
		return time.Second
	}
	return time.Duration(math.Exp2((float64(n-1)-0.5)/spansPerDoubling) * float64(time.Second))
}

// figures are what a number of cases count for together.
type figures struct {
	opened   int64
	outcomes [outcomes]int64
	tries    int64
	first    spans
	contact  spans
}

// spans count times by span.
type spans map[uint8]int64

func (s *spans) add(n uint8, by int64) {
	if n == 0 || by == 0 {
		return
	}
	if *s == nil {
		*s = spans{}
	}
	if (*s)[n] += by; (*s)[n] == 0 {
		delete(*s, n)
	}
}

func (s spans) count() (n int64) {
	for _, c := range s {
		n += c
	}
	return n
}

// quantile is the time that the given share of all is not above, 0 without any.
func (s spans) quantile(share float64) time.Duration {
	rank := int64(math.Ceil(share * float64(s.count())))
	for n := range uint8(maxSpan + 1) {
		if rank -= s[n]; rank <= 0 && s[n] > 0 {
			return spanTime(n)
		}
	}
	return 0
}

// count adds a case, or with -1 takes it away.
func (f *figures) count(t *tally, by int64) {
	f.opened += by
	f.outcomes[t.outcome] += by
	f.tries += by * int64(t.tries)
	f.first.add(t.first, by)
	f.contact.add(t.contact, by)
}

func (f *figures) add(o *figures) {
	f.opened += o.opened
	f.tries += o.tries
	for i := range f.outcomes {
		f.outcomes[i] += o.outcomes[i]
	}
	for n, c := range o.first {
		f.first.add(n, c)
	}
	for n, c := range o.contact {
		f.contact.add(n, c)
	}
}

func (f *figures) encode() []byte {
	w := writer{make([]byte, 0, 32+3*(len(f.first)+len(f.contact)))}
	w.uint(recordFormat)
	w.int(f.opened)
	w.uint(uint64(outcomes))
	for _, n := range f.outcomes {
		w.int(n)
	}
	w.int(f.tries)
	for _, s := range []spans{f.first, f.contact} {
		w.uint(uint64(len(s)))
		for n := range uint8(maxSpan + 1) {
			if s[n] != 0 {
				w.uint(uint64(n))
				w.int(s[n])
			}
		}
	}
	return w.b
}

func decodeFigures(b []byte) (*figures, error) {
	d := reader{b: b}
	d.format("figure")
	f := &figures{opened: d.int()}
	for i := range d.count() {
		if n := d.int(); i < int(outcomes) {
			f.outcomes[i] = n
		}
	}
	f.tries = d.int()
	for _, s := range []*spans{&f.first, &f.contact} {
		for range d.count() {
			n := d.uint()
			if c := d.int(); n <= maxSpan {
				s.add(uint8(n), c)
			}
		}
	}
	if d.err != nil {
		return nil, fmt.Errorf("reading the statistics: %w", d.err)
	}
	return f, nil
}

func countedKey(list string, t *tally) []byte {
	return store.Key(tableCounted, list, t.hour, uint64(t.reason))
}

// countIn moves a case in the statistics.
func countIn(tx *store.Tx, list string, was, is *tally) error {
	if *was == *is {
		return nil
	}
	for _, x := range []struct {
		t  *tally
		by int64
	}{{was, -1}, {is, 1}} {
		if x.t.hour == 0 {
			continue
		}
		key := countedKey(list, x.t)
		f := new(figures)
		if b, ok := tx.Get(key); ok {
			var err error
			if f, err = decodeFigures(b); err != nil {
				return err
			}
		}
		f.count(x.t, x.by)
		tx.Set(key, f.encode())
	}
	return nil
}

// By says what statistics are broken down by.
type By uint8

// The ways to break statistics down.
const (
	ByNothing By = iota
	ByList
	ByReason
	ByHour // in which the case was opened
	ByDay  // likewise, in the zone of the query
)

// StatisticsQuery asks what became of the cases opened in a time.
type StatisticsQuery struct {
	Lists    []string
	From, To time.Time // opened from, and before; whole hours. Zero: from the first, to the last
	By       By
	Zone     *time.Location // for ByDay; nil: UTC
}

// Statistics is what became of a number of cases. The counters are of cases by when they were opened,
// whatever happened to them since: an undone close is no close.
type Statistics struct {
	List   string     // ByList
	Reason sip.Reason // ByReason: of the first miss; ReasonNone for cases that no call made
	From   time.Time  // ByHour and ByDay: when that begins

	Opened       int64
	Open         int64         // still
	AgentReached int64         // recovered: closed by an agent's call, or by an agent as successful
	CallerServed int64         // recovered: the customer called again and was served
	Expired      int64         // nobody dealt with them in time
	NeverReached int64         // closed as unsuccessful, or after too many attempts
	Otherwise    int64         // closed for another reason
	Attempts     int64         // that count
	Tried        int64         // cases with an attempt, answered or not
	Contacted    int64         // cases whose customer was reached
	FirstP50     time.Duration // from the opening to the first attempt, half of those tried
	FirstP90     time.Duration // nine tenths of them
	ContactP50   time.Duration // from the opening until the customer was reached
	ContactP90   time.Duration
}

// Statistics reads what became of cases, without looking at any case. The rows are in the order of
// their list, reason or time.
func (c *Cases) Statistics(q StatisticsQuery) ([]Statistics, error) {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	rows := map[Statistics]*figures{}
	err := c.st.View(func(s *store.Snapshot) error {
		for _, list := range q.Lists {
			r := store.Prefix(tableCounted, list)
			if !q.From.IsZero() {
				r.From = store.Key(tableCounted, list, q.From.Unix()/3600)
			}
			if !q.To.IsZero() {
				r.To = store.Key(tableCounted, list, (q.To.Unix()+3599)/3600)
			}
			for key, value := range s.Scan(r) {
				var hour int64
				var reason uint64
				if err := store.SplitKey(key, nil, nil, &hour, &reason); err != nil {
					return err
				}
				f, err := decodeFigures(value)
				if err != nil {
					return err
				}
				row := q.row(list, sip.Reason(reason), time.Unix(hour*3600, 0).UTC())
				if rows[row] == nil {
					rows[row] = new(figures)
				}
				rows[row].add(f)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if q.By == ByNothing && len(rows) == 0 {
		return []Statistics{{}}, nil
	}
	all := make([]Statistics, 0, len(rows))
	for row, f := range rows {
		all = append(all, f.row(row))
	}
	slices.SortFunc(all, func(a, b Statistics) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		if a.List != b.List {
			return slices.Index(q.Lists, a.List) - slices.Index(q.Lists, b.List)
		}
		return int(a.Reason) - int(b.Reason)
	})
	return all, nil
}

// row is the row that a figure belongs to, without its counters.
func (q *StatisticsQuery) row(list string, reason sip.Reason, hour time.Time) Statistics {
	switch q.By {
	case ByList:
		return Statistics{List: list}
	case ByReason:
		return Statistics{Reason: reason}
	case ByHour:
		return Statistics{From: hour}
	case ByDay:
		y, m, d := hour.In(q.Zone).Date()
		return Statistics{From: time.Date(y, m, d, 0, 0, 0, 0, q.Zone).UTC()}
	default:
		return Statistics{}
	}
}

// row fills in the counters.
func (f *figures) row(s Statistics) Statistics {
	s.Opened, s.Open = f.opened, f.outcomes[stillOpen]
	s.AgentReached, s.CallerServed = f.outcomes[agentReached], f.outcomes[callerServed]
	s.Expired, s.NeverReached, s.Otherwise = f.outcomes[outExpired], f.outcomes[neverReached], f.outcomes[otherwise]
	s.Attempts, s.Tried, s.Contacted = f.tries, f.first.count(), f.contact.count()
	s.FirstP50, s.FirstP90 = f.first.quantile(0.5), f.first.quantile(0.9)
	s.ContactP50, s.ContactP90 = f.contact.quantile(0.5), f.contact.quantile(0.9)
	return s
}
