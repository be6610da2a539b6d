package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/directory"
)

// registerWork registers what people do with cases beyond acts on one.
func (s *Server) registerWork(api huma.API) {
	create := operation(http.MethodPost, "/v1/cases", "create-case", "cases", "Make a case",
		"Only the list is needed. A number that has an open case on the list is refused with 409, and case names that one; "+
			"a case with the same external_id on the list is answered as it is, and none is made.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict)
	create.DefaultStatus = http.StatusCreated
	handle(s, api, withBody(create), s.createCase)
	edit := operation(http.MethodPatch, "/v1/cases/{id}", "edit-case", "cases", "Edit a case",
		"Changes what is given and leaves the rest. Of a closed case only the words can be changed."+actsDescription,
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed)
	handle(s, api, withBody(edit), s.editCase)
	next := operation(http.MethodPost, "/v1/cases/next", "next-case", "cases", "Get your next case",
		"Gives out the case to call now and assigns it in one step: however many ask at once, each gets another. "+
			"404 with the code none: there is nothing to call now.",
		http.StatusForbidden, http.StatusNotFound)
	handle(s, api, withBody(next), s.nextCase)
	batch := operation(http.MethodPost, "/v1/cases/batch", "batch-cases", "cases", "Do something to several cases",
		"Each case on its own, with one result for each: one that is refused changes nothing for the others. "+
			"The answer names the act, by which all of it can be taken back with POST /v1/acts/{act}/undo.",
		http.StatusForbidden)
	handle(s, api, withBody(batch), s.batch)
	undo := operation(http.MethodPost, "/v1/acts/{act}/undo", "undo-act", "cases", "Take an act back",
		"Takes an act of yours back on all cases it was done to, with one result for each.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict)
	handle(s, api, withBody(undo), s.undoAct)
}

// NewCase is a case to be made.
type NewCase struct {
	List       string     `json:"list" minLength:"1" maxLength:"64" doc:"Its callback list or call list."`
	Number     string     `json:"number,omitempty" maxLength:"32" doc:"The customer's number, as people write it: with a plus sign, or as in the country of the list."`
	Caller     string     `json:"caller,omitempty" maxLength:"128" doc:"Who he is when there is no number."`
	Name       string     `json:"name,omitempty" maxLength:"200" doc:"The customer's name."`
	Topic      string     `json:"topic,omitempty" maxLength:"200" doc:"What it is about."`
	Note       string     `json:"note,omitempty" maxLength:"2000" doc:"What there is to know."`
	Due        *time.Time `json:"due,omitempty" doc:"When he should be called; absent: as the list says."`
	Expires    *time.Time `json:"expires,omitempty" doc:"When it closes by itself; absent: as the list says."`
	Personal   string     `json:"personal,omitempty" maxLength:"64" doc:"The agent it is meant for: it is his alone, until the list's personal_fallback is over."`
	ExternalID string     `json:"external_id,omitempty" maxLength:"128" doc:"What your program calls it: given again for the list it makes no second case."`
	Channel    string     `json:"channel_in,omitempty" enum:"manual,request,api" doc:"The way it came in; absent: manual for people, api for tokens. request: the customer asked for it."`
	Fields     Fields     `json:"fields,omitempty" doc:"Anything else, by name."`
	Agent      string     `json:"agent,omitempty" maxLength:"64" doc:"With a token: for whom it is made."`
}

type createCaseInput struct {
	KeyHead
	Body NewCase
}

type createdCase struct {
	Location string `header:"Location" doc:"The case's address."`
	ETag     string `header:"ETag" doc:"The case's version."`
	Body     Case
}

func (s *Server) createCase(ctx context.Context, in *createCaseInput) (*createdCase, error) {
	b := &in.Body
	if err := s.mayOn(ctx, b.List, "body.list"); err != nil {
		return nil, err
	}
	n := cases.Draft{
		List: b.List, Caller: b.Caller, Name: b.Name, Topic: b.Topic, Note: b.Note, Due: timeIn(b.Due), Expires: timeIn(b.Expires),
		Personal: b.Personal, ExternalID: b.ExternalID, Fields: b.Fields, Channel: s.channelOf(ctx, b.Channel),
	}
	var err error
	if n.Number, err = s.numberIn(b.Number, b.List, "body.number"); err != nil {
		return nil, err
	}
	a, err := s.actFor(ctx, in.Key, &ActBody{Agent: b.Agent})
	if err != nil {
		return nil, err
	}
	if err := s.worksOn(ctx, a.Agent, b.List); err != nil {
		return nil, err
	}
	id, err := s.once(ctx, in.KeyHead, b, func(act string) (string, error) {
		a.ID = act
		done, err := s.o.Cases.Create(ctx, a, n)
		if err != nil {
			return "", err
		}
		s.told(done.Changes)
		return done.Case.ID, nil
	})
	if err != nil {
		return nil, err
	}
	c, err := s.readCase(ctx, id)
	if err != nil {
		return nil, err
	}
	return &createdCase{"/v1/cases/" + c.ID, entityTag(versionOf(&c)), s.shower.caseOf(&c)}, nil
}

// channelOf is the way a case comes in that a request makes.
func (s *Server) channelOf(ctx context.Context, word string) cases.Channel {
	if c, ok := cases.ParseChannel(word); ok && word != "" {
		return c
	}
	if callerOf(ctx).Agent() == "" {
		return cases.ChannelAPI
	}
	return cases.ChannelManual
}

// CaseEdit is what is changed of a case; what is absent stays.
type CaseEdit struct {
	Name    *string    `json:"name,omitempty" maxLength:"200" doc:"The customer's name."`
	Topic   *string    `json:"topic,omitempty" maxLength:"200" doc:"What it is about."`
	Note    *string    `json:"note,omitempty" maxLength:"2000" doc:"What there is to know."`
	Number  *string    `json:"number,omitempty" maxLength:"32" doc:"The customer's number, as people write it; empty: none."`
	Due     *time.Time `json:"due,omitempty" doc:"When he should be called."`
	Expires *string    `json:"expires,omitempty" maxLength:"40" doc:"When it closes by itself; empty: as the list says."`
	Fields  Fields     `json:"fields,omitempty" doc:"All further fields, in place of those there are."`
	Comment string     `json:"comment,omitempty" maxLength:"2000" doc:"For the history."`
	Agent   string     `json:"agent,omitempty" maxLength:"64" doc:"With a token: for whom it is done."`
}

type editInput struct {
	ActHead
	Body CaseEdit
}

func (s *Server) editCase(ctx context.Context, in *editInput) (*actOutput, error) {
	b := &in.Body
	e := cases.Edit{Name: b.Name, Topic: b.Topic, Note: b.Note, Due: b.Due, Fields: b.Fields}
	if b.Number != nil {
		c, err := s.readCase(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		n, err := s.numberIn(*b.Number, c.List, "body.number")
		if err != nil {
			return nil, err
		}
		e.Number = &n
	}
	if b.Expires != nil {
		var at time.Time
		if *b.Expires != "" {
			var err error
			if at, err = time.Parse(time.RFC3339, *b.Expires); err != nil {
				return nil, invalid("body.expires", "not a time as 2026-07-01T12:00:00Z")
			}
		}
		e.Expires = &at
	}
	return s.act(ctx, &in.ActHead, &ActBody{Agent: b.Agent, Note: b.Comment}, e)
}

type nextInput struct {
	KeyHead
	Body *struct {
		Lists  []string `json:"lists,omitempty" maxItems:"1000" doc:"Only of these lists; absent: of all you are active on."`
		Order  string   `json:"order,omitempty" enum:"due,oldest" doc:"Due first, or opened first; absent: as the first of the lists says."`
		Except []string `json:"except,omitempty" maxItems:"100" doc:"Ids of cases you do not want now."`
		Agent  string   `json:"agent,omitempty" maxLength:"64" doc:"With a token: for whom."`
	}
}

func (s *Server) nextCase(ctx context.Context, in *nextInput) (*actOutput, error) {
	q, body := cases.NextQuery{}, &ActBody{}
	order := ""
	var named []string
	if b := in.Body; b != nil {
		named, order, q.Except, body.Agent = b.Lists, b.Order, b.Except, b.Agent
	}
	c := callerOf(ctx)
	q.Lists = s.listsFor(ctx, named)
	if len(named) == 0 && c.Agent() != "" {
		active := s.active(&c.Principal)
		q.Lists = slices.DeleteFunc(q.Lists, func(list string) bool { return !active[list] })
	}
	if len(q.Lists) == 0 {
		return nil, cases.ErrNone
	}
	l, _ := s.o.Lists().List(q.Lists[0])
	q.Order = l.Policy.Allocation
	switch order {
	case "due":
		q.Order = directory.AllocationDue
	case "oldest":
		q.Order = directory.AllocationOldest
	}
	a, err := s.actFor(ctx, in.Key, body)
	if err != nil {
		return nil, err
	}
	if a.Agent == c.ID && c.Agent() == "" {
		return nil, invalid("body.agent", "a token asks for an agent: name him")
	}
	q.Lists = slices.DeleteFunc(q.Lists, func(list string) bool { return s.worksOn(ctx, a.Agent, list) != nil })
	done, err := s.o.Cases.Next(ctx, a, q)
	if err != nil {
		return nil, err
	}
	s.told(done.Changes)
	given, err := s.readCase(ctx, done.Case.ID) // the one given before, when the key was used before
	if err != nil {
		return nil, cases.ErrNone
	}
	return s.acted(&given), nil
}

// BatchAct is what is done to several cases.
type BatchAct struct {
	Cases      []string   `json:"cases" nullable:"false" minItems:"1" maxItems:"500" doc:"Their ids."`
	Act        string     `json:"act" enum:"assign,unassign,accept,close,reopen,comment,call_later,keep_open" doc:"What is done."`
	To         string     `json:"to,omitempty" maxLength:"64" doc:"Of assign: the agent; absent: whoever does it."`
	Reason     string     `json:"reason,omitempty" enum:"successful,unsuccessful,suppressed" doc:"Of close: why."`
	Resolution string     `json:"resolution,omitempty" maxLength:"64" doc:"Of close."`
	Until      *time.Time `json:"until,omitempty" doc:"Of call_later: when."`
	Keep       bool       `json:"keep,omitempty" doc:"Of keep_open."`
	Visible    bool       `json:"visible,omitempty" doc:"Of comment: the customer may see it."`
	ActBody
}

// deed is what is done, or what is missing for it.
func (b *BatchAct) deed(agent string) (cases.Deed, error) {
	switch b.Act {
	case "assign":
		if b.To == "" {
			return cases.Assign{To: agent}, nil
		}
		return cases.Assign{To: b.To}, nil
	case "unassign":
		return cases.Assign{}, nil
	case "accept":
		return cases.Accept{}, nil
	case "close":
		if b.Reason == "" {
			return nil, invalid("body.reason", "a close needs a reason")
		}
		return cases.Close{Reason: byHand[b.Reason], Resolution: b.Resolution}, nil
	case "reopen":
		return cases.Reopen{}, nil
	case "comment":
		return cases.Comment{Visible: b.Visible}, nil
	case "call_later":
		if b.Until == nil {
			return nil, invalid("body.until", "say when to call")
		}
		return cases.Edit{Due: b.Until, Later: true}, nil
	}
	return cases.KeepOpen{Keep: b.Keep}, nil
}

// BatchResult is what came of an act on several cases.
type BatchResult struct {
	Act     string    `json:"act" doc:"Names the act, to take it back."`
	Results []Outcome `json:"results" nullable:"false" doc:"One for each case, in the order they were named."`
}

// Outcome is what came of an act for one case.
type Outcome struct {
	ID      string   `json:"id" doc:"The case's id."`
	Done    bool     `json:"done" doc:"Whether it was done."`
	Problem *Problem `json:"problem,omitempty" doc:"Why not."`
	Case    *Case    `json:"case,omitempty" doc:"The case as it is now; absent when there is none that you may see."`
}

// supervised ends the id of the part of an act that is done as a supervisor.
const supervised = "+"

type batchOutput struct {
	Body BatchResult
}

func (s *Server) batch(ctx context.Context, in *struct {
	KeyHead
	Body BatchAct
},
) (*batchOutput, error) {
	a, err := s.actFor(ctx, in.Key, &in.Body.ActBody)
	if err != nil {
		return nil, err
	}
	deed, err := in.Body.deed(a.Agent)
	if err != nil {
		return nil, err
	}
	ids := slices.Compact(slices.Clone(in.Body.Cases))
	results := make(map[string]Outcome, len(ids))
	for _, supervises := range []bool{false, true} {
		some := s.workable(ctx, a.Agent, ids, supervises, results)
		if len(some) == 0 {
			continue
		}
		part := a
		part.Supervises = supervises
		if supervises {
			part.ID += supervised
		}
		done, err := s.o.Cases.Batch(ctx, part, some, deed)
		if err != nil {
			return nil, err
		}
		s.told(done.Changes)
		for _, o := range done.Outcomes {
			if !slices.Contains(some, o.ID) { // done before, to others
				return nil, errKeyReused
			}
			results[o.ID] = s.outcomeOf(&o)
		}
	}
	out := &batchOutput{Body: BatchResult{Act: a.ID, Results: []Outcome{}}}
	for _, id := range in.Body.Cases {
		out.Body.Results = append(out.Body.Results, results[id])
	}
	return out, nil
}

// workable are those of the cases that a caller may work on for an agent, as one who supervises their list or not.
// What he may not is a result.
func (s *Server) workable(ctx context.Context, agent string, ids []string, supervises bool, results map[string]Outcome) []string {
	var some []string
	for _, id := range ids {
		if _, settled := results[id]; settled || slices.Contains(some, id) {
			continue
		}
		c, err := s.readCase(ctx, id)
		if err == nil {
			err = s.worksOn(ctx, agent, c.List)
		}
		if err != nil {
			results[id] = s.outcomeOf(&cases.Outcome{ID: id, Err: err})
			continue
		}
		if (s.right(ctx, c.List) >= directory.Supervise) == supervises {
			some = append(some, id)
		}
	}
	return some
}

func (s *Server) outcomeOf(o *cases.Outcome) Outcome {
	shown := Outcome{ID: o.ID, Done: o.Err == nil}
	if o.Err != nil {
		p, ok := asProblem(o.Err)
		if !ok {
			p = s.problemOf(o.Err)
		}
		shown.Problem = p
	}
	if o.Case.ID != "" {
		c := s.shower.caseOf(&o.Case)
		shown.Case = &c
	}
	return shown
}

type undoActInput struct {
	Act  string `path:"act" maxLength:"256" doc:"What the answer to the act, or the case's undo, calls it."`
	Key  string `header:"Idempotency-Key" maxLength:"128" doc:"Names this request, so that sending it again does nothing more."`
	Body *ActBody
}

// undoAct takes an act back on those of its cases that its caller may still work on.
func (s *Server) undoAct(ctx context.Context, in *undoActInput) (*batchOutput, error) {
	body := in.Body
	if body == nil {
		body = &ActBody{}
	}
	a, err := s.actFor(ctx, in.Key, body)
	if err != nil {
		return nil, err
	}
	out := &batchOutput{Body: BatchResult{Act: a.ID, Results: []Outcome{}}}
	for _, act := range []string{in.Act, in.Act + supervised} {
		agent, ids, err := s.o.Cases.CasesOf(act)
		if err != nil {
			return nil, err
		}
		if agent != a.Agent {
			continue
		}
		results := map[string]Outcome{}
		some := append(s.workable(ctx, a.Agent, ids, false, results), s.workable(ctx, a.Agent, ids, true, results)...)
		if len(some) == 0 {
			continue
		}
		part := a
		part.ID += act[len(in.Act):]
		done, err := s.o.Cases.Batch(ctx, part, some, cases.Undo{Act: act})
		if err != nil {
			return nil, err
		}
		s.told(done.Changes)
		for i := range done.Outcomes {
			out.Body.Results = append(out.Body.Results, s.outcomeOf(&done.Outcomes[i]))
		}
	}
	if len(out.Body.Results) == 0 {
		return nil, problem(http.StatusNotFound, "no_undo", "There is no such act of yours to take back.")
	}
	return out, nil
}

// timeIn is a time that may be absent.
func timeIn(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
