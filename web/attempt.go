package web

import (
	"context"
	"time"

	"ringback/cases"
)

// AttemptBody says how the customer is called.
type AttemptBody struct {
	ActBody
	PIN  string `json:"pin,omitempty" maxLength:"32" doc:"Where the number needs one."`
	Made bool   `json:"made,omitempty" doc:"The call was made already, where nobody saw it: it is noted whatever the rules say of a call now."`
}

// AttemptNoted is a case as it is after an attempt was noted.
type AttemptNoted struct {
	Case
	MayCall *MayCall `json:"may_call,omitempty" doc:"What the rules say of the call: what they warn of."`
}

type attemptInput struct {
	ActHead
	Body *AttemptBody
}

type attemptOutput struct {
	ETag string `header:"ETag" doc:"The case's new version."`
	Body AttemptNoted
}

// attempt notes that somebody calls the customer, unless the rules are against it. One that was noted before, by the same
// key, is not asked about again.
func (s *Server) attempt(ctx context.Context, in *attemptInput) (*attemptOutput, error) {
	b := in.Body
	if b == nil {
		b = &AttemptBody{}
	}
	a, err := s.actOn(ctx, &in.ActHead, &b.ActBody)
	if err != nil {
		return nil, err
	}
	out := &attemptOutput{}
	_, before, err := s.o.Cases.CasesOf(a.ID)
	if err != nil {
		return nil, err
	}
	if s.o.MayCall != nil && !b.Made && len(before) == 0 {
		c, err := s.readCase(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		q := s.question(ctx, c.List)
		q.At, q.Agent, q.PIN = time.Now(), a.Agent, b.PIN
		answer, err := s.o.MayCall.Case(&c, q)
		if err != nil {
			return nil, err
		}
		m := mayCallOf(&answer, c.Number)
		if answer.Blocked() {
			return nil, m.refusal()
		}
		out.Body.MayCall = &m
	}
	done, err := s.do(ctx, a, cases.Try{})
	if err != nil {
		return nil, err
	}
	out.ETag, out.Body.Case = entityTag(versionOf(&done.Case)), s.shower.caseOf(&done.Case)
	return out, nil
}
