package app_test

import (
	"testing"

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
	b.may("network error: Failed to load resource: the server responded with a status of 409", "javascript error: Failed to launch 'tel:")
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
