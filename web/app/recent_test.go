package app_test

import (
	"testing"
	"time"

	"ringback/web"
)

func TestCasesOfRecentCallsComeToTheTopByThemselves(t *testing.T) {
	s := open(t)
	s.create(web.NewCase{List: "sales", Number: teppo})
	s.missed(matti, hotline)
	b := s.browse(t)
	b.logIn("anna")
	b.until("both are there", "document.querySelectorAll('#rows > .row').length === 2")
	call := s.dial("anna", matti, hotline)
	b.shows("#hints", "+358 40 1234567")
	call.GiveUp(time.Now())
	b.shows("#recent-rows > .row", "+358 40 1234567")
	b.until("it is there once", "document.querySelectorAll('#rows > .row').length === 1")
}
