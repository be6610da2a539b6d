package cases

import (
	"bytes"
	"iter"
	"slices"
	"time"

	"ringback/store"
)

// run is a range of an index whose cases stand in an order: that of the bytes behind its prefix.
type run struct {
	prefix  []byte
	list    string
	behind  int // parts of a key before the id
	reverse bool
	from    time.Time // nothing is due earlier; zero: not known
}

// What is closed or taken leaves the front of the order, and the disk has to step over the places it left
// until they are cleaned up: as many as cases were called. So whoever knows when the first case is due
// begins there.

// unassignedOf are the open cases of lists that nobody has, by priority; heldOf those that somebody has,
// and mineOf those of one agent.
func unassignedOf(lists []string) []run { return openRuns(lists, 0) }
func heldOf(lists []string) []run       { return openRuns(lists, 1) }

func openRuns(lists []string, held int) []run {
	runs := make([]run, 0, 2*len(lists))
	for _, list := range lists {
		runs = append(runs, run{prefix: store.Key(tableOpen, list, held), list: list, behind: 5})
	}
	return runs
}

func mineOf(agent string, lists []string) []run {
	runs := make([]run, 0, 2*len(lists))
	for _, list := range lists {
		runs = append(runs, run{prefix: store.Key(tableMine, agent, list), list: list, behind: 5})
	}
	return runs
}

// closedOf are the closed cases of lists, the latest first; closedBy those that an agent closed having
// reached the customer.
func closedOf(lists []string) []run {
	var runs []run
	for _, list := range lists {
		runs = append(runs, run{prefix: store.Key(tableClosed, list), list: list, behind: 3, reverse: true})
	}
	return runs
}

func closedBy(agent string, lists []string) []run {
	var runs []run
	for _, list := range lists {
		runs = append(runs, run{prefix: store.Key(tableCloser, agent, list), list: list, behind: 4, reverse: true})
	}
	return runs
}

// indexed is a case in an index.
type indexed struct {
	id    string
	list  string
	order []byte // what it stands by
	place        // of an open one
}

// merge yields the cases of all runs in their common order, from behind an order on; all run in one
// direction.
func merge(s store.Reader, runs []run, behind []byte) iter.Seq2[indexed, error] {
	return func(yield func(indexed, error) bool) {
		type head struct {
			at   indexed
			err  error
			some bool
			next func() (indexed, error, bool)
		}
		heads := make([]head, 0, len(runs))
		for i := range runs {
			next, stop := iter.Pull2(runs[i].walk(s, behind))
			defer stop()
			h := head{next: next}
			if h.at, h.err, h.some = next(); h.some {
				heads = append(heads, h)
			}
		}
		for len(heads) > 0 {
			first := 0
			for i := 1; i < len(heads); i++ {
				if c := bytes.Compare(heads[i].at.order, heads[first].at.order); c < 0 != runs[0].reverse && c != 0 {
					first = i
				}
			}
			h := &heads[first]
			if !yield(h.at, h.err) || h.err != nil {
				return
			}
			if h.at, h.err, h.some = h.next(); !h.some {
				heads = slices.Delete(heads, first, first+1)
			}
		}
	}
}

// walk yields the cases of one run from behind an order on.
func (r *run) walk(s store.Reader, behind []byte) iter.Seq2[indexed, error] {
	return func(yield func(indexed, error) bool) {
		keys := store.Range{From: r.prefix, To: append(bytes.Clone(r.prefix), 0xff), Reverse: r.reverse}
		if !r.from.IsZero() {
			keys.From = store.AppendKey(bytes.Clone(r.prefix), r.from)
		}
		if behind != nil {
			after := keys.Beyond(append(bytes.Clone(r.prefix), behind...))
			if r.reverse || bytes.Compare(after.From, keys.From) > 0 {
				keys = after
			}
		}
		parts := make([]any, r.behind+1)
		for key, value := range s.Scan(keys) {
			at := indexed{list: r.list, order: bytes.Clone(key[len(r.prefix):])}
			parts[r.behind] = &at.id
			err := store.SplitKey(key, parts...)
			if err == nil && !r.reverse {
				at.place, err = decodePlace(value)
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}
