package hook

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"sync"
)

// ErrMemory is returned for a record that Changes did not make.
var ErrMemory = errors.New("hook: no record of a memory")

// Memory remembers which events a sender sent and which of its calls are over, the latest of each, so that nothing
// that is sent again makes a call. It keeps their digests and not what they are called. It is safe for concurrent
// use: the daemon writes it behind together with the live calls, so that both are of one moment after a restart.
type Memory struct {
	mu     sync.Mutex
	events seen
	calls  seen
}

func newMemory() *Memory {
	return &Memory{events: seen{all: map[digest]struct{}{}}, calls: seen{all: map[digest]struct{}{}}}
}

// The ids of records begin with what they are of, and then have the number of a page.
const (
	ofEvents = 'e'
	ofCalls  = 'c'
)

// Changes yields the records that changed since the last time, at first all of them. A record takes the place of the
// one before it of the same id, and there are never more than twice maxPages of them.
func (m *Memory) Changes(yield func(id string, record []byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events.changes(ofEvents, yield)
	m.calls.changes(ofCalls, yield)
}

// Restore takes up the records of an earlier process, in any order, and says how many of them are none. It is called
// before the first event.
func (m *Memory) Restore(records map[string][]byte) (bad int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := map[byte][]page{}
	for id, record := range records {
		p, err := parsePage(record)
		if err != nil || id == "" || id[0] != ofEvents && id[0] != ofCalls {
			bad++
			continue
		}
		of[id[0]] = append(of[id[0]], p)
	}
	m.events.restore(of[ofEvents])
	m.calls.restore(of[ofCalls])
	return bad
}

// sent notes an event, and says whether it was sent before.
func (m *Memory) sent(id string) (before bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.events.add(digestOf(id))
}

// over notes that a call is over.
func (m *Memory) over(call string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls.add(digestOf(call))
}

func (m *Memory) isOver(call string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.calls.all[digestOf(call)]
	return ok
}

// digest stands for a text: texts may be long, and have numbers in them.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:])
}

// Of what is remembered pageSize are written as one record; it fills maxPages of them.
const (
	pageSize = 64
	maxPages = maxOver / pageSize
)

// seen remembers texts, as many as there is room for.
type seen struct {
	all     map[digest]struct{}
	order   []digest
	next    uint64 // number of the one that comes next, counted from the first ever
	written uint64 // those before it are in records
}

// add remembers a text, and says whether it is new.
func (s *seen) add(d digest) bool {
	if _, known := s.all[d]; known {
		return false
	}
	s.all[d] = struct{}{}
	s.order = append(s.order, d)
	s.next++
	if len(s.order) > maxOver {
		delete(s.all, s.order[0])
		s.order = s.order[1:]
	}
	return true
}

// page is what a record holds: texts from the number pageSize times its own on.
type page struct {
	number  uint64
	digests []digest
}

func (s *seen) changes(kind byte, yield func(id string, record []byte)) {
	oldest := s.next - uint64(len(s.order))
	for p := max(s.written, oldest) / pageSize; p*pageSize < s.next && s.written < s.next; p++ {
		record := binary.BigEndian.AppendUint64(nil, p)
		for n := max(p*pageSize, oldest); n < min((p+1)*pageSize, s.next); n++ {
			d := s.order[n-oldest]
			record = append(record, d[:]...)
		}
		yield(string(kind)+strconv.FormatUint(p%maxPages, 10), record)
	}
	s.written = s.next
}

func parsePage(record []byte) (page, error) {
	const head, size = 8, len(digest{})
	if len(record) < head || (len(record)-head)%size != 0 || (len(record)-head)/size > pageSize {
		return page{}, ErrMemory
	}
	p := page{number: binary.BigEndian.Uint64(record)}
	for b := record[head:]; len(b) > 0; b = b[size:] {
		p.digests = append(p.digests, digest(b[:size]))
	}
	return p, nil
}

// restore takes up what is in pages. It is numbered from the beginning and written anew, as all of the journal is.
func (s *seen) restore(pages []page) {
	slices.SortFunc(pages, func(a, b page) int { return cmp.Compare(a.number, b.number) })
	for _, p := range pages {
		for _, d := range p.digests {
			s.add(d)
		}
	}
}
