package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// viewView is the sheet with what a list shows and in which order.
type viewView struct {
	head
	Prefer web.Preferences
	Back   string
}

func viewPage(v *visit) error {
	return v.show(http.StatusOK, "view", viewView{v.head(v.say("Filter and sort"), ""), v.prefer, v.r.FormValue("back")})
}

// saveView keeps what somebody wants to see, on all his devices.
func saveView(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	v.prefer.ShowAll = v.r.PostFormValue("show") == "all"
	v.prefer.Sort, v.prefer.Field = v.r.PostFormValue("sort"), v.r.PostFormValue("field")
	if _, err := v.api.SetPreferences(v.ctx(), v.prefer); err != nil {
		return err
	}
	return v.back("/callback")
}

// listsView is where somebody chooses the lists he takes part in.
type listsView struct {
	head
	Lists []web.List
}

func listsPage(v *visit) error {
	all, err := v.lists()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "lists", listsView{v.head(v.say("Lists I am active in"), "more"), all})
}

func setActive(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id, active := v.r.PathValue("list"), v.r.PostFormValue("active") != ""
	if err := v.api.SetActive(v.ctx(), id, active); err != nil {
		return err
	}
	done := v.say("You take part in %s", v.listName(id))
	if !active {
		done = v.say("You take no part in %s for now", v.listName(id))
	}
	v.tell(told{Text: done})
	return v.back("/lists")
}

// closedView is what was closed: by oneself lately, or the long history with filters.
type closedView struct {
	head
	All      bool
	Rows     []rowView
	Next     string
	Lists    []web.MyList
	List     string
	From, To string // days
	By       string
	Reason   string
	Reasons  []reasonChoice
}

type reasonChoice struct {
	ID, Name string
	Chosen   bool
}

var closeReasons = []string{"successful", "unsuccessful", "agent_called", "caller_served", "expired", "attempts_exhausted", "suppressed", "merged"}

func closedPage(v *visit) error {
	page := closedView{
		All: v.r.FormValue("all") != "", Lists: v.me.Lists, List: v.r.FormValue("list"), From: v.r.FormValue("from"), To: v.r.FormValue("to"),
		By: v.r.FormValue("by"), Reason: v.r.FormValue("reason"),
	}
	f := client.Filter{Closed: true, PageSize: rowsOnPage, ReachedByMe: !page.All}
	if page.All {
		var err error
		if f, err = v.closedFilter(&page); err != nil {
			return err
		}
	}
	rows, next, err := v.api.CasesPage(v.ctx(), f, v.r.FormValue("cursor"))
	if err != nil {
		return err
	}
	for i := range rows {
		page.Rows = append(page.Rows, v.row(&rows[i].Case, nil))
	}
	if next != "" {
		page.Next = "/closed?" + v.with("cursor", next)
	}
	if v.r.Header.Get("X-Part") == "rows" {
		return v.showPart("rows", page)
	}
	for _, id := range closeReasons {
		page.Reasons = append(page.Reasons, reasonChoice{id, v.closed(id), id == page.Reason})
	}
	page.head = v.head(v.say("Closed cases"), "more")
	return v.show(http.StatusOK, "closed", page)
}

// closedFilter is what the long history is filtered by.
func (v *visit) closedFilter(page *closedView) (client.Filter, error) {
	f := client.Filter{Closed: true, PageSize: rowsOnPage}
	if page.List != "" {
		f.Lists = []string{page.List}
	}
	if page.By == "me" {
		f.ClosedBy = "me"
	}
	if page.Reason != "" {
		f.CloseReasons = []string{page.Reason}
	}
	day := func(text string, days int) (time.Time, error) {
		if text == "" {
			return time.Time{}, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, text, v.zone)
		if err != nil {
			return t, errForm
		}
		return t.AddDate(0, 0, days), nil
	}
	var err error
	if f.ClosedFrom, err = day(page.From, 0); err != nil {
		return f, err
	}
	f.ClosedTo, err = day(page.To, 1)
	return f, err
}

// searchView is the search.
type searchView struct {
	head
	Text  string
	Rows  []rowView
	Next  string
	Tried bool
}

func searchPage(v *visit) error {
	page := searchView{Text: strings.TrimSpace(v.r.FormValue("q"))}
	if page.Text != "" {
		page.Tried = true
		hits, next, err := v.api.SearchPage(v.ctx(), page.Text, v.r.FormValue("cursor"))
		if err != nil {
			return err
		}
		for i := range hits {
			page.Rows = append(page.Rows, v.row(&hits[i].Case, nil))
		}
		if next != "" {
			page.Next = "/search?" + v.with("cursor", next)
		}
	}
	if part := v.r.Header.Get("X-Part"); part == "rows" || part == "found" {
		return v.showPart(part, page)
	}
	page.head = v.head(v.say("Search"), "search")
	return v.show(http.StatusOK, "search", page)
}

// moreView leads to all that is not in the menu at the bottom.
type moreView struct {
	head
	Entries   []entry
	Manage    []entry
	Languages []struct{ Code, Name string }
}

func morePage(v *visit) error {
	page := moreView{head: v.head(v.say("More"), "more"), Languages: languages}
	page.Entries = []entry{
		{Address: "/lists", Icon: "list", Name: v.say("Lists I am active in")},
		{Address: "/closed", Icon: "done", Name: v.say("Closed cases")},
		{Address: "/schedule", Icon: "clock", Name: v.say("Scheduled calls")},
		{Address: "/notifications", Icon: "bell", Name: v.say("Notifications")},
	}
	if len(v.me.Devices) > 0 || v.me.Calls {
		page.Entries = append(page.Entries, entry{Address: "/telephone", Icon: "deskphone", Name: v.say("My telephone")})
	}
	page.Manage = v.manage()
	return v.show(http.StatusOK, "more", page)
}

// manage is what supervisors and admins run the contact centre with.
func (v *visit) manage() []entry {
	var all []entry
	if v.supervises() {
		all = append(all,
			entry{Address: "/board", Icon: "board", Name: v.say("Live board")},
			entry{Address: "/statistics", Icon: "chart", Name: v.say("Statistics")},
			entry{Address: "/run", Icon: "settings", Name: v.say("Lists and members")},
			entry{Address: "/feeds", Icon: "feed", Name: v.say("Feeds")})
	}
	if slices.Contains(v.me.Scopes, "numbers:manage") {
		all = append(all, entry{Address: "/numbers", Icon: "phone", Name: v.say("Numbers to call or not")})
	}
	if slices.Contains(v.me.Roles, "admin") {
		all = append(all,
			entry{Address: "/pins", Icon: "settings", Name: v.say("PINs")},
			entry{Address: "/directory", Icon: "book", Name: v.say("Directory")},
			entry{Address: "/people", Icon: "people", Name: v.say("People")})
	}
	return all
}

// supervises says whether he runs a list.
func (v *visit) supervises() bool {
	return slices.ContainsFunc(v.me.Lists, func(l web.MyList) bool { return l.Right == "supervise" })
}

// saveDevice keeps colours, on all devices, and the language, on this one.
func saveDevice(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	v.prefer.Theme = v.r.PostFormValue("theme")
	if _, err := v.api.SetPreferences(v.ctx(), v.prefer); err != nil {
		return err
	}
	v.remember(langCookie, v.r.PostFormValue("lang"), 365*24*3600)
	return v.back("/more")
}
