package app

import (
	"cmp"
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
	case "credentials":
		return v.say("User name or password is wrong.")
	}
	if said := v.named(refusals, p.Code); said != "" {
		return said
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
	var said []string
	for _, e := range p.Errors {
		if e.Location == "body.number" || strings.HasPrefix(e.Location, "body.numbers[") {
			return v.say("This is no telephone number.")
		}
		said = append(said, e.Message)
	}
	if text := cmp.Or(strings.Join(said, " "), p.Detail); text != "" {
		return v.say("It was not done: %s", text)
	}
	return v.say("Something went wrong here. Try again in a moment.")
}
