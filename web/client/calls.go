package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"ringback/web"
)

// MayCall says whether the customer of a case may be called at a time; the zero time is now.
func (c *Client) MayCall(ctx context.Context, id string, at time.Time) (web.MayCall, error) {
	q := query{}
	q.time("at", at)
	return get[web.MayCall](ctx, c, "/v1/cases/"+url.PathEscape(id)+"/may-call", url.Values(q))
}

// MayCallNumber says whether a number may be called for a list.
func (c *Client) MayCallNumber(ctx context.Context, number, list string, at time.Time) (web.MayCall, error) {
	q := query{}
	q.text("number", number)
	q.text("list", list)
	q.time("at", at)
	return get[web.MayCall](ctx, c, "/v1/may-call", url.Values(q))
}

// DoNotCall puts the number of a case on the do-not-call list, and closes its cases.
func (c *Client) DoNotCall(ctx context.Context, id, note string, options ...Option) (web.ListedNumber, error) {
	return ask[web.ListedNumber](ctx, c, http.MethodPost, "/v1/cases/"+url.PathEscape(id)+"/do-not-call", map[string]string{"note": note}, options...)
}

// Numbers is a list of numbers that are called or not.
type Numbers struct {
	Kind  string // do-not-call, blocked, allowed or personal
	Agent string // of personal: whose
}

func (n Numbers) path(behind string) string {
	q := query{}
	q.text("agent", n.Agent)
	path := "/v1/numbers/" + url.PathEscape(n.Kind) + behind
	if len(q) > 0 {
		path += "?" + url.Values(q).Encode()
	}
	return path
}

// Numbers yields what is on a list whose numbers begin so.
func (c *Client) Numbers(ctx context.Context, n Numbers, beginning string) iter.Seq2[web.ListedNumber, error] {
	q := query{}
	q.text("agent", n.Agent)
	q.text("q", beginning)
	return pages(ctx, url.Values(q), func(ctx context.Context, q url.Values) ([]web.ListedNumber, string, error) {
		page, err := get[struct {
			Numbers []web.ListedNumber
			Next    string
		}](ctx, c, "/v1/numbers/"+url.PathEscape(n.Kind), q)
		return page.Numbers, page.Next, err
	})
}

// OwnNumbers is one's own allow list.
func (c *Client) OwnNumbers(ctx context.Context) ([]web.ListedNumber, error) {
	out, err := get[struct{ Numbers []web.ListedNumber }](ctx, c, "/v1/session/numbers", nil)
	return out.Numbers, err
}

// PutNumber puts a number, or with * behind it the beginning of numbers, on a list.
func (c *Client) PutNumber(ctx context.Context, n Numbers, number, note string) (web.ListedNumber, error) {
	return ask[web.ListedNumber](ctx, c, http.MethodPost, n.path(""), map[string]string{"number": number, "note": note})
}

// DeleteNumber takes a number off a list.
func (c *Client) DeleteNumber(ctx context.Context, n Numbers, number string) error {
	return c.tell(ctx, http.MethodDelete, n.path("/"+url.PathEscape(number)), nil)
}

// ImportNumbers sends a table of numbers; WaitImport waits for it.
func (c *Client) ImportNumbers(ctx context.Context, n Numbers, file io.Reader, o ImportOptions) (web.Import, error) {
	o.agent = n.Agent
	return c.sendFile(ctx, "/v1/numbers/"+url.PathEscape(n.Kind)+"/imports", file, o)
}

// PINs are the kinds of numbers, and which of them need a PIN.
func (c *Client) PINs(ctx context.Context) ([]web.PINClass, error) {
	out, err := get[struct{ Classes []web.PINClass }](ctx, c, "/v1/pins", nil)
	return out.Classes, err
}

// SetPIN sets the PIN that calls to a kind of numbers need; empty for none any more.
func (c *Client) SetPIN(ctx context.Context, class, pin string) error {
	path := "/v1/pins/" + url.PathEscape(class)
	if pin == "" {
		return c.tell(ctx, http.MethodDelete, path, nil)
	}
	return c.tell(ctx, http.MethodPut, path, map[string]string{"pin": pin})
}

// ScheduleCall schedules a call for a case. A time that is refused comes with the next one in the error's MayCall.
func (c *Client) ScheduleCall(ctx context.Context, id string, b web.ScheduleBody, options ...Option) (web.ScheduledCall, error) {
	if b.Agent == "" {
		b.Agent = c.o.Agent
	}
	return ask[web.ScheduledCall](ctx, c, http.MethodPost, "/v1/cases/"+url.PathEscape(id)+"/schedule", b, options...)
}

// CallOptions says whether and with which of one's devices a case's customer can be called.
func (c *Client) CallOptions(ctx context.Context, id string) (web.CallOptions, error) {
	q := query{}
	q.text("agent", c.o.Agent)
	return get[web.CallOptions](ctx, c, "/v1/cases/"+url.PathEscape(id)+"/call-options", url.Values(q))
}

// CallBack rings a device of one's own and connects it with a case's customer. A call that is refused by the rules says
// why in the error's MayCall.
func (c *Client) CallBack(ctx context.Context, id string, b web.CallOrder, options ...Option) (web.CallbackCall, error) {
	if b.Agent == "" {
		b.Agent = c.o.Agent
	}
	return ask[web.CallbackCall](ctx, c, http.MethodPost, "/v1/cases/"+url.PathEscape(id)+"/call", b, options...)
}

// Callback is a case's callback call: that under way, or the one just over.
func (c *Client) Callback(ctx context.Context, id string) (web.CallbackCall, error) {
	return get[web.CallbackCall](ctx, c, "/v1/cases/"+url.PathEscape(id)+"/call", nil)
}

// HangUp ends a case's callback call.
func (c *Client) HangUp(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/cases/"+url.PathEscape(id)+"/call", nil)
}

// Offers are the callbacks that are offered to oneself, and those that wait.
func (c *Client) Offers(ctx context.Context) (web.Offers, error) {
	return get[web.Offers](ctx, c, "/v1/offers", nil)
}

// AcceptOffer takes a callback that is offered, by its case, and begins the call.
func (c *Client) AcceptOffer(ctx context.Context, id string, b web.CallOrder, options ...Option) (web.CallbackCall, error) {
	if b.Agent == "" {
		b.Agent = c.o.Agent
	}
	return ask[web.CallbackCall](ctx, c, http.MethodPost, "/v1/offers/"+url.PathEscape(id)+"/accept", b, options...)
}

// DeclineOffer leaves a callback that is offered to the next agent.
func (c *Client) DeclineOffer(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, "/v1/offers/"+url.PathEscape(id)+"/decline", web.ActBody{Agent: c.o.Agent})
}

// CaseSchedule are the calls scheduled for a case.
func (c *Client) CaseSchedule(ctx context.Context, id string) ([]web.ScheduledCall, error) {
	out, err := get[struct{ Calls []web.ScheduledCall }](ctx, c, "/v1/cases/"+url.PathEscape(id)+"/schedule", nil)
	return out.Calls, err
}

// Schedule are the calls scheduled for an agent, or for oneself, in a time.
func (c *Client) Schedule(ctx context.Context, agent string, from, to time.Time) ([]web.ScheduledCall, error) {
	q := query{}
	q.text("agent", agent)
	q.time("from", from)
	q.time("to", to)
	out, err := get[struct{ Calls []web.ScheduledCall }](ctx, c, "/v1/schedule", url.Values(q))
	return out.Calls, err
}

// CancelCall cancels a scheduled call.
func (c *Client) CancelCall(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/schedule/"+url.PathEscape(id), nil)
}

// MakeCalendar makes the address of one's calendar: a path behind the server's address.
func (c *Client) MakeCalendar(ctx context.Context) (string, error) {
	out, err := ask[web.CalendarAddress](ctx, c, http.MethodPost, "/v1/session/calendar", nil)
	return out.Path, err
}

// DropCalendar takes the address of one's calendar away.
func (c *Client) DropCalendar(ctx context.Context) error {
	return c.tell(ctx, http.MethodDelete, "/v1/session/calendar", nil)
}

// CallJourney is what became of a call.
func (c *Client) CallJourney(ctx context.Context, id string) (web.CallJourney, error) {
	return get[web.CallJourney](ctx, c, "/v1/calls/"+url.PathEscape(id)+"/journey", nil)
}

// CustomerJourney yields all that there was with a customer, by his number, the latest first.
func (c *Client) CustomerJourney(ctx context.Context, number string) iter.Seq2[web.JourneyItem, error] {
	return pages(ctx, nil, func(ctx context.Context, q url.Values) ([]web.JourneyItem, string, error) {
		page, err := get[struct {
			Items []web.JourneyItem
			Next  string
		}](ctx, c, "/v1/customers/"+url.PathEscape(number)+"/journey", q)
		return page.Items, page.Next, err
	})
}

// NumbersPage is one page of [Client.Numbers], and the cursor of the next; empty after the last.
func (c *Client) NumbersPage(ctx context.Context, n Numbers, beginning, cursor string) (numbers []web.ListedNumber, next string, err error) {
	q := query{}
	q.text("agent", n.Agent)
	q.text("q", beginning)
	q.text("cursor", cursor)
	page, err := get[struct {
		Numbers []web.ListedNumber
		Next    string
	}](ctx, c, "/v1/numbers/"+url.PathEscape(n.Kind), url.Values(q))
	return page.Numbers, page.Next, err
}

// CustomerJourneyPage is one page of [Client.CustomerJourney], and the cursor of the next; empty after the last.
func (c *Client) CustomerJourneyPage(ctx context.Context, number, cursor string) (items []web.JourneyItem, next string, err error) {
	q := query{}
	q.text("cursor", cursor)
	page, err := get[struct {
		Items []web.JourneyItem
		Next  string
	}](ctx, c, "/v1/customers/"+url.PathEscape(number)+"/journey", url.Values(q))
	return page.Items, page.Next, err
}
