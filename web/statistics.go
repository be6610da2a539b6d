package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/sip"
)

// Statistics is what became of a number of cases, by when they were opened.
type Statistics struct {
	List   string     `json:"list,omitempty" doc:"By list: which."`
	Reason string     `json:"reason,omitempty" doc:"By reason: of the first miss; absent for cases that no call made."`
	From   *time.Time `json:"from,omitempty" doc:"By hour or day: when that begins."`

	Opened       int64   `json:"opened" doc:"Cases opened."`
	Open         int64   `json:"open" doc:"Of these, still open."`
	AgentReached int64   `json:"agent_reached" doc:"Recovered: closed by an agent's call, or by an agent as successful."`
	CallerServed int64   `json:"caller_served" doc:"Recovered: the customer called again and was served."`
	Expired      int64   `json:"expired" doc:"Nobody dealt with them in time."`
	NeverReached int64   `json:"never_reached" doc:"Closed as unsuccessful, or after too many attempts."`
	Otherwise    int64   `json:"otherwise" doc:"Closed for another reason."`
	Attempts     int64   `json:"attempts" doc:"Attempts that count."`
	Tried        int64   `json:"tried" doc:"Cases with an attempt."`
	Contacted    int64   `json:"contacted" doc:"Cases whose customer was reached."`
	FirstP50     float64 `json:"first_attempt_p50" doc:"Seconds from the opening to the first attempt: half of those tried took no longer."`
	FirstP90     float64 `json:"first_attempt_p90" doc:"Nine tenths of them."`
	ContactP50   float64 `json:"contact_p50" doc:"Seconds from the opening until the customer was reached."`
	ContactP90   float64 `json:"contact_p90" doc:"Nine tenths of them."`
}

func (s *Server) registerStatistics(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/statistics", "get-statistics", "statistics", "What became of cases",
		"Of the cases opened in a time, on lists you supervise: how many were recovered, expired, never reached, and how soon. "+
			"Whatever happens to a case later, it counts where it was opened.", http.StatusForbidden), s.statistics)
}

// StatisticsFilter is what statistics are asked for by. Huma reads embedded structs only when they are
// exported.
type StatisticsFilter struct {
	Lists []string  `query:"lists" maxItems:"1000" doc:"Only of these lists, separated by commas."`
	From  time.Time `query:"from" doc:"Only cases opened in this hour and later."`
	To    time.Time `query:"to" doc:"Only cases opened before."`
	By    string    `query:"by" enum:"all,list,reason,hour,day" default:"all" doc:"What each row is about."`
	Zone  string    `query:"zone" maxLength:"64" doc:"By day: the time zone, as Europe/Helsinki. Absent: UTC."`
}

type statisticsOutput struct {
	Body struct {
		Rows []Statistics `json:"rows" nullable:"false" doc:"In the order of list, reason or time."`
	}
}

// By is what the words of a filter ask for.
var byWords = map[string]cases.By{"all": cases.ByNothing, "list": cases.ByList, "reason": cases.ByReason, "hour": cases.ByHour, "day": cases.ByDay}

func (s *Server) statistics(ctx context.Context, in *StatisticsFilter) (*statisticsOutput, error) {
	rows, err := s.rowsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &statisticsOutput{}
	out.Body.Rows = []Statistics{}
	for i := range rows {
		out.Body.Rows = append(out.Body.Rows, statisticsOf(&rows[i]))
	}
	return out, nil
}

// maxSpan bounds how many rows by hour there can be.
const maxSpan = 400 * 24 * time.Hour

func (s *Server) rowsOf(ctx context.Context, in *StatisticsFilter) ([]cases.Statistics, error) {
	q := cases.StatisticsQuery{Lists: s.listsFor(ctx, in.Lists), From: in.From, To: in.To, By: byWords[in.By]}
	if q.By == cases.ByHour {
		if q.To.IsZero() {
			q.To = time.Now().Add(time.Hour)
		}
		if q.From.IsZero() || q.To.Sub(q.From) > maxSpan {
			return nil, invalid("query.from", "by hour at most 400 days at once: say from when")
		}
	}
	if in.Zone != "" {
		var err error
		if q.Zone, err = time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" {
			return nil, invalid("query.zone", "there is no time zone of this name")
		}
	}
	return s.o.Cases.Statistics(q)
}

func statisticsOf(r *cases.Statistics) Statistics {
	shown := Statistics{
		List: r.List, From: timeOf(r.From), Opened: r.Opened, Open: r.Open, AgentReached: r.AgentReached, CallerServed: r.CallerServed, Expired: r.Expired,
		NeverReached: r.NeverReached, Otherwise: r.Otherwise, Attempts: r.Attempts, Tried: r.Tried, Contacted: r.Contacted,
		FirstP50: r.FirstP50.Seconds(), FirstP90: r.FirstP90.Seconds(), ContactP50: r.ContactP50.Seconds(), ContactP90: r.ContactP90.Seconds(),
	}
	if r.Reason != sip.ReasonNone {
		shown.Reason = r.Reason.String()
	}
	return shown
}
