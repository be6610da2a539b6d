package app

import (
	"net/http"

	"ringback/web"
)

// caseView is what all three tabs of a case have.
type caseView struct {
	head
	Case  web.Case
	Row   rowView
	Shown string // the tab
}

func detailsPage(v *visit) error {
	c, err := v.api.Case(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := caseView{Case: c.Case, Row: v.row(&c.Case, nil), Shown: "details"}
	page.head = v.head(page.Row.Title, "")
	return v.show(http.StatusOK, "details", page)
}
