package app_test

import (
	"testing"

	"ringback/web"
)

func TestCasesOfACustomerAreHandledTogetherOrOneByOne(t *testing.T) {
	for apply, name := range map[string]string{"all": "All of them", "one": "One by one", "this": "Only this one"} {
		t.Run(apply, func(t *testing.T) {
			s := open(t)
			first := s.create(web.NewCase{List: "support", Number: matti})
			second := s.create(web.NewCase{List: "sales", Number: matti})
			b := s.browse(t)
			b.logIn("anna")
			b.visit("/cases/" + first.ID + "/handling")
			b.press(".choice", "I have called")
			b.press(".choice", "Closed successfully")
			b.press(".choice", name)
			b.press("button.main", "Save")
			want := "open"
			switch apply {
			case "one":
				b.until("the other is asked for", "location.pathname === '/cases/"+second.ID+"/handling'")
			case "all":
				want = "closed"
				fallthrough
			default:
				b.shows("h1", "Callback")
			}
			for id, state := range map[string]string{first.ID: "closed", second.ID: want} {
				if c, err := s.admin.Case(t.Context(), id); err != nil || c.State != state {
					t.Errorf("%s is %s (%v), not %s", id, c.State, err, state)
				}
			}
		})
	}
}

func TestANumberGetsANameFromACase(t *testing.T) {
	s := open(t)
	c := s.create(web.NewCase{List: "support", Number: matti})
	b := s.browse(t)
	b.logIn("anna")
	for _, name := range []string{"Matti Meikäläinen", "Matti Möttönen"} {
		b.visit("/cases/" + c.ID)
		b.press("a.button", "name")
		b.fill("#sheet [name=name]", name)
		b.press("#sheet button.main", "Save")
		b.shows("h1", name)
	}
	b.visit("/callback")
	b.shows("#rows .row", "Matti Möttönen")
}

func TestHistoryTellsWhoRangAndHowItEnded(t *testing.T) {
	s := open(t)
	s.missed(matti, hotline)
	b := s.browse(t)
	b.logIn("anna")
	b.press("#rows .open", "+358 40")
	b.shows(".details", "Service\nHotline")
	b.press(".case-tabs a", "History")
	b.press("summary", "What was seen")
	b.shows(".proof", "Service\nHotline")
	b.shows(".proof", "Ended by\nCustomer")
	b.shows(".ladder", "Customer → PBX")
	b.shows(".ladder", "BYE")
}
