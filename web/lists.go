package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/people"
)

// List is a callback list or call list with its counters.
type List struct {
	ID         string   `json:"id" doc:"As the directory names it."`
	Name       string   `json:"name" doc:"For people."`
	Kind       string   `json:"kind" enum:"callback,call" doc:"Whether its cases come from missed calls or were imported."`
	Right      string   `json:"right" enum:"see,work,supervise" doc:"What you may do on it."`
	Active     bool     `json:"active" doc:"Whether you take part in it now."`
	Vocabulary string   `json:"vocabulary" enum:"standard,enreach" doc:"The words in which screens show reasons. Enreach: abandoned ones are called dropped, all the rest missed; the reasons here stay as they are."`
	Members    []string `json:"members" nullable:"false" doc:"Its agents."`
	Services   []string `json:"services" nullable:"false" doc:"The services whose cases it collects."`
	OpenNow    bool     `json:"open_now" doc:"Whether these are its opening hours."`
	Open       int      `json:"open" doc:"Open cases."`
	Overdue    int      `json:"overdue" doc:"Of these, past their due time."`
	DueSoon    int      `json:"due_soon" doc:"Of these, due within an hour."`
	Expiring   int      `json:"expiring" doc:"Of these, expiring within 24 hours."`
	Unassigned int      `json:"unassigned" doc:"Of these, had by nobody."`
	Mine       int      `json:"mine" doc:"Of these, yours."`
}

// ListDetail is a list with what agents need to work on it and supervisors to run it.
type ListDetail struct {
	List
	People   []Colleague  `json:"people" nullable:"false" doc:"Who works on it, to be assigned cases."`
	Lines    []Line       `json:"lines" nullable:"false" doc:"Its services, with their names."`
	Settings ListSettings `json:"settings" doc:"What supervisors can change."`
}

// Colleague is somebody who works on a list.
type Colleague struct {
	ID         string `json:"id" doc:"As the directory names him."`
	Name       string `json:"name" doc:"For people."`
	Supervises bool   `json:"supervises" doc:"Whether he runs the list."`
}

// Line is a service of a list.
type Line struct {
	ID   string `json:"id" doc:"As the directory names it."`
	Name string `json:"name" doc:"For people."`
}

type listsInput struct {
	Kind   string `query:"kind" enum:"callback,call" doc:"Only callback lists, or call lists."`
	Active bool   `query:"active" doc:"Only lists you take part in."`
}

type listsOutput struct {
	Body struct {
		Lists []List `json:"lists" nullable:"false" doc:"In the order of the directory."`
	}
}

func (s *Server) registerLists(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/lists", "list-lists", "lists", "Lists with counters",
		"The lists you may see.", http.StatusForbidden), s.lists)
	handle(s, api, operation(http.MethodGet, "/v1/lists/{list}", "get-list", "lists", "One list with its settings",
		"What agents need to work on the list, such as its handling statuses and resolutions, and what supervisors can change.",
		http.StatusForbidden, http.StatusNotFound), s.list)
	if s.o.People != nil {
		handle(s, api, withBody(operation(http.MethodPut, "/v1/lists/{list}/active", "set-active", "lists", "Take part in a list, or not",
			"Whether you get cases of the list and are told of them. You stay a member either way.",
			http.StatusForbidden, http.StatusNotFound)), s.setActive)
	}
	if s.o.Edit != nil {
		handle(s, api, withBody(operation(http.MethodPatch, "/v1/lists/{list}", "edit-list", "lists", "Change members and settings of a list",
			"Changes what is given and leaves the rest. It makes a new version of the directory, in which only this list is another. "+
				"Who supervises a list only an admin changes.",
			http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed)), s.editList)
	}
}

func (s *Server) lists(ctx context.Context, in *listsInput) (*listsOutput, error) {
	out := &listsOutput{}
	out.Body.Lists = []List{}
	shown, err := s.shownLists(ctx, s.listsFor(ctx, nil))
	if err != nil {
		return nil, err
	}
	for _, l := range shown {
		if (in.Kind == "" || l.Kind == in.Kind) && (!in.Active || l.Active) {
			out.Body.Lists = append(out.Body.Lists, l)
		}
	}
	return out, nil
}

// shownLists are lists as a caller sees them.
func (s *Server) shownLists(ctx context.Context, ids []string) ([]List, error) {
	now, d, c := time.Now(), s.o.Lists(), callerOf(ctx)
	counters, err := s.o.Cases.Counters(ids, c.Agent(), now)
	if err != nil {
		return nil, err
	}
	active := s.active(&c.Principal)
	var shown []List
	for _, id := range ids {
		l, ok := d.List(id)
		if !ok {
			continue // taken out of the directory just now
		}
		shown = append(shown, listOf(l, counters[id], now, c.Right(d, id), active[id]))
	}
	return shown, nil
}

func listOf(l *directory.List, n cases.Counters, now time.Time, right directory.Right, active bool) List {
	return List{
		ID: l.ID, Name: l.Name, Kind: kindOf(l), Right: rightWords[right], Active: active, Vocabulary: vocabularyOf(l),
		Members: someOf(l.Members), Services: someOf(l.Services), OpenNow: l.Hours.Open(now),
		Open: n.Open, Overdue: n.Overdue, DueSoon: n.DueInHour, Expiring: n.ExpiringInDay, Unassigned: n.Unassigned, Mine: n.Mine,
	}
}

// vocabularyOf is the set of words in which a list's reasons are shown.
func vocabularyOf(l *directory.List) string {
	if l.Policy.Vocabulary == directory.VocabularyEnreach {
		return "enreach"
	}
	return "standard"
}

// kindOf is whether a list's cases come from missed calls or were imported.
func kindOf(l *directory.List) string {
	if l.Kind == directory.CallList {
		return "call"
	}
	return "callback"
}

// ListID is what a request about one list has in its path. Huma reads embedded structs only when they
// are exported.
type ListID struct {
	List string `path:"list" maxLength:"64" doc:"The list."`
}

type listOutput struct {
	ETag string `header:"ETag" doc:"The version of the settings, for If-Match."`
	Body ListDetail
}

func (s *Server) list(ctx context.Context, in *ListID) (*listOutput, error) {
	if err := s.mayOn(ctx, in.List, "path.list"); err != nil {
		return nil, err
	}
	shown, err := s.shownLists(ctx, []string{in.List})
	if err != nil {
		return nil, err
	}
	d := s.o.Lists()
	l, ok := d.List(in.List)
	entry := entryIn(d.File(), in.List)
	if !ok || entry == nil || len(shown) == 0 {
		return nil, huma.Error404NotFound("There is no such list.")
	}
	out := &listOutput{Body: ListDetail{List: shown[0], People: colleaguesOf(d, l), Lines: linesOf(d, l), Settings: settingsOf(entry)}}
	out.ETag = entityTag(versionOfValue(out.Body.Settings))
	return out, nil
}

// entryIn is a list as the directory's file has it, nil when it has none.
func entryIn(f *directory.File, list string) *directory.ListEntry {
	i := slices.IndexFunc(f.Lists, func(l directory.ListEntry) bool { return l.ID == list })
	if i < 0 {
		return nil
	}
	return &f.Lists[i]
}

func colleaguesOf(d *directory.Directory, l *directory.List) []Colleague {
	all := []Colleague{}
	for _, id := range d.People() {
		if right := d.Right(id, l.ID); right >= directory.Work && (slices.Contains(l.Members, id) || slices.Contains(l.Supervisors, id)) {
			a, _ := d.Agent(id)
			all = append(all, Colleague{ID: id, Name: a.Name, Supervises: slices.Contains(l.Supervisors, id)})
		}
	}
	return all
}

func linesOf(d *directory.Directory, l *directory.List) []Line {
	all := []Line{}
	for _, id := range l.Services {
		if named, ok := d.Service(id); ok {
			all = append(all, Line{id, cmp.Or(named.Name, id)})
		}
	}
	return all
}

func (s *Server) setActive(ctx context.Context, in *struct {
	ListID
	Body struct {
		Active bool `json:"active" doc:"Whether you take part."`
	}
},
) (*listOutput, error) {
	if err := s.mayOn(ctx, in.List, "path.list"); err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	s.preferring.Lock() // one reads what another is about to write
	defer s.preferring.Unlock()
	prefer, err := s.o.People.Preferences(c.ID)
	if err != nil {
		return nil, err
	}
	prefer.Inactive = slices.DeleteFunc(slices.Clone(prefer.Inactive), func(id string) bool { return id == in.List })
	if !in.Body.Active {
		prefer.Inactive = append(prefer.Inactive, in.List)
	}
	if err := s.o.People.SetPreferences(ctx, actOf(c), c.ID, prefer); err != nil {
		return nil, err
	}
	return s.list(ctx, &in.ListID)
}

func (s *Server) editList(ctx context.Context, in *struct {
	ListID
	MatchHead
	Body ListEdit
},
) (*listOutput, error) {
	before, err := s.list(ctx, &in.ListID)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if in.Body.Supervisors != nil && (!c.All(s.o.Lists()) || !c.May(s.o.Lists(), people.PeopleManage)) {
		return nil, huma.Error403Forbidden("Who supervises a list only an admin changes.")
	}
	err = s.o.Edit(ctx, actOf(c), func(f *directory.File) error {
		entry := entryIn(f, in.List)
		if entry == nil {
			return huma.Error404NotFound("There is no such list.")
		}
		if err := in.mustMatch(entityTag(versionOfValue(settingsOf(entry)))); err != nil {
			return err
		}
		return in.Body.apply(entry)
	})
	if err != nil {
		return nil, err
	}
	after, err := s.list(ctx, &in.ListID)
	if err != nil { // he took himself out
		return before, nil //nolint:nilerr // the change is made, and what it was is all he may see
	}
	return after, nil
}
