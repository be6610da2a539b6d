package app

import (
	"net/http"
	"strings"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// act does something to the case in the path, tells it, and goes on.
func (v *visit) act(done string, do func(id string) (web.Case, error)) error {
	if err := v.form(); err != nil {
		return err
	}
	c, err := do(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	t := told{Text: done}
	if len(v.partly) > 0 {
		t = told{Text: done + ". " + v.say("Not for all: %s", strings.Join(v.partly, " ")), Bad: true}
	}
	if c.Undo != nil && c.Undo.Agent == v.me.ID {
		t.Undo = c.Undo.Act
	}
	v.tell(t)
	return v.back("/cases/" + c.ID)
}

func assign(v *visit) error {
	return v.act(v.say("Assigned"), func(id string) (web.Case, error) {
		return v.api.Assign(v.ctx(), id, v.r.PostFormValue("to"))
	})
}

func unassign(v *visit) error {
	return v.act(v.say("Nobody has it now"), func(id string) (web.Case, error) { return v.api.Unassign(v.ctx(), id) })
}

func accept(v *visit) error {
	return v.act(v.say("Accepted"), func(id string) (web.Case, error) { return v.api.Accept(v.ctx(), id) })
}

func comment(v *visit) error {
	return v.act(v.say("Comment saved"), func(id string) (web.Case, error) {
		return v.api.Comment(v.ctx(), id, v.r.PostFormValue("text"), v.r.PostFormValue("visible") != "")
	})
}

// callLater sets when the customer is to be called.
func callLater(v *visit) error {
	return v.act(v.say("To be called later"), func(id string) (web.Case, error) {
		var until *time.Time
		if err := v.timeField("until", &until); err != nil || until == nil {
			return web.Case{}, errForm
		}
		return v.api.CallLater(v.ctx(), id, *until)
	})
}

// await asks for information, or with no question says that it came.
func await(v *visit) error {
	question := strings.TrimSpace(v.r.FormValue("question"))
	done := v.say("Awaiting info")
	if question == "" {
		done = v.say("No longer awaiting info")
	}
	return v.act(done, func(id string) (web.Case, error) { return v.api.Await(v.ctx(), id, question) })
}

func closeCase(v *visit) error {
	return v.act(v.say("Closed"), func(id string) (web.Case, error) {
		return v.api.Close(v.ctx(), id, v.r.PostFormValue("reason"), v.r.PostFormValue("resolution"), v.r.PostFormValue("note"))
	})
}

func reopen(v *visit) error {
	return v.act(v.say("Opened again"), func(id string) (web.Case, error) { return v.api.Reopen(v.ctx(), id) })
}

func keepOpen(v *visit) error {
	keep := v.r.FormValue("keep") != ""
	done := v.say("It may close by itself again")
	if keep {
		done = v.say("It stays open until somebody closes it")
	}
	return v.act(done, func(id string) (web.Case, error) { return v.api.KeepOpen(v.ctx(), id, keep) })
}

// undoAct takes back what the person just did.
func undoAct(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if _, err := v.api.UndoAct(v.ctx(), v.r.PathValue("act")); err != nil {
		return err
	}
	v.tell(told{Text: v.say("Undone")})
	return v.back("/callback")
}

// undoCase takes back what happened to a case last, as an automatic close.
func undoCase(v *visit) error {
	return v.act(v.say("Undone"), func(id string) (web.Case, error) { return v.api.Undo(v.ctx(), id) })
}

// batch does something to the cases that were chosen.
func batch(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	b := web.BatchAct{Cases: v.r.PostForm["case"], Act: "assign"}
	done := "%d cases assigned to you"
	if v.r.PostFormValue("do") == "close" {
		b.Act, b.Reason = "close", "unsuccessful"
		done = "%d cases closed unsuccessfully"
	}
	if len(b.Cases) == 0 {
		v.tell(told{Text: v.say("Choose cases first."), Bad: true})
		return v.back("/callback")
	}
	result, err := v.api.Batch(v.ctx(), b)
	if err != nil {
		return err
	}
	n, refused := 0, ""
	for i := range result.Results {
		if result.Results[i].Done {
			n++
		} else if p := result.Results[i].Problem; p != nil {
			refused = v.problem(&client.Error{Problem: *p})
		}
	}
	t := told{Text: v.say(done, n)}
	if n > 0 {
		t.Undo = result.Act
	}
	if refused != "" {
		t.Text += ". " + v.say("Not for all: %s", refused)
		t.Bad = n == 0
	}
	v.tell(t)
	return v.back("/callback")
}

// actionsView is the menu of a case.
type actionsView struct {
	caseView
	People []web.Colleague
	List   web.ListDetail
	Later  string
	Now    string
	Undo   bool // an automatic close can be taken back

	Phone   *web.CallOptions // calling by a device of one's own; nil: nobody can here, or not this case
	NoPhone string           // why it cannot be done
}

func actionsPage(v *visit) error {
	c, view, err := v.readCase("actions")
	if err != nil {
		return err
	}
	list, _, err := v.api.List(v.ctx(), c.List)
	if err != nil {
		return err
	}
	page := actionsView{
		caseView: view, People: list.People, List: list, Later: v.localTime(v.now.Add(3600e9)), Now: v.localTime(v.now),
		Undo: c.UndoUntil != nil && c.UndoUntil.After(v.now),
	}
	if page.Row.Work && page.Row.Open && page.Row.Tel != "" {
		o, err := v.api.CallOptions(v.ctx(), c.ID)
		if err != nil {
			return err
		}
		if o.Code != "off" {
			page.Phone, page.NoPhone = &o, v.noPhone(&o)
		}
	}
	return v.show(http.StatusOK, "actions", page)
}

func commentPage(v *visit) error {
	_, view, err := v.readCase("comment")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "comment", view)
}

// nextCase gives out the case to call now.
func nextCase(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	c, err := v.api.Next(v.ctx(), v.r.PostForm["list"])
	if err != nil {
		return err
	}
	return v.goTo("/cases/" + c.ID)
}

type nextView struct {
	head
	Lists []web.MyList
}

func nextPage(v *visit) error {
	page := nextView{head: v.head(v.say("Next case"), "")}
	for _, l := range v.me.Lists {
		if l.Active {
			page.Lists = append(page.Lists, l)
		}
	}
	return v.show(http.StatusOK, "next", page)
}
