package web

import (
	"slices"
	"sync"

	"ringback/sip"
)

// event is one thing that happened. It becomes bytes when the first reader wants it, and not at all
// when nobody listens.
type event struct {
	of    *Events
	seq   uint64
	kind  string
	size  int
	tells sip.Number // whose telephone number is in it
	news  news

	framed sync.Once
	bytes  []byte
}

// news is what happened. It is asked by readers, on their goroutines.
type news interface {
	whom() *about
	body() []byte // JSON; called once
}

// frame is its block in a stream, nil when it cannot be written.
func (ev *event) frame() []byte {
	ev.framed.Do(func() { ev.bytes = ev.of.block(ev.kind, ev.seq, ev.news.body()) })
	return ev.bytes
}

// forgotten is what is left of an event that nobody is told of any more.
type forgotten struct{}

func (forgotten) whom() *about { return new(about) }
func (forgotten) body() []byte { return nil }

// about is whom an event concerns: readers who may see all of the lists, if there are any, and the
// agents themselves whatever the lists.
type about struct {
	lists    []string
	agents   []string
	personal []string // only for these agents, and for who supervises the lists; empty: for all
}

// sight is what a reader may see of what happens. It is not changed once made.
type sight struct {
	all   bool            // everything
	lists map[string]bool // callback lists; true: he supervises them
	agent string          // what concerns this agent; empty: nobody
}

// sees says whether a reader may be told.
func (s *sight) sees(a *about) bool {
	switch {
	case s.all:
		return true
	case s.agent != "" && slices.Contains(a.agents, s.agent):
		return true
	case len(a.lists) == 0:
		return false
	}
	for _, list := range a.lists {
		supervises, seen := s.lists[list]
		if !seen || len(a.personal) > 0 && !supervises && s.agent != "" && !slices.Contains(a.personal, s.agent) {
			return false
		}
	}
	return true
}

// publish appends an event of about size bytes. What the news reads must never change.
func (e *Events) publish(kind string, tells sip.Number, size int, n news) {
	e.put(&event{of: e, kind: kind, size: size, tells: tells, news: n}, nil)
}

// announce publishes an event that concerns some people, and tells the agents among them at once. It is put in words
// when somebody reads it.
func (e *Events) announce(kind string, tells sip.Number, concerns about, words func() any) {
	e.put(&event{of: e, kind: kind, size: eventSize, tells: tells, news: &announced{concerns, words}}, concerns.agents)
}

// announced is news of few fields.
type announced struct {
	about about
	words func() any
}

func (n *announced) whom() *about { return &n.about }
func (n *announced) body() []byte { return encode(n.words()) }
