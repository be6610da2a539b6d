package app

import (
	"ringback/web"
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

// attempt says that the customer is being called, from this telephone.
func attempt(v *visit) error {
	return v.act(v.say("Calling"), func(id string) (web.Case, error) { return v.api.Attempt(v.ctx(), id) })
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
