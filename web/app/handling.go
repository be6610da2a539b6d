package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// handlingView is where somebody says what came of an attempt.
type handlingView struct {
	caseView
	Attempt     *web.Attempt // the latest
	When        *moment      // of it
	Seen        string       // what the signalling says of it
	Statuses    []statusChoice
	Resolutions []web.Resolution
	NeedsNote   bool
	NeedsWhy    bool // a resolution is needed
	Siblings    []siblingChoice
	Later       string // a time to call again, as the field has it
	Earliest    string
	Given       string   // the status given last
	ByOne       bool     // the customer's cases are handled one by one
	Rest        []string // which of them come after this one
}

type statusChoice struct {
	web.HandlingStatus

	Chosen bool
	Does   string // what it does to the case
}

type siblingChoice struct {
	rowView

	Who string // who is working on it
}

func handlingPage(v *visit) error {
	c, view, err := v.readCase("handling")
	if err != nil {
		return err
	}
	list, _, err := v.api.List(v.ctx(), c.List)
	if err != nil {
		return err
	}
	page := handlingView{
		caseView: view, Attempt: c.Attempt, Resolutions: list.Settings.Resolutions, NeedsNote: list.Settings.NoteRequired, NeedsWhy: list.Settings.ResolutionRequired,
		Later: v.localTime(v.now.Add(time.Hour).Round(15 * time.Minute)), Earliest: v.localTime(v.now),
	}
	for i := range list.Settings.Handling {
		h := list.Settings.Handling[i]
		if h.Name == "" {
			h.Name = h.ID
		}
		h.Name = v.status(h.Name)
		page.Statuses = append(page.Statuses, statusChoice{h, h.ID == c.Suggested, v.does(&h, c.Attempts)})
		if h.ID == c.Handling {
			page.Given = h.Name
		}
	}
	if c.Attempt != nil {
		page.When, page.Seen = v.maybe(&c.Attempt.At), v.result(c.Attempt.Result)
	}
	q := v.r.URL.Query()
	page.ByOne, page.Rest = q.Has("rest"), caseIDs(q.Get("rest"))
	if !page.ByOne {
		if page.Siblings, err = v.siblings(&c.Case); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "handling", page)
}

// status is what a handling status is called: a built-in one in his language, another as its list calls it.
func (v *visit) status(name string) string {
	if strings.Contains(name, "%") { // no sentence of ours
		return name
	}
	return v.say(name)
}

// siblings are the other open cases of the customer, and who is working on them.
func (v *visit) siblings(c *web.Case) ([]siblingChoice, error) {
	if c.State != "open" {
		return nil, nil
	}
	found, err := v.api.Siblings(v.ctx(), c.ID)
	if err != nil {
		return nil, err
	}
	var all []siblingChoice
	for i := range found {
		s := siblingChoice{rowView: v.row(&found[i], nil)}
		if found[i].Assignee != "" {
			s.Who = v.agentName(found[i].List, found[i].Assignee)
		}
		all = append(all, s)
	}
	return all, nil
}

// does says what a status does to a case.
func (v *visit) does(h *web.HandlingStatus, attempts int) string {
	switch {
	case h.Terminal && h.Success, h.Terminal:
		return v.say("closes the case")
	case h.AsksTime:
		return v.say("at a time you choose")
	case len(h.RetryAfter) > 0:
		after, err := time.ParseDuration(h.RetryAfter[min(attempts, len(h.RetryAfter)-1)])
		if err == nil {
			return v.say("again in %s", v.short(after))
		}
	}
	return ""
}

// short is a span without its lesser part where that is nothing.
func (v *visit) short(d time.Duration) string {
	switch {
	case d < time.Hour:
		return v.say("%d min", int(d/time.Minute))
	case d%time.Hour == 0:
		return v.say("%d h", int(d/time.Hour))
	}
	return v.span(d)
}

// result is what the signalling says became of a call.
func (v *visit) result(word string) string { return v.named(results, word) }

// dateTime is how the browser's field for a time writes it.
const dateTime = "2006-01-02T15:04"

func (v *visit) localTime(t time.Time) string { return t.In(v.zone).Format(dateTime) }

// timeField reads a time field of a form into t, which is left as it is when nothing is in the field.
func (v *visit) timeField(name string, t **time.Time) error {
	text := v.r.PostFormValue(name)
	if text == "" {
		return nil
	}
	given, err := time.ParseInLocation(dateTime, text, v.zone)
	if err != nil {
		return errForm
	}
	*t = &given
	return nil
}

// caseIDs reads the cases that an address names.
func caseIDs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// handle gives a handling status: to the case alone, or to other cases of the customer too.
func handle(v *visit) error { return v.act(v.say("Saved"), v.handleCase) }

func (v *visit) handleCase(id string) (web.Case, error) {
	h := web.HandlingGiven{Status: v.r.PostFormValue("status"), Resolution: v.r.PostFormValue("resolution")}
	h.Note = v.r.PostFormValue("note")
	switch v.r.PostFormValue("apply") {
	case "all":
		h.Also = v.r.PostForm["rest"]
	case "one", "this":
	default:
		h.Also = v.r.PostForm["also"]
	}
	list, err := v.listOf(id)
	if err != nil {
		return web.Case{}, err
	}
	if i := slices.IndexFunc(list.Settings.Handling, func(s web.HandlingStatus) bool { return s.ID == h.Status }); i >= 0 {
		if list.Settings.Handling[i].AsksTime {
			if err := v.timeField("until", &h.Until); err != nil {
				return web.Case{}, err
			}
		}
		if !list.Settings.Handling[i].Terminal {
			h.Resolution = ""
		}
	}
	if v.r.PostFormValue("attempted") != "" { // he says that he called, which nothing saw
		if _, err := v.api.Attempt(v.ctx(), id, web.AttemptBody{Made: true}); err != nil {
			return web.Case{}, err
		}
	}
	done, err := v.api.Handle(v.ctx(), id, h)
	if rest := v.r.PostForm["rest"]; err == nil && v.r.PostFormValue("apply") == "one" && len(rest) > 0 {
		v.r.Form.Set("back", "/cases/"+url.PathEscape(rest[0])+"/handling?"+url.Values{"rest": {strings.Join(rest[1:], ",")}}.Encode())
	}
	for i := range done.Also {
		if p := done.Also[i].Problem; p != nil {
			v.partly = append(v.partly, v.problem(&client.Error{Problem: *p}))
		}
	}
	return done.Case, err
}

// listOf is the list of a case.
func (v *visit) listOf(id string) (web.ListDetail, error) {
	c, err := v.api.Case(v.ctx(), id)
	if err != nil {
		return web.ListDetail{}, err
	}
	list, _, err := v.api.List(v.ctx(), c.List)
	return list, err
}
