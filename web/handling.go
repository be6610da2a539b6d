package web

import (
	"context"
	"net/http"
	"time"

	"ringback/cases"
)

// HandlingGiven is what came of an attempt.
type HandlingGiven struct {
	ActBody
	Status     string     `json:"status" minLength:"1" maxLength:"64" doc:"One of the list's handling statuses."`
	Until      *time.Time `json:"until,omitempty" doc:"When to call again, of a status that asks for a time."`
	Resolution string     `json:"resolution,omitempty" maxLength:"64" doc:"Of a status that closes the case: one of the list's resolutions, where it has any."`
	Also       []string   `json:"also,omitempty" maxItems:"500" doc:"Siblings that get the status too: all, or chosen ones."`
}

// Handled is a case after it was given a handling status, and what came of it for its siblings.
type Handled struct {
	Case
	Also []Outcome `json:"also,omitempty" nullable:"false" doc:"One result for each of the cases named in also. One that is refused is as it was, and stops nothing for the others."`
}

type handlingInput struct {
	ActHead
	Body HandlingGiven
}

type handlingOutput struct {
	ETag string `header:"ETag" doc:"The case's new version."`
	Body Handled
}

func (s *Server) handling(ctx context.Context, in *handlingInput) (*handlingOutput, error) {
	b := &in.Body
	a, err := s.actOn(ctx, &in.ActHead, &b.ActBody)
	if err != nil {
		return nil, err
	}
	refused := map[string]Outcome{}
	siblings := s.workable(ctx, a.Agent, b.Also, false, refused)
	siblings = append(siblings, s.workable(ctx, a.Agent, b.Also, true, refused)...)
	done, err := s.do(ctx, a, cases.Handle{Status: b.Status, Until: timeIn(b.Until), Resolution: b.Resolution, Also: siblings})
	if err != nil {
		return nil, err
	}
	out := &handlingOutput{ETag: entityTag(versionOf(&done.Case)), Body: Handled{Case: s.shower.caseOf(&done.Case)}}
	results := refused
	for i := range done.Outcomes {
		results[done.Outcomes[i].ID] = s.outcomeOf(&done.Outcomes[i])
	}
	told := map[string]bool{}
	for _, id := range b.Also {
		if told[id] {
			continue
		}
		told[id] = true
		o, ok := results[id]
		if !ok { // the request was sent before, and only what was done then is remembered
			o = Outcome{ID: id, Problem: newProblem(http.StatusConflict, "It was refused when this was asked the first time.")}
			o.Problem.Code = "not_done"
		}
		out.Body.Also = append(out.Body.Also, o)
	}
	return out, nil
}
