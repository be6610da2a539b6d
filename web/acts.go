package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/directory"
)

// actsDescription is what holds for everything a person does to a case.
const actsDescription = ` Name the version you saw in If-Match to be refused with 412 when the case has changed since. ` +
	`A request with an Idempotency-Key that was used before changes nothing and answers with the case as it is.`

func (s *Server) registerActs(api huma.API) {
	act := func(verb, id, summary, description string) huma.Operation {
		op := operation(http.MethodPost, "/v1/cases/{id}/"+verb, id, "cases", summary, description+actsDescription,
			http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed)
		return withBody(op)
	}
	on := func(op huma.Operation, deed cases.Deed) {
		handle(s, api, op, func(ctx context.Context, in *actInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, in.Body, deed)
		})
	}
	handle(s, api, act("assign", "assign-case", "Assign", "Gives an open case to an agent, to yourself when it names nobody. "+
		"Taking an unassigned case yourself claims it: it is released when you do not call in time. "+
		"What another has only a supervisor of the list takes away; others learn with 409 who has it, in by."),
		func(ctx context.Context, in *assignInput) (*actOutput, error) {
			return s.assign(ctx, in)
		})
	on(act("unassign", "unassign-case", "Unassign", "Lets go of an open case: then nobody has it."), cases.Assign{})
	on(act("accept", "accept-case", "Accept", "Takes on an open case that another assigned to you."), cases.Accept{})
	handle(s, api, act("comments", "comment-case", "Comment", "Puts words into the case's history: for colleagues, or such as the customer may see."),
		func(ctx context.Context, in *commentInput) (*actOutput, error) {
			b := &in.Body
			return s.act(ctx, &in.ActHead, &ActBody{Agent: b.Agent, Note: b.Text}, cases.Comment{Visible: b.Visible})
		})
	handle(s, api, act("attempts", "attempt-case", "Note an attempt", "Says that you call the customer now. The call seen on the wire then is the same attempt. "+
		"The rules of who may be called are asked first: what they block is refused with 409 and may_call, what they warn of is in the answer."), s.attempt)
	handle(s, api, act("handling", "handle-case", "Give a handling status", "Says what came of an attempt, with one of the list's handling statuses. "+
		"Siblings named in also get the status too; the answer has one result for each."), s.handling)
	handle(s, api, act("call-later", "call-later", "Call later", "Sets when the customer is to be called: the case is due then, offered to nobody before, and not closed automatically."),
		func(ctx context.Context, in *laterInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.Edit{Due: &in.Body.Until, Later: true})
		})
	handle(s, api, act("await", "await-case", "Ask for information", "Marks an open case as waiting for information, or with no question as waiting no more. While it waits nobody is given it."),
		func(ctx context.Context, in *awaitInput) (*actOutput, error) {
			var deed cases.Deed = cases.Await{Question: in.Body.Question}
			if in.Body.Question == "" {
				deed = cases.Inform{}
			}
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, deed)
		})
	handle(s, api, act("close", "close-case", "Close by hand", "Closes an open case. Where the list says so a resolution or a note is needed."),
		func(ctx context.Context, in *closeInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.Close{Reason: byHand[in.Body.Reason], Resolution: in.Body.Resolution})
		})
	on(act("reopen", "reopen-case", "Reopen by hand", "Opens a closed case again, whyever it was closed."), cases.Reopen{})
	handle(s, api, act("keep-open", "keep-open-case", "Keep open", "Marks an open case as one that is never closed automatically, or takes the mark away."),
		func(ctx context.Context, in *keepInput) (*actOutput, error) {
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.KeepOpen{Keep: in.Body.Keep})
		})
	handle(s, api, act("undo", "undo-case", "Take back what happened last", "Takes back an automatic close, or the last thing you did to the case, until its undo_until."),
		func(ctx context.Context, in *undoInput) (*actOutput, error) {
			if in.Body == nil {
				return s.act(ctx, &in.ActHead, nil, cases.Undo{})
			}
			return s.act(ctx, &in.ActHead, &in.Body.ActBody, cases.Undo{Act: in.Body.Act})
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
	CaseID
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"The ETag of the case as you saw it, or several; absent or *: whatever it is."`
	Key     string `header:"Idempotency-Key" maxLength:"128" doc:"Names this request, so that sending it again does nothing more."`
}

// ActBody is what every act's body may have.
type ActBody struct {
	Agent string `json:"agent,omitempty" maxLength:"64" doc:"With a token: for whom it is done, as the directory names him; absent: the name of the token. People act for themselves."`
	Note  string `json:"note,omitempty" maxLength:"2000" doc:"For the history."`
}

type actInput struct {
	ActHead
	Body *ActBody
}

type assignInput struct {
	ActHead
	Body *AssignBody
}

// AssignBody says whom a case is given to.
type AssignBody struct {
	ActBody
	To   string `json:"to,omitempty" maxLength:"64" doc:"The agent; absent: whoever does it."`
	From string `json:"from,omitempty" maxLength:"64" doc:"Who had it as you saw it: refused when another has it now."`
}

type commentInput struct {
	ActHead
	Body struct {
		Agent   string `json:"agent,omitempty" maxLength:"64" doc:"With a token: for whom it is done."`
		Text    string `json:"text" minLength:"1" maxLength:"2000" doc:"The words."`
		Visible bool   `json:"visible,omitempty" doc:"The customer may see them."`
	}
}

type laterInput struct {
	ActHead
	Body struct {
		ActBody
		Until time.Time `json:"until" doc:"When to call."`
	}
}

type awaitInput struct {
	ActHead
	Body struct {
		ActBody
		Question string `json:"question,omitempty" maxLength:"2000" doc:"What is asked; absent: nothing any more."`
	}
}

type closeInput struct {
	ActHead
	Body struct {
		ActBody
		Reason     string `json:"reason" enum:"successful,unsuccessful,suppressed" doc:"Why."`
		Resolution string `json:"resolution,omitempty" maxLength:"64" doc:"One of the list's resolutions, where it has any."`
	}
}

type keepInput struct {
	ActHead
	Body struct {
		ActBody
		Keep bool `json:"keep" doc:"Whether it is kept open."`
	}
}

type undoInput struct {
	ActHead
	Body *struct {
		ActBody
		Act string `json:"act,omitempty" maxLength:"256" doc:"Only this act, as the case's undo names it; absent: whatever happened last."`
	}
}

type actOutput struct {
	ETag string `header:"ETag" doc:"The case's new version."`
	Body Case
}

// act does what a person wants to a case, tells of it, and answers with the case as it is then. The body
// may be nil.
func (s *Server) act(ctx context.Context, head *ActHead, body *ActBody, deed cases.Deed) (*actOutput, error) {
	a, err := s.actOn(ctx, head, body)
	if err != nil {
		return nil, err
	}
	done, err := s.do(ctx, a, deed)
	if err != nil {
		return nil, err
	}
	return s.acted(&done.Case), nil
}

// do does something to a case and tells of it.
func (s *Server) do(ctx context.Context, a cases.Act, deed cases.Deed) (cases.Done, error) {
	done, err := s.o.Cases.Do(ctx, a, deed)
	if err != nil {
		return done, err
	}
	s.told(done.Changes)
	if done.Case.ID != a.Case { // done before, to another case
		return cases.Done{}, errKeyReused
	}
	return done, nil
}

func (s *Server) acted(c *cases.Case) *actOutput {
	return &actOutput{ETag: entityTag(versionOf(c)), Body: s.shower.caseOf(c)}
}

// actOn is what a caller does to a case that he may work on.
func (s *Server) actOn(ctx context.Context, head *ActHead, body *ActBody) (cases.Act, error) {
	c, err := s.readCase(ctx, head.ID)
	if err != nil {
		return cases.Act{}, err
	}
	if body == nil {
		body = &ActBody{}
	}
	a, err := s.actFor(ctx, head.Key, body)
	if err != nil {
		return a, err
	}
	if err := s.worksOn(ctx, a.Agent, c.List); err != nil {
		return a, err
	}
	a.Case, a.Supervises = head.ID, s.right(ctx, c.List) >= directory.Supervise
	a.Version, err = versionIn(head.IfMatch, c.Version)
	return a, err
}

// actFor is something a caller does, for himself or, a token, for an agent.
func (s *Server) actFor(ctx context.Context, key string, body *ActBody) (cases.Act, error) {
	c := callerOf(ctx)
	a := cases.Act{ID: newAct(), Agent: c.ID, At: time.Now(), Note: body.Note, By: c.Who(), Peer: c.address}
	if key != "" {
		a.ID = actID(ctx, key)
	}
	switch {
	case body.Agent == "":
	case c.Agent() == "":
		a.Agent = body.Agent
	case body.Agent != c.ID:
		return a, invalid("body.agent", "people act for themselves")
	}
	return a, nil
}

// worksOn refuses an agent for whom a program asks and who does not work on the list himself: what he was
// given there he would not see.
func (s *Server) worksOn(ctx context.Context, agent, list string) error {
	c := callerOf(ctx)
	if agent == c.ID || s.o.Lists().Right(agent, list) >= directory.Work {
		return nil
	}
	return &cases.FieldError{Field: "agent", Err: cases.ErrNotMember}
}

// versionIn is the version that If-Match asks for of something whose versions are numbers, 0 for whatever it is.
func versionIn(header string, now uint64) (uint64, error) {
	m, err := parseMatch(header)
	if err != nil {
		return 0, err
	}
	version, whatever := m.pick(strconv.FormatUint(now, 10))
	if whatever {
		return 0, nil
	}
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil || n == 0 {
		return 0, ErrStale // no version of anything
	}
	return n, nil
}

// told tells of changes that a client made.
func (s *Server) told(changes []cases.Change) {
	for i := range changes {
		s.events.Case(changes[i])
		if s.o.Changed != nil {
			s.o.Changed(changes[i])
		}
	}
}

func (s *Server) assign(ctx context.Context, in *assignInput) (*actOutput, error) {
	if in.Body == nil {
		in.Body = &AssignBody{}
	}
	a, err := s.actOn(ctx, &in.ActHead, &in.Body.ActBody)
	if err != nil {
		return nil, err
	}
	to := in.Body.To
	if to == "" {
		to = a.Agent
	}
	done, err := s.do(ctx, a, cases.Assign{To: to, From: in.Body.From})
	if err != nil {
		return nil, err
	}
	return s.acted(&done.Case), nil
}
