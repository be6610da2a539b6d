package app_test

import (
	"strings"
	"testing"
	"time"

	"ringback/web"
	"ringback/web/client"
)

// number puts a number on one of the lists of numbers.
func (s *stage) number(kind, number, note string) {
	s.t.Helper()
	if _, err := s.admin.PutNumber(s.t.Context(), client.Numbers{Kind: kind}, number, note); err != nil {
		s.t.Fatal(err)
	}
}

func TestWhoMayNotBeCalledIsNotDialled(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti, Name: "Matti"})
	b := s.browse(t)
	b.mayRefuse(409)
	b.may("javascript error: Failed to launch 'tel:")
	b.logIn("anna")
	b.shows("#rows .row", "Matti")
	s.number("blocked", "+35840*", "") // only now: the row still has its button
	b.press("#rows .call", "Call Matti")
	b.shows("#told .bad", "The number is on the block list.")
	if called := value[string](b, "sessionStorage.getItem('called') ?? ''"); called != "" {
		t.Error("it was dialled")
	}
	if now, err := s.admin.Case(t.Context(), c.ID); err != nil || now.Attempts != 0 {
		t.Errorf("an attempt counts: %+v, %v", now.Case, err)
	}
	// Where a case is shown there is the reason in the place of the button.
	for _, page := range []string{"", "/handling", "/actions"} {
		b.visit("/cases/" + c.ID + page)
		b.shows(".may", "The number is on the block list.")
		if value[bool](b, "!!document.querySelector('a[href^=\"tel:\"]')") {
			t.Errorf("%s: there is a button to call", page)
		}
	}
	if err := s.admin.DeleteNumber(t.Context(), client.Numbers{Kind: "blocked"}, "+35840*"); err != nil {
		t.Fatal(err)
	}
	b.visit("/callback")
	b.press("#rows .call", "Call Matti")
	b.until("it is dialled", "sessionStorage.getItem('called')")
	t.Logf("asked for %.0f ms before dialling", value[float64](b, "performance.getEntriesByType('resource').find(e => e.name.endsWith('/attempt')).duration"))
	if now, err := s.admin.Case(t.Context(), c.ID); err != nil || now.Attempts != 1 {
		t.Errorf("the attempt: %+v, %v", now.Case, err)
	}
}

func TestACustomerWhoAskedNotToBeCalledIsCalledNoMore(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti, Name: "Matti"})
	other := s.create(web.NewCase{List: "sales", Number: matti, Name: "Matti"})
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#rows .row", "Matti")
	b.press("#rows .menu", "Actions for Matti")
	b.press("#sheet summary", "Do not call this number")
	b.press("#sheet button", "Put it on the do-not-call list")
	b.shows("#told", "On the do-not-call list")
	b.until("no row is left", "!document.querySelector('#rows .row')")
	for _, id := range []string{c.ID, other.ID} {
		if now, err := s.admin.Case(t.Context(), id); err != nil || now.CloseReason != "suppressed" {
			t.Errorf("%+v, %v", now.Case, err)
		}
	}
}

// schedule schedules a call for an agent.
func (s *stage) schedule(agent, id string, b web.ScheduleBody) web.ScheduledCall {
	s.t.Helper()
	b.Agent, b.For = agent, agent
	made, err := s.admin.ScheduleCall(s.t.Context(), id, b)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func TestACallIsScheduledWhenItMayBeAndCancelled(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "sales", Number: matti, Name: "Matti"}) // whose customers are not called at night
	b := s.browse(t)
	b.mayRefuse(422)
	b.logIn("anna")
	b.shows("#rows .row", "Matti")
	b.press("#rows .menu", "Actions for Matti")
	b.press("#sheet a", "Schedule a call")
	b.shows("#sheet", "Time zone of the customer")
	if zone := value[string](b, "document.querySelector('[name=zone]').value"); zone != "Europe/Helsinki" {
		t.Errorf("the customer's time zone is %q", zone)
	}
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := time.Now().In(zone).Date()
	night := time.Date(y, m, d+2, 3, 0, 0, 0, zone)
	b.fill("[name=date]", night.Format("2006-01-02"))
	b.fill("[name=time]", "03:00")
	b.press("#sheet button", "Schedule the call")
	b.shows("#sheet .wrong", "It is night where the customer may be.")
	b.shows("#sheet .wrong", "Next allowed time")
	if at := value[string](b, "document.querySelector('[name=date]').value + ' ' + document.querySelector('[name=time]').value"); at != night.Format("2006-01-02")+" 08:00" {
		t.Errorf("the next allowed time is %s", at)
	}
	b.run("document.querySelector('[value=dial]').click()")
	b.fill("[name=device]", "101")
	b.press("#sheet button", "Schedule the call")
	b.shows("#told", "Call scheduled")
	plans, err := s.admin.CaseSchedule(t.Context(), c.ID)
	if err != nil || len(plans) != 1 || plans[0].Mode != "dial" || plans[0].Device != "101" || !plans[0].At.Equal(night.Add(5*time.Hour)) {
		t.Fatalf("%+v, %v", plans, err)
	}
	b.visit("/schedule")
	b.shows(".row", "Matti")
	b.press("button", "Make an address")
	b.shows(".seen", "/calendar/")
	path := value[string](b, "new URL(document.querySelector('.seen code').innerText).pathname")
	if text := value[string](b, "fetch("+quote(path)+").then(r => r.text())"); !strings.Contains(text, "BEGIN:VEVENT") {
		t.Errorf("the calendar: %s", text)
	}
	b.press("button", "Cancel the call with Matti")
	b.shows("main", "No call is scheduled for you.")
}

// call waits until a call of a customer is kept, and is its id.
func (s *stage) call(number string) string {
	s.t.Helper()
	id := ""
	if !await(func() bool {
		for i, err := range s.admin.CustomerJourney(s.t.Context(), number) {
			if err != nil {
				s.t.Fatal(err)
			}
			if i.Call != nil {
				id = i.Call.ID
			}
		}
		return id != ""
	}) {
		s.t.Fatal("no call of the customer is kept")
	}
	return id
}

func TestTheJourneyLeadsFromAMissedCallToItsCallback(t *testing.T) {
	s := open(t)
	s.missed(matti, hotline)
	b := s.browse(t)
	b.logIn("anna")
	b.shows("#rows .row", "+358 40 1234567")
	s.call(matti)
	call := s.dial("anna", matti, hotline)
	call.Answer(time.Now())
	call.HangUp(time.Now(), true)
	b.visit("/closed?all=1")
	b.press("#rows .open", "+358 40 1234567")
	b.press("main a", "All of this customer")
	b.until("the callback is there", "document.querySelector('.story')?.innerText.includes('Was called') || (location.reload(), false)")
	b.shows(".story", "Called us: Hung up while waiting")
	b.press(".story a", "Called back")
	b.shows("h1", "Call to +358 40 1234567")
	b.shows(".details", "The customer answered")
	b.shows(".details", "Talking time")
	b.press("main a", "Missed")
	b.shows("h1", "Call of +358 40 1234567")
	b.shows("main", "Called back")
}

func TestASupervisorRunsTheListsOfNumbers(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti, Name: "Matti"})
	b := s.browse(t)
	b.logIn("sara")
	b.visit("/more")
	b.press("main a", "Numbers to call or not")
	b.shows("main", "There is no number on this list.")
	b.press("summary", "Add a number")
	b.fill("[name=number]", "040 1234567")
	b.fill("[name=note]", "wrote to us")
	b.press("main button", "Add")
	b.shows(".rows", "+358 40 1234567")
	b.shows(".rows", "wrote to us")
	if now, err := s.admin.Case(t.Context(), c.ID); err != nil || now.CloseReason != "suppressed" {
		t.Errorf("%+v, %v", now.Case, err)
	}
	b.visit("/numbers?kind=do-not-call&q=%2B46")
	b.shows("main", "No number on the list begins so.")
	b.visit("/numbers?kind=do-not-call")
	if csv := value[string](b, "fetch(document.querySelector('a[download]').href).then(r => r.text())"); !strings.Contains(csv, matti) {
		t.Errorf("the export: %s", csv)
	}
	b.press(".rows button", "Take +358 40 1234567 off the list")
	b.shows("main", "There is no number on this list.")
	b.visit("/numbers?kind=allowed")
	b.run(`const files = new DataTransfer(); files.items.add(new File(["number,note\n+358401112222,a friend\n+46701112222,\n"], "numbers.csv", {type: "text/csv"})); document.querySelector('[type=file]').files = files.files`)
	b.press("main button", "Import")
	b.shows("#told", "Imported: 2 rows")
	b.shows(".rows", "a friend")
}
