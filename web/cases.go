package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/sip"
)

func (s *Server) registerCases(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/cases", "list-cases", "cases", "Cases of a list, or of a number",
		"Open cases come as they should be called: overdue first, the longest overdue on top, then by due time, then more misses, then older. "+
			"Closed cases come latest first. Name a list, or a number for its open cases on all lists."), s.listCases)
	one := operation(http.MethodGet, "/v1/cases/{id}", "get-case", "cases", "One case with its history",
		"The history has every event of the case with its proof: the call it rests on and what was seen of it.",
		http.StatusNotFound)
	one.Responses = map[string]*huma.Response{"304": {Description: "The version named in If-None-Match is still the case's"}}
	handle(s, api, one, s.getCase)
}

type casesInput struct {
	List   string `query:"list" maxLength:"64" doc:"Only cases of this callback list."`
	State  string `query:"state" enum:"open,closed" default:"open" doc:"Whether open or closed cases."`
	Number string `query:"number" maxLength:"32" doc:"Only open cases of this number, E.164 with a plus sign."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"2048" doc:"The next of the page before, with the same list and state."`
}

type casesOutput struct {
	Body struct {
		Cases []Case `json:"cases" nullable:"false"`
		Maybe []Case `json:"maybe,omitempty" nullable:"false" doc:"Of a number: open cases of other numbers with the same last nine digits. It may be the same customer; never act on it."`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) listCases(_ context.Context, in *casesInput) (*casesOutput, error) {
	if in.Number != "" {
		return s.casesOfNumber(in)
	}
	if in.List == "" {
		return nil, invalid("query.list", "name a list, or a number")
	}
	state, _ := cases.ParseState(in.State) // one of the two words, or the answer was given before
	page, err := s.o.Cases.List(cases.Query{Lists: []string{in.List}, State: state, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &casesOutput{}
	out.Body.Cases, out.Body.Next = casesOf(page.Cases), page.Next
	return out, nil
}

// casesOfNumber answers with the open cases of a number: at most one of each list.
func (s *Server) casesOfNumber(in *casesInput) (*casesOutput, error) {
	if in.State != cases.Open.String() {
		return nil, invalid("query.state", "by number only open cases are found")
	}
	if in.Cursor != "" {
		return nil, invalid("query.cursor", "by number all cases come at once")
	}
	number, err := parseNumber(in.Number)
	if err != nil {
		return nil, invalid("query.number", "not an E.164 number")
	}
	found, err := s.o.Cases.OpenByNumber(number)
	if err != nil {
		return nil, err
	}
	maybe, err := s.o.Cases.MaybeByNumber(number)
	if err != nil {
		return nil, err
	}
	out := &casesOutput{}
	out.Body.Cases, out.Body.Maybe = casesOf(onList(found, in.List)), casesOf(onList(maybe, in.List))
	return out, nil
}

// parseNumber reads a number of a query, where a plus sign that was not escaped has become a blank.
func parseNumber(text string) (sip.Number, error) {
	return sip.ParseNumber("+" + strings.TrimPrefix(strings.TrimSpace(text), "+"))
}

// onList are the cases of a list, or all when it is empty.
func onList(all []cases.Case, list string) []cases.Case {
	if list == "" {
		return all
	}
	var some []cases.Case
	for i := range all {
		if all[i].List == list {
			some = append(some, all[i])
		}
	}
	return some
}

func casesOf(all []cases.Case) []Case {
	shown := make([]Case, 0, len(all))
	for i := range all {
		shown = append(shown, caseOf(&all[i]))
	}
	return shown
}

type caseInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The case's id."`
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

func (s *Server) getCase(_ context.Context, in *caseInput) (*caseOutput, error) {
	c, err := s.o.Cases.Case(in.ID)
	if err != nil {
		return nil, err
	}
	etag := entityTag(versionOf(&c))
	if matches(in.IfNoneMatch, versionOf(&c)) {
		return nil, huma.ErrorWithHeaders(huma.Status304NotModified(), http.Header{"ETag": {etag}})
	}
	out := &caseOutput{ETag: etag, Body: CaseWithHistory{Case: caseOf(&c), History: []Entry{}}}
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
