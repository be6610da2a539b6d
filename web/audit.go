package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory/audit"
)

// AuditEntry is one thing that somebody did, or tried to.
type AuditEntry struct {
	Seq    uint64    `json:"seq" doc:"Its place in the trail."`
	At     time.Time `json:"at" doc:"When."`
	By     string    `json:"by" doc:"Who, as person anna or token crm."`
	Action string    `json:"action" doc:"What, as session.login."`
	Object string    `json:"object,omitempty" doc:"On what, as case 1NGE7R4-8XK2QJ."`
	Result string    `json:"result" enum:"done,refused,failed" doc:"What came of it."`
	Reason string    `json:"reason,omitempty" doc:"Why it was refused or failed."`
	Detail string    `json:"detail,omitempty" doc:"What it changed."`
	Peer   string    `json:"peer,omitempty" doc:"The address it came from."`
}

func (s *Server) registerAudit(api huma.API) {
	if s.o.Trail == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/audit", "read-audit", "audit", "The audit trail",
		"Who did what and when, the latest first: every change that somebody made, every login. Nothing of it can be changed, and it names no customer.",
		http.StatusForbidden), s.audit)
}

type auditInput struct {
	By     string    `query:"by" maxLength:"128" doc:"Only by this one, as person anna, or kind, as token."`
	Action string    `query:"action" maxLength:"64" doc:"Only this action, or those that begin with this word, as session."`
	Object string    `query:"object" maxLength:"128" doc:"Only on this, as case 1NGE7R4-8XK2QJ, or on this kind, as list."`
	Result string    `query:"result" enum:"refused,failed" doc:"Only what was refused, or failed."`
	From   time.Time `query:"from" doc:"Only then and later."`
	To     time.Time `query:"to" doc:"Only before."`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor string    `query:"cursor" maxLength:"64" doc:"The next of the page before."`
}

type auditOutput struct {
	Body struct {
		Entries []AuditEntry `json:"entries" nullable:"false" doc:"The latest first."`
		Next    string       `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) audit(_ context.Context, in *auditInput) (*auditOutput, error) {
	page, err := s.o.Trail.Read(audit.Query{
		By: in.By, Action: in.Action, Object: in.Object, Result: audit.Result(in.Result), From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	out.Body.Entries, out.Body.Next = []AuditEntry{}, page.Next
	for i := range page.Entries {
		e := &page.Entries[i]
		shown := AuditEntry{
			Seq: e.Seq, At: e.At, By: e.By.String(), Action: e.Action, Object: e.Object, Result: "done", Reason: e.Reason, Detail: e.Detail, Peer: e.Peer,
		}
		if e.Result != audit.Done {
			shown.Result = string(e.Result)
		}
		out.Body.Entries = append(out.Body.Entries, shown)
	}
	return out, nil
}
