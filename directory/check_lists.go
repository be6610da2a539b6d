package directory

import (
	"fmt"
	"slices"
	"time"
)

const (
	maxCalendars = 1000
	day24        = 24 * time.Hour
	minOffer     = 5 * time.Second // for whoever looks at it to decide
	maxOffer     = 10 * time.Minute
)

func (c *checker) calendars() {
	for i := range c.file.Calendars {
		if i == maxCalendars {
			c.bad(&c.file.Calendars[i], "there are more than %d calendars; let lists share them", maxCalendars)
			return
		}
		c.calendar(&c.file.Calendars[i])
	}
}

func (c *checker) calendar(k *Calendar) {
	name := "calendar " + k.ID
	c.zone(&k.TimeZone)
	if c.broken[k] || c.anyBroken(&k.Week, &k.Exceptions) {
		return
	}
	before := len(c.list) + c.more
	if len(k.Week) == 0 {
		c.missing(k, &k.Week, "%s never opens; add a week, as week: [{days: mon-fri, hours: 08:00-16:00}], or leave hours out of the list", name)
	}
	c.week(k)
	c.exceptions(k)
	if len(c.list)+c.more > before || len(c.broken) > 0 {
		return
	}
	if from, found := k.compile("").closedTooLong(); found {
		c.bad(k, "%s stays closed for more than a year from %s; shorten its exceptions", name, from.date().Format(time.DateOnly))
	}
}

// week checks that no range overlaps with another, of its day or of the days beside it.
func (c *checker) week(k *Calendar) {
	type placed struct {
		span
		at *Range
	}
	var open []placed // minutes of a week from Monday
	for i := range k.Week {
		w := &k.Week[i]
		if w.Days == 0 {
			c.missing(w, &w.Days, "these hours have no days; add them, as days: mon-fri")
		}
		if len(w.Hours) == 0 {
			c.missing(w, &w.Hours, "these days have no hours; add them, as hours: 08:00-16:00, or leave out the days to stay closed")
		}
		for d := range dayNames {
			if w.Days&(1<<d) == 0 {
				continue
			}
			for j, s := range spansOf(w.Hours) {
				if s.from == s.to { // it could not be read
					continue
				}
				midnight := int32(d) * minutesPerDay
				open = append(open, placed{span{midnight + s.from, midnight + s.to}, &w.Hours[j]})
			}
		}
	}
	slices.SortStableFunc(open, func(a, b placed) int { return int(a.from - b.from) })
	reported := map[*Range]bool{}
	for i := range open {
		next := open[(i+1)%len(open)]
		if i+1 == len(open) {
			next.from += 7 * minutesPerDay
		}
		if open[i].to > next.from && !reported[next.at] {
			reported[next.at] = true
			text, _ := open[i].at.MarshalText()
			c.bad(next.at, "this begins before %s on %s has ended; join the ranges or part them", text, dayNames[open[i].from/minutesPerDay%7])
		}
	}
}

func (c *checker) exceptions(k *Calendar) {
	type placed struct {
		first, last day
		at          *DateHours
	}
	var certain []placed
	yearly := map[monthDay]*DateHours{}
	for i := range k.Exceptions {
		e := &k.Exceptions[i]
		if e.Date == (Dates{}) {
			c.missing(e, &e.Date, "this exception has no date; add one, as date: 2026-12-24")
			continue
		}
		spans := sortedSpans(spansOf(e.Hours))
		for j := 1; j < len(spans); j++ {
			if spans[j].from < spans[j-1].to {
				c.bad(&e.Hours[j], "the hours of this date overlap; join the ranges or part them")
			}
		}
		if e.Date.First.Year != 0 {
			certain = append(certain, placed{e.Date.First.number(), e.Date.Last.number(), e})
			continue
		}
		for d := range e.Date.ofEveryYear {
			if other, taken := yearly[d]; taken {
				c.bad(&e.Date, "%02d-%02d already has hours%s; keep one", d/32, d%32, c.line(&other.Date))
				break
			}
			yearly[d] = e
		}
	}
	slices.SortStableFunc(certain, func(a, b placed) int { return int(a.first - b.first) })
	for i := 1; i < len(certain); i++ {
		if a, b := certain[i-1], certain[i]; b.first <= a.last {
			c.bad(&b.at.Date, "%s already has hours%s; keep one", b.first.date().Format(time.DateOnly), c.line(&a.at.Date))
		}
	}
}

func (c *checker) line(at any) string {
	if p := c.places[at]; p.line > 0 {
		return fmt.Sprintf(" (line %d)", p.line)
	}
	return ""
}

func (c *checker) lists() {
	for i := range c.file.Lists {
		l := &c.file.Lists[i]
		if c.broken[l] {
			continue
		}
		name := "list " + l.ID
		if l.Hours != "" {
			c.refer(&l.Hours, "calendar")
		}
		c.people(l.Members, name, "member", isAgent, "agent")
		c.people(l.Supervisors, name, "supervisor", isSupervisor, "supervisor")
		c.people(l.Readers, name, "reader", isAnybody, "")
		c.policy(l, name)
	}
}

// people checks those a list names as its members, supervisors or readers, who need a role for it.
func (c *checker) people(ids []string, name, what string, fits func(*Agent) bool, role string) {
	named := map[string]bool{}
	for i := range ids {
		id := &ids[i]
		switch {
		case c.broken[id]:
		case *id == "*" && len(ids) > 1:
			c.bad(id, "%s has * and other %ss; * alone is everybody", name, what)
		case *id != "*" && !c.refer(id, "agent"):
		case named[*id]:
			c.bad(id, "%s names %s %s twice; keep one", name, what, *id)
		case *id != "*" && !c.fits(*id, fits):
			c.bad(id, "%s names %s as %s, who lacks the role; add %s to the roles of agent %s", name, *id, what, role, *id)
		}
		named[*id] = true
	}
}

// fits says whether an agent is as wanted; one whose roles cannot be read is.
func (c *checker) fits(id string, wanted func(*Agent) bool) bool {
	a := c.agents[id]
	return a == nil || wanted(a) || c.rolesBroken(a)
}

func (c *checker) policy(l *ListEntry, name string) {
	p := &l.Policy
	if p.Collect == 0 && !c.broken[&p.Collect] {
		c.bad(&p.Collect, "%s collects nothing; name reasons, or leave out collect for all", name)
	}
	c.atMost(&p.DueAfter, "due_after", 90*day24)
	c.atMost(&p.AnsweredAfter, "answered_after", time.Hour)
	c.atMost(&p.ReopenWithin, "reopen_within", 30*day24)
	c.atMost(&p.UndoWithin, "undo_within", 30*day24)
	c.atMost(&p.ShortPair, "short_pair", day24)
	c.atMost(&p.ClaimFor, "claim_for", day24)
	c.atMost(&p.PersonalFallback, "personal_fallback", 90*day24)
	if p.OfferFor < minOffer || p.OfferFor > maxOffer {
		c.bad(&p.OfferFor, "offer_for is %s; it is from %s to %s", durationText(p.OfferFor), durationText(minOffer), durationText(maxOffer))
	}
	c.count(&p.Retention, "retention", 36500)
	c.count(&p.ExpireAfter, "expire_after", 366)
	c.count(&p.AttemptsPerCase, "attempts_per_case", 100)
	c.count(&p.AttemptsPerDay, "attempts_per_day", 100)
	c.handling(p, name)
	c.resolutions(p, name)
	if err := checkHint(p.Hint); err != nil {
		c.bad(&p.Hint, "%s", err)
	}
}

func (c *checker) atMost(at *time.Duration, key string, limit time.Duration) {
	if *at < 0 || *at > limit {
		c.bad(at, "%s is %s; it is at most %s", key, durationText(*at), durationText(limit))
	}
}

func (c *checker) count(at *int, key string, limit int) {
	if *at < 0 || *at > limit {
		c.bad(at, "%s is %d; it is from 0 to %d", key, *at, limit)
	}
}

func (c *checker) handling(p *Policy, name string) {
	closes := false
	ids := map[string]bool{}
	for i := range p.Handling {
		s := &p.Handling[i]
		switch {
		case s.ID == "":
			c.missing(s, &s.ID, "this handling status has no id; add one, as id: name")
		case !idForm.MatchString(s.ID):
			c.bad(&s.ID, "%q cannot be an id; %s", s.ID, idMend)
		case ids[s.ID]:
			c.bad(&s.ID, "%s has two handling statuses %s; give each its own id", name, s.ID)
		}
		ids[s.ID] = true
		closes = closes || s.Terminal
		switch {
		case s.Success && !s.Terminal:
			c.bad(&s.Success, "handling status %s is a success and not terminal; add terminal: true", s.ID)
		case s.Terminal && (s.AsksTime || len(s.RetryAfter) > 0):
			c.bad(s, "handling status %s closes the case and has it due again; leave out terminal, or retry_after and asks_time", s.ID)
		case s.AsksTime && len(s.RetryAfter) > 0:
			c.bad(s, "handling status %s asks for a time and sets one; leave out asks_time or retry_after", s.ID)
		}
		for j := range s.RetryAfter {
			c.atMost(&s.RetryAfter[j], "retry_after", 90*day24)
		}
	}
	if !closes {
		c.bad(&p.Handling, "%s has no handling status that closes a case; make one terminal: true", name)
	}
}

func (c *checker) resolutions(p *Policy, name string) {
	ids := map[string]bool{}
	for i := range p.Resolutions {
		r := &p.Resolutions[i]
		switch {
		case r.ID == "":
			c.missing(r, &r.ID, "this resolution has no id; add one, as id: name")
		case !idForm.MatchString(r.ID):
			c.bad(&r.ID, "%q cannot be an id; %s", r.ID, idMend)
		case ids[r.ID]:
			c.bad(&r.ID, "%s has two resolutions %s; give each its own id", name, r.ID)
		}
		ids[r.ID] = true
	}
	if p.ResolutionRequired && len(p.Resolutions) == 0 && !c.broken[&p.Resolutions] {
		c.bad(&p.ResolutionRequired, "%s requires a resolution and names none; add resolutions: [{id: solved, name: Solved}]", name)
	}
}
