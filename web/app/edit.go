package app

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// editView is the form of a case: of one that is made, or of one that is there.
type editView struct {
	head
	ID      string // empty: it is made
	Version uint64
	Lists   []web.MyList
	List    string
	Number  string
	Name    string
	Topic   string
	Note    string
	Due     string
	Expires string
	Open    bool
}

func newCasePage(v *visit) error {
	page := editView{head: v.head(v.say("New call case"), ""), List: v.r.FormValue("list"), Number: v.r.FormValue("number"), Name: v.r.FormValue("name"), Open: true}
	for _, l := range v.me.Lists {
		if l.Right != "see" {
			page.Lists = append(page.Lists, l)
		}
	}
	return v.show(http.StatusOK, "edit", page)
}

func createCase(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	n := web.NewCase{
		List: v.r.PostFormValue("list"), Number: v.r.PostFormValue("number"), Name: v.r.PostFormValue("name"),
		Topic: v.r.PostFormValue("topic"), Note: v.r.PostFormValue("note"),
	}
	if err := errors.Join(v.timeField("due", &n.Due), v.timeField("expires", &n.Expires)); err != nil {
		return err
	}
	if v.r.PostFormValue("mine") != "" {
		n.Personal = v.me.ID
	}
	c, err := v.api.Create(v.ctx(), n)
	if err != nil {
		return err
	}
	v.tell(told{Text: v.say("Case made")})
	return v.goTo("/cases/" + url.PathEscape(c.ID))
}

func editPage(v *visit) error {
	c, err := v.api.Case(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := editView{
		head: v.head(v.say("Edit"), ""), ID: c.ID, Version: c.Version, List: c.List, Number: numberText(c.Number), Name: c.Name, Topic: c.Topic, Note: c.Note,
		Due: v.localTime(c.Due), Open: c.State == "open",
	}
	if c.Expires != nil {
		page.Expires = v.localTime(*c.Expires)
	}
	return v.show(http.StatusOK, "edit", page)
}

// editCase saves what was changed. What somebody else changed meanwhile is not overwritten: the version says so.
func editCase(v *visit) error {
	return v.act(v.say("Saved"), func(id string) (web.Case, error) {
		before, err := v.api.Case(v.ctx(), id)
		if err != nil {
			return web.Case{}, err
		}
		field := func(name, old string) *string {
			if value, given := v.r.PostForm[name]; given && value[0] != old {
				return &value[0]
			}
			return nil
		}
		e := web.CaseEdit{
			Name: field("name", before.Name), Topic: field("topic", before.Topic), Note: field("note", before.Note), Number: field("number", numberText(before.Number)),
			Comment: v.r.PostFormValue("comment"),
		}
		var due, expires *time.Time
		if err := errors.Join(v.timeField("due", &due), v.timeField("expires", &expires)); err != nil {
			return web.Case{}, err
		}
		if due != nil && v.localTime(*due) != v.localTime(before.Due) {
			e.Due = due
		}
		if _, given := v.r.PostForm["expires"]; given {
			e.Expires = v.changedExpiry(expires, before.Expires)
		}
		var options []client.Option
		if version := v.r.PostFormValue("version"); version != "" {
			options = append(options, client.IfMatch(`"`+version+`"`))
		}
		return v.api.Edit(v.ctx(), id, e, options...)
	})
}

// changedExpiry is how a changed expiry is said to the API; nil when it is as it was.
func (v *visit) changedExpiry(now, before *time.Time) *string {
	text := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return v.localTime(*t)
	}
	if text(now) == text(before) {
		return nil
	}
	said := ""
	if now != nil {
		said = now.UTC().Format(time.RFC3339)
	}
	return &said
}
