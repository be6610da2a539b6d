package cases

import (
	"iter"

	"ringback/store"
)

// walkAtOnce is how many cases are read from one snapshot: a long one would keep the store from
// forgetting what was overwritten.
const walkAtOnce = 1000

// All yields all cases by id, which is about the order in which they were opened, behind the one
// named; empty: from the first. What changes meanwhile is seen or not. It ends with an error when there
// is one.
func (c *Cases) All(after string) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for {
			var some []Case
			err := c.st.View(func(s *store.Snapshot) error {
				r := store.Prefix(tableCase)
				if after != "" {
					r = r.Beyond(caseKey(after))
				}
				for _, value := range s.Scan(r) {
					x, err := decodeRecord(value)
					if err != nil {
						return err
					}
					some = append(some, x.public())
					if len(some) == walkAtOnce {
						break
					}
				}
				return nil
			})
			if err != nil {
				yield(Case{}, err)
				return
			}
			for i := range some {
				if !yield(some[i], nil) {
					return
				}
			}
			if len(some) < walkAtOnce {
				return
			}
			after = some[len(some)-1].ID
		}
	}
}
