package cases

import "ringback/store"

// CasesOf reads who did an act and to which cases, by the act's id; nobody and none when there is no such
// act, or it is forgotten.
func (c *Cases) CasesOf(act string) (agent string, ids []string, err error) {
	err = c.st.View(func(s *store.Snapshot) error {
		b, ok := s.Get(actKey(act))
		if !ok {
			return nil
		}
		x, err := decodeActed(b)
		if err == nil {
			agent, ids = x.agent, x.named()
		}
		return err
	})
	return agent, ids, err
}
