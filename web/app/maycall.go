package app

import (
	"cmp"
	"strings"
	"time"

	"ringback/web"
)

// mayView is whether a customer may be called, in words.
type mayView struct {
	Blocked bool
	Reasons []string // what speaks against it
	Next    *moment  // when nothing blocks any more; nil: waiting does not help
	At      string   // the same, for the page that schedules a call
	Listed  bool     // the number is on the do-not-call list
}

// mayCall asks about a case that somebody works on. For a closed one there is nothing to ask: it is opened again first.
func (v *visit) mayCall(c *web.Case) (mayView, error) {
	if c.State != "open" {
		return mayView{Blocked: true}, nil
	}
	m, err := v.api.MayCall(v.ctx(), c.ID, time.Time{})
	if err != nil {
		return mayView{}, err
	}
	return v.may(&m), nil
}

// may shows what the rules say of a call.
func (v *visit) may(m *web.MayCall) mayView {
	view := mayView{Blocked: m.Verdict == "blocked", Listed: m.By("do_not_call")}
	for i := range m.Findings {
		if f := &m.Findings[i]; !view.Blocked || f.Effect == "block" {
			view.Reasons = append(view.Reasons, v.finding(f))
		}
	}
	if view.Blocked && m.Next != nil {
		view.Next, view.At = v.maybe(m.Next), m.Next.UTC().Format(time.RFC3339)
	}
	return view
}

// said is what the rules say in one go.
func (m *mayView) said(v *visit) string {
	said := strings.Join(m.Reasons, " ")
	if m.Next != nil {
		said += " " + v.say("Next allowed time: %s.", m.Next.Text)
	}
	return said
}

// finding is what a rule says against a call, in words; of a rule without any of ours as the API says it.
func (v *visit) finding(f *web.MayCallFinding) string {
	return cmp.Or(v.named(rules, f.Rule), f.Reason)
}

// attempt says that the customer is being called, from this telephone, unless a rule blocks that. Scripts wait for the
// answer before they dial.
func attempt(v *visit) error {
	return v.act(v.say("Calling"), func(id string) (web.Case, error) {
		c, err := v.api.Attempt(v.ctx(), id, web.AttemptBody{})
		return c.Case, err
	})
}

// doNotCall puts the number of a case on the do-not-call list, which closes the customer's cases.
func doNotCall(v *visit) error {
	return v.act(v.say("On the do-not-call list: the customer’s cases are closed"), func(id string) (web.Case, error) {
		if _, err := v.api.DoNotCall(v.ctx(), id, strings.TrimSpace(v.r.PostFormValue("note"))); err != nil {
			return web.Case{}, err
		}
		c, err := v.api.Case(v.ctx(), id)
		return c.Case, err
	})
}
