package app_test

import (
	"testing"

	"ringback/web"
)

func TestASheetTellsWhatIsWrongAndGivesTheFocusBack(t *testing.T) {
	s := open(t)
	s.create(web.NewCase{List: "support", Number: matti})
	b := s.browse(t)
	b.mayRefuse(422)
	b.logIn("anna")
	b.run("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))")
	b.shows("#sheet[open]", "Call the customer")
	b.press("#sheet .sheet-close button", "")
	b.until("it is closed", "!document.querySelector('#sheet[open]')")

	b.press("a.tool", "New call case")
	b.fill("#sheet [name=number]", "no number")
	b.press("#sheet button.main", "Save")
	b.shows("#sheet[open] .toast.bad", "This is no telephone number.")
	b.press("#sheet .sheet-close button", "")

	b.run("document.querySelector('#rows .menu').focus()")
	b.press("#rows .menu", "")
	b.shows("#sheet[open]", "Assign to me")
	b.press("#sheet button", "Assign to me")
	b.shows("#told", "Assigned")
	b.until("it is hers", "document.querySelector('#rows .row.mine')")
	b.until("the focus is in the row", "document.activeElement.closest('#rows .row')")
}
