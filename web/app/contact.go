package app

import (
	"net/http"

	"ringback/web"
)

// contactView is where a number gets a name.
type contactView struct {
	caseView
	Number  string
	Name    string
	Company string
}

func contactPage(v *visit) error {
	c, view, err := v.readCase("contact")
	if err != nil {
		return err
	}
	page := contactView{caseView: view, Number: numberText(c.Number), Name: c.Name}
	if c.Contact != nil {
		known, err := v.api.Contact(v.ctx(), c.Contact.ID)
		if err != nil {
			return err
		}
		page.Name, page.Company = known.Name, known.Company
	}
	return v.show(http.StatusOK, "contact", page)
}

// saveContact names the number of a case, for all cases and calls of it: a contact is made, or named anew.
func saveContact(v *visit) error {
	return v.act(v.say("Name saved"), func(id string) (web.Case, error) {
		c, err := v.api.Case(v.ctx(), id)
		if err != nil {
			return web.Case{}, err
		}
		draft := web.ContactDraft{Name: v.r.PostFormValue("name"), Company: v.r.PostFormValue("company"), Numbers: []string{c.Number}}
		if c.Contact == nil {
			_, err = v.api.CreateContact(v.ctx(), draft)
			return c.Case, err
		}
		known, err := v.api.Contact(v.ctx(), c.Contact.ID)
		if err != nil {
			return web.Case{}, err
		}
		draft.Numbers, draft.ExternalID = known.Numbers, known.ExternalID
		_, err = v.api.ReplaceContact(v.ctx(), known.ID, draft)
		return c.Case, err
	})
}
