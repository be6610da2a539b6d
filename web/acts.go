package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
)

// actsDescription is what holds for everything a person does to a case.
const actsDescription = ` Name the version you saw in If-Match to be refused with 412 when the case has changed since. ` +
	`A request with an Idempotency-Key that was used before changes nothing and answers with the case as it is.`

func (s *Server) registerActs(api huma.API) {
	act := func(verb, summary, description string) huma.Operation {
		op := operation(http.MethodPost, "/v1/cases/{id}/"+verb, verb+"-case", "cases", summary, description+actsDescription,
			http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
		op.MaxBodyBytes = maxBody
		return op
	}
	handle(s, api, act("undo", "Take back an automatic close", "Reopens a case that was closed automatically, until its undo_until."),
		func(ctx context.Context, in *actInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, in.Body, cases.Undo{})
		})
	handle(s, api, act("close", "Close by hand", "Closes an open case."),
		func(ctx context.Context, in *closeInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.Close{Reason: byHand[in.Body.Reason]})
		})
	handle(s, api, act("reopen", "Reopen by hand", "Opens a closed case again, whyever it was closed."),
		func(ctx context.Context, in *actInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, in.Body, cases.Reopen{})
		})
	handle(s, api, act("keep-open", "Keep open", "Marks an open case as one that is never closed automatically, or takes the mark away."),
		func(ctx context.Context, in *keepInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.KeepOpen{Keep: in.Body.Keep})
		})
}

// byHand are the reasons that people close for.
var byHand = map[string]cases.CloseReason{
	cases.Successful.String():   cases.Successful,
	cases.Unsuccessful.String(): cases.Unsuccessful,
	cases.Suppressed.String():   cases.Suppressed,
}

// ActHead is what every act's request has before its body. Huma reads embedded structs only when they
// are exported.
type ActHead struct {
	ID      string `path:"id" maxLength:"64" doc:"The case's id."`
	IfMatch string `header:"If-Match" maxLength:"64" doc:"The ETag of the case as you saw it; absent or *: whatever it is."`
	Key     string `header:"Idempotency-Key" maxLength:"128" doc:"Names this request, so that sending it again does nothing more."`
}

// ActBody is what every act's body may have.
type ActBody struct {
	Agent string `json:"agent,omitempty" maxLength:"64" doc:"Who does it, as the directory names him; absent: the name of the token."`
	Note  string `json:"note,omitempty" maxLength:"2000" doc:"For the history."`
}

type actInput struct {
	ActHead
	Body *ActBody
}

type closeInput struct {
	ActHead
	Body struct {
		ActBody
		Reason string `json:"reason" enum:"successful,unsuccessful,suppressed" doc:"Why."`
	}
}

type keepInput struct {
	ActHead
	Body struct {
		ActBody
		Keep bool `json:"keep" doc:"Whether it is kept open."`
	}
}

type actOutput struct {
	ETag string `header:"ETag" doc:"The case's new version."`
	Body Case
}

// act does what a person wants to a case, tells of it, and answers with the case as it is then. The body
// may be nil.
func (s *Server) act(ctx context.Context, head *ActHead, body *ActBody, deed cases.Deed) (*actOutput, error) {
	client := clientOf(ctx).name
	a := cases.Act{Case: head.ID, Agent: client, At: time.Now()}
	if body != nil {
		a.Agent, a.Note = cmp.Or(body.Agent, client), body.Note
	}
	if head.Key != "" {
		a.ID = client + "/" + head.Key // keys of two clients have nothing to do with each other
	}
	if head.IfMatch != "" {
		version, problem := precondition([]string{head.IfMatch})
		if problem != "" {
			return nil, invalid("header.If-Match", problem)
		}
		if version != "" {
			n, err := strconv.ParseUint(version, 10, 64)
			if err != nil || n == 0 {
				return nil, cases.ErrStale // no version of any case
			}
			a.Version = n
		}
	}
	done, err := s.o.Cases.Do(ctx, a, deed)
	if err != nil {
		return nil, err
	}
	for i := range done.Changes {
		s.events.Case(done.Changes[i])
		if s.o.Changed != nil {
			s.o.Changed(done.Changes[i])
		}
	}
	return &actOutput{ETag: entityTag(versionOf(&done.Case)), Body: caseOf(&done.Case)}, nil
}
