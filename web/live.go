package web

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/sip"
)

// Blind is an interval in which calls could not be watched.
type Blind struct {
	From   time.Time  `json:"from" doc:"When the watch was lost."`
	To     *time.Time `json:"to,omitempty" doc:"When it was back; absent while it is lost."`
	Reason string     `json:"reason,omitempty" doc:"What was the matter."`
}

func (s *Server) registerLive(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/calls/live", "list-live-calls", "live", "Calls being watched",
		"Calls of lists you may see, and your own, whose verdict has not fallen yet, oldest first.", http.StatusForbidden), s.liveCalls)
	handle(s, api, operation(http.MethodGet, "/v1/hints/live", "list-live-hints", "live", "Hints being shown",
		"Hints raised and not withdrawn: an agent is on a call with a customer who has a case. You see your own, and those about lists you may see.", http.StatusForbidden), s.liveHints)
	if s.o.DismissHint != nil {
		dismiss := operation(http.MethodPost, "/v1/hints/{call}/dismiss", "dismiss-hint", "live", "Dismiss a hint",
			"Takes the hint of a call away from you: it does not come again in that call. With a case, only the hint that tells of it. "+
				"404: you have none of that call.", http.StatusForbidden, http.StatusNotFound)
		dismiss.DefaultStatus = http.StatusNoContent
		handle(s, api, withBody(dismiss), s.dismissHint)
	}
	handle(s, api, operation(http.MethodGet, "/v1/blind", "list-blind-intervals", "live", "When nothing could be seen",
		"Intervals in which calls could not be watched, newest first. Cases of calls that began or ended in one may be missing.", http.StatusForbidden), s.blind)
}

type liveCallsInput struct {
	Service string `query:"service" maxLength:"128" doc:"Only calls of this service."`
	List    string `query:"list" maxLength:"128" doc:"Only calls of this callback list."`
	Agent   string `query:"agent" maxLength:"128" doc:"Only calls with this agent."`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor  string `query:"cursor" maxLength:"2048" doc:"The next of the page before."`
}

type liveCallsOutput struct {
	Body struct {
		Calls []Call `json:"calls" nullable:"false"`
		Total int    `json:"total" doc:"How many live calls pass the filter, on all pages."`
		Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) liveCalls(ctx context.Context, in *liveCallsInput) (*liveCallsOutput, error) {
	after, ok := parseCallCursor(in.Cursor)
	if !ok {
		return nil, invalid("query.cursor", "not a cursor of this list")
	}
	var calls []*sip.Call
	if s.o.LiveCalls != nil {
		calls = s.o.LiveCalls()
	}
	seen := sightOf(callerOf(ctx), s.o.Lists())
	calls = slices.DeleteFunc(slices.Clone(calls), func(c *sip.Call) bool {
		about := aboutCall(c)
		return !seen.sees(&about) || in.Service != "" && c.Service != in.Service || in.List != "" && c.List != in.List || in.Agent != "" && c.Agent != in.Agent
	})
	out := &liveCallsOutput{}
	out.Body.Total = len(calls)
	out.Body.Calls = []Call{}
	calls = slices.DeleteFunc(calls, func(c *sip.Call) bool { return after.compare(c) >= 0 })
	slices.SortFunc(calls, func(a, b *sip.Call) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	for i, c := range calls {
		if i == in.Limit {
			out.Body.Next = cursorAt(calls[i-1])
			break
		}
		out.Body.Calls = append(out.Body.Calls, s.shower.callOf(c, false))
	}
	return out, nil
}

// callCursor is a place among live calls, which come and go: after the call that was shown last.
type callCursor struct {
	started time.Time
	id      string
}

// compare orders the cursor against a call; the zero cursor is before all calls.
func (c callCursor) compare(call *sip.Call) int {
	if c.id == "" {
		return -1
	}
	return cmp.Or(c.started.Compare(call.Started), cmp.Compare(c.id, call.ID))
}

func cursorAt(c *sip.Call) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.Started.UnixNano(), 10) + " " + c.ID))
}

func parseCallCursor(s string) (callCursor, bool) {
	if s == "" {
		return callCursor{}, true
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return callCursor{}, false
	}
	started, id, ok := strings.Cut(string(b), " ")
	nanos, err := strconv.ParseInt(started, 10, 64)
	if !ok || err != nil || id == "" {
		return callCursor{}, false
	}
	return callCursor{time.Unix(0, nanos), id}, true
}

type liveHintsInput struct {
	Agent string `query:"agent" maxLength:"128" doc:"Only hints for this agent."`
}

type liveHintsOutput struct {
	Body struct {
		Hints []Hint `json:"hints" nullable:"false"`
	}
}

func (s *Server) liveHints(ctx context.Context, in *liveHintsInput) (*liveHintsOutput, error) {
	out := &liveHintsOutput{}
	out.Body.Hints = []Hint{}
	if s.o.LiveHints == nil {
		return out, nil
	}
	hints, seen := s.o.LiveHints(in.Agent), sightOf(callerOf(ctx), s.o.Lists())
	for i := range hints {
		if about := aboutHint(&hints[i]); !seen.sees(&about) {
			continue
		}
		out.Body.Hints = append(out.Body.Hints, s.shower.hintOf(&hints[i]))
	}
	return out, nil
}

type dismissInput struct {
	Call string `path:"call" maxLength:"128" doc:"The call's id."`
	Body struct {
		Case string `json:"case,omitempty" maxLength:"64" doc:"A case that the hint tells of; absent: all hints of the call."`
	}
}

func (s *Server) dismissHint(ctx context.Context, in *dismissInput) (*struct{}, error) {
	if !s.o.DismissHint(callerOf(ctx).Agent(), in.Call, in.Body.Case, time.Now()) {
		return nil, huma.Error404NotFound("You have no such hint.")
	}
	return &struct{}{}, nil
}

type blindInput struct {
	From  time.Time `query:"from" doc:"Only intervals that end after this."`
	To    time.Time `query:"to" doc:"Only intervals that begin before this."`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

type blindOutput struct {
	Body struct {
		Blind []Blind `json:"blind" nullable:"false"`
		More  bool    `json:"more" doc:"Whether there are older ones; ask for them with to."`
	}
}

func (s *Server) blind(ctx context.Context, in *blindInput) (*blindOutput, error) {
	out := &blindOutput{}
	out.Body.Blind = []Blind{}
	if s.o.Blind == nil {
		return out, nil
	}
	intervals, err := s.o.Blind(ctx)
	if err != nil {
		return nil, err
	}
	intervals = slices.DeleteFunc(slices.Clone(intervals), func(b Blind) bool {
		return !in.From.IsZero() && b.To != nil && !b.To.After(in.From) || !in.To.IsZero() && !b.From.Before(in.To)
	})
	slices.SortFunc(intervals, func(a, b Blind) int { return b.From.Compare(a.From) })
	out.Body.More = len(intervals) > in.Limit
	out.Body.Blind = append(out.Body.Blind, intervals[:min(in.Limit, len(intervals))]...)
	return out, nil
}
