package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ringback/web"
	"ringback/web/client"
)

// maxImport is how many bytes a file of numbers may have that is brought in by the page. Larger ones go by the API.
const maxImport = 32 << 20

// numbersView is a list of numbers that are called or not.
type numbersView struct {
	head
	Kind    string
	Kinds   []entry
	Text    string
	Numbers []numberView
	Next    string
	Export  string
	Pattern bool // it has beginnings of numbers too

	Agent  string // whose own list it is
	Agents []entry
}

type numberView struct {
	web.ListedNumber

	Shown string
	When  moment
}

// numberKinds are the lists of the company.
var numberKinds = []string{"do-not-call", "blocked", "allowed", "personal"}

// numbersKind is the list that a request is about.
func (v *visit) numbersKind() (string, error) {
	kind := v.r.FormValue("kind")
	if kind == "" {
		kind = numberKinds[0]
	}
	if !slices.Contains(numberKinds, kind) {
		return "", errNowhere
	}
	return kind, nil
}

// numbersName is what a list of numbers is called.
func (v *visit) numbersName(kind string) string {
	switch kind {
	case "do-not-call":
		return v.say("Do not call")
	case "blocked":
		return v.say("Blocked")
	case "personal":
		return v.say("Of an agent")
	}
	return v.say("Allowed")
}

func numbersAddress(kind string) string { return "/numbers?kind=" + url.QueryEscape(kind) }

func numbersPage(v *visit) error {
	kind, err := v.numbersKind()
	if err != nil {
		return err
	}
	list, err := v.numbersOf()
	if err != nil {
		return err
	}
	page := numbersView{Kind: kind, Agent: list.Agent, Text: strings.TrimSpace(v.r.FormValue("q")), Pattern: kind != "do-not-call", Export: "/v1/exports/numbers?format=csv&kind=" + url.QueryEscape(kind)}
	if kind == "personal" {
		if page.Agents, err = v.agentsToChoose(); err != nil {
			return err
		}
		page.Export += "&agent=" + url.QueryEscape(list.Agent)
	}
	var found []web.ListedNumber
	next := ""
	if kind != "personal" || list.Agent != "" {
		if found, next, err = v.api.NumbersPage(v.ctx(), list, page.Text, v.r.FormValue("cursor")); err != nil {
			return err
		}
	}
	for i := range found {
		page.Numbers = append(page.Numbers, v.listedNumber(&found[i]))
	}
	for _, k := range numberKinds {
		page.Kinds = append(page.Kinds, entry{Address: numbersAddress(k), Name: v.numbersName(k), Here: k == kind})
	}
	if next != "" {
		page.Next = numbersAddress(kind) + "&" + url.Values{"q": {page.Text}, "cursor": {next}, "agent": {list.Agent}}.Encode()
	}
	page.head = v.head(v.say("Numbers"), "more")
	return v.show(http.StatusOK, "numbers", page)
}

// listedNumber shows a number of a list.
func (v *visit) listedNumber(n *web.ListedNumber) numberView {
	number, all := strings.CutSuffix(n.Number, "*")
	shown := numberText(number)
	if all {
		shown = number + "*"
	}
	return numberView{*n, shown, v.moment(n.Added)}
}

// changeNumbers puts a number on a list, or takes it off.
func changeNumbers(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	list, err := v.numbersOf()
	if err != nil {
		return err
	}
	number, done := strings.TrimSpace(v.r.PostFormValue("number")), v.say("Added")
	switch v.r.PathValue("do") {
	case "add":
		_, err = v.api.PutNumber(v.ctx(), list, number, strings.TrimSpace(v.r.PostFormValue("note")))
	case "remove":
		done, err = v.say("Removed"), v.api.DeleteNumber(v.ctx(), list, number)
	default:
		return errNowhere
	}
	if err != nil {
		return err
	}
	v.tell(told{Text: done})
	return v.back(numbersAddress(list.Kind))
}

// importNumbers brings in a file of numbers, and waits for what came of it.
func importNumbers(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxImport)
	file, _, err := v.r.FormFile("file")
	if err != nil {
		return errForm
	}
	defer file.Close()
	list, err := v.numbersOf()
	if err != nil {
		return err
	}
	i, err := v.api.ImportNumbers(v.ctx(), list, file, client.ImportOptions{})
	if err == nil {
		i, err = v.api.WaitImport(v.ctx(), i.ID, nil)
	}
	if err != nil {
		return err
	}
	t := told{Text: v.say("Imported: %d rows", i.Progress.Rows)}
	if i.State != "done" {
		t = told{Text: v.say("Nothing was imported: %d of %d rows are wrong.", i.Progress.Bad, i.Progress.Rows), Bad: true}
		if i.Failure != "" {
			t.Text = v.say("Nothing was imported.") + " " + i.Failure
		}
	}
	v.tell(t)
	return v.goTo(numbersAddress(list.Kind) + "&agent=" + url.QueryEscape(list.Agent))
}
