package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// OpenSession is one of the sessions that a person has open.
type OpenSession struct {
	ID      string    `json:"id" doc:"For ending it; opens nothing."`
	Current bool      `json:"current" doc:"Whether it is the one that asks."`
	Created time.Time `json:"created" doc:"When he logged in."`
	Seen    time.Time `json:"seen" doc:"When it was last used; at most a minute too early."`
	Until   time.Time `json:"until" doc:"When it ends at the latest."`
	Peer    string    `json:"peer,omitempty" doc:"The address he logged in from."`
	Device  string    `json:"device,omitempty" doc:"What the browser or app calls itself."`
}

func (s *Server) registerOwnSessions(api huma.API) {
	nothing := func(op huma.Operation) huma.Operation {
		op.DefaultStatus = http.StatusNoContent
		return op
	}
	handle(s, api, operation(http.MethodGet, "/v1/sessions", "list-sessions", "session", "Your sessions",
		"Those you have open, the one used last first.", http.StatusForbidden), s.ownSessions)
	handle(s, api, nothing(operation(http.MethodDelete, "/v1/sessions", "end-sessions", "session", "Log out everywhere",
		"Ends all your sessions, this one too.", http.StatusForbidden)),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			c := callerOf(ctx)
			return nil, s.o.People.LogoutEverywhere(ctx, actOf(c), c.ID)
		})
	handle(s, api, nothing(operation(http.MethodDelete, "/v1/sessions/{id}", "end-session", "session", "End one of your sessions",
		"As of a phone that is lost.", http.StatusForbidden, http.StatusNotFound)),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64" doc:"As the list of your sessions has it."`
		},
		) (*struct{}, error) {
			c := callerOf(ctx)
			return nil, s.o.People.End(ctx, actOf(c), c.ID, in.ID)
		})
}

type sessionsOutput struct {
	Body struct {
		Sessions []OpenSession `json:"sessions" nullable:"false"`
	}
}

func (s *Server) ownSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	c := callerOf(ctx)
	all, err := s.o.People.Sessions(c.ID, time.Now())
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Sessions = []OpenSession{}
	for i := range all {
		o := &all[i]
		out.Body.Sessions = append(out.Body.Sessions, OpenSession{
			ID: o.ID, Current: o.ID == c.Session(), Created: o.Created, Seen: o.Seen, Until: o.Until, Peer: o.Peer, Device: o.Device,
		})
	}
	return out, nil
}
