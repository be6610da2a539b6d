package cases

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// crockford are digits and letters that cannot be mistaken for one another when read aloud.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newID makes the id of a case from what opened it, so that the same command makes the same id
// everywhere: seven signs of the second and six of the list, the customer and the call, as
// 1NGE7R4-8XK2QJ. They sort by time. try counts up when an id is taken.
func newID(at time.Time, list string, customer []byte, call string, try int) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(list))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(customer)
	_, _ = h.Write([]byte(call))
	_, _ = h.Write([]byte(strconv.Itoa(try)))
	sum := h.Sum64()
	seconds := uint64(max(at.Unix(), 0))
	var id [14]byte
	for i := 6; i >= 0; i-- {
		id[i] = crockford[seconds%32]
		seconds /= 32
	}
	id[7] = '-'
	sum ^= sum >> 32
	for i := 13; i >= 8; i-- {
		id[i] = crockford[sum%32]
		sum /= 32
	}
	return string(id[:])
}

// secondOf reads the second of an id; false for what is none.
func secondOf(id string) (second int64, ok bool) {
	if len(id) != 14 {
		return 0, false
	}
	for i := range 7 {
		digit := strings.IndexByte(crockford, id[i])
		if digit < 0 {
			return 0, false
		}
		second = second*32 + int64(digit)
	}
	return second, true
}

// ids remembers the ids of the latest second, so that of a new one it is known without asking the
// store that no case has it.
type ids struct {
	second int64           // no case of a later one is stored
	in     map[string]bool // the ids of that second, and some that came to nothing; nil: not known
}

// free says that no stored case can have the id, which is of the given time; and that one soon may.
func (s *ids) free(id string, at time.Time) bool {
	switch second := at.Unix(); {
	case second > s.second:
		s.second, s.in = second, map[string]bool{}
	case second < s.second || s.in == nil:
		return false
	}
	taken := s.in[id]
	s.in[id] = true
	return !taken
}
