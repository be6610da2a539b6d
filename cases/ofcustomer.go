package cases

import (
	"ringback/sip"
	"ringback/store"
)

// maxOfCustomer is how many cases of one customer are read.
const maxOfCustomer = 500

// OfCustomer reads the cases of a number on all lists, open and closed, in no order: those that follow from one another, as each
// names the one before it. Of a number that many customers share it is those that are open and the ones before them.
func (c *Cases) OfCustomer(n sip.Number) (all []Case, err error) {
	if n == 0 {
		return nil, nil
	}
	err = c.st.View(func(s *store.Snapshot) error {
		b, ok := s.Get(customerKey(n, ""))
		if !ok {
			return nil
		}
		known, err := decodeCustomer(b)
		if err != nil {
			return err
		}
		ids := known.open()
		for i := range known.lists {
			ids = append(ids, known.lists[i].last)
		}
		read := map[string]bool{"": true}
		for len(ids) > 0 && len(all) < maxOfCustomer {
			id := ids[len(ids)-1]
			ids = ids[:len(ids)-1]
			if read[id] {
				continue
			}
			read[id] = true
			b, ok := s.Get(caseKey(id))
			if !ok {
				continue // erased
			}
			r, err := decodeRecord(b)
			if err != nil {
				return err
			}
			ids = append(ids, r.Previous)
			if r.Number == n {
				all = append(all, r.public())
			}
		}
		return nil
	})
	return all, err
}
