package cases

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"ringback/directory"
	"ringback/store"
)

// paging is a page being read.
type paging struct {
	Query
	dir      *directory.Directory
	sections [][]run
	section  int
	behind   []byte // the order to go on behind
	looked   int
	page     Page
}

// begin works out which runs of the indexes make up the pages, and where this one goes on.
func (p *paging) begin() error {
	everything := append(unassignedOf(p.Lists), heldOf(p.Lists)...)
	switch mine := mineOf(p.Agent, p.Lists); {
	case p.State == Closed && p.Reached:
		p.sections = [][]run{closedBy(p.Agent, p.Lists)}
	case p.State == Closed:
		p.sections = [][]run{closedOf(p.Lists)}
	case p.Unassigned:
		p.sections = [][]run{unassignedOf(p.Lists)}
	case p.Agent == "":
		p.sections = [][]run{everything}
	case p.ShowAll && p.MineFirst:
		p.sections = [][]run{mine, everything}
	case p.ShowAll:
		p.sections = [][]run{everything}
	case p.MineFirst:
		p.sections = [][]run{mine, unassignedOf(p.Lists)}
	default:
		p.sections = [][]run{append(mine, unassignedOf(p.Lists)...)}
	}
	if p.Cursor == "" {
		return nil
	}
	last, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(last) < cursorHead || !bytes.Equal(last[:cursorHead-1], p.sum()) || int(last[cursorHead-1]) >= len(p.sections) {
		return fmt.Errorf("%w: the cursor is not of this query", ErrQuery)
	}
	p.section, p.behind = int(last[cursorHead-1]), last[cursorHead:]
	return nil
}

// cursorHead is the length of what stands in a cursor before the order: a sum of the query, and the
// section.
const cursorHead = 5

// sum tells queries apart whose cursors mean different things.
func (p *paging) sum() []byte {
	q := p.Query
	q.Cursor, q.Limit = "", 0
	awaiting := ""
	if q.Filter.Awaiting != nil {
		awaiting = fmt.Sprint(*q.Filter.Awaiting)
		q.Filter.Awaiting = nil
	}
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%+v %s", q, awaiting)
	return h.Sum(nil)
}

func (p *paging) read(s *store.Snapshot) error {
	var last []byte
	for ; p.section < len(p.sections); p.section, p.behind = p.section+1, nil {
		for at, err := range merge(s, p.sections[p.section], p.behind) {
			if err != nil {
				return err
			}
			if len(p.page.Cases) == p.Limit || p.looked >= maxLooked {
				p.page.Next = base64.RawURLEncoding.EncodeToString(last)
				return nil
			}
			if p.State == Closed && p.passed(&at) {
				break
			}
			if err := p.take(s, &at); err != nil {
				return err
			}
			last = append(append(p.sum(), byte(p.section)), at.order...)
		}
	}
	return nil
}

// passed says whether no later case of a walk through closed ones can be in the span asked for.
func (p *paging) passed(at *indexed) bool {
	var closed time.Time
	return store.SplitKey(at.order, &closed) == nil && closed.Before(p.Filter.Closed.From)
}

// take puts a case on the page if it belongs there.
func (p *paging) take(s *store.Snapshot, at *indexed) error {
	r, err := readCase(s, at.id)
	if err != nil {
		return err
	}
	p.looked++
	if p.hides(r) {
		return nil
	}
	if p.MineFirst && p.section > 0 && r.Assignee == p.Agent || !p.Filter.takes(r) {
		return nil
	}
	if !p.Grouped || p.State != Open {
		p.page.Cases = append(p.page.Cases, r.public())
		return nil
	}
	group, err := siblings(s, p.dir, r, p.Lists)
	if err != nil {
		return err
	}
	group = slices.DeleteFunc(group, p.hides)
	for _, other := range group {
		if p.shows(other) && p.above(other, r) {
			return nil // it stands there
		}
	}
	slices.SortFunc(group, func(a, b *record) int {
		if p.above(a, b) {
			return -1
		}
		return 1
	})
	others := make([]Case, 0, len(group))
	for _, other := range group {
		others = append(others, other.public())
	}
	p.page.Cases, p.page.Groups = append(p.page.Cases, r.public()), append(p.page.Groups, others)
	return nil
}

// hides says whether a case is a personal callback that is not for the agent to see.
func (p *paging) hides(r *record) bool {
	if r.Personal == "" || p.Agent == "" {
		return false
	}
	c := Case{Personal: r.Personal, CreatedBy: r.CreatedBy}
	return !c.OpenTo(p.Agent, slices.Contains(p.Supervised, r.List))
}

// shows says whether an open case has a place of its own on the pages.
func (p *paging) shows(r *record) bool {
	seen := p.Agent == "" || p.ShowAll || r.Assignee == p.Agent
	return (r.Assignee == "" || seen && !p.Unassigned) && p.Filter.takes(r)
}

// above says whether an open case stands above another.
func (p *paging) above(a, b *record) bool {
	if p.MineFirst && p.Agent != "" {
		if mine := a.Assignee == p.Agent; mine != (b.Assignee == p.Agent) {
			return mine
		}
	}
	return before(a, b)
}

// before is the order of priority: due time, then more misses, then older.
func before(a, b *record) bool {
	switch {
	case !a.Due.Equal(b.Due):
		return a.Due.Before(b.Due)
	case a.Misses != b.Misses:
		return a.Misses > b.Misses
	}
	return a.ID < b.ID
}

// takes says whether a case is one of those asked for.
func (f *Filter) takes(r *record) bool {
	switch {
	case f.Number != 0 && f.Number != r.Number:
	case f.Assignee != "" && f.Assignee != r.Assignee:
	case len(f.Reasons) > 0 && !slices.Contains(f.Reasons, r.Reason):
	case len(f.Channels) > 0 && !slices.Contains(f.Channels, r.Channel):
	case f.Awaiting != nil && *f.Awaiting == r.Awaiting.IsZero():
	case r.State == Open:
		return f.Due.holds(r.Due)
	case f.ClosedBy != "" && f.ClosedBy != r.ClosedBy:
	case len(f.Closes) > 0 && !slices.Contains(f.Closes, r.CloseReason):
	default:
		return f.Closed.holds(r.Closed)
	}
	return false
}

// begins notes where runs of open cases begin.
func (c *Cases) begins(sections [][]run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, runs := range sections {
		for i := range runs {
			if n := c.lists[runs[i].list]; n != nil && !runs[i].reverse {
				runs[i].from = n.due.first()
			}
		}
	}
}
