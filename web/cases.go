package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/voicemail"
	"ringback/directory"
	"ringback/sip"
)

func (s *Server) registerCases(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/cases", "list-cases", "cases", "Cases of lists, or of a number",
		"Open cases come as they should be called: overdue first, the longest overdue on top, then by due time, then more misses, then older. "+
			"Closed cases come latest first. Without lists it is all that you may see. With a number it is the open cases of that number, on all these lists.",
		http.StatusForbidden), s.listCases)
	handle(s, api, operation(http.MethodGet, "/v1/cases/recent", "list-recent-cases", "cases", "Cases of your recent calls",
		"Open cases of the customers you spoke to or called lately, the latest call first: they stand above all others.",
		http.StatusForbidden), s.recentCases)
	one := operation(http.MethodGet, "/v1/cases/{id}", "get-case", "cases", "One case with its history",
		"The history has every event of the case with its proof: the call it rests on and what was seen of it.",
		http.StatusForbidden, http.StatusNotFound)
	one.Responses = map[string]*huma.Response{"304": {Description: "The version named in If-None-Match is still the case's"}}
	handle(s, api, one, s.getCase)
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/history", "get-case-history", "cases", "The history of a case, by pages",
		"What happened to the case, oldest first.", http.StatusForbidden, http.StatusNotFound), s.history)
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/siblings", "list-siblings", "cases", "Other open cases of the customer",
		"The other open cases of the case's group, on lists you may see, as they should be called; assignee says who is working on them.",
		http.StatusForbidden, http.StatusNotFound), s.siblings)
}

type casesInput struct {
	Lists       []string  `query:"lists" maxItems:"1000" doc:"Only cases of these lists, separated by commas."`
	List        string    `query:"list" maxLength:"64" doc:"Only cases of this list."`
	Kind        string    `query:"kind" enum:"callback,call" doc:"Only callback lists, or call lists."`
	Active      bool      `query:"active" doc:"Only lists you take part in."`
	State       string    `query:"state" enum:"open,closed" default:"open" doc:"Whether open or closed cases."`
	Show        string    `query:"show" enum:"all,mine,unassigned" default:"all" doc:"Of open cases: all, those nobody has and your own, or only those nobody has."`
	Sort        string    `query:"sort" enum:"priority,assigned_to_me" default:"priority" doc:"Of open cases: the most urgent first, or your own above them."`
	Grouped     bool      `query:"grouped" doc:"Cases of one customer come together, the others as siblings of the most urgent one."`
	ReachedByMe bool      `query:"reached_by_me" doc:"Of closed cases: those you closed having reached the customer, of the last 7 days unless closed_from says otherwise."`
	Number      string    `query:"number" maxLength:"32" doc:"Only cases of this number, as people write it."`
	Assignee    string    `query:"assignee" maxLength:"64" doc:"Only cases of this agent; me: your own."`
	Reason      []string  `query:"reason" maxItems:"20" doc:"Only cases whose latest miss has one of these reasons, separated by commas."`
	Channel     []string  `query:"channel_in" maxItems:"5" enum:"call,manual,request,import,api" doc:"Only cases that came in one of these ways."`
	DueFrom     time.Time `query:"due_from" doc:"Only cases due then or later."`
	DueTo       time.Time `query:"due_to" doc:"Only cases due before."`
	ClosedFrom  time.Time `query:"closed_from" doc:"Only cases closed then or later."`
	ClosedTo    time.Time `query:"closed_to" doc:"Only cases closed before."`
	ClosedBy    string    `query:"closed_by" maxLength:"64" doc:"Only cases this agent closed, called or served; me: yourself."`
	CloseReason []string  `query:"close_reason" maxItems:"8" enum:"successful,unsuccessful,agent_called,caller_served,expired,attempts_exhausted,suppressed,merged" doc:"Only cases closed for one of these reasons."`
	Awaiting    string    `query:"awaiting" enum:"yes,no" doc:"Only cases that wait for information, or only others."`
	Limit       int       `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at most."`
	Cursor      string    `query:"cursor" maxLength:"2048" doc:"The next of the page before, with the same filters."`
}

// Row is a case in a list.
type Row struct {
	Case
	Siblings []Case `json:"siblings,omitempty" nullable:"false" doc:"The other open cases of the customer, where they were asked for grouped."`
}

type casesOutput struct {
	Body struct {
		Cases []Row  `json:"cases" nullable:"false" doc:"In their order."`
		Maybe []Case `json:"maybe,omitempty" nullable:"false" doc:"Of a number: open cases of other numbers with the same last nine digits. It may be the same customer; never act on it."`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last. A page may be short, or empty, and have one."`
	}
}

func (s *Server) listCases(ctx context.Context, in *casesInput) (*casesOutput, error) {
	q, err := s.queryOf(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &casesOutput{}
	out.Body.Cases = []Row{}
	if len(q.Lists) == 0 {
		return out, nil
	}
	if q.Filter.Number != 0 && q.State == cases.Open {
		return out, s.openOf(ctx, &q, out)
	}
	page, err := s.o.Cases.List(q)
	if err != nil {
		return nil, err
	}
	for i := range page.Cases {
		row := Row{Case: s.shower.caseOf(&page.Cases[i])}
		if i < len(page.Groups) && len(page.Groups[i]) > 0 {
			row.Siblings = s.casesOf(page.Groups[i])
		}
		out.Body.Cases = append(out.Body.Cases, row)
	}
	out.Body.Next = page.Next
	return out, nil
}

// openOf answers with the open cases of a number: at most one of each list, unless many share it.
func (s *Server) openOf(ctx context.Context, q *cases.Query, out *casesOutput) error {
	if q.Cursor != "" {
		return invalid("query.cursor", "by number all open cases come at once")
	}
	found, err := s.o.Cases.OpenByNumber(q.Filter.Number)
	if err != nil {
		return err
	}
	for _, c := range s.visible(ctx, onLists(found, q.Lists)) {
		if !shown(q, &c) {
			continue
		}
		out.Body.Cases = append(out.Body.Cases, Row{Case: s.shower.caseOf(&c)})
	}
	maybe, err := s.o.Cases.MaybeByNumber(q.Filter.Number)
	if err != nil {
		return err
	}
	out.Body.Maybe = s.casesOf(s.visible(ctx, onLists(maybe, q.Lists)))
	return nil
}

// shown says whether a view has an open case.
func shown(q *cases.Query, c *cases.Case) bool {
	return c.Assignee == "" || !q.Unassigned && (q.ShowAll || q.Agent == "" || c.Assignee == q.Agent)
}

// reachedFor is how far back one's own closed cases are shown.
const reachedFor = 7 * 24 * time.Hour

// queryOf is what a request asks the cases for, of what its caller may see.
func (s *Server) queryOf(ctx context.Context, in *casesInput) (cases.Query, error) {
	c := callerOf(ctx)
	q := cases.Query{
		Agent: c.Agent(), Supervised: c.ListsFor(s.o.Lists(), directory.Supervise), ShowAll: in.Show == "all", Unassigned: in.Show == "unassigned", MineFirst: in.Sort == "assigned_to_me", Grouped: in.Grouped, Reached: in.ReachedByMe,
		Limit: in.Limit, Cursor: in.Cursor,
		Filter: cases.Filter{
			Assignee: meOr(c, in.Assignee), ClosedBy: meOr(c, in.ClosedBy),
			Due: cases.Span{From: in.DueFrom, To: in.DueTo}, Closed: cases.Span{From: in.ClosedFrom, To: in.ClosedTo},
		},
	}
	q.State, _ = cases.ParseState(in.State) // one of the two words, or the answer was given before
	if (in.Show == "mine" || q.MineFirst || q.Reached) && q.Agent == "" {
		return q, invalid("query", "what is your own only people know, who log in")
	}
	if q.Reached && q.State != cases.Closed {
		return q, invalid("query.reached_by_me", "is of closed cases")
	}
	if q.Reached && q.Filter.Closed.From.IsZero() {
		// The day is what pages are asked for with, so that a cursor stays good.
		q.Filter.Closed.From = time.Now().Add(-reachedFor).UTC().Truncate(24 * time.Hour)
	}
	for _, word := range in.Reason {
		reason, ok := sip.ParseReason(word)
		if !ok {
			return q, invalid("query.reason", "there is no reason of this name")
		}
		q.Filter.Reasons = append(q.Filter.Reasons, reason)
	}
	for _, word := range in.Channel {
		channel, _ := cases.ParseChannel(word)
		q.Filter.Channels = append(q.Filter.Channels, channel)
	}
	for _, word := range in.CloseReason {
		reason, _ := cases.ParseCloseReason(word)
		q.Filter.Closes = append(q.Filter.Closes, reason)
	}
	if in.Awaiting != "" {
		waits := in.Awaiting == "yes"
		q.Filter.Awaiting = &waits
	}
	var err error
	if q.Filter.Number, err = s.numberIn(in.Number, in.List, "query.number"); err != nil {
		return q, err
	}
	q.Lists = s.chosen(ctx, in)
	return q, nil
}

// chosen are the lists that a query is about.
func (s *Server) chosen(ctx context.Context, in *casesInput) []string {
	named := slices.Clone(in.Lists)
	if in.List != "" {
		named = append(named, in.List)
	}
	d := s.o.Lists()
	var active map[string]bool
	if in.Active {
		active = s.active(&callerOf(ctx).Principal)
	}
	return slices.DeleteFunc(s.listsFor(ctx, named), func(id string) bool {
		l, _ := d.List(id)
		return in.Active && !active[id] || in.Kind != "" && kindOf(l) != in.Kind
	})
}

// meOr is an agent named by a filter, where me is whoever asks.
func meOr(c *caller, agent string) string {
	if agent == "me" {
		return c.ID
	}
	return agent
}

type recentInput struct {
	Agent string `query:"agent" maxLength:"64" doc:"With a token: whose calls. People see their own."`
}

type recentOutput struct {
	Body struct {
		Cases []Case `json:"cases" nullable:"false" doc:"The latest call's first."`
	}
}

func (s *Server) recentCases(ctx context.Context, in *recentInput) (*recentOutput, error) {
	c := callerOf(ctx)
	agent := in.Agent
	switch {
	case c.Agent() != "" && (agent == "" || agent == c.ID):
		agent = c.ID
	case c.Agent() != "":
		return nil, invalid("query.agent", "people see their own")
	case agent == "":
		return nil, invalid("query.agent", "name the agent")
	}
	out := &recentOutput{}
	out.Body.Cases = []Case{}
	lists := s.listsFor(ctx, nil)
	if s.o.Recent == nil || len(lists) == 0 {
		return out, nil
	}
	found, err := s.o.Cases.OfNumbers(s.o.Recent(agent, time.Now()), lists)
	if err != nil {
		return nil, err
	}
	out.Body.Cases = s.casesOf(s.visible(ctx, found))
	return out, nil
}

// CaseID is what a request about a case has in its path. Huma reads embedded structs only when they are exported.
type CaseID struct {
	ID string `path:"id" maxLength:"64" doc:"The case's id."`
}

func (s *Server) siblings(ctx context.Context, in *CaseID) (*recentOutput, error) {
	if _, err := s.readCase(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := s.o.Cases.Siblings(in.ID, s.listsFor(ctx, nil))
	if err != nil {
		return nil, err
	}
	out := &recentOutput{}
	out.Body.Cases = s.casesOf(s.visible(ctx, found))
	return out, nil
}

// isFor says whether a case on a list that the caller may see is his to see. Programs see personal callbacks too: they
// do things for agents.
func (s *Server) isFor(ctx context.Context, c *cases.Case) bool {
	agent := callerOf(ctx).Agent()
	return agent == "" || c.Personal == "" || c.OpenTo(agent, s.right(ctx, c.List) >= directory.Supervise)
}

// visible are those of the cases that are the caller's to see.
func (s *Server) visible(ctx context.Context, all []cases.Case) []cases.Case {
	return slices.DeleteFunc(slices.Clone(all), func(c cases.Case) bool { return !s.isFor(ctx, &c) })
}

// onLists are those of the cases that are on one of the lists.
func onLists(all []cases.Case, lists []string) []cases.Case {
	return slices.DeleteFunc(slices.Clone(all), func(c cases.Case) bool { return !slices.Contains(lists, c.List) })
}

func (s *Server) casesOf(all []cases.Case) []Case {
	shown := make([]Case, 0, len(all))
	for i := range all {
		shown = append(shown, s.shower.caseOf(&all[i]))
	}
	return shown
}

// readCase reads a case that the caller has on its list the right to that the route asks for. One he may
// not know of is not there, exactly as if it were not.
func (s *Server) readCase(ctx context.Context, id string) (cases.Case, error) {
	c, err := s.o.Cases.Case(id)
	if err != nil {
		return cases.Case{}, err
	}
	switch seen, ok := s.may(ctx, c.List); {
	case !seen || !s.isFor(ctx, &c):
		return cases.Case{}, cases.ErrNotFound
	case !ok:
		return cases.Case{}, huma.Error403Forbidden("You may see this case and not do this to it.")
	}
	return c, nil
}

// mayOn says why a caller may not do on a list what the route is for. One he may not know of is not there.
func (s *Server) mayOn(ctx context.Context, list, location string) error {
	switch seen, ok := s.may(ctx, list); {
	case !seen && strings.HasPrefix(location, "path."):
		return huma.Error404NotFound("There is no such list.")
	case !seen:
		return invalid(location, "there is no such list")
	case !ok:
		return huma.Error403Forbidden("You may see this list and not do this on it.")
	}
	return nil
}

// right is what the caller may do on a list.
func (s *Server) right(ctx context.Context, list string) directory.Right {
	return callerOf(ctx).Right(s.o.Lists(), list)
}

type caseInput struct {
	CaseID
	History     int    `query:"history" minimum:"0" maximum:"1000" default:"200" doc:"How many of the latest entries of the history."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"An ETag you have: answers 304 when it is still the case's."`
}

// CaseWithHistory is a case with what happened to it.
type CaseWithHistory struct {
	Case
	History []Entry `json:"history" nullable:"false" doc:"What happened, oldest first."`
	Earlier int     `json:"earlier,omitempty" doc:"How many older entries were left out."`
}

type caseOutput struct {
	ETag string `header:"ETag" doc:"The case's version, for If-Match and If-None-Match."`
	Body CaseWithHistory
}

func (s *Server) getCase(ctx context.Context, in *caseInput) (*caseOutput, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	etag := entityTag(versionOf(&c))
	// Hearing a message changes the case as it is shown, and not its version.
	if s.shower.voicemailOf(c.ID) == string(voicemail.None) && matches(in.IfNoneMatch, versionOf(&c)) {
		return nil, huma.ErrorWithHeaders(huma.Status304NotModified(), http.Header{"ETag": {etag}})
	}
	out := &caseOutput{ETag: etag, Body: CaseWithHistory{Case: s.shower.caseOf(&c), History: []Entry{}}}
	// An entry is as good as the ring's place it takes: only the latest are kept while walking.
	latest := make([]cases.Entry, 0, in.History)
	n := 0
	for e, err := range s.o.Cases.History(in.ID) {
		if err != nil {
			return nil, fmt.Errorf("reading the history of case %s: %w", in.ID, err)
		}
		switch {
		case len(latest) < in.History:
			latest = append(latest, e)
		case in.History > 0:
			latest[n%in.History] = e
		}
		n++
	}
	for i := range latest {
		out.Body.History = append(out.Body.History, entryOf(&latest[(n+i)%len(latest)]))
	}
	out.Body.Earlier = n - len(latest)
	return out, nil
}

type historyInput struct {
	CaseID
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"20" doc:"The next of the page before."`
}

type historyOutput struct {
	Body struct {
		Entries []Entry `json:"entries" nullable:"false" doc:"Oldest first."`
		Next    string  `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

// history reads a page; the cursor is how many entries came before, as histories only grow.
func (s *Server) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
	if _, err := s.readCase(ctx, in.ID); err != nil {
		return nil, err
	}
	skip := 0
	if in.Cursor != "" {
		var err error
		if skip, err = strconv.Atoi(in.Cursor); err != nil || skip < 0 {
			return nil, invalid("query.cursor", "not a cursor of this history")
		}
	}
	out := &historyOutput{}
	out.Body.Entries = []Entry{}
	n := 0
	for e, err := range s.o.Cases.History(in.ID) {
		if err != nil {
			return nil, fmt.Errorf("reading the history of case %s: %w", in.ID, err)
		}
		if n++; n <= skip {
			continue
		}
		if len(out.Body.Entries) == in.Limit {
			out.Body.Next = strconv.Itoa(n - 1)
			break
		}
		out.Body.Entries = append(out.Body.Entries, entryOf(&e))
	}
	return out, nil
}
