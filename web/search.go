package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/search"
)

func (s *Server) registerSearch(api huma.API) {
	if s.o.Search == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/search", "search-cases", "cases", "Search",
		"Finds cases by part of a number in any form, and by words of name, topic, note, comments and imported fields: all that is typed has to be there. "+
			"Open cases come first, then the better kind of match, then the newer.", http.StatusForbidden), s.search)
}

type searchInput struct {
	Text   string   `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"What is looked for."`
	Lists  []string `query:"lists" maxItems:"1000" doc:"Only cases of these lists, separated by commas."`
	State  string   `query:"state" enum:"open,closed" doc:"Only open, or closed, cases."`
	Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string   `query:"cursor" maxLength:"2048" doc:"The next of the page before."`
}

// Hit is one case that was found.
type Hit struct {
	Case
	Where string `json:"where,omitempty" enum:"number,name,topic,note" doc:"What of the case was found; absent for anything else."`
}

type searchOutput struct {
	Body struct {
		Hits    []Hit  `json:"hits" nullable:"false" doc:"The best first."`
		Total   int    `json:"total" doc:"How many there are on all pages, about."`
		Partial bool   `json:"partial,omitempty" doc:"The index is being made anew: there may be more."`
		Next    string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	out := &searchOutput{}
	out.Body.Hits = []Hit{}
	q := search.Query{Text: in.Text, Lists: s.listsFor(ctx, in.Lists), Limit: in.Limit, Cursor: in.Cursor}
	q.Sees = func(c *cases.Case) bool { return s.isFor(ctx, c) }
	if in.State != "" {
		q.State, _ = cases.ParseState(in.State)
	}
	if len(q.Lists) == 0 {
		return out, nil
	}
	page, err := s.o.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Body.Total, out.Body.Partial, out.Body.Next = page.Total, page.Partial, page.Next
	for i := range page.Hits {
		out.Body.Hits = append(out.Body.Hits, Hit{s.shower.caseOf(&page.Hits[i].Case), page.Hits[i].Where})
	}
	return out, nil
}
