package app

import (
	"net/http"
	"slices"
	"strings"

	"ringback/web"
	"ringback/web/client"
)

// telephoneView is how one is called to be connected with customers, and which numbers one may call beyond the rules.
type telephoneView struct {
	head
	Calls     web.Calls
	Devices   []string
	Languages []struct{ Code, Name string }
	Numbers   []numberView // one's own allow list
}

func telephonePage(v *visit) error {
	page := telephoneView{head: v.head(v.say("My telephone"), "more"), Devices: v.me.Devices, Languages: languages}
	if v.prefer.Calls != nil {
		page.Calls = *v.prefer.Calls
	}
	own, err := v.api.OwnNumbers(v.ctx())
	if err != nil {
		return err
	}
	for i := range own {
		page.Numbers = append(page.Numbers, v.listedNumber(&own[i]))
	}
	return v.show(http.StatusOK, "telephone", page)
}

// saveTelephone keeps how one wants to be called.
func saveTelephone(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	v.prefer.Calls = &web.Calls{Paused: v.r.PostFormValue("paused") != "", Device: v.r.PostFormValue("device"), Language: v.r.PostFormValue("language")}
	if _, err := v.api.SetPreferences(v.ctx(), v.prefer); err != nil {
		return err
	}
	v.tell(told{Text: v.say("Saved")})
	return v.goTo("/telephone")
}

// pinsView are the kinds of numbers that a PIN can be set for.
type pinsView struct {
	head
	Classes []pinClass
}

type pinClass struct {
	web.PINClass

	Name string
}

// pinClasses are those kinds in words.
var pinClasses = vocabulary{
	"international": "Other countries",
	"premium":       "Premium-rate and shared-cost numbers",
	"mobile":        "Mobile numbers",
	"fixed":         "Fixed numbers",
	"other":         "All other numbers",
}

func pinsPage(v *visit) error {
	all, err := v.api.PINs(v.ctx())
	if err != nil {
		return err
	}
	page := pinsView{head: v.head(v.say("PINs"), "more")}
	for _, c := range all {
		page.Classes = append(page.Classes, pinClass{c, v.named(pinClasses, c.Class)})
	}
	return v.show(http.StatusOK, "pins", page)
}

// setPIN sets the PIN of a kind of numbers, or has it need none any more.
func setPIN(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	pin, done := strings.TrimSpace(v.r.PostFormValue("pin")), v.say("Saved: it is in force now")
	if v.r.PostFormValue("do") == "remove" {
		pin, done = "", v.say("Such calls need no PIN any more")
	}
	if err := v.api.SetPIN(v.ctx(), v.r.PathValue("class"), pin); err != nil {
		return err
	}
	v.tell(told{Text: done})
	return v.goTo("/pins")
}

// agentsToChoose are the agents whose own lists of numbers somebody keeps.
func (v *visit) agentsToChoose() ([]entry, error) {
	board, err := v.api.Board(v.ctx())
	if err != nil {
		return nil, err
	}
	var all []entry
	for i := range board.Agents {
		all = append(all, entry{Address: board.Agents[i].ID, Name: board.Agents[i].Name})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// numbersOf is the list of numbers that a request is about.
func (v *visit) numbersOf() (client.Numbers, error) {
	kind, err := v.numbersKind()
	if err != nil || kind != "personal" {
		return client.Numbers{Kind: kind}, err
	}
	return client.Numbers{Kind: kind, Agent: v.r.FormValue("agent")}, nil
}
