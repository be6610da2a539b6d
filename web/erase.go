package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Erasure is what was, or would be, taken out of everything that is kept, for one person.
type Erasure struct {
	Numbers []string `json:"numbers" nullable:"false" doc:"The person's numbers: the one given, and those of his contact."`
	Contact string   `json:"contact,omitempty" doc:"The contact's id; absent when he had none."`
	Cases   []string `json:"cases" nullable:"false" doc:"Ids of the cases, open and closed, that went with their histories."`
}

func (s *Server) registerErasure(api huma.API) {
	if s.o.Erase == nil {
		return
	}
	handle(s, api, withBody(operation(http.MethodPost, "/v1/erasures", "erase-person", "people", "Erase a person's data",
		"Takes everything out that is kept of a number, for somebody who wants his data gone: cases with their histories, his contact with all its numbers, "+
			"search, waiting messages, calls that are scheduled, what is kept of his calls, what reports of imports quote of his numbers, and his numbers on block and allow lists. On the do-not-call list a number stays. It cannot be taken back. The audit trail keeps that it was done, not for whom.",
		http.StatusForbidden)), s.erase)
}

type erasureOutput struct {
	Body Erasure
}

func (s *Server) erase(ctx context.Context, in *struct {
	Body struct {
		Number     string `json:"number" minLength:"1" maxLength:"32" doc:"As people write it."`
		OnlyNumber bool   `json:"only_number,omitempty" doc:"Only the cases of this number: the contact that has it, and his other numbers, stay."`
		DryRun     bool   `json:"dry_run,omitempty" doc:"Only tell what would be erased."`
	}
},
) (*erasureOutput, error) {
	n, err := s.numberIn(in.Body.Number, "", "body.number")
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, invalid("body.number", notNumber)
	}
	o := EraseOptions{DryRun: in.Body.DryRun, OnlyNumber: in.Body.OnlyNumber}
	erased, err := s.o.Erase(ctx, actOf(callerOf(ctx)), n, o)
	if err != nil {
		return nil, err
	}
	shown := Erasure{Numbers: []string{}, Contact: erased.Contact, Cases: someOf(erased.Cases)}
	for _, n := range erased.Numbers {
		shown.Numbers = append(shown.Numbers, n.String())
	}
	if !o.DryRun {
		s.events.Forget(erased.Numbers)
		s.imports.erase(erased.Numbers)
	}
	return &erasureOutput{shown}, nil
}
