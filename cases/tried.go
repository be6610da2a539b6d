package cases

import (
	"slices"
	"time"

	"ringback/sip"
	"ringback/store"
)

// Tried tells when it was tried to reach a number, on any list, as far as that still counts; of a number that
// many customers share nothing is told.
func (c *Cases) Tried(n sip.Number) (times []time.Time, err error) {
	if n == 0 || c.dir().SharedNumber(n) {
		return nil, nil
	}
	err = c.st.View(func(s *store.Snapshot) error {
		b, ok := s.Get(customerKey(n, ""))
		if !ok {
			return nil
		}
		known, err := decodeCustomer(b)
		if err == nil {
			times = slices.Clone(known.tried)
		}
		return err
	})
	return times, err
}
