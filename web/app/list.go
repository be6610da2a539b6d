package app

import (
	"net/http"
	"net/url"
	"slices"

	"ringback/web"
	"ringback/web/client"
)

// rowsOnPage is how many cases a page of a list has.
const rowsOnPage = 30

// listView is a tab: callbacks, or call lists.
type listView struct {
	head
	Kind     string // callback or call
	Query    string // of the list, for rows asked for one by one
	Lists    []listChoice
	Sum      counters
	Recent   []rowView
	Rows     []rowView
	Next     string // address of the next page; empty: there is none
	First    bool   // it is the first page
	Select   bool   // several are to be chosen
	ShowAll  bool
	Sort     string
	Field    string
	Only     string // the list chosen, of several
	Work     bool   // he may work on some list
	NoLists  bool   // he sees none
	Inactive bool   // he takes part in none
}

// listChoice is a list to choose.
type listChoice struct {
	ID, Name string
	Open     int
	Address  string
	Here     bool
}

// counters are what there is to do.
type counters struct{ Open, Overdue, DueSoon, Expiring, Unassigned, Mine int }

func callbackPage(v *visit) error { return v.listPage("callback") }

func callListPage(v *visit) error { return v.listPage("call") }

// filter is what a list shows by the person's preferences and the page's query.
func (v *visit) filter(kind string) client.Filter {
	f := client.Filter{
		Kind: kind, Active: true, Mine: !v.prefer.ShowAll, MineFirst: v.prefer.Sort == "assigned_to_me", Grouped: true, PageSize: rowsOnPage,
	}
	if only := v.r.FormValue("list"); only != "" {
		f.Lists = []string{only}
	}
	return f
}

// passes says whether a case belongs into a list.
func (v *visit) passes(c *web.Case, f *client.Filter) bool {
	if f.Mine && c.Assignee != "" && c.Assignee != v.me.ID || len(f.Lists) > 0 && !slices.Contains(f.Lists, c.List) {
		return false
	}
	for _, l := range v.me.Lists {
		if l.ID == c.List {
			return l.Active
		}
	}
	return false
}

// lists are those he sees, read once for a page.
func (v *visit) lists() ([]web.List, error) {
	if v.seen == nil {
		all, err := v.api.Lists(v.ctx())
		if err != nil {
			return nil, err
		}
		v.seen = append([]web.List{}, all...)
	}
	return v.seen, nil
}

// kindOf is a list's kind.
func (v *visit) kindOf(list string) (string, error) {
	all, err := v.lists()
	for i := range all {
		if all[i].ID == list {
			return all[i].Kind, nil
		}
	}
	return "", err
}

var tabOf = map[string]string{"callback": "callback", "call": "call-list"}

func (v *visit) listPage(kind string) error {
	title := v.say("Callback")
	if kind == "call" {
		title = v.say("Call list")
	}
	f, cursor := v.filter(kind), v.r.FormValue("cursor")
	page := listView{
		Kind: kind, First: cursor == "", Select: v.r.FormValue("select") != "", Only: v.r.FormValue("list"),
		ShowAll: v.prefer.ShowAll, Sort: v.prefer.Sort, Field: v.prefer.Field,
	}
	var above map[string]bool
	var err error
	if page.First && kind == "callback" {
		if page.Recent, above, err = v.recent(&f); err != nil {
			return err
		}
	}
	if v.r.Header.Get("X-Part") == "recent" {
		return v.showPart("recent", page)
	}
	rows, next, err := v.api.CasesPage(v.ctx(), f, cursor)
	if err != nil {
		return err
	}
	own := v.r.URL.Path
	if next != "" {
		page.Next = own + "?" + v.with("cursor", next)
	}
	for i := range rows {
		if !above[rows[i].ID] {
			page.Rows = append(page.Rows, v.row(&rows[i].Case, rows[i].Siblings))
		}
	}
	if v.r.Header.Get("X-Part") == "rows" {
		return v.showPart("rows", page)
	}
	if err := v.chooser(&page, own); err != nil {
		return err
	}
	if v.r.Header.Get("X-Part") == "sum" {
		return v.showPart("sum", page)
	}
	page.Query = url.Values{"kind": {kind}, "list": {page.Only}}.Encode()
	page.head = v.head(title, tabOf[kind])
	return v.show(http.StatusOK, "list", page)
}

// with is the page's query with something else in it.
func (v *visit) with(name, value string) string {
	q := v.r.URL.Query()
	q.Del("cursor")
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	return q.Encode()
}

// recent are the cases of his recent calls, which stand above all others.
func (v *visit) recent(f *client.Filter) (rows []rowView, above map[string]bool, err error) {
	found, err := v.api.Recent(v.ctx())
	if err != nil {
		return nil, nil, err
	}
	above = map[string]bool{}
	for i := range found {
		c := &found[i]
		if kind, err := v.kindOf(c.List); err != nil || kind != f.Kind || !v.passes(c, &client.Filter{Lists: f.Lists}) {
			continue
		}
		row := v.row(c, nil)
		row.Recent = true
		rows, above[c.ID] = append(rows, row), true
	}
	return rows, above, nil
}

// chooser fills in what there is to choose from and to do.
func (v *visit) chooser(page *listView, own string) error {
	all, err := v.lists()
	if err != nil {
		return err
	}
	active := 0
	for i := range all {
		l := &all[i]
		if l.Kind != page.Kind {
			continue
		}
		if l.Right != "see" {
			page.Work = true
		}
		if !l.Active {
			continue
		}
		active++
		page.Lists = append(page.Lists, listChoice{l.ID, l.Name, l.Open, own + "?" + v.with("list", l.ID), l.ID == page.Only})
		if page.Only == "" || page.Only == l.ID {
			page.Sum.Open += l.Open
			page.Sum.Overdue += l.Overdue
			page.Sum.DueSoon += l.DueSoon
			page.Sum.Expiring += l.Expiring
			page.Sum.Unassigned += l.Unassigned
			page.Sum.Mine += l.Mine
		}
	}
	page.NoLists = len(v.me.Lists) == 0
	page.Inactive = active == 0
	return nil
}
