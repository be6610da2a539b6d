package app

import (
	"cmp"
	"net/http"

	"ringback/web"
)

// peopleView is who may log in.
type peopleView struct {
	head
	People  []personView
	Invited *web.Invitation
	Link    string
}

type personView struct {
	web.Person

	How  string
	Last *moment
}

func peoplePage(v *visit) error { return v.showPeople(nil) }

func (v *visit) showPeople(invited *web.Invitation) error {
	people, err := v.api.People(v.ctx())
	if err != nil {
		return err
	}
	page := peopleView{head: v.head(v.say("People"), "more"), Invited: invited}
	for i := range people {
		p := &people[i]
		how := cmp.Or(v.named(accounts, p.State), p.State)
		if p.LockedUntil != nil {
			how = v.say("Locked after failed logins, until %s", v.moment(*p.LockedUntil).Text)
		}
		page.People = append(page.People, personView{*p, how, v.maybe(p.LastLogin)})
	}
	if invited != nil {
		page.Link = v.server() + web.InvitationPath + invited.Code
	}
	return v.show(http.StatusOK, "people", page)
}

// changePerson does what a button beside a person says.
func changePerson(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id, done := v.r.PathValue("id"), ""
	var err error
	switch v.r.PathValue("do") {
	case "invite":
		invited, err := v.api.Invite(v.ctx(), id)
		if err != nil {
			return err
		}
		return v.showPeople(&invited)
	case "disable":
		done, err = v.say("May not log in"), v.api.Disable(v.ctx(), id)
	case "enable":
		done, err = v.say("May log in again"), v.api.Enable(v.ctx(), id)
	case "unlock":
		done, err = v.say("Unlocked"), v.api.Unlock(v.ctx(), id)
	case "log-out":
		done, err = v.say("Logged out everywhere"), v.api.LogOutPerson(v.ctx(), id)
	default:
		return errNowhere
	}
	if err != nil {
		return err
	}
	v.tell(told{Text: done})
	return v.goTo("/people")
}
