package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/export"
	"ringback/cases/intake"
	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

// ListedNumber is a number on one of the lists of numbers that are called or not.
type ListedNumber struct {
	Number string    `json:"number" doc:"E.164; with * behind it all numbers that begin so."`
	Note   string    `json:"note,omitempty" doc:"Why."`
	Added  time.Time `json:"added" doc:"When it came onto the list."`
	By     string    `json:"by" doc:"Who put it there last."`
}

func listedOf(e *calling.Entry) ListedNumber {
	return ListedNumber{e.Pattern.String(), e.Note, e.Added, e.By.String()}
}

func (s *Server) registerNumbers(api huma.API) {
	if s.o.Calling == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/numbers/{kind}", "list-numbers", "calls", "A list of numbers that are called or not",
		"The do-not-call list, the company's block and allow lists, or an agent's own allow list, by number. Of the entries of block and allow lists that fit a number the longest decides.",
		http.StatusForbidden), s.listNumbers)
	handle(s, api, operation(http.MethodGet, "/v1/session/numbers", "list-own-numbers", "session", "Numbers allowed for you",
		"Your own allow list, of which the first thousand: what you may call whatever its country and its cost. Who keeps such lists is in GET /v1/numbers/personal.",
		http.StatusForbidden), s.ownNumbers)
	put := withBody(operation(http.MethodPost, "/v1/numbers/{kind}", "put-number", "calls", "Put a number on a list",
		"A number, or with * behind it the beginning of numbers. The cases of a number that comes onto the do-not-call list are closed as suppressed.", http.StatusForbidden))
	handle(s, api, put, s.putNumber)
	remove := operation(http.MethodDelete, "/v1/numbers/{kind}/{number}", "delete-number", "calls", "Take a number off a list", "",
		http.StatusForbidden, http.StatusNotFound)
	remove.DefaultStatus = http.StatusNoContent
	handle(s, api, remove, s.deleteNumber)
	handle(s, api, acceptedImport(operation(http.MethodPost, "/v1/numbers/{kind}/imports", "import-numbers", "calls", "Import a list of numbers",
		"Takes a CSV or XLSX file as the body, like the import of cases: a column of numbers and maybe one of notes. What is on the list stays on it; importing the same file again changes nothing.",
		http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests)), s.importNumbers)
	handle(s, api, tableOf("/v1/exports/numbers", "export-numbers", "calls", "A list of numbers as a table", "What is written so can be imported again."), s.exportNumbers)
	forbid := withBody(operation(http.MethodPost, "/v1/cases/{id}/do-not-call", "do-not-call", "calls", "The customer does not want to be called",
		"Puts the number of a case on the do-not-call list and closes its cases, on all lists, as suppressed.", http.StatusForbidden, http.StatusNotFound, http.StatusConflict))
	handle(s, api, forbid, s.doNotCall)
}

// NumbersPlace is which list of numbers a request is about. Huma reads embedded structs only when they are exported.
type NumbersPlace struct {
	Kind  string `path:"kind" enum:"do-not-call,blocked,allowed,personal" doc:"Which list."`
	Agent string `query:"agent" maxLength:"64" doc:"Of personal: whose, as the directory names him."`
}

// place is the list, once it is sure that there is one.
func (s *Server) place(in *NumbersPlace) (calling.Place, error) {
	p := calling.Place{Kind: calling.Kind(in.Kind), Agent: in.Agent}
	switch personal := p.Kind == calling.Personal; {
	case personal && in.Agent == "":
		return p, invalid("query.agent", "say whose list it is")
	case !personal && in.Agent != "":
		return p, invalid("query.agent", "this list is nobody's own")
	case personal:
		if _, known := s.o.Lists().Agent(in.Agent); !known {
			return p, invalid("query.agent", "there is nobody of this id")
		}
	}
	return p, nil
}

// patternIn is a number, or the beginning of numbers, as people write it.
func (s *Server) patternIn(text, location string) (directory.Pattern, error) {
	if len(text) > 0 && text[0] == ' ' { // a plus sign of a query that was not escaped
		text = "+" + text[1:]
	}
	p, err := intake.ParsePattern(text, s.o.Lists().Country(""))
	if err != nil {
		return p, invalid(location, notNumber)
	}
	return p, nil
}

// callingAct is a caller as he changes these lists now.
func callingAct(c *caller) calling.Act {
	return calling.Act{By: c.Who(), Peer: c.address, At: time.Now()}
}

type numbersOutput struct {
	Body struct {
		Numbers []ListedNumber `json:"numbers" nullable:"false"`
		Next    string         `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) listNumbers(_ context.Context, in *struct {
	NumbersPlace
	Text   string `query:"q" maxLength:"32" doc:"The beginning of a number."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"2048" doc:"The next of the page before."`
},
) (*numbersOutput, error) {
	p, err := s.place(&in.NumbersPlace)
	if err != nil {
		return nil, err
	}
	page, err := s.o.Calling.Page(p, s.beginningIn(in.Text), in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &numbersOutput{}
	out.Body.Numbers, out.Body.Next = []ListedNumber{}, page.Next
	for i := range page.Entries {
		out.Body.Numbers = append(out.Body.Numbers, listedOf(&page.Entries[i]))
	}
	return out, nil
}

// maxOwn is how many numbers of his own list somebody is shown.
const maxOwn = 1000

func (s *Server) ownNumbers(ctx context.Context, _ *struct{}) (*numbersOutput, error) {
	page, err := s.o.Calling.Page(calling.Place{Kind: calling.Personal, Agent: callerOf(ctx).Agent()}, "", maxOwn, "")
	if err != nil {
		return nil, err
	}
	out := &numbersOutput{}
	out.Body.Numbers = []ListedNumber{}
	for i := range page.Entries {
		out.Body.Numbers = append(out.Body.Numbers, listedOf(&page.Entries[i]))
	}
	return out, nil
}

type numberOutput struct {
	Body ListedNumber
}

func (s *Server) putNumber(ctx context.Context, in *struct {
	NumbersPlace
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"32" doc:"As people write it; with * behind it all numbers that begin so."`
		Note   string `json:"note,omitempty" maxLength:"500" doc:"Why."`
	}
},
) (*numberOutput, error) {
	p, err := s.place(&in.NumbersPlace)
	if err != nil {
		return nil, err
	}
	x, err := s.patternIn(in.Body.Number, "body.number")
	if err != nil {
		return nil, err
	}
	return s.put(ctx, p, calling.Draft{Pattern: x, Note: in.Body.Note})
}

// put puts a number on a list, with what follows from that.
func (s *Server) put(ctx context.Context, p calling.Place, d calling.Draft) (*numberOutput, error) {
	outcomes, err := s.o.Calling.Put(ctx, callingAct(callerOf(ctx)), p, []calling.Draft{d})
	if err == nil {
		err = outcomes[0].Err
	}
	if err == nil {
		err = s.suppress(ctx, p, []sip.Number{d.Pattern.Number})
	}
	if err != nil {
		return nil, err
	}
	return &numberOutput{listedOf(&outcomes[0].Entry)}, nil
}

// suppress closes the cases of numbers that came onto the do-not-call list.
func (s *Server) suppress(ctx context.Context, p calling.Place, numbers []sip.Number) error {
	if p.Kind != calling.DoNotCall {
		return nil
	}
	c := callerOf(ctx)
	for _, n := range numbers {
		changes, err := s.o.Cases.Suppress(ctx, cases.Act{Agent: c.Agent(), By: c.Who(), Peer: c.address, At: time.Now()}, n)
		s.told(changes)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) deleteNumber(ctx context.Context, in *struct {
	NumbersPlace
	Number string `path:"number" maxLength:"64" doc:"As the list has it."`
},
) (*struct{}, error) {
	p, err := s.place(&in.NumbersPlace)
	if err != nil {
		return nil, err
	}
	x, err := s.patternIn(in.Number, "path.number")
	if err != nil {
		return nil, err
	}
	return nil, s.o.Calling.Delete(ctx, callingAct(callerOf(ctx)), p, x)
}

func (s *Server) importNumbers(ctx context.Context, in *struct {
	NumbersPlace
	ImportFile
},
) (*importOutput, error) {
	p, err := s.place(&in.NumbersPlace)
	if err != nil {
		return nil, err
	}
	columns, err := in.columns()
	if err != nil {
		return nil, err
	}
	act := callingAct(callerOf(ctx))
	later := context.WithoutCancel(ctx)
	return s.startImport(ctx, &in.ImportFile, Import{Kind: "numbers", Numbers: in.Kind}, func(ctx context.Context, f intake.File, progress func(intake.Progress)) (intake.Report, error) {
		var failed error
		report, err := intake.Patterns(ctx, s.o.Calling, f, intake.PatternsOptions{
			Act: act, Place: p, Country: s.o.Lists().File().Country, Columns: columns, Partial: in.Partial, Try: in.DryRun, Progress: progress,
			Put: func(numbers []sip.Number) {
				if failed == nil {
					failed = s.suppress(later, p, numbers)
				}
			},
		})
		if err == nil {
			err = failed
		}
		return report, err
	})
}

func (s *Server) exportNumbers(ctx context.Context, in *struct {
	Kind  string `query:"kind" required:"true" enum:"do-not-call,blocked,allowed,personal" doc:"Which list."`
	Agent string `query:"agent" maxLength:"64" doc:"Of personal: whose."`
	TableFormat
},
) (*huma.StreamResponse, error) {
	p, err := s.place(&NumbersPlace{in.Kind, in.Agent})
	if err != nil {
		return nil, err
	}
	return s.export(ctx, &ExportFilter{TableFormat: in.TableFormat}, "numbers-"+in.Kind, func(ctx context.Context, w io.Writer, o export.Options) error {
		return export.Numbers(ctx, w, s.o.Calling, p, o)
	})
}

func (s *Server) doNotCall(ctx context.Context, in *struct {
	CaseID
	Body struct {
		Note string `json:"note,omitempty" maxLength:"500" doc:"Why."`
	}
},
) (*numberOutput, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if c.Number == 0 {
		p := newProblem(http.StatusConflict, "There is no number to call.")
		p.Code = "no_number"
		return nil, p
	}
	return s.put(ctx, calling.Place{Kind: calling.DoNotCall}, calling.Draft{Pattern: directory.Pattern{Number: c.Number}, Note: in.Body.Note})
}
