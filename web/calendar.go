package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"ringback/cases"
	"ringback/cases/schedule"
	"ringback/directory/people"
)

// CalendarPath is where the calendars of agents are; the secret of one, and .ics, follow.
const CalendarPath = "/calendar/"

// CalendarAddress is where an agent's calendar is.
type CalendarAddress struct {
	Path string `json:"path" doc:"To be put behind the server's address. It is shown once."`
}

type calendarOutput struct {
	Body CalendarAddress
}

func (s *Server) makeCalendar(ctx context.Context, _ *struct{}) (*calendarOutput, error) {
	c := callerOf(ctx)
	secret, err := s.o.People.NewCalendar(ctx, actOf(c), c.Agent())
	if err != nil {
		return nil, err
	}
	return &calendarOutput{CalendarAddress{CalendarPath + secret + ".ics"}}, nil
}

func (s *Server) dropCalendar(ctx context.Context, _ *struct{}) (*struct{}, error) {
	c := callerOf(ctx)
	return nil, s.o.People.DropCalendar(ctx, actOf(c), c.Agent())
}

// How much of a calendar is shown.
const (
	calendarBack    = 7 * 24 * time.Hour
	calendarForward = 366 * 24 * time.Hour
)

// serveCalendars serves agents' calendars to whoever has their address.
func (s *Server) serveCalendars(mux *http.ServeMux) {
	if s.o.Schedule == nil || s.o.People == nil {
		return
	}
	mux.HandleFunc("GET "+CalendarPath+"{secret}", func(w http.ResponseWriter, r *http.Request) {
		if wait, ok := s.logins.take(network(originOf(r.Context()).address), time.Now()); !ok {
			tooMany(w, wait)
			return
		}
		secret, ok := strings.CutSuffix(r.PathValue("secret"), ".ics")
		var id string
		err := people.ErrUnknown
		if ok {
			id, err = s.o.People.Calendar(secret)
		}
		if err == nil {
			var text string
			if text, err = s.calendarOf(id, time.Now()); err == nil {
				w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
				w.Header().Set("Cache-Control", "private, no-cache")
				_, _ = w.Write([]byte(text)) //nolint:gosec // a calendar is no page: text/calendar, nosniff, its texts escaped; a client may be gone
				return
			}
		}
		if errors.Is(err, people.ErrUnknown) {
			writeProblem(w, http.StatusNotFound, "There is no such calendar.")
			return
		}
		s.o.Logger.ErrorContext(r.Context(), "a calendar cannot be read", "err", err)
		writeProblem(w, http.StatusInternalServerError, "Something went wrong here; the log has more.")
	})
}

// calendarOf is the calendar of an agent: the calls that wait for him, and those of the last week.
func (s *Server) calendarOf(agent string, now time.Time) (string, error) {
	plans, err := s.o.Schedule.OfAgent(agent, now.Add(-calendarBack), now.Add(calendarForward))
	if err != nil {
		return "", err
	}
	var events []calendarEvent
	for i := range plans {
		p := &plans[i]
		if p.State == schedule.Cancelled {
			continue
		}
		c, err := s.o.Cases.Case(p.Case)
		if errors.Is(err, cases.ErrNotFound) || err == nil && p.State == schedule.Waiting && c.State != cases.Open {
			continue
		}
		if err != nil {
			return "", err
		}
		events = append(events, s.eventOf(p, &c))
	}
	name := agent
	if a, known := s.o.Lists().Agent(agent); known {
		name = a.Name
	}
	return writeCalendar("Calls of "+name, events), nil
}

// eventOf is a scheduled call as a calendar shows it: nothing of the customer, unless that is allowed.
func (s *Server) eventOf(p *schedule.Plan, c *cases.Case) calendarEvent {
	list := p.List
	if l, known := s.o.Lists().List(p.List); known {
		list = l.Name
	}
	e := calendarEvent{id: p.ID, start: p.At, stamp: p.Created, summary: "Callback, " + list, description: "Case " + p.Case}
	if !p.Ended.IsZero() {
		e.stamp = p.Ended
	}
	if p.Zone != "" {
		if zone, err := time.LoadLocation(p.Zone); err == nil {
			e.description += "\n" + p.At.In(zone).Format("15:04") + " in " + p.Zone
		}
	}
	if s.o.CalendarNumbers {
		who := cmp.Or(p.Number, c.Number).String()
		if c.Name != "" {
			who = c.Name + " " + who
		}
		e.summary += ": " + who
		if p.Note != "" {
			e.description += "\n" + p.Note
		}
	}
	return e
}
