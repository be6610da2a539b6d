package app

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ringback/web"
	"ringback/web/client"
)

// runView are the lists somebody supervises.
type runView struct {
	head
	Lists []web.List
}

func runPage(v *visit) error {
	all, err := v.lists()
	if err != nil {
		return err
	}
	page := runView{head: v.head(v.say("Lists and members"), "more")}
	for i := range all {
		if all[i].Right == "supervise" {
			page.Lists = append(page.Lists, all[i])
		}
	}
	return v.show(http.StatusOK, "run", page)
}

// settingsView is a list as its supervisor changes it.
type settingsView struct {
	head
	List    web.ListDetail
	ETag    string
	Members []memberChoice
	All     bool // every agent is a member
	Collect []reasonChoice
	Closes  []reasonChoice
}

type memberChoice struct {
	ID, Name string
	In       bool
}

// callReasons are what makes cases of calls, in the order of the rules.
var callReasons = []string{
	"abandoned_waiting", "abandoned_ringing", "timeout", "no_agent", "busy", "declined", "voicemail", "failed", "lost",
	"outage", "media_lost", "session_expired", "signalling", "transfer_failed", "on_hold",
}

func settingsPage(v *visit) error {
	l, etag, err := v.api.List(v.ctx(), v.r.PathValue("list"))
	if err != nil {
		return err
	}
	page := settingsView{List: l, ETag: etag, All: slices.Contains(l.Settings.Members, "*")}
	for _, p := range l.People {
		if slices.Contains(l.Settings.Members, p.ID) {
			page.Members = append(page.Members, memberChoice{p.ID, p.Name, true})
		}
	}
	board, err := v.api.Board(v.ctx())
	if err != nil {
		return err
	}
	for i := range board.Agents {
		a := &board.Agents[i]
		if !slices.ContainsFunc(page.Members, func(m memberChoice) bool { return m.ID == a.ID }) {
			page.Members = append(page.Members, memberChoice{a.ID, a.Name, false})
		}
	}
	for _, r := range callReasons {
		page.Collect = append(page.Collect, reasonChoice{r, v.why("missed", r), slices.Contains(l.Settings.Collect, r)})
	}
	for _, c := range []reasonChoice{{"dialled", v.say("when an agent dials"), false}, {"answered", v.say("when the customer answered"), false}, {"off", v.say("never"), false}} {
		c.Chosen = c.ID == l.Settings.AutoClose
		page.Closes = append(page.Closes, c)
	}
	page.head = v.head(l.Name, "more")
	return v.show(http.StatusOK, "settings", page)
}

// saveSettings changes a list. What another changed meanwhile is not overwritten.
func saveSettings(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	f := v.r.PostForm
	text := func(name string) *string { s := strings.TrimSpace(f.Get(name)); return &s }
	yes := func(name string) *bool { on := f.Get(name) != ""; return &on }
	e := web.ListEdit{
		Name: text("name"), DueAfter: text("due_after"), AutoClose: text("auto_close"), ClaimFor: text("claim_for"), Allocation: text("allocation"),
		Offer: text("offer"), OfferCases: text("offer_cases"), OfferFor: text("offer_for"),
		CallerServed: yes("caller_served"), GroupByNumber: yes("group_by_number"), ResolutionRequired: yes("resolution_required"),
		NoteRequired: yes("note_required"), Notifications: yes("notifications"),
	}
	collect := f["collect"]
	if collect == nil {
		collect = []string{}
	}
	e.Collect = &collect
	if f.Get("all") == "" {
		members := f["member"]
		if extra := strings.TrimSpace(f.Get("add")); extra != "" {
			members = append(members, extra)
		}
		if members == nil {
			members = []string{}
		}
		e.Members = &members
	}
	for name, into := range map[string]**int{"expire_after": &e.ExpireAfter, "attempts_per_case": &e.AttemptsPerCase, "attempts_per_day": &e.AttemptsPerDay, "retention": &e.Retention} {
		n, err := strconv.Atoi(f.Get(name))
		if err != nil {
			return errForm
		}
		*into = &n
	}
	id := v.r.PathValue("list")
	if _, err := v.api.EditList(v.ctx(), id, e, client.IfMatch(f.Get("etag"))); err != nil {
		return err
	}
	v.tell(told{Text: v.say("Saved: it is in force now")})
	return v.back("/run/" + id)
}
