package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases/maycall"
	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

// MayCall is what the rules say of a call.
type MayCall struct {
	Verdict  string           `json:"verdict" enum:"allowed,warned,blocked" doc:"Warned: it may be called, and whoever calls is to be told first."`
	Findings []MayCallFinding `json:"findings" nullable:"false" doc:"Every rule that speaks against the call, those that block first."`
	At       time.Time        `json:"at" doc:"When the call would be."`
	Next     *time.Time       `json:"next,omitempty" doc:"The earliest time from then on at which nothing blocks; absent when waiting does not help."`
	Zones    []string         `json:"zones" nullable:"false" doc:"Time zones that the customer may be in; none where nothing is known."`
	Number   string           `json:"number,omitempty" doc:"E.164; absent when it has no such form."`
	Kind     string           `json:"kind,omitempty" enum:"unknown,fixed,mobile,fixed_or_mobile,toll_free,premium,shared_cost,voip,personal,pager,company,voicemail" doc:"What the numbering plan has it for."`
	Region   string           `json:"region,omitempty" doc:"Its country, ISO 3166-1 alpha-2; 001 for numbers of none."`
}

// MayCallFinding is one rule that speaks against a call.
type MayCallFinding struct {
	Rule   string     `json:"rule" enum:"no_number,not_open,taken,calling_now,do_not_call,block_list,allow_list,country,premium,short_number,pin,attempts_per_case,attempts_per_day,quiet_hours,outside_hours" doc:"Which."`
	Effect string     `json:"effect" enum:"warn,block" doc:"Whether it stops the call."`
	Reason string     `json:"reason" doc:"A sentence for people."`
	Until  *time.Time `json:"until,omitempty" doc:"When the rule no longer speaks against it; absent when waiting does not help."`
}

func mayCallOf(a *maycall.Answer, n sip.Number) MayCall {
	shown := MayCall{Verdict: "allowed", Findings: []MayCallFinding{}, At: a.At, Next: timeOf(a.Next), Zones: someOf(a.Zones)}
	switch {
	case a.Blocked():
		shown.Verdict = "blocked"
	case a.Warned():
		shown.Verdict = "warned"
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		shown.Findings = append(shown.Findings, MayCallFinding{string(f.Rule), f.Effect.String(), f.Reason, timeOf(f.Until)})
	}
	if n != 0 {
		shown.Number, shown.Kind, shown.Region = n.String(), n.Kind().String(), n.Region()
	}
	return shown
}

// By says whether a rule is among the findings.
func (m *MayCall) By(rule string) bool {
	return slices.ContainsFunc(m.Findings, func(f MayCallFinding) bool { return f.Rule == rule })
}

// refusal is the answer to a call that is blocked.
func (m *MayCall) refusal() *Problem {
	p := newProblem(http.StatusConflict, m.Findings[0].Reason)
	p.Code, p.MayCall = m.Findings[0].Rule, m
	return p
}

func (s *Server) registerMayCall(api huma.API) {
	if s.o.MayCall == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/may-call", "may-call-case", "calls", "May the customer of a case be called?",
		"Looks at every rule: do-not-call list, block and allow lists, countries, premium and short numbers, PINs, quiet hours where the customer may be, opening hours, attempts. "+
			"The same is asked again at every dial.", http.StatusForbidden, http.StatusNotFound), s.mayCallCase)
	handle(s, api, operation(http.MethodGet, "/v1/may-call", "may-call-number", "calls", "May a number be called?",
		"Looks at the same rules for a number, by those of a list.", http.StatusForbidden), s.mayCallNumber)
}

// MayCallAt is when a call would be. Huma reads embedded structs only when they are exported.
type MayCallAt struct {
	At time.Time `query:"at" doc:"When; absent: now."`
}

func (q *MayCallAt) time() time.Time {
	if q.At.IsZero() {
		return time.Now()
	}
	return q.At
}

type mayCallOutput struct {
	Body MayCall
}

func (s *Server) mayCallCase(ctx context.Context, in *struct {
	CaseID
	Number string `query:"number" maxLength:"64" doc:"To be called instead of the case's number, as people write it."`
	MayCallAt
},
) (*mayCallOutput, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	q := s.question(ctx, c.List)
	q.At = in.time()
	n := c.Number
	if in.Number != "" {
		n, q.Dialled = s.dialledIn(in.Number, c.List)
		q.Number = n
	}
	a, err := s.o.MayCall.Case(&c, q)
	if err != nil {
		return nil, err
	}
	return &mayCallOutput{mayCallOf(&a, n)}, nil
}

func (s *Server) mayCallNumber(ctx context.Context, in *struct {
	Number string `query:"number" required:"true" minLength:"1" maxLength:"64" doc:"As people write it."`
	List   string `query:"list" required:"true" minLength:"1" maxLength:"64" doc:"For whose cases, so by whose rules."`
	MayCallAt
},
) (*mayCallOutput, error) {
	if err := s.mayOn(ctx, in.List, "query.list"); err != nil {
		return nil, err
	}
	q := s.question(ctx, in.List)
	q.At = in.time()
	q.Number, q.Dialled = s.dialledIn(in.Number, in.List)
	a, err := s.o.MayCall.Number(in.List, q)
	if err != nil {
		return nil, err
	}
	return &mayCallOutput{mayCallOf(&a, q.Number)}, nil
}

// question is a call that a caller wants to make for a list.
func (s *Server) question(ctx context.Context, list string) maycall.Question {
	c := callerOf(ctx)
	return maycall.Question{Agent: c.Agent(), Who: c.String(), Supervises: s.right(ctx, list) >= directory.Supervise}
}

// dialledIn is what somebody would dial: a number, or what he typed where it is none.
func (s *Server) dialledIn(text, list string) (n sip.Number, dialled string) {
	if n, err := s.numberIn(text, list, ""); err == nil && !sip.IsShortNumber(strings.TrimSpace(text), string(s.o.Lists().Country(list))) {
		return n, ""
	}
	return 0, strings.TrimSpace(text)
}

// PINClass is a kind of numbers that calls may need a PIN for.
type PINClass struct {
	Class string `json:"class" enum:"international,premium,mobile,fixed,other" doc:"Which numbers: of other countries; premium-rate and shared-cost ones; and so on."`
	Set   bool   `json:"set" doc:"Whether they need a PIN."`
}

func (s *Server) registerPINs(api huma.API) {
	if s.o.Calling == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/pins", "list-pins", "calls", "Kinds of numbers that need a PIN", "", http.StatusForbidden), s.listPINs)
	set := withBody(operation(http.MethodPut, "/v1/pins/{class}", "set-pin", "calls", "Set the PIN of a kind of numbers",
		"Who calls such a number has to give it. It is kept as a hash and shown nowhere.", http.StatusForbidden))
	set.DefaultStatus = http.StatusNoContent
	handle(s, api, set, s.setPIN)
	remove := operation(http.MethodDelete, "/v1/pins/{class}", "delete-pin", "calls", "Need no PIN any more", "", http.StatusForbidden)
	remove.DefaultStatus = http.StatusNoContent
	handle(s, api, remove, s.deletePIN)
}

type pinsOutput struct {
	Body struct {
		Classes []PINClass `json:"classes" nullable:"false" doc:"All there are."`
	}
}

func (s *Server) listPINs(context.Context, *struct{}) (*pinsOutput, error) {
	set, err := s.o.Calling.PINs()
	if err != nil {
		return nil, err
	}
	out := &pinsOutput{}
	for _, c := range calling.Classes() {
		shown := PINClass{Class: string(c)}
		for _, one := range set {
			shown.Set = shown.Set || one == c
		}
		out.Body.Classes = append(out.Body.Classes, shown)
	}
	return out, nil
}

// PINClassID is what a request about a PIN has in its path. Huma reads embedded structs only when they are exported.
type PINClassID struct {
	Class string `path:"class" enum:"international,premium,mobile,fixed,other" doc:"Which numbers."`
}

func (s *Server) setPIN(ctx context.Context, in *struct {
	PINClassID
	Body struct {
		PIN string `json:"pin" pattern:"^[0-9]{4,12}$" doc:"Four to twelve digits."`
	}
},
) (*struct{}, error) {
	return nil, s.o.Calling.SetPIN(ctx, callingAct(callerOf(ctx)), calling.Class(in.Class), in.Body.PIN)
}

func (s *Server) deletePIN(ctx context.Context, in *PINClassID) (*struct{}, error) {
	return nil, s.o.Calling.SetPIN(ctx, callingAct(callerOf(ctx)), calling.Class(in.Class), "")
}
