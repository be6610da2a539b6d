package app_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"ringback/web"
)

func TestOnADesktopACaseStandsBesideItsList(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti, Note: "asks for a copy"})
	s.create(web.NewCase{List: "sales", Number: teppo})
	b := s.browse(t)
	b.size(1280, 800, false)
	b.logIn("anna")
	b.until("there are rows", "document.querySelectorAll('#rows .row').length === 2")
	b.run("window.marked = true")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("\r"))
	b.shows("#pane", "asks for a copy")
	b.until("its row is marked", "document.querySelector('#rows .open[aria-current]').innerText.includes('1234567')")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("\r")) // the keys go on in the list
	b.shows("#pane h1", "+358 40 9876543")
	b.run("history.back()")
	b.shows("#pane h1", "+358 40 1234567")
	b.press("#pane .case-tabs a", "Handling")
	b.press("#pane .choice", "I have called")
	b.press("#pane .choice", "No answer")
	b.fill("#pane [name=note]", "rang out")
	b.press("#pane button.main", "Save")
	b.shows("#told", "Saved")
	b.press("#pane .case-tabs a", "History")
	b.shows("#pane .story", "rang out")
	if !value[bool](b, "window.marked === true && document.querySelectorAll('#rows .row').length === 2") {
		t.Error("the page was loaded again, or its list is another")
	}
	b.visit("/callback?case=" + c.ID) // as the address says, also in a new tab
	b.shows("#pane h1", "+358 40 1234567")
	b.press("#pane [data-back]", "")
	b.until("the list is alone again", "document.getElementById('pane').hidden && !document.body.classList.contains('split') && !location.search.includes('case')")
	b.size(390, 844, true)
	b.press("#rows .open", "1234567")
	b.until("on a phone it is a page", "location.pathname === '/cases/"+c.ID+"'")
}
