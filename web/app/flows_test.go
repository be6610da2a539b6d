package app_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ringback/web"
)

const matti, teppo = "+358401234567", "+358409876543"

func TestAMissedCallAppearsByItselfAndTheAgentsCallClosesIt(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#empty", "Nobody is waiting")
	b.run("window.marked = true")
	s.missed(matti, hotline)
	b.shows("#rows .row", "+358 40 1234567")
	b.shows("#rows .row", "Hung up while waiting")
	b.shows("#sum", "1 open")
	call := s.dial("anna", matti, hotline)
	b.until("the row is gone", "!document.querySelector('#rows .row')")
	call.Answer(time.Now())
	if !value[bool](b, "window.marked === true") {
		t.Error("the page was loaded again")
	}
	b.visit("/closed?all=1")
	b.shows("#rows .row", "Called by an agent")
}

func TestTheHintShowsAndGoesAndTheHandlingOpens(t *testing.T) {
	s := open(t)
	s.missed(matti, hotline)
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#rows .row", "+358 40 1234567")
	b.visit("/more") // on every page
	call := s.dial("anna", matti, hotline)
	b.shows("#hints", "+358 40 1234567")
	b.shows("#hints", "Support")
	call.Answer(time.Now())
	b.shows("#hints", "On a call with")
	call.HangUp(time.Now(), true)
	b.until("the hint is gone", "!document.querySelector('#hints .hint-card')")
	b.shows("#sheet[open]", "What came of the call?")
	b.shows("#sheet[open]", "The customer answered") // as the signalling says
	b.press("#sheet .choice", "Closed successfully")
	b.press("#sheet button", "Save")
	b.shows("#told", "Saved")
	b.visit("/closed")
	b.shows("#rows .row", "Closed successfully")
}

func TestADismissedHintStaysAway(t *testing.T) {
	s := open(t)
	s.missed(matti, hotline)
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#rows .row", "+358 40 1234567")
	call := s.dial("anna", matti, hotline)
	b.press("#hints button", "Dismiss")
	b.until("the hint is gone", "!document.querySelector('#hints .hint-card')")
	call.Answer(time.Now())
	s.missed(teppo, hotline)
	b.shows("#rows .row", "+358 40 9876543")
	b.until("it stays away", "!document.querySelector('#hints .hint-card')")
}

func TestTwoBrowsersRaceForACaseAndOneGetsIt(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti, Channel: "request"})
	anna, bertil := s.browse(t), s.browse(t)
	anna.may("network error: Failed to load resource") // one is refused with 409
	bertil.may("network error: Failed to load resource")
	anna.logIn("anna")
	bertil.logIn("bertil")
	for _, b := range []*browser{anna, bertil} {
		b.visit("/cases/" + c.ID)
	}
	script := "document.querySelector('form[action$=\"/assign\"] button').click()"
	anna.run(script)
	bertil.run(script)
	anna.until("something is told", "document.querySelector('#told .toast')")
	bertil.until("something is told", "document.querySelector('#told .toast')")
	got, err := s.admin.Case(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	winner, loser := anna, bertil
	if got.Assignee == "bertil" {
		winner, loser = bertil, anna
	}
	if said := winner.text("#told"); said == "" || said == loser.text("#told") {
		t.Errorf("both were told %q", said)
	}
	winner.shows("#told", "Assigned")
	loser.shows("#told", map[string]string{"anna": "Anna Virtanen", "bertil": "Bertil Lind"}[got.Assignee]+" has this case")
}

func TestWithoutANetworkThePageSaysSoAndComesBack(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.may("network error: Failed to load resource", "javascript error", "other error")
	b.logIn("anna")
	b.shows("#empty", "Nobody is waiting")
	b.until("the stream is open", "document.getElementById('offline').hidden")
	b.network(false)
	b.until("it says so", "!document.getElementById('offline').hidden")
	s.missed(matti, hotline)
	b.network(true)
	b.shows("#rows .row", "+358 40 1234567")
	b.until("it says so no more", "document.getElementById('offline').hidden")
}

func TestCasesAreAssignedClosedAndUndoneSeveralAtOnce(t *testing.T) {
	s := open(t)
	s.create(web.NewCase{List: "support", Number: matti})
	s.create(web.NewCase{List: "sales", Number: teppo})
	b := s.browse(t)
	b.logIn("anna")
	b.press("a.tool", "Choose several")
	b.until("boxes are there", "document.querySelectorAll('.choosing .pick').length === 2")
	b.run("document.querySelectorAll('.pick').forEach(p => p.click())")
	b.shows("#batch", "2 chosen")
	b.press("#batch button", "Close unsuccessfully")
	b.shows("#told", "2 cases closed unsuccessfully")
	b.until("both rows are gone", "!document.querySelector('#rows .row')")
	b.press("#told button", "Undo")
	b.until("both rows are back", "document.querySelectorAll('#rows .row').length === 2")
}

func TestACaseIsMadeHandledAndFound(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.logIn("anna")
	b.press("a.tool", "New call case")
	b.fill("#sheet [name=list]", "support")
	b.fill("#sheet [name=number]", "040 123 4567")
	b.fill("#sheet [name=name]", "Matti Meikäläinen")
	b.fill("#sheet [name=topic]", "Invoice")
	b.press("#sheet button", "Save")
	b.shows("h1", "Matti Meikäläinen")
	b.press(".case-tabs a", "Handling")
	b.do(chromedp.WaitVisible(chromedp.CSS("[name=attempted]")))
	b.press(".choice", "I have called")
	b.press(".choice", "No answer")
	b.fill("[name=note]", "rang out")
	b.press("button.main", "Save")
	b.shows("h1", "Callback")
	b.visit("/search")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "123 45"))
	b.shows("#found .row", "Matti Meikäläinen")
	b.press("#found .open", "Matti")
	b.press(".case-tabs a", "History")
	b.shows(".story", "rang out")
	b.shows(".story", "Handling")
}

func TestASupervisorChangesAList(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.logIn("sara")
	b.visit("/run/support")
	b.fill("[name=due_after]", "30m")
	b.press(".choice", "Bertil Lind")
	b.press("button.main", "Save")
	b.shows("#told", "Saved")
	l, _, err := s.admin.List(t.Context(), "support")
	if err != nil {
		t.Fatal(err)
	}
	if l.Settings.DueAfter != "30m" || len(l.Settings.Members) != 1 || l.Settings.Members[0] != "anna" {
		t.Errorf("the list is due after %s and has the members %v", l.Settings.DueAfter, l.Settings.Members)
	}
	b.fill("[name=due_after]", "soon")
	b.press("button.main", "Save")
	b.shows("#told", "90s")
}

func TestAnAdminChangesTheDirectoryAfterSeeingWhatChanges(t *testing.T) {
	s := open(t)
	b := s.browse(t)
	b.logIn("sara")
	b.visit("/directory")
	b.run("document.querySelector('textarea').value = document.querySelector('textarea').value.replace('Bertil Lind', 'Bertil Lindqvist')")
	b.press("button", "Check")
	b.shows(".diff", "Bertil Lindqvist")
	b.press("button.main", "Put in force")
	b.shows("#told", "in force")
	b.visit("/people")
	b.shows(".rows", "Bertil Lindqvist")
	b.mayRefuse(422)
	b.visit("/directory")
	b.run("document.querySelector('textarea').value = document.querySelector('textarea').value.replace('anna', 'bertil')")
	b.press("button", "Check")
	b.shows(".wrong", "bertil")
}
