package app

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"ringback/sip"
	"ringback/web"
)

// rowView is a case in a list.
type rowView struct {
	ID       string
	Key      string // rows stand in the order of their keys
	Version  uint64
	Title    string // the customer's name, or his number
	Tel      string // what is dialled; empty: nothing can be
	Phone    bool   // it can be called by a device of whoever looks
	Number   string // beside a name
	List     string
	Misses   string // empty: none
	Asked    string // how often the customer asked to be called; empty: once at most
	Why      string // the verdict of the latest miss, in words
	Due      *moment
	Closed   *moment
	Outcome  string // of a closed case
	Assignee string
	Mine     bool
	Offered  bool   // mine, given by another and not yet accepted
	Calling  bool   // the customer is on the line: not to be dialled
	Waits    bool   // for information
	Recorded bool   // the customer left messages
	Unheard  bool   // one of which nobody heard yet
	Extra    string // the chosen field
	Work     bool   // whoever looks may work on it
	Open     bool
	Recent   bool // of one of his recent calls
	Siblings []rowView
}

// row is how a case is shown in a list.
func (v *visit) row(c *web.Case, siblings []web.Case) rowView {
	r := rowView{
		ID: c.ID, Version: c.Version, List: v.listName(c.List), Mine: c.Assignee != "" && c.Assignee == v.me.ID, Open: c.State == "open",
		Calling: c.CallingNow, Waits: c.Awaiting != nil, Extra: v.extra(c), Why: v.whyOn(c.List, c.Verdict, c.Reason),
		Recorded: recorded(c), Unheard: c.Voicemail == "unheard",
	}
	r.Title, r.Number = v.customer(c)
	right := v.right(c.List)
	r.Work = right == "work" || right == "supervise"
	if r.Work && !c.CallingNow {
		r.Tel = c.Number
		r.Phone = r.Open && r.Tel != "" && v.me.Calls
	}
	if c.Requests > 1 {
		r.Asked = v.say("asked %d times", c.Requests)
	}
	if c.MissedCount > 1 {
		r.Misses = v.say("%d misses", c.MissedCount)
	}
	r.Offered = r.Mine && c.Accepted == nil && c.ClaimUntil == nil
	if c.Assignee != "" {
		r.Assignee = v.agentName(c.List, c.Assignee)
	}
	if r.Open {
		due := v.due(c.Due)
		r.Due, r.Key = &due, v.order(c, r.Mine)
	} else {
		r.Closed, r.Outcome = v.maybe(c.Closed), v.closed(c.CloseReason)
		r.Key = fmt.Sprintf("%016x%s", uint64(math.MaxInt64-unix(c.Closed)), c.ID)
	}
	for i := range siblings {
		r.Siblings = append(r.Siblings, v.row(&siblings[i], nil))
	}
	return r
}

func unix(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// order is an open case's place: one's own first where that is chosen, then by due time, then more misses,
// then the older.
func (v *visit) order(c *web.Case, mine bool) string {
	rank := 1
	if mine && v.prefer.Sort == "assigned_to_me" {
		rank = 0
	}
	return fmt.Sprintf("%d%016x%08x%016x%s", rank, uint64(c.Due.UnixNano()), uint32(math.MaxInt32-int32(min(c.MissedCount, math.MaxInt32))), uint64(c.Opened.UnixNano()), c.ID)
}

// customer is what a customer is called, and his number where that is not it.
func (v *visit) customer(c *web.Case) (title, number string) {
	number = numberText(c.Number)
	switch {
	case c.Contact != nil && c.Contact.Name != "":
		return c.Contact.Name, number
	case c.Name != "":
		return c.Name, number
	case number != "":
		return number, ""
	case c.Caller != "":
		return c.Caller, ""
	}
	return v.say("No number"), ""
}

// numberText is an E.164 number for people.
func numberText(e164 string) string {
	var n sip.Number
	if e164 == "" || n.UnmarshalText([]byte(e164)) != nil {
		return e164
	}
	return n.International()
}

// extra is the field that somebody wants to see in rows.
func (v *visit) extra(c *web.Case) string {
	switch v.prefer.Field {
	case "channel_in":
		return v.channel(c.Channel)
	case "name":
		return c.Name
	case "note":
		return c.Note
	case "topic":
		return c.Topic
	}
	return ""
}

// channel is the way a case came in, in words.
func (v *visit) channel(word string) string { return cmp.Or(v.named(channels, word), word) }

// whyOn is the verdict on a call in the words of a list.
func (v *visit) whyOn(list, verdict, reason string) string {
	for i := range v.me.Lists {
		if l := &v.me.Lists[i]; l.ID != list || l.Vocabulary != "enreach" || reason == "" {
			continue
		}
		if strings.HasPrefix(reason, "abandoned_") {
			return v.say("Dropped")
		}
		return v.say("Missed")
	}
	return v.why(verdict, reason)
}

// why is the verdict on a call in words.
func (v *visit) why(verdict, reason string) string {
	if said := v.named(verdicts, reason); said != "" {
		return said
	}
	if verdict == "dropped" && reason != "" {
		return v.say("Dropped")
	}
	return strings.ReplaceAll(reason, "_", " ")
}

// closed is why a case closed, in words.
func (v *visit) closed(reason string) string { return cmp.Or(v.named(closings, reason), reason) }

// names are what the agents and services of a list are called, by their ids.
type names struct{ agents, services map[string]string }

// namesOn are those of a list; there are none where he does not see it.
func (v *visit) namesOn(list string) names {
	if of, read := v.names[list]; read {
		return of
	}
	of := names{map[string]string{}, map[string]string{}}
	if l, _, err := v.api.List(v.ctx(), list); err == nil {
		for _, p := range l.People {
			of.agents[p.ID] = p.Name
		}
		for _, s := range l.Lines {
			of.services[s.ID] = s.Name
		}
	}
	if v.names == nil {
		v.names = map[string]names{}
	}
	v.names[list] = of
	return of
}

// agentName is what an agent of a list is called.
func (v *visit) agentName(list, id string) string {
	if id == v.me.ID {
		return v.say("You")
	}
	return cmp.Or(v.namesOn(list).agents[id], id)
}

// serviceName is what a service of a list is called.
func (v *visit) serviceName(list, id string) string {
	if id == "" {
		return ""
	}
	return cmp.Or(v.namesOn(list).services[id], id)
}

// personName is what somebody is called who is an agent of any of his lists.
func (v *visit) personName(id string) string {
	for i := range v.me.Lists {
		if name := v.agentName(v.me.Lists[i].ID, id); name != id {
			return name
		}
	}
	return id
}

// rowPart answers a script that heard of a change of a case: with its row as it belongs into the list that
// the query describes, or with nothing where it does not belong there.
func rowPart(v *visit) error {
	c, err := v.api.Case(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	kind, err := v.kindOf(c.List)
	if err != nil {
		return err
	}
	f := v.filter(v.r.FormValue("kind"))
	if c.State != "open" || kind != f.Kind || !v.passes(&c.Case, &f) {
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if kind == "callback" {
		_, above, err := v.recent(&f)
		if err != nil {
			return err
		}
		if above[c.ID] { // it stands among those of recent calls
			v.w.Header().Set("X-Recent", "1")
			v.w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	var siblings []web.Case
	if f.Grouped {
		if siblings, err = v.api.Siblings(v.ctx(), c.ID); err != nil {
			return err
		}
		for i := range siblings {
			if v.order(&siblings[i], false) < v.order(&c.Case, false) { // it is shown under that one
				v.w.Header().Set("X-Row", siblings[i].ID)
				v.w.WriteHeader(http.StatusNoContent)
				return nil
			}
		}
	}
	row := v.row(&c.Case, siblings)
	return v.showPart("row", row)
}
