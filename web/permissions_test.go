package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/directory"
	"ringback/directory/people"
	"ringback/sip"
)

// rightsOf are the rights in wholeYAML, written out.
var rightsOf = map[string]map[string]directory.Right{
	"anna":    {"support": directory.Work, "campaign": directory.Work},
	"bertil":  {"billing": directory.Work, "campaign": directory.Work},
	"sara":    {"support": directory.Supervise, "campaign": directory.Supervise},
	"cecilia": {"support": directory.Supervise},
	"eva":     {"support": directory.See},
	"david":   {"support": directory.Supervise, "billing": directory.Supervise, "campaign": directory.Supervise},
}

// roleOf are their roles.
var roleOf = map[string][]directory.Role{
	"anna": {directory.RoleAgent}, "bertil": {directory.RoleAgent}, "sara": {directory.RoleAgent, directory.RoleSupervisor},
	"cecilia": {directory.RoleSupervisor}, "eva": {directory.RoleApprover}, "zoe": {directory.RoleAgent}, "david": {directory.RoleAdmin},
}

// sample is a request to a route, about a list where it is about one: $list, $case and $act are filled in.
type sample struct {
	route, path, body string
	about             bool // one list, so that it is not there for who has no right on it
	named             bool // in the body, so that what is not there is a mistake in it
}

var samples = []sample{
	{route: "POST /v1/session", path: "/v1/session", body: `{"name":"nobody","password":"wrong"}`},
	{route: "POST /v1/session/invitation", path: "/v1/session/invitation", body: `{"code":"none","password":"x"}`},
	{route: "GET /v1/session", path: "/v1/session"},
	{route: "DELETE /v1/session", path: "/v1/session"},
	{route: "PUT /v1/session/password", path: "/v1/session/password", body: `{"old":"x","new":"` + password + `"}`},
	{route: "GET /v1/session/preferences", path: "/v1/session/preferences"},
	{route: "PUT /v1/session/preferences", path: "/v1/session/preferences", body: `{"inactive":[],"show_all":true,"sort":"priority","field":"none","theme":"device"}`},
	{route: "GET /v1/session/push-subscriptions", path: "/v1/session/push-subscriptions"},
	{route: "POST /v1/session/push-subscriptions", path: "/v1/session/push-subscriptions", body: `{"endpoint":"http://10.0.0.1/","keys":{"p256dh":"x","auth":"x"}}`},
	{route: "DELETE /v1/session/push-subscriptions/{id}", path: "/v1/session/push-subscriptions/none"},
	{route: "POST /v1/session/push-subscriptions/{id}/test", path: "/v1/session/push-subscriptions/none/test"},
	{route: "GET /v1/sessions", path: "/v1/sessions"},
	{route: "DELETE /v1/sessions", path: "/v1/sessions"},
	{route: "DELETE /v1/sessions/{id}", path: "/v1/sessions/none"},
	{route: "GET /v1/cases", path: "/v1/cases?lists=$list"},
	{route: "POST /v1/cases", path: "/v1/cases", body: `{"list":"$list"}`, about: true, named: true},
	{route: "GET /v1/cases/recent", path: "/v1/cases/recent"},
	{route: "POST /v1/cases/next", path: "/v1/cases/next", body: `{}`},
	{route: "POST /v1/cases/batch", path: "/v1/cases/batch", body: `{"cases":["$case"],"act":"assign"}`},
	{route: "GET /v1/cases/{id}", path: "/v1/cases/$case", about: true},
	{route: "PATCH /v1/cases/{id}", path: "/v1/cases/$case", body: `{"name":"x"}`, about: true},
	{route: "GET /v1/cases/{id}/history", path: "/v1/cases/$case/history", about: true},
	{route: "GET /v1/cases/{id}/siblings", path: "/v1/cases/$case/siblings", about: true},
	{route: "POST /v1/cases/{id}/assign", path: "/v1/cases/$case/assign", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/unassign", path: "/v1/cases/$case/unassign", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/accept", path: "/v1/cases/$case/accept", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/comments", path: "/v1/cases/$case/comments", body: `{"text":"x"}`, about: true},
	{route: "POST /v1/cases/{id}/attempts", path: "/v1/cases/$case/attempts", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/handling", path: "/v1/cases/$case/handling", body: `{"status":"busy"}`, about: true},
	{route: "POST /v1/cases/{id}/call-later", path: "/v1/cases/$case/call-later", body: `{"until":"2099-01-01T00:00:00Z"}`, about: true},
	{route: "POST /v1/cases/{id}/await", path: "/v1/cases/$case/await", body: `{"question":"x"}`, about: true},
	{route: "POST /v1/cases/{id}/close", path: "/v1/cases/$case/close", body: `{"reason":"successful"}`, about: true},
	{route: "POST /v1/cases/{id}/reopen", path: "/v1/cases/$case/reopen", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/keep-open", path: "/v1/cases/$case/keep-open", body: `{"keep":true}`, about: true},
	{route: "POST /v1/cases/{id}/undo", path: "/v1/cases/$case/undo", body: `{}`, about: true},
	{route: "POST /v1/acts/{act}/undo", path: "/v1/acts/none/undo", body: `{}`},
	{route: "GET /v1/search", path: "/v1/search?q=x"},
	{route: "GET /v1/lists", path: "/v1/lists"},
	{route: "GET /v1/lists/{list}", path: "/v1/lists/$list", about: true},
	{route: "PATCH /v1/lists/{list}", path: "/v1/lists/$list", body: `{"due_after":"2h"}`, about: true},
	{route: "PUT /v1/lists/{list}/active", path: "/v1/lists/$list/active", body: `{"active":true}`, about: true},
	{route: "POST /v1/lists/{list}/imports", path: "/v1/lists/$list/imports?dry_run=true", body: "Phone\n+358401234567\n", about: true},
	{route: "GET /v1/lists/{list}/imports", path: "/v1/lists/$list/imports", about: true},
	{route: "GET /v1/lists/{list}/mapping", path: "/v1/lists/$list/mapping", about: true},
	{route: "GET /v1/imports/{id}", path: "/v1/imports/none"},
	{route: "DELETE /v1/imports/{id}", path: "/v1/imports/none"},
	{route: "POST /v1/contacts/imports", path: "/v1/contacts/imports?dry_run=true", body: "Name,Phone\nx,+358401234567\n"},
	{route: "GET /v1/contacts", path: "/v1/contacts"},
	{route: "POST /v1/contacts", path: "/v1/contacts", body: `{"name":"x","numbers":["+358401234567"]}`},
	{route: "GET /v1/contacts/{id}", path: "/v1/contacts/none"},
	{route: "PUT /v1/contacts/{id}", path: "/v1/contacts/none", body: `{"name":"x","numbers":["+358401234567"]}`},
	{route: "DELETE /v1/contacts/{id}", path: "/v1/contacts/none"},
	{route: "GET /v1/cases/{id}/may-call", path: "/v1/cases/$case/may-call", about: true},
	{route: "GET /v1/may-call", path: "/v1/may-call?number=0401234567&list=$list", about: true, named: true},
	{route: "GET /v1/cases/{id}/call-options", path: "/v1/cases/$case/call-options", about: true},
	{route: "POST /v1/cases/{id}/call", path: "/v1/cases/$case/call", body: `{}`, about: true},
	{route: "GET /v1/cases/{id}/call", path: "/v1/cases/$case/call", about: true},
	{route: "DELETE /v1/cases/{id}/call", path: "/v1/cases/$case/call", about: true},
	{route: "GET /v1/offers", path: "/v1/offers"},
	{route: "POST /v1/offers/{id}/accept", path: "/v1/offers/$case/accept", body: `{}`, about: true},
	{route: "POST /v1/offers/{id}/decline", path: "/v1/offers/$case/decline", body: `{}`, about: true},
	{route: "GET /v1/cases/{id}/messages", path: "/v1/cases/$case/messages", about: true},
	{route: "GET /v1/messages/{id}/audio", path: "/v1/messages/none/audio"},
	{route: "GET /v1/messages/{id}/waveform", path: "/v1/messages/none/waveform"},
	{route: "PUT /v1/messages/{id}/heard", path: "/v1/messages/none/heard", body: `{"heard":true}`},
	{route: "DELETE /v1/messages/{id}", path: "/v1/messages/none"},
	{route: "POST /v1/cases/{id}/do-not-call", path: "/v1/cases/$case/do-not-call", body: `{}`, about: true},
	{route: "POST /v1/cases/{id}/schedule", path: "/v1/cases/$case/schedule", body: `{"at":"2020-01-01T00:00:00Z","mode":"remind"}`, about: true},
	{route: "GET /v1/cases/{id}/schedule", path: "/v1/cases/$case/schedule", about: true},
	{route: "GET /v1/schedule", path: "/v1/schedule?agent=anna"},
	{route: "DELETE /v1/schedule/{id}", path: "/v1/schedule/none"},
	{route: "POST /v1/session/calendar", path: "/v1/session/calendar"},
	{route: "DELETE /v1/session/calendar", path: "/v1/session/calendar"},
	{route: "GET /v1/calls/{id}/journey", path: "/v1/calls/none/journey"},
	{route: "GET /v1/customers/{number}/journey", path: "/v1/customers/0401234567/journey"},
	{route: "GET /v1/numbers/{kind}", path: "/v1/numbers/do-not-call"},
	{route: "POST /v1/numbers/{kind}", path: "/v1/numbers/personal?agent=anna", body: `{"number":"+358401234567"}`},
	{route: "DELETE /v1/numbers/{kind}/{number}", path: "/v1/numbers/blocked/%2B358401234567"},
	{route: "POST /v1/numbers/{kind}/imports", path: "/v1/numbers/blocked/imports?dry_run=true", body: "number\n+358600*\n"},
	{route: "GET /v1/exports/numbers", path: "/v1/exports/numbers?kind=allowed"},
	{route: "GET /v1/session/numbers", path: "/v1/session/numbers"},
	{route: "GET /v1/pins", path: "/v1/pins"},
	{route: "PUT /v1/pins/{class}", path: "/v1/pins/premium", body: `{"pin":"4711"}`},
	{route: "DELETE /v1/pins/{class}", path: "/v1/pins/premium"},
	{route: "GET /v1/calls/live", path: "/v1/calls/live"},
	{route: "GET /v1/board", path: "/v1/board?lists=$list"},
	{route: "GET /v1/hints/live", path: "/v1/hints/live"},
	{route: "POST /v1/hints/{call}/dismiss", path: "/v1/hints/none/dismiss", body: `{}`},
	{route: "GET /v1/blind", path: "/v1/blind"},
	{route: "GET /v1/feeds", path: "/v1/feeds"},
	{route: "GET /v1/events", path: "/v1/events"},
	{route: "GET /v1/statistics", path: "/v1/statistics?lists=$list"},
	{route: "GET /v1/exports/cases", path: "/v1/exports/cases?lists=$list&format=csv"},
	{route: "GET /v1/exports/history", path: "/v1/exports/history?lists=$list&format=json"},
	{route: "GET /v1/exports/statistics", path: "/v1/exports/statistics?lists=$list&format=xlsx"},
	{route: "GET /v1/exports/contacts", path: "/v1/exports/contacts"},
	{route: "GET /v1/people", path: "/v1/people"},
	{route: "GET /v1/people/{id}", path: "/v1/people/anna"},
	{route: "POST /v1/people/{id}/invitation", path: "/v1/people/nobody/invitation"},
	{route: "POST /v1/people/{id}/disable", path: "/v1/people/nobody/disable"},
	{route: "POST /v1/people/{id}/enable", path: "/v1/people/anna/enable"},
	{route: "POST /v1/people/{id}/unlock", path: "/v1/people/anna/unlock"},
	{route: "POST /v1/people/{id}/log-out", path: "/v1/people/nobody/log-out"},
	{route: "GET /v1/tokens", path: "/v1/tokens"},
	{route: "POST /v1/tokens", path: "/v1/tokens", body: `{"name":"none such name!","scopes":["people:manage"],"lists":["support"]}`},
	{route: "DELETE /v1/tokens/{name}", path: "/v1/tokens/none"},
	{route: "GET /v1/directory", path: "/v1/directory"},
	{route: "PUT /v1/directory", path: "/v1/directory", body: `{"lists":[{"id":"x","members":["nobody"]}]}`},
	{route: "POST /v1/directory/check", path: "/v1/directory/check", body: `{}`},
	{route: "GET /v1/directory/{kind}/{id}", path: "/v1/directory/agents/anna"},
	{route: "PUT /v1/directory/{kind}/{id}", path: "/v1/directory/agents/anna", body: `{"naem":"x"}`},
	{route: "DELETE /v1/directory/{kind}/{id}", path: "/v1/directory/agents/nobody"},
	{route: "POST /v1/erasures", path: "/v1/erasures", body: `{"number":"+358409999999","dry_run":true}`},
	{route: "GET /v1/audit", path: "/v1/audit"},
	{route: "GET /v1/webhooks", path: "/v1/webhooks"},
	{route: "GET /v1/webhooks/{id}/dead", path: "/v1/webhooks/none/dead"},
	{route: "POST /v1/webhooks/{id}/resend", path: "/v1/webhooks/none/resend", body: `{}`},
	{route: "POST /v1/webhooks/{id}/test", path: "/v1/webhooks/none/test"},
	{route: "POST /v1/webhooks/{id}/enable", path: "/v1/webhooks/none/enable"},
}

// somebody is who makes a request, with what he should be able to do.
type somebody struct {
	name   string
	header []string
	person bool
	scopes func(people.Scope) bool
	all    bool // sees all lists
	rights map[string]directory.Right
}

// everybody are people of all roles and relations, and tokens of every scope, kept to a list and not.
func (w *world) everybody() []somebody {
	var all []somebody
	for _, id := range w.directory().People() {
		all = append(all, somebody{id, w.as(id), true, func(s people.Scope) bool {
			return slices.ContainsFunc(roleOf[id], func(r directory.Role) bool { return slices.Contains(s.Roles(), r) })
		}, id == "david", rightsOf[id]})
	}
	for n, scope := range people.Scopes() {
		right := map[people.Scope]directory.Right{people.ListsManage: directory.Supervise, people.CasesWrite: directory.Work}[scope]
		right = max(right, directory.See)
		has := func(s people.Scope) bool { return s == scope }
		every := map[string]directory.Right{"support": right, "billing": right, "campaign": right}
		all = append(all,
			somebody{"token with " + string(scope), w.with(fmt.Sprint("all-", n), nil, scope), false, has, true, every},
			somebody{
				"token with " + string(scope) + " on billing", w.with(fmt.Sprint("one-", n), []string{"billing"}, scope), false, has, false,
				map[string]directory.Right{"billing": right},
			})
	}
	everything := map[string]directory.Right{"support": directory.Supervise, "billing": directory.Supervise, "campaign": directory.Supervise}
	return append(all, somebody{"token of the file", []string{"Content-Type", "application/json"}, false, func(people.Scope) bool { return true }, true, everything})
}

func TestWhoMayDoWhatCellByCell(t *testing.T) {
	w := whole(t)
	for _, p := range permissions {
		if !slices.ContainsFunc(samples, func(s sample) bool { return s.route == p.route }) {
			t.Errorf("no sample of %s", p.route)
		}
	}
	everybody := w.everybody()
	customer := sip.Number(358_500_000_000)
	cells := 0
	for _, s := range samples {
		p := permissionFor(s.route)
		if p == nil {
			t.Fatalf("%s is not in the table", s.route)
		}
		lists := []string{"support"}
		if strings.Contains(s.path+s.body, "$") {
			lists = []string{"support", "billing", "none"}
		}
		for _, list := range lists {
			for _, who := range append(everybody, somebody{name: "nobody", header: []string{"Authorization", "", "Content-Type", "application/json"}}) {
				if (s.route == "DELETE /v1/session" || s.route == "DELETE /v1/sessions") && who.person {
					continue // he would be out; it has a test of its own
				}
				id := "none"
				if list != "none" && strings.Contains(s.path+s.body, "$case") {
					customer++
					id = w.centre.missed(list, customer, time.Now()).ID
				}
				fill := strings.NewReplacer("$list", list, "$case", id)
				answer, body := w.answer(who.header, s.route[:strings.IndexByte(s.route, ' ')], fill.Replace(s.path), fill.Replace(s.body))
				cells++
				if want, ok := who.expects(p, &s, list); !ok(answer, string(body)) {
					t.Errorf("%s: %s about %s: %d %.200s, want %s", who.name, s.route, list, answer, body, want)
				}
			}
		}
	}
	t.Log(cells, "cells")
}

// answer sends a request and reads the answer, of a stream only its beginning.
func (w *world) answer(who []string, method, path, body string) (int, []byte) {
	w.t.Helper()
	if strings.HasPrefix(path, "/v1/events") {
		return w.peek(who, path), nil
	}
	answer, b := w.f.do(method, path, body, who...)
	return answer.StatusCode, b
}

// peek is the status of a stream, which it leaves at once.
func (w *world) peek(who []string, path string) int {
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.f.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(who); i += 2 {
		r.Header.Set(who[i], who[i+1])
		if who[i+1] == "" {
			r.Header.Del(who[i])
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// expects is what the table promises somebody for a request about a list, in words and as a test.
func (who *somebody) expects(p *permission, s *sample, list string) (string, func(int, string) bool) {
	is := func(status int) (string, func(int, string) bool) {
		return fmt.Sprint(status), func(got int, _ string) bool { return got == status }
	}
	fine := func(got int, body string) bool {
		switch got {
		case http.StatusForbidden, http.StatusMethodNotAllowed:
			return false
		case http.StatusUnauthorized:
			return strings.Contains(body, `"credentials"`) // a wrong password, not a stranger
		case http.StatusNotFound:
			return !s.about // what it asks for is none
		}
		return got < http.StatusInternalServerError
	}
	switch {
	case p.who == anybody:
		return "an answer", fine
	case who.scopes == nil:
		return is(http.StatusUnauthorized)
	case p.who == persons && !who.person, (p.who == scoped || p.who == overall) && !who.scopes(p.scope), p.who == overall && !who.all:
		return is(http.StatusForbidden)
	case !s.about:
		return "an answer", fine
	case who.rights[list] == directory.NoRight && s.named:
		return is(http.StatusUnprocessableEntity)
	case who.rights[list] == directory.NoRight:
		return is(http.StatusNotFound)
	case who.rights[list] < p.right:
		return is(http.StatusForbidden)
	}
	return "an answer", fine
}

func TestWhatOneMayNotKnowOfIsExactlyAsIfItWereNot(t *testing.T) {
	w := whole(t)
	anna := w.as("anna")
	id := w.centre.missed("billing", matti, time.Now()).ID
	for _, s := range samples {
		if !s.about {
			continue
		}
		method := s.route[:strings.IndexByte(s.route, ' ')]
		hidden := strings.NewReplacer("$list", "billing", "$case", id)
		none := strings.NewReplacer("$list", "nowhere", "$case", "1NG0000-000000")
		there, body1 := w.f.do(method, hidden.Replace(s.path), hidden.Replace(s.body), anna...)
		gone, body2 := w.f.do(method, none.Replace(s.path), none.Replace(s.body), anna...)
		for _, h := range []http.Header{there.Header, gone.Header} {
			h.Del("Date")
		}
		if there.StatusCode != gone.StatusCode || strings.ReplaceAll(string(body1), "billing", "nowhere") != string(body2) || fmt.Sprint(there.Header) != fmt.Sprint(gone.Header) {
			t.Errorf("%s: %d %v %s and %d %v %s", s.route, there.StatusCode, there.Header, body1, gone.StatusCode, gone.Header, body2)
		}
	}
}
