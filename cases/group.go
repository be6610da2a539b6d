package cases

import (
	"slices"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// Siblings are the other open cases of a case's group, on the given lists, by priority: those of its number
// on all lists that group by number. A case of a shared number, or of none, has no siblings.
func (c *Cases) Siblings(id string, lists []string) ([]Case, error) {
	var all []Case
	err := c.st.View(func(s *store.Snapshot) error {
		r, err := readCase(s, id)
		if err != nil {
			return err
		}
		group, err := siblings(s, c.dir(), r, lists)
		for _, other := range group {
			all = append(all, other.public())
		}
		return err
	})
	return all, err
}

func siblings(s store.Reader, dir *directory.Directory, r *record, lists []string) ([]*record, error) {
	if r.Number == 0 || dir.SharedNumber(r.Number) {
		return nil, nil
	}
	b, ok := s.Get(customerKey(r.Number, ""))
	if !ok {
		return nil, nil
	}
	h, err := decodeCustomer(b)
	if err != nil {
		return nil, err
	}
	var group []*record
	for i := range h.lists {
		o := &h.lists[i]
		if o.list == r.List || len(o.open) == 0 || !dir.Grouped(r.List, o.list) || !slices.Contains(lists, o.list) {
			continue
		}
		for _, id := range o.open {
			other, err := readCase(s, id)
			if err != nil {
				return nil, err
			}
			group = append(group, other)
		}
	}
	slices.SortFunc(group, func(a, b *record) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	return group, nil
}

// grouped says whether two cases are of one group.
func (l *ledger) grouped(a, b *record) bool {
	return a.Number != 0 && a.Number == b.Number && !l.dir.SharedNumber(a.Number) && l.dir.Grouped(a.List, b.List)
}

// maxRecentCases bounds what OfNumbers gives.
const maxRecentCases = 100

// OfNumbers are the open cases of several numbers on the given lists, number after number, each case once:
// for those of an agent's recent calls, which stand on top of his list.
func (c *Cases) OfNumbers(numbers []sip.Number, lists []string) ([]Case, error) {
	var all []Case
	err := c.st.View(func(s *store.Snapshot) error {
		var seen []sip.Number
		for _, n := range numbers {
			if n == 0 || slices.Contains(seen, n) {
				continue
			}
			seen = append(seen, n)
			found, err := openOf(s, customerKey(n, ""))
			if err != nil {
				return err
			}
			for i := range found {
				if slices.Contains(lists, found[i].List) && len(all) < maxRecentCases {
					all = append(all, found[i])
				}
			}
		}
		return nil
	})
	return all, err
}
