package app

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// phoneView is the form that calls a customer by a device of one's own, and how that call is.
type phoneView struct {
	caseView
	Off     string // why there is no such call; empty: there can be
	Devices []string
	Device  string
	Number  string // to be called
	Seen    string // the number whose reasons are shown
	Verify  bool
	PIN     bool     // it needs one
	Reasons []string // what speaks against the call
	Blocked bool     // and forbids it
	Next    *moment  // when nothing does any more
	Refused string   // why a call did not begin
	Call    *callView
}

// callView is a callback call as it is.
type callView struct {
	Live   bool
	Device string
	Steps  []callStep
	Result string // of one that is over
	Talked string
	Good   bool // the customer answered
}

// callStep is one of the steps of a callback call.
type callStep struct {
	Name string
	Now  bool
	Done bool
}

// noPhone is why nobody can be called by a device of one's own.
func (v *visit) noPhone(o *web.CallOptions) string {
	return cmp.Or(v.named(noPhones, o.Code), o.Reason)
}

func phonePage(v *visit) error {
	page, err := v.phone()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "phone", page)
}

// phone is the form as it is when it is opened.
func (v *visit) phone() (phoneView, error) {
	c, view, err := v.readCase("phone")
	if err != nil {
		return phoneView{}, err
	}
	o, err := v.api.CallOptions(v.ctx(), c.ID)
	if err != nil {
		return phoneView{}, err
	}
	view.Title = v.say("Call by my phone")
	page := phoneView{caseView: view, Number: numberText(c.Number), Seen: numberText(c.Number)}
	if !o.Enabled {
		page.Off = v.noPhone(&o)
	}
	for _, d := range o.Devices {
		page.Devices = append(page.Devices, d.ID)
	}
	if p := v.prefer.Calls; p != nil && slices.Contains(page.Devices, p.Device) {
		page.Device = p.Device
	}
	if o.MayCall != nil {
		page.against(v, o.MayCall)
	}
	page.PIN = o.PIN
	if o.Call != nil && (o.Call.State != "over" || o.Call.Agent == v.me.ID) {
		page.Call = v.callbackCall(o.Call)
	}
	return page, nil
}

// against shows what speaks against the call. A PIN that is missing can be given.
func (p *phoneView) against(v *visit, m *web.MayCall) {
	p.Reasons, p.Blocked, p.Next = nil, false, nil
	for i := range m.Findings {
		f := &m.Findings[i]
		if f.Rule == "pin" {
			p.PIN = true
			continue
		}
		p.Blocked = p.Blocked || f.Effect == "block"
		p.Reasons = append(p.Reasons, v.finding(f))
	}
	if p.Blocked {
		p.Next = v.maybe(m.Next)
	}
}

// callbackCall shows a call.
func (v *visit) callbackCall(c *web.CallbackCall) *callView {
	shown := &callView{Live: c.State != "over", Device: c.Device}
	if !shown.Live {
		shown.Result, shown.Good = cmp.Or(v.named(callResults, c.Outcome), c.Reason), c.Outcome == "answered"
		if c.Talked > 0 {
			shown.Talked = v.span(time.Duration(c.Talked * float64(time.Second)))
		}
		return shown
	}
	all := []struct {
		words  string
		states []string
	}{
		{v.say("Waits for its turn"), []string{"queued"}},
		{v.say("Your telephone %s rings", c.Device), []string{"device"}},
		{v.say("Listen, and take the call"), []string{"announcing"}},
		{v.say("The customer’s telephone rings"), []string{"dialling", "ringing"}}, // one step for who waits
		{v.say("You are talking"), []string{"connected"}},
	}
	now := false
	for i, s := range all {
		if i == 0 && c.State != "queued" {
			continue // it does not wait, or no more
		}
		here := slices.Contains(s.states, c.State)
		now = now || here
		shown.Steps = append(shown.Steps, callStep{Name: s.words, Now: here, Done: !now})
	}
	return shown
}

// callByPhone begins a call. What speaks against another number than the case's is shown first.
func callByPhone(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	f := v.r.PostForm
	id, typed := v.r.PathValue("id"), strings.TrimSpace(f.Get("number"))
	o := web.CallOrder{Device: f.Get("device"), PIN: strings.TrimSpace(f.Get("pin")), Verify: f.Get("verify") != ""}
	page, err := v.phone()
	if err != nil {
		return err
	}
	if typed != page.Number && typed != page.Case.Number {
		o.Number = typed
	}
	page.Device, page.Number, page.Verify = o.Device, typed, o.Verify
	if o.Number != "" && typed != f.Get("seen") {
		m, err := v.api.MayCallNumber(v.ctx(), typed, page.Case.List, v.now)
		if err != nil {
			return err
		}
		if page.against(v, &m); len(page.Reasons) > 0 || page.PIN && o.PIN == "" {
			page.Seen = typed
			return v.again("phone", page)
		}
	}
	_, err = v.api.CallBack(v.ctx(), id, o)
	problem, ok := errors.AsType[*client.Error](err)
	switch {
	case ok && problem.MayCall != nil:
		page.against(v, problem.MayCall)
		page.Refused, page.Seen = v.problem(problem), typed
		return v.again("phone", page)
	case ok && problem.Status == http.StatusConflict:
		page.Refused = v.problem(problem)
		return v.again("phone", page)
	case err != nil:
		return err
	}
	return v.goTo("/cases/" + url.PathEscape(id) + "/call")
}

// hangUp ends a call, however far it is.
func hangUp(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	if err := v.api.HangUp(v.ctx(), id); err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	return v.goTo("/cases/" + url.PathEscape(id) + "/call")
}

// offerView is a callback that is offered.
type offerView struct {
	web.Offer

	Title  string // the customer
	Number string
	List   string
	Asked  moment
	Until  string // for the script, which counts
	Note   string
}

// offers are the callbacks that are offered to who looks.
func (v *visit) offers() ([]offerView, error) {
	if !v.me.Calls {
		return nil, nil
	}
	found, err := v.api.Offers(v.ctx())
	if err != nil {
		return nil, err
	}
	var all []offerView
	for i := range found.Offers {
		o := &found.Offers[i]
		view := offerView{Offer: *o, Title: numberText(o.Number), List: v.listName(o.List), Asked: v.moment(o.Asked), Until: o.Until.UTC().Format(time.RFC3339)}
		if c, err := v.api.Case(v.ctx(), o.Case); err == nil {
			view.Title, view.Number = v.customer(&c.Case)
			view.Note = cmp.Or(c.LastNote, c.Note, c.Topic)
		}
		all = append(all, view)
	}
	return all, nil
}

// answerOffer takes what is offered, and shows how the call is, or leaves it to the next.
func answerOffer(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	switch v.r.PathValue("do") {
	case "accept":
		if _, err := v.api.AcceptOffer(v.ctx(), id, web.CallOrder{}); err != nil {
			return err
		}
		return v.goTo("/cases/" + url.PathEscape(id) + "/call")
	case "decline":
		if err := v.api.DeclineOffer(v.ctx(), id); err != nil {
			return err
		}
		return v.back("/callback")
	}
	return errNowhere
}
