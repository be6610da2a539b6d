package app

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"ringback/web"
)

// historyView is the story of a case, the latest first: its beginning is at the bottom.
type historyView struct {
	caseView
	Story []chapter
}

// chapter is one event of a story.
type chapter struct {
	Icon    string
	What    string
	Who     string
	When    moment
	Note    string
	Visible bool // of a comment: the customer may see it
	Changes []web.FieldChange
	Proof   *proofView
}

// proofView is what was seen of the call that an event rests on.
type proofView struct {
	Call   string // its id
	Sum    facts
	Ladder []rung
	Left   int // how many are left out of the middle
	IDs    []string
}

// rung is one observed fact, as far after the call's beginning.
type rung struct {
	After   string
	Between string // who sent it, and to whom
	What    string
	Code    string
	Leg     int // which of the call's legs, from 1
}

func historyPage(v *visit) error {
	c, view, err := v.readCase("history")
	if err != nil {
		return err
	}
	page := historyView{caseView: view}
	entries := []web.Entry{}
	if c.Earlier == 0 {
		entries = c.History
	} else {
		for e, err := range v.api.History(v.ctx(), c.ID) {
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		page.Story = append(page.Story, v.chapter(&c.Case, &entries[i]))
	}
	return v.show(http.StatusOK, "history", page)
}

// chapter tells one event.
func (v *visit) chapter(c *web.Case, e *web.Entry) chapter {
	t := chapter{When: v.moment(e.At), Note: e.Note, Visible: e.Visible}
	if e.Agent != "" {
		t.Who = v.agentName(c.List, e.Agent)
	}
	t.Icon, t.What = v.event(c.List, e)
	for _, f := range e.Fields {
		f.Name = cmp.Or(v.named(fields, f.Name), f.Name)
		t.Changes = append(t.Changes, f)
	}
	if e.Proof != nil {
		t.Proof = v.proof(c.List, e.Proof)
	}
	return t
}

// leftMessage is the reason of what happened to a case by a message.
const leftMessage = "voicemail"

// event is what happened to a case of a list, in words, and its picture.
func (v *visit) event(list string, e *web.Entry) (icon, what string) {
	verdict := ""
	if e.Proof != nil {
		verdict = e.Proof.Verdict
	}
	switch e.Event {
	case "opened":
		if e.Proof == nil && e.Reason == leftMessage {
			return "voicemail", v.say("Case opened: %s", v.say("The customer left a message"))
		}
		if e.Proof == nil {
			return "add", v.say("Case opened: %s", v.channel(e.Reason))
		}
		return "ringing", v.say("Case opened: %s", v.whyOn(list, verdict, e.Reason))
	case "miss_added":
		return "ringing", v.say("Missed again: %s", v.whyOn(list, verdict, e.Reason))
	case "commented":
		if e.Reason == leftMessage {
			return "voicemail", v.say("The customer left a message")
		}
	case "attempted":
		if said := v.result(e.Reason); said != "" {
			return "phone", v.say("Called: %s", said)
		}
		return "phone", v.say("Called")
	case "closed":
		return "done", v.closed(e.Reason)
	case "handled":
		return "check", v.say("Handling: %s", v.statusOf(e.Reason))
	}
	if known, ok := events[e.Event]; ok {
		return known.icon, v.say(known.what)
	}
	return "clock", e.Event
}

// statusOf is what the handling status of an id is called.
func (v *visit) statusOf(id string) string {
	if id == "" {
		return ""
	}
	name := strings.ReplaceAll(id, "_", " ")
	return v.status(strings.ToUpper(name[:1]) + name[1:])
}

// proof shows what was seen of a call.
func (v *visit) proof(list string, p *web.Proof) *proofView {
	view := &proofView{Call: p.Call, IDs: p.CallIDs, Left: p.LeftOut}
	view.Sum.text(v.say("Service"), v.serviceName(list, p.Service))
	view.Sum.text(v.say("Trunk"), p.Trunk)
	started := v.moment(p.Started)
	view.Sum.when(v.say("Began"), &started)
	if p.Ended != nil {
		view.Sum.text(v.say("Lasted"), v.span(p.Ended.Sub(p.Started)))
	}
	if p.Answered != nil {
		view.Sum.text(v.say("Answered after"), v.span(p.Answered.Sub(p.Started)))
	}
	rang := make([]string, len(p.Rang))
	for i, id := range p.Rang {
		rang[i] = v.agentName(list, id)
	}
	view.Sum.text(v.say("Whose phone rang"), strings.Join(rang, ", "))
	view.Sum.text(v.say("Ended by"), v.party(p.EndedBy, p.Direction))
	view.Sum.text(v.say("Result"), v.result(p.Result))
	if p.Verdict != "none" {
		view.Sum.text(v.say("Verdict"), v.verdict(list, p))
	}
	view.Sum.text(v.say("How sure"), v.sure(p.Confidence))
	v.ladder(list, p, view)
	return view
}

// verdict is what became of a service call, in words.
func (v *visit) verdict(list string, p *web.Proof) string {
	if p.Verdict == "served" {
		return v.say("Served")
	}
	return v.whyOn(list, p.Verdict, p.Reason)
}

// sure is how sure a verdict is, in words.
func (v *visit) sure(confidence string) string {
	if confidence == "inferred" {
		return v.say("inferred: legs were tied by number and time, or a message was not seen")
	}
	return v.say("seen")
}

// ladder shows the messages of a call.
func (v *visit) ladder(list string, p *web.Proof, view *proofView) {
	legs := map[string]int{}
	for i, id := range p.CallIDs {
		legs[id] = i + 1
	}
	for i := range p.Ladder {
		s := &p.Ladder[i]
		r := rung{After: v.after(s.At.Sub(p.Started)), Leg: legs[s.CallID], Between: v.party(s.From, p.Direction), What: s.Method, Code: s.Reason}
		if to := v.party(s.To, p.Direction); to != "" {
			r.Between += " → " + to
		}
		if s.Agent != "" {
			r.Between += " (" + v.agentName(list, s.Agent) + ")"
		}
		switch {
		case s.Note != "":
			r.What = s.Note
		case s.Status != 0:
			r.What = strings.TrimSpace(s.Method + " " + v.say("SIP %d", s.Status))
		case s.Method == "" && s.Unseen:
			r.What = v.say("failed")
		case s.Method == "":
			r.What = v.say("rings")
		}
		if s.Unseen {
			r.What += " (" + v.say("not seen itself") + ")"
		}
		view.Ladder = append(view.Ladder, r)
	}
}

// party is one end of a call, in words.
func (v *visit) party(word, direction string) string {
	switch word {
	case "caller":
		if direction == "outbound" {
			return v.say("Agent")
		}
		return v.say("Customer")
	case "pbx":
		return v.say("PBX")
	case "agent":
		return v.say("Agent")
	case "endpoint":
		return v.say("Queue or announcement")
	case "far_end":
		if direction == "outbound" {
			return v.say("Customer")
		}
		return v.say("Far end")
	}
	return ""
}

// after is a time of a call, from its beginning.
func (v *visit) after(d time.Duration) string { return v.words.Sprintf("+%.1f s", max(d, 0).Seconds()) }
