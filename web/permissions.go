package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ringback/directory"
	"ringback/directory/people"
)

// permission says who may use a route of the API. It is the only place that does: what a handler looks
// at on a list, it looks at with the right that stands here.
type permission struct {
	route string       // method and path
	who   audience     // beside the scope
	scope people.Scope // empty: none is needed
	right directory.Right
}

// audience is who may use a route at all.
type audience uint8

const (
	scoped  audience = iota // who has the scope: a token that was given it, a person whose role has it
	anybody                 // without logging in
	known                   // any person or token
	persons                 // people who logged in, on what is their own
	overall                 // who has the scope and sees all lists: an admin, a token that is not kept to some
)

// rightWords are the rights as the API writes them.
var rightWords = [...]string{directory.NoRight: "none", directory.See: "see", directory.Work: "work", directory.Supervise: "supervise"}

// permissions are those of all routes. A right is one on the list that the request is about, or on that
// of its case; a request about several lists shows those of them on which the right is there.
var permissions = []permission{
	{"POST /v1/session", anybody, "", directory.NoRight},
	{"POST /v1/session/invitation", anybody, "", directory.NoRight},
	{"GET /v1/session", known, "", directory.NoRight},
	{"DELETE /v1/session", persons, "", directory.NoRight},
	{"PUT /v1/session/password", persons, "", directory.NoRight},
	{"GET /v1/session/preferences", persons, "", directory.NoRight},
	{"PUT /v1/session/preferences", persons, "", directory.NoRight},

	{"GET /v1/session/push-subscriptions", persons, "", directory.NoRight},
	{"POST /v1/session/push-subscriptions", persons, "", directory.NoRight},
	{"DELETE /v1/session/push-subscriptions/{id}", persons, "", directory.NoRight},
	{"POST /v1/session/push-subscriptions/{id}/test", persons, "", directory.NoRight},

	{"GET /v1/sessions", persons, "", directory.NoRight},
	{"DELETE /v1/sessions", persons, "", directory.NoRight},
	{"DELETE /v1/sessions/{id}", persons, "", directory.NoRight},

	{"GET /v1/cases", scoped, people.CasesRead, directory.See},
	{"POST /v1/cases", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/recent", scoped, people.CasesRead, directory.See},
	{"POST /v1/cases/next", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/batch", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/{id}", scoped, people.CasesRead, directory.See},
	{"PATCH /v1/cases/{id}", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/{id}/history", scoped, people.CasesRead, directory.See},
	{"GET /v1/cases/{id}/siblings", scoped, people.CasesRead, directory.See},
	{"POST /v1/cases/{id}/assign", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/unassign", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/accept", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/comments", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/attempts", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/handling", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/call-later", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/await", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/close", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/reopen", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/keep-open", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/undo", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/acts/{act}/undo", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/search", scoped, people.CasesRead, directory.See},

	{"GET /v1/lists", scoped, people.CasesRead, directory.See},
	{"GET /v1/lists/{list}", scoped, people.CasesRead, directory.See},
	{"PATCH /v1/lists/{list}", scoped, people.ListsManage, directory.Supervise},
	{"PUT /v1/lists/{list}/active", persons, "", directory.Work},

	{"POST /v1/lists/{list}/imports", scoped, people.DataImport, directory.Supervise},
	{"GET /v1/lists/{list}/imports", scoped, people.DataImport, directory.Supervise},
	{"GET /v1/lists/{list}/mapping", scoped, people.DataImport, directory.Supervise},
	{"POST /v1/contacts/imports", scoped, people.DataImport, directory.NoRight},
	{"GET /v1/imports/{id}", scoped, people.DataImport, directory.Supervise},
	{"DELETE /v1/imports/{id}", scoped, people.DataImport, directory.Supervise},

	{"GET /v1/exports/cases", scoped, people.DataExport, directory.Supervise},
	{"GET /v1/exports/history", scoped, people.DataExport, directory.Supervise},
	{"GET /v1/exports/statistics", scoped, people.DataExport, directory.Supervise},
	{"GET /v1/exports/contacts", scoped, people.DataExport, directory.NoRight},

	{"GET /v1/contacts", scoped, people.ContactsRead, directory.NoRight},
	{"POST /v1/contacts", scoped, people.ContactsWrite, directory.NoRight},
	{"GET /v1/contacts/{id}", scoped, people.ContactsRead, directory.NoRight},
	{"PUT /v1/contacts/{id}", scoped, people.ContactsWrite, directory.NoRight},
	{"DELETE /v1/contacts/{id}", scoped, people.ContactsWrite, directory.NoRight},

	{"GET /v1/cases/{id}/may-call", scoped, people.CasesRead, directory.See},
	{"GET /v1/may-call", scoped, people.CasesRead, directory.See},
	{"GET /v1/cases/{id}/call-options", scoped, people.CasesRead, directory.See},
	{"POST /v1/cases/{id}/call", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/{id}/call", scoped, people.CasesRead, directory.See},
	{"DELETE /v1/cases/{id}/call", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/offers", scoped, people.CasesRead, directory.See},
	{"POST /v1/offers/{id}/accept", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/offers/{id}/decline", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/{id}/messages", scoped, people.CasesRead, directory.See},
	{"GET /v1/messages/{id}/audio", scoped, people.MessagesListen, directory.Work},
	{"GET /v1/messages/{id}/waveform", scoped, people.MessagesListen, directory.Work},
	{"PUT /v1/messages/{id}/heard", scoped, people.MessagesListen, directory.Work},
	{"DELETE /v1/messages/{id}", scoped, people.MessagesListen, directory.Supervise},
	{"POST /v1/cases/{id}/do-not-call", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/cases/{id}/schedule", scoped, people.CasesWrite, directory.Work},
	{"GET /v1/cases/{id}/schedule", scoped, people.CasesRead, directory.See},
	{"GET /v1/schedule", scoped, people.CasesRead, directory.See},
	{"DELETE /v1/schedule/{id}", scoped, people.CasesWrite, directory.Work},
	{"POST /v1/session/calendar", persons, "", directory.NoRight},
	{"DELETE /v1/session/calendar", persons, "", directory.NoRight},
	{"GET /v1/calls/{id}/journey", scoped, people.CallsRead, directory.See},
	{"GET /v1/customers/{number}/journey", scoped, people.CallsRead, directory.See},
	{"GET /v1/numbers/{kind}", scoped, people.NumbersManage, directory.NoRight},
	{"POST /v1/numbers/{kind}", scoped, people.NumbersManage, directory.NoRight},
	{"DELETE /v1/numbers/{kind}/{number}", scoped, people.NumbersManage, directory.NoRight},
	{"POST /v1/numbers/{kind}/imports", scoped, people.NumbersManage, directory.NoRight},
	{"GET /v1/exports/numbers", scoped, people.NumbersManage, directory.NoRight},
	{"GET /v1/session/numbers", persons, "", directory.NoRight},
	{"GET /v1/pins", overall, people.NumbersManage, directory.NoRight},
	{"PUT /v1/pins/{class}", overall, people.NumbersManage, directory.NoRight},
	{"DELETE /v1/pins/{class}", overall, people.NumbersManage, directory.NoRight},

	{"GET /v1/calls/live", scoped, people.CallsRead, directory.See},
	{"GET /v1/board", scoped, people.CallsRead, directory.Supervise},
	{"GET /v1/hints/live", scoped, people.CallsRead, directory.See},
	{"POST /v1/hints/{call}/dismiss", persons, "", directory.NoRight},
	{"GET /v1/blind", scoped, people.CallsRead, directory.NoRight},
	{"GET /v1/feeds", scoped, people.CallsRead, directory.NoRight},
	{"GET /v1/events", scoped, people.EventsRead, directory.See},

	{"GET /v1/statistics", scoped, people.StatisticsRead, directory.Supervise},

	{"GET /v1/people", overall, people.PeopleManage, directory.NoRight},
	{"GET /v1/people/{id}", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/people/{id}/invitation", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/people/{id}/disable", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/people/{id}/enable", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/people/{id}/unlock", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/people/{id}/log-out", overall, people.PeopleManage, directory.NoRight},
	{"GET /v1/tokens", overall, people.PeopleManage, directory.NoRight},
	{"POST /v1/tokens", overall, people.PeopleManage, directory.NoRight},
	{"DELETE /v1/tokens/{name}", overall, people.PeopleManage, directory.NoRight},
	{"GET /v1/directory", overall, people.DirectoryManage, directory.NoRight},
	{"PUT /v1/directory", overall, people.DirectoryManage, directory.NoRight},
	{"POST /v1/directory/check", overall, people.DirectoryManage, directory.NoRight},
	{"GET /v1/directory/{kind}/{id}", overall, people.DirectoryManage, directory.NoRight},
	{"PUT /v1/directory/{kind}/{id}", overall, people.DirectoryManage, directory.NoRight},
	{"DELETE /v1/directory/{kind}/{id}", overall, people.DirectoryManage, directory.NoRight},
	{"POST /v1/erasures", overall, people.DataErase, directory.NoRight},
	{"GET /v1/audit", overall, people.AuditRead, directory.NoRight},
	{"GET /v1/webhooks", overall, people.HooksManage, directory.NoRight},
	{"GET /v1/webhooks/{id}/dead", overall, people.HooksManage, directory.NoRight},
	{"POST /v1/webhooks/{id}/resend", overall, people.HooksManage, directory.NoRight},
	{"POST /v1/webhooks/{id}/test", overall, people.HooksManage, directory.NoRight},
	{"POST /v1/webhooks/{id}/enable", overall, people.HooksManage, directory.NoRight},
}

// permissionKey is where the permission of a request's route stands in its context.
type permissionKey struct{}

// permissionOf is the permission of the route that a request goes to.
func permissionOf(ctx context.Context) *permission {
	p, _ := ctx.Value(permissionKey{}).(*permission)
	return p
}

// permissionFor finds the permission of a route; nil when there is none, and then nobody may use it.
func permissionFor(route string) *permission {
	for i := range permissions {
		if permissions[i].route == route {
			return &permissions[i]
		}
	}
	return nil
}

// isForAnybody says whether a route can be used without logging in.
func isForAnybody(route string) bool {
	p := permissionFor(route)
	return p != nil && p.who == anybody
}

// permit lets a request through whose caller may use the route, before anything of it is looked at.
func (s *Server) permit(route string) func(huma.Context, func(huma.Context)) {
	p := permissionFor(route)
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if problem := s.forbidden(p, callerOf(r.Context())); problem != "" {
			writeProblem(w, http.StatusForbidden, problem)
			return
		}
		next(huma.WithValue(ctx, permissionKey{}, p))
	}
}

// forbidden says why a caller may not use a route, nothing when he may.
func (s *Server) forbidden(p *permission, c *caller) string {
	switch {
	case p == nil:
		return "Nobody may do this."
	case p.who == persons && c.Agent() == "":
		return "This is for people who log in."
	case (p.who == scoped || p.who == overall) && !c.May(s.o.Lists(), p.scope):
		return "This needs the scope " + string(p.scope) + "."
	case p.who == overall && !c.All(s.o.Lists()):
		return "This token is kept to some lists, and this is about all of them."
	}
	return ""
}
