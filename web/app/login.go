package app

import (
	"errors"
	"net/http"

	"ringback/web/client"
)

type loginView struct {
	head
	Name   string
	Back   string
	Wrong  string // what is the matter
	Asking bool
}

func loginPage(v *visit) error {
	back := v.r.FormValue("back")
	if _, err := v.api.Me(v.ctx()); err == nil {
		if !local(back) {
			back = "/callback"
		}
		return v.goTo(back)
	}
	return v.show(http.StatusOK, "login", loginView{head: v.head(v.say("Log in"), ""), Back: back})
}

func logIn(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	name, back := v.r.PostFormValue("name"), v.r.PostFormValue("back")
	if _, err := v.api.LogIn(v.ctx(), name, v.r.PostFormValue("password")); err != nil {
		problem, ok := errors.AsType[*client.Error](err)
		if !ok {
			return err
		}
		page := loginView{head: v.head(v.say("Log in"), ""), Name: name, Back: back, Wrong: v.problem(problem)}
		return v.show(problem.Status, "login", page)
	}
	return v.back("/callback")
}

func logOut(v *visit) error {
	if err := v.api.LogOut(v.ctx()); err != nil {
		return err
	}
	v.w.Header().Set("Clear-Site-Data", `"cache"`) // what was seen is nobody else's
	return v.goTo("/login")
}
