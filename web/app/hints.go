package app

import "ringback/web"

// hintsView is what is shown to an agent while he is on calls with customers who have cases.
type hintsView struct {
	Hints  []hintView
	Offers []offerView
	Path   string
}

type hintView struct {
	web.Hint

	Title    string // who
	Number   string
	Lists    string
	Since    moment
	Up       bool   // the call is up
	Assignee string // who has the case
	Note     string
	Recorded bool
}

// hintsPart is the banner of the calls one is on.
func hintsPart(v *visit) error {
	found, err := v.api.LiveHints(v.ctx(), v.me.ID)
	if err != nil {
		return err
	}
	page := hintsView{Path: "/callback"}
	for i := range found {
		page.Hints = append(page.Hints, v.hint(&found[i]))
	}
	if page.Offers, err = v.offers(); err != nil {
		return err
	}
	return v.showPart("hints", page)
}

func (v *visit) hint(h *web.Hint) hintView {
	view := hintView{Hint: *h, Title: h.Name, Number: numberText(h.Number), Since: v.moment(h.Since), Up: h.Event == "confirmed"}
	if view.Title == "" {
		view.Title, view.Number = view.Number, ""
	}
	for i, l := range h.Lists {
		if i > 0 {
			view.Lists += ", "
		}
		view.Lists += v.listName(l)
	}
	if c, err := v.api.Case(v.ctx(), h.Case); err == nil {
		view.Note = c.LastNote
		if view.Note == "" {
			view.Note = c.Note
		}
		if c.Assignee != "" {
			view.Assignee = v.agentName(c.List, c.Assignee)
		}
	}
	return view
}

// dismissHint takes a hint away: it does not come again in that call.
func dismissHint(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.api.DismissHint(v.ctx(), v.r.PathValue("call"), v.r.PostFormValue("case")); err != nil {
		return err
	}
	return v.back("/callback")
}
