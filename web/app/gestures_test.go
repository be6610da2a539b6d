package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"ringback/web"
)

// swipe drags a finger over a row, from x to x.
func (b *browser) swipe(selector string, from, to float64) {
	b.t.Helper()
	y := value[float64](b, "(r => r.top + r.height / 2)(document.querySelector("+quote(selector)+").getBoundingClientRect())")
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		command(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: from, Y: y})
	for i := 1.0; i <= 8; i++ {
		touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: from + (to-from)*i/8, Y: y})
	}
	touch(input.DispatchTouchEventTypeTouchEnd)
}

func TestARowIsSwipedToTakeItAndToComment(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti})
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#rows .row", "+358 40 1234567")
	b.swipe("#rows .card", 60, 300)
	b.shows("#told", "Assigned")
	b.until("it is hers", "document.querySelector('#rows .row.mine')")
	b.swipe("#rows .card", 300, 60)
	b.fill("#sheet textarea", "call before noon")
	b.press("#sheet button", "Save")
	b.shows("#told", "Comment saved")
	got, err := s.admin.Case(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Assignee != "anna" || got.LastNote != "call before noon" {
		t.Errorf("it is with %q and the last note is %q", got.Assignee, got.LastNote)
	}
}

func TestNothingMovesUnderTheFinger(t *testing.T) {
	s := open(t)
	for i := range 9 {
		s.create(web.NewCase{List: "support", Number: "+3584055501" + string(rune('0'+i)) + "0"})
	}
	b := s.browse(t)
	b.logIn("anna")
	b.until("there are rows", "document.querySelectorAll('#rows .row').length === 9")
	b.run("scrollTo(0, 300)")
	b.run("window.watched = [...document.querySelectorAll('#rows > li')].find(r => r.getBoundingClientRect().top > 150); window.place = watched.getBoundingClientRect().top")
	due := time.Now().Add(-time.Hour)
	s.create(web.NewCase{List: "support", Number: matti, Due: &due})
	b.until("the new case is at the top", "document.querySelector('#rows > li').innerText.includes('1234567')")
	if moved := value[float64](b, "Math.abs(watched.getBoundingClientRect().top - place)"); moved > 1 {
		t.Errorf("what was looked at moved by %.0f pixels", moved)
	}
	b.until("it is announced", "!document.getElementById('fresh').hidden")
}

func TestKeysMoveThroughTheList(t *testing.T) {
	s := open(t)
	s.create(web.NewCase{List: "support", Number: matti})
	s.create(web.NewCase{List: "support", Number: teppo})
	b := s.browse(t)
	b.logIn("anna")
	b.until("there are rows", "document.querySelectorAll('#rows .row').length === 2")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	b.until("the second has the focus", "document.activeElement.innerText.includes('9876543')")
	b.do(chromedp.KeyEvent("k"))
	b.until("the first has the focus", "document.activeElement.innerText.includes('1234567')")
	b.do(chromedp.KeyEvent("\r"))
	b.shows(".case-tabs", "Details")
}

func TestWithoutScriptsAllButLiveUpdatesWorks(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti})
	b := s.browse(t)
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	click := func(selector string) { b.do(chromedp.Click(chromedp.CSS(selector))) }
	reads := func(selector, text string) {
		t.Helper()
		var got string
		if !await(func() bool {
			b.do(chromedp.WaitReady(chromedp.CSS(selector)))
			var err error
			got, err = chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS(selector)))
			return err == nil && strings.Contains(got, text)
		}) {
			t.Fatalf("%s reads %q, not %q", selector, got, text)
		}
	}
	goTo := func(path string) { b.do(chromedp.Navigate(s.base + path)) }
	goTo("/login")
	b.do(chromedp.SendKeys(chromedp.CSS("[name=name]"), "anna"), chromedp.SendKeys(chromedp.CSS("[name=password]"), password))
	click("button.main")
	reads("#rows .row", "+358 40 1234567")
	goTo("/cases/" + c.ID)
	click("form[action$='/assign'] button")
	reads("#told", "Assigned")
	goTo("/cases/" + c.ID + "/handling")
	click("[name=attempted]")
	click("[value=closed_successfully]")
	click("button.main")
	reads("#told", "Saved")
	click("#told button") // undo
	reads("#told", "Undone")
	reads("#rows .row", "+358 40 1234567")
	goTo("/callback?select=1")
	click(".pick")
	click("#batch button[value=close]")
	reads("#told", "1 case closed")
}
