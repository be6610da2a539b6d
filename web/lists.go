package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/directory"
)

// List is a callback list with its counters.
type List struct {
	ID       string   `json:"id" doc:"As the directory names it."`
	Name     string   `json:"name" doc:"For people."`
	Kind     string   `json:"kind" enum:"callback,call" doc:"Whether its cases come from missed calls or were imported."`
	Members  []string `json:"members" nullable:"false" doc:"Its agents."`
	Services []string `json:"services" nullable:"false" doc:"The services whose cases it collects."`
	OpenNow  bool     `json:"open_now" doc:"Whether these are its opening hours."`
	Open     int      `json:"open" doc:"Open cases."`
	Overdue  int      `json:"overdue" doc:"Of these, past their due time."`
	DueSoon  int      `json:"due_soon" doc:"Of these, due within an hour."`
	More     bool     `json:"more,omitempty" doc:"There are more overdue or due soon than were counted."`
}

type listsOutput struct {
	Body struct {
		Lists []List `json:"lists" nullable:"false"`
	}
}

// maxCounted is how many cases of a list are looked at to count those overdue or due soon.
const maxCounted = 2000

func (s *Server) registerLists(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/lists", "list-lists", "lists", "Callback lists with counters",
		"All lists in the order of the directory."), s.lists)
}

func (s *Server) lists(context.Context, *struct{}) (*listsOutput, error) {
	now := time.Now()
	open := s.o.Cases.Open()
	out := &listsOutput{}
	out.Body.Lists = []List{}
	for _, l := range s.o.Lists().Lists() {
		shown := List{
			ID: l.ID, Name: l.Name, Kind: "callback", Members: someOf(l.Members), Services: someOf(l.Services),
			OpenNow: l.Hours.Open(now), Open: open[l.ID],
		}
		if l.Kind == directory.CallList {
			shown.Kind = "call"
		}
		if err := s.count(&shown, now); err != nil {
			return nil, err
		}
		out.Body.Lists = append(out.Body.Lists, shown)
	}
	return out, nil
}

// count counts what is overdue and due soon: cases come in the order they are due.
func (s *Server) count(l *List, now time.Time) error {
	q := cases.Query{Lists: []string{l.ID}, State: cases.Open, Limit: 500}
	for seen := 0; ; {
		page, err := s.o.Cases.List(q)
		if err != nil {
			return err
		}
		for i := range page.Cases {
			c := &page.Cases[i]
			switch {
			case c.Overdue(now):
				l.Overdue++
			case c.Due.Before(now.Add(time.Hour)):
				l.DueSoon++
			default:
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		if seen += len(page.Cases); seen >= maxCounted {
			l.More = true
			return nil
		}
		q.Cursor = page.Next
	}
}
