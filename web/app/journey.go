package app

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/web"
)

// journeyView is what became of one call.
type journeyView struct {
	head
	Sum     facts
	Steps   []callEvent
	IDs     []string
	Number  string // whose call it is, for all that there was with him
	Cases   []entry
	Related []entry // other calls about the same cases
}

// customerView is all that there was with a customer, the latest first.
type customerView struct {
	head
	Number string
	Story  []step
	Next   string
}

// step is something in a customer's journey.
type step struct {
	Icon    string
	What    string
	Who     string
	List    string
	When    moment
	Note    string
	Facts   []string
	Call    string  // of a call: its id, as that of the call that a case's event rests on
	Case    string  // of what happened to a case
	Related []entry // of a call: callbacks of it, or the calls that it is the callback of
}

func callJourneyPage(v *visit) error {
	c, err := v.api.CallJourney(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := journeyView{head: v.head(v.callTitle(&c), ""), Sum: v.callFacts(&c), IDs: c.CallIDs, Number: c.Number}
	page.Steps = v.callEvents(&c)
	for _, id := range c.Cases {
		e := entry{Address: "/cases/" + url.PathEscape(id), Name: id}
		if one, err := v.api.Case(v.ctx(), id); err == nil {
			title, _ := v.customer(&one.Case)
			e.Name = title + " · " + v.listName(one.List) + " · " + v.moment(one.Opened).Text
		}
		page.Cases = append(page.Cases, e)
	}
	for i := range c.Related {
		page.Related = append(page.Related, v.relatedCall(&c.Related[i]))
	}
	return v.show(http.StatusOK, "journey", page)
}

// callEvent is one thing seen of a call, as far after its beginning.
type callEvent struct{ After, What, Who, Code string }

// callEvents are what was seen of a call, in order.
func (v *visit) callEvents(c *web.CallJourney) []callEvent {
	var all []callEvent
	for i := range c.Steps {
		e := &c.Steps[i]
		s := callEvent{After: v.after(e.At.Sub(c.Started)), What: strings.ReplaceAll(e.What, "_", " "), Who: e.Agent}
		if e.Status != 0 {
			s.Code = v.say("SIP %d", e.Status)
		}
		if e.Cause != nil {
			s.Code = strings.TrimSpace(s.Code + fmt.Sprintf(" Q.850 %d", *e.Cause))
		}
		all = append(all, s)
	}
	return all
}

// callTitle is what a call is called.
func (v *visit) callTitle(c *web.CallJourney) string {
	who := numberText(c.Number)
	switch {
	case c.Contact != nil && c.Contact.Name != "":
		who = c.Contact.Name
	case who == "":
		who = v.say("No number")
	}
	if c.Direction == "outbound" {
		return v.say("Call to %s", who)
	}
	return v.say("Call of %s", who)
}

// callFacts are what is known of a call.
func (v *visit) callFacts(c *web.CallJourney) (all facts) {
	all.text(v.say("Result"), v.callResult(c))
	when := v.moment(c.Started)
	all.when(v.say("Began"), &when)
	if c.Answered != nil {
		all.text(v.say("Answered after"), v.span(c.Answered.Sub(c.Started)))
	}
	if c.Ended != nil {
		all.text(v.say("Lasted"), v.span(c.Ended.Sub(c.Started)))
	}
	if c.Answered != nil {
		all.text(v.say("Talking time"), v.span(time.Duration(c.Talking*float64(time.Second))))
	}
	all.text(v.say("Hung up by"), v.named(parties, c.HungUp))
	all.text(v.say("Agent"), v.callAgent(c))
	all.text(v.say("Device"), c.Device)
	for _, id := range c.Rang {
		all.text(v.say("Rang at"), v.agentName(c.List, id))
	}
	all.text(v.say("Shown as the caller"), numberText(c.CallerID))
	all.text(v.say("Called number"), numberText(c.CalleeID))
	all.text(v.say("Service"), v.serviceName(c.List, c.Service))
	all.text(v.say("List"), v.listName(c.List))
	all.text(v.say("Trunk"), c.Trunk)
	return all
}

// callAgent is the agent of a call.
func (v *visit) callAgent(c *web.CallJourney) string {
	if c.Agent == "" {
		return ""
	}
	list := c.List
	if list == "" && len(v.me.Lists) > 0 { // people are called alike on all lists
		list = v.me.Lists[0].ID
	}
	return v.agentName(list, c.Agent)
}

// callResult is what became of a call, in words.
func (v *visit) callResult(c *web.CallJourney) string {
	said := ""
	switch {
	case c.Direction == "outbound":
		said = v.result(c.Result)
	case c.Verdict == "served":
		said = v.say("Served")
	default:
		said = v.why(c.Verdict, c.Reason)
	}
	if said != "" && c.Confidence == "inferred" {
		said += " (" + v.say("as far as could be seen") + ")"
	}
	return said
}

// relatedCall leads to another call about the same case.
func (v *visit) relatedCall(r *web.RelatedCall) entry {
	e := entry{Address: journeyOf(r.Call), Icon: "ringing"}
	when := v.moment(r.At).Text
	switch r.Relation {
	case "callback":
		e.Icon, e.Name = "phone", v.say("Called back %s", when)
	case "missed":
		e.Name = v.say("Missed %s", when)
	case "served":
		e.Name = v.say("Served %s", when)
	default:
		e.Name = v.say("Another call %s", when)
	}
	return e
}

// journeyOf is the address of a call's journey.
func journeyOf(call string) string { return "/calls/" + url.PathEscape(call) + "/journey" }

func customerJourneyPage(v *visit) error {
	number := v.r.PathValue("number")
	items, next, err := v.api.CustomerJourneyPage(v.ctx(), number, v.r.FormValue("cursor"))
	if err != nil {
		return err
	}
	page := customerView{head: v.head(v.say("All of %s", numberText(number)), ""), Number: number}
	for i := range items {
		page.Story = append(page.Story, v.step(&items[i], items))
	}
	if next != "" {
		page.Next = "/customers/" + url.PathEscape(number) + "/journey?cursor=" + url.QueryEscape(next)
	}
	return v.show(http.StatusOK, "customer", page)
}

// step tells one thing of a journey.
func (v *visit) step(i *web.JourneyItem, all []web.JourneyItem) step {
	s := step{Icon: "clock", When: v.moment(i.At), Case: i.Case}
	if i.List != "" {
		s.List = v.listName(i.List)
	}
	switch {
	case i.Call != nil:
		v.callStep(&s, i, all)
	case i.Entry != nil:
		e := web.Entry{Event: i.Entry.Event, Reason: i.Entry.Reason, Agent: i.Entry.Agent, Note: i.Entry.Note}
		if s.Call = i.Entry.Call; s.Call != "" {
			e.Proof = &web.Proof{}
		}
		s.Icon, s.What = v.event(i.List, &e)
		s.Note = i.Entry.Note
		if e.Agent != "" {
			s.Who = v.agentName(i.List, e.Agent)
		}
	case i.Scheduled != nil:
		p := v.planned(i.Scheduled, "")
		s.What = v.say("Call scheduled: %s", p.When.Full)
		s.Facts, s.Note = []string{p.How}, i.Scheduled.Note
		if p.Came != "" {
			s.Facts = append(s.Facts, p.Came)
		}
	}
	return s
}

// callStep tells a call, with those before and after it about the same cases.
func (v *visit) callStep(s *step, i *web.JourneyItem, all []web.JourneyItem) {
	s.Icon, s.What, s.Call, s.Who = "ringing", v.say("Called us"), i.Call.ID, v.callAgent(i.Call)
	if i.Kind == "callback" {
		s.Icon, s.What = "phone", v.say("Was called")
	}
	if said := v.callResult(i.Call); said != "" {
		s.What += ": " + said
	}
	if i.Call.Talking > 0 {
		s.Facts = append(s.Facts, v.say("talked %s", v.span(time.Duration(i.Call.Talking*float64(time.Second)))))
	}
	for j := range all {
		other := all[j].Call
		if other == nil || all[j].Kind == i.Kind || !slices.ContainsFunc(other.Cases, func(id string) bool { return slices.Contains(i.Call.Cases, id) }) {
			continue
		}
		r := web.RelatedCall{Call: other.ID, Relation: "callback", At: other.Started}
		if i.Kind == "callback" {
			r.Relation = other.Verdict
		}
		s.Related = append(s.Related, v.relatedCall(&r))
	}
}
