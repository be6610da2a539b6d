package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/message"

	"ringback/web"
	"ringback/web/client"
)

// visit is one request for a page: who makes it, how he wants to be spoken to, and what acts for him.
type visit struct {
	app *App
	w   http.ResponseWriter
	r   *http.Request
	api *client.Client

	me     web.Me // who is logged in; empty on pages that are open to everybody
	prefer web.Preferences
	lang   string // as in the html element
	words  *message.Printer
	zone   *time.Location
	now    time.Time

	seen  []web.List       // the lists he sees, once read
	names map[string]names // by list, once read

	partly []string // what was refused of several things done at once
}

// Names of what a browser keeps for the app.
const (
	sessionCookie = "__Host-ringback"
	zoneCookie    = "zone" // the time zone, told by the script
	langCookie    = "lang" // the language, where somebody chose one
	flashCookie   = "told" // what was just done, for the next page
)

func (a *App) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{app: a, w: w, r: r, now: time.Now(), zone: a.o.Zone}
	v.lang = languageOf(cookieOf(r, langCookie), r.Header.Get("Accept-Language"))
	v.words = printers[v.lang]
	if name := cookieOf(r, zoneCookie); name != "" && name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			v.zone = zone
		}
	}
	// The address is never dialled: inside answers.
	v.api, _ = client.New("http://ringback.invalid", client.Options{
		HTTP: &http.Client{Transport: a.inside.carry(r, w.Header())}, Session: cookieOf(r, sessionCookie), Tries: 1,
	})
	return v
}

func cookieOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	value, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return value
}

// remember has the browser keep something, for seconds; fewer than none: drop it. Like the session's, the cookie needs
// TLS, except on the machine itself.
func (v *visit) remember(name, value string, seconds int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: url.QueryEscape(value), Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: true,
	})
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// begin finds out who is logged in.
func (v *visit) begin(open bool) error {
	if open {
		return nil
	}
	var err error
	if v.me, err = v.api.Me(v.ctx()); err != nil {
		return err
	}
	v.prefer, err = v.api.Preferences(v.ctx())
	return err
}

// right is what he may do on a list: see, work, supervise, or nothing.
func (v *visit) right(list string) string {
	for i := range v.me.Lists {
		if v.me.Lists[i].ID == list {
			return v.me.Lists[i].Right
		}
	}
	return ""
}

// listName is what people call a list.
func (v *visit) listName(id string) string {
	for i := range v.me.Lists {
		if v.me.Lists[i].ID == id && v.me.Lists[i].Name != "" {
			return v.me.Lists[i].Name
		}
	}
	return id
}

// say is a sentence in his language.
func (v *visit) say(key string, args ...any) string { return v.words.Sprintf(key, args...) }

// server is the address that people reach this server by: the configured one, or else that by which he does.
func (v *visit) server() string {
	if v.app.o.URL != "" {
		return strings.TrimSuffix(v.app.o.URL, "/")
	}
	if v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + v.r.Host
	}
	return "http://" + v.r.Host
}

// goTo answers a form: with the page to go on with. A script is told where that is.
func (v *visit) goTo(address string) error {
	if v.part() && v.r.Method == http.MethodPost {
		v.w.Header().Set("X-Go", address)
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, address, http.StatusSeeOther) //nolint:gosec // ours: what forms bring is looked at by local
	return nil
}

// back goes on with the page that a form was on, which it names, or else with another.
func (v *visit) back(otherwise string) error {
	if at := v.r.FormValue("back"); local(at) {
		return v.goTo(at)
	}
	return v.goTo(otherwise)
}

// local says whether an address is one of ours: a path, and no way to another host.
func local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.Contains(address, "\\") && u.Host == "" && u.Scheme == ""
}

// told is what was just done, shown on the next page.
type told struct {
	Text string
	Undo string // the act that takes it back; empty: it cannot be
	Bad  bool   // it was not done
}

// tell keeps what was done for the next page; a script is told at once.
func (v *visit) tell(t told) {
	value := url.Values{"text": {t.Text}, "undo": {t.Undo}}
	if t.Bad {
		value.Set("bad", "1")
	}
	if v.part() {
		v.w.Header().Set("X-Told", value.Encode())
		return
	}
	v.remember(flashCookie, value.Encode(), 60)
}

// toldBefore takes what the page before kept.
func (v *visit) toldBefore() *told {
	value := cookieOf(v.r, flashCookie)
	if value == "" {
		return nil
	}
	v.remember(flashCookie, "", -1)
	kept, err := url.ParseQuery(value)
	if err != nil || kept.Get("text") == "" {
		return nil
	}
	return &told{Text: kept.Get("text"), Undo: kept.Get("undo"), Bad: kept.Get("bad") != ""}
}

// fail shows what went wrong. Who is not logged in is asked to, and comes back afterwards.
func (v *visit) fail(err error) {
	if isOut(err) {
		if v.part() {
			v.w.WriteHeader(http.StatusUnauthorized)
			return
		}
		at := "/login"
		if v.r.Method == http.MethodGet && v.r.URL.Path != "/" {
			at += "?back=" + url.QueryEscape(v.r.URL.RequestURI())
		}
		_ = v.goTo(at)
		return
	}
	status, sentence := v.trouble(err)
	if status >= http.StatusInternalServerError {
		v.app.o.Logger.ErrorContext(v.ctx(), "page failed", "route", v.r.Pattern, "err", err)
	}
	if v.part() {
		http.Error(v.w, sentence, status)
		return
	}
	if v.r.Method == http.MethodPost && status < http.StatusInternalServerError && local(v.r.FormValue("back")) {
		v.tell(told{Text: sentence, Bad: true})
		_ = v.back("/")
		return
	}
	_ = v.show(status, "error", errorView{v.head(v.say("Something is wrong"), ""), sentence})
}

// part says whether a script asks, for a part of a page, rather than the browser for a page.
func (v *visit) part() bool { return v.r.Header.Get("X-Part") != "" }

type errorView struct {
	head
	Sentence string
}

// trouble is how an error is answered, and in which words.
func (v *visit) trouble(err error) (status int, sentence string) {
	if problem, ok := errors.AsType[*client.Error](err); ok {
		return problem.Status, v.problem(problem)
	}
	switch {
	case errors.Is(err, errNowhere):
		return http.StatusNotFound, v.say("There is no such page.")
	case errors.Is(err, errForm):
		return http.StatusBadRequest, v.say("The form did not arrive whole: try again.")
	}
	return http.StatusInternalServerError, v.say("Something went wrong here. Try again in a moment.")
}
