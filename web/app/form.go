package app

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ringback/web/client"
)

// maxForm is how many bytes a filled form may have.
const maxForm = 64 << 10

// errForm is the answer to a form that cannot be read.
var errForm = errors.New("app: the form cannot be read")

// form reads a filled form.
func (v *visit) form() error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}

// problem is what the API answered, in a sentence of the person's language.
func (v *visit) problem(p *client.Error) string {
	if p.MayCall != nil {
		m := v.may(p.MayCall)
		return m.said(v)
	}
	switch p.Code {
	case "taken":
		return v.say("%s has this case.", v.personName(p.By))
	case "not_open":
		return v.say("The case is closed by now.")
	case "no_attempt":
		return v.say("Call the customer first: a status says what came of an attempt.")
	case "calling_now":
		return v.say("The customer is calling right now.")
	case "tried_enough":
		return v.say("This number was tried often enough today.")
	case "no_undo", "too_late":
		return v.say("It can no longer be undone.")
	case "other_open":
		return v.say("There is an open case of this customer on the list.")
	case "resolution":
		return v.say("Choose a resolution.")
	case "note":
		return v.say("A note is needed.")
	case "time":
		return v.say("Choose a time in the future.")
	case "none":
		return v.say("There is no case to call now.")
	case "no_device":
		return v.say("There is no device of yours to ring: choose to be reminded.")
	case "credentials":
		return v.say("User name or password is wrong.")
	case "not_yours":
		return v.say("The case is no longer yours.")
	case "not_closed":
		return v.say("The case is open by now.")
	case "no_number":
		return v.say("There is no number to call.")
	case "number_taken":
		return v.say("Another contact has this number.")
	case "not_member":
		return v.say("Only members of the list can have its cases.")
	case "status":
		return v.say("The list has no such status.")
	case "cursor":
		return v.say("The list has changed meanwhile: open it again.")
	}
	switch p.Status {
	case http.StatusForbidden:
		return v.say("You may not do this.")
	case http.StatusNotFound:
		return v.say("It is not there, or not yours to see.")
	case http.StatusPreconditionFailed:
		return v.say("It has changed since you looked. Look again.")
	case http.StatusTooManyRequests:
		return v.say("Too many requests: wait %s.", v.span(p.RetryAfter))
	case http.StatusServiceUnavailable:
		return v.say("Not possible just now. Try again in a moment.")
	}
	said := []string{p.Detail}
	for _, e := range p.Errors {
		if e.Location == "body.number" || strings.HasPrefix(e.Location, "body.numbers[") {
			return v.say("This is no telephone number.")
		}
		said = append(said, e.Message)
	}
	if text := strings.TrimSpace(strings.Join(said, " ")); text != "" {
		return text
	}
	return v.say("Something went wrong here. Try again in a moment.")
}
