package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"ringback/web"
)

// caseView is what all three tabs of a case have.
type caseView struct {
	head
	Case  web.Case
	Row   rowView
	May   mayView // of a case that can be dialled
	Shown string  // the tab
	Recap string  // what was done last, in short
}

// fact is one thing known of a case.
type fact struct {
	Name string
	Text string
	When *moment
	Long bool // it may have several lines
}

// facts are what is known, in order.
type facts []fact

// text adds a text, unless there is none.
func (f *facts) text(name, text string) {
	if text != "" {
		*f = append(*f, fact{Name: name, Text: text, Long: strings.Contains(text, "\n") || len(text) > 60})
	}
}

// when adds a time, unless there is none.
func (f *facts) when(name string, m *moment) {
	if m != nil {
		*f = append(*f, fact{Name: name, When: m})
	}
}

type detailsView struct {
	caseView
	Facts    facts
	Messages []messageView
	Siblings []rowView
	Before   string // the closed case of the same customer before this one
	Undo     *web.Undoable
}

// readCase reads the case in the path.
func (v *visit) readCase(tab string) (web.CaseWithHistory, caseView, error) {
	c, err := v.api.Case(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return c, caseView{}, err
	}
	view := caseView{Case: c.Case, Row: v.row(&c.Case, nil), Shown: tab}
	view.head = v.head(view.Row.Title, "")
	if view.Row.Tel != "" {
		view.May, err = v.mayCall(&c.Case)
	}
	return c, view, err
}

func detailsPage(v *visit) error {
	c, view, err := v.readCase("details")
	if err != nil {
		return err
	}
	page := detailsView{caseView: view, Facts: v.facts(&c.Case), Before: c.Previous}
	if c.Undo != nil && c.Undo.Agent == v.me.ID {
		page.Undo = c.Undo
	}
	if page.Messages, err = v.messages(&c.Case); err != nil {
		return err
	}
	if c.State == "open" {
		siblings, err := v.api.Siblings(v.ctx(), c.ID)
		if err != nil {
			return err
		}
		for i := range siblings {
			page.Siblings = append(page.Siblings, v.row(&siblings[i], nil))
		}
	}
	return v.show(http.StatusOK, "details", page)
}

// facts are what is known of a case, the most useful first.
func (v *visit) facts(c *web.Case) (all facts) {
	all.text(v.say("Topic"), c.Topic)
	all.text(v.say("Note"), c.Note)
	if c.LastNote != c.Note {
		all.text(v.say("Last note"), c.LastNote)
	}
	all.text(v.say("Waits for"), c.Question)
	if c.State == "open" {
		due := v.due(c.Due)
		all.when(v.say("Due"), &due)
		all.when(v.say("Not to be called before"), v.maybe(c.NotBefore))
		all.when(v.say("Expires"), v.maybe(c.Expires))
	} else {
		all.text(v.say("Closed"), v.closedBy(c))
		all.text(v.say("Resolution"), c.Resolution)
	}
	who := v.say("Nobody")
	if c.Assignee != "" {
		who = v.agentName(c.List, c.Assignee)
	}
	all.text(v.say("Assigned to"), who)
	all.when(v.say("Yours until, unless you call"), v.maybe(c.ClaimUntil))
	if c.Personal != "" {
		all.text(v.say("Meant for"), v.agentName(c.List, c.Personal))
	}
	all.text(v.say("Number"), numberText(c.Number))
	if c.Contact != nil && c.Name != "" && c.Name != c.Contact.Name {
		all.text(v.say("Name"), c.Name)
	}
	all.text(v.say("Channel in"), v.channel(c.Channel))
	all.text(v.say("Service"), v.serviceName(c.List, c.Service))
	all.text(v.say("Why"), v.whyOf(c))
	all.when(v.say("Last missed"), v.maybe(c.Missed))
	if c.MissedCount > 0 {
		all.text(v.say("Misses"), v.say("%d misses", c.MissedCount)+", "+v.say("waited %s", v.span(time.Duration(c.Wait*float64(time.Second)))))
	}
	if c.Requests > 0 {
		all.text(v.say("Asked to be called"), v.say("%d times", c.Requests))
	}
	if c.Attempts > 0 {
		all.text(v.say("Attempts"), fmt.Sprint(c.Attempts))
	}
	all.when(v.say("Opened"), v.maybe(&c.Opened))
	if c.KeepOpen {
		all.text(v.say("Closing"), v.say("Never by itself"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		all.text(name, c.Fields[name])
	}
	return all
}

// whyOf is the verdict of the latest miss, and whether it is sure.
func (v *visit) whyOf(c *web.Case) string {
	why := v.whyOn(c.List, c.Verdict, c.Reason)
	if why != "" && c.Confidence == "inferred" {
		why += " (" + v.say("as far as could be seen") + ")"
	}
	return why
}

// closedBy is why, when and by whom a case closed.
func (v *visit) closedBy(c *web.Case) string {
	said := v.closed(c.CloseReason)
	if c.Closed != nil {
		said += ", " + v.moment(*c.Closed).Text
	}
	if c.ClosedBy != "" {
		said += ", " + v.agentName(c.List, c.ClosedBy)
	}
	return said
}
