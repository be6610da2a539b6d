package app

import (
	"cmp"
	"net/http"
	"time"

	"ringback/web"
)

// feedsView is how the watch is fed, and when it saw nothing.
type feedsView struct {
	head
	Feeds []feedView
	Blind []blindView
}

type feedView struct {
	web.Feed

	How   string
	Bad   bool
	Last  *moment
	Since moment
}

type blindView struct {
	From   moment
	To     *moment
	For    string
	Reason string
}

func feedsPage(v *visit) error {
	feeds, err := v.api.Feeds(v.ctx())
	if err != nil {
		return err
	}
	page := feedsView{}
	for i := range feeds {
		f := &feeds[i]
		page.Feeds = append(page.Feeds, feedView{*f, cmp.Or(v.named(feedStates, f.State), v.say("Nothing came yet")), f.State == "refused" || f.State == "connecting", v.maybe(f.LastEvent), v.moment(f.Since)})
	}
	blind, err := v.api.Blind(v.ctx(), v.now.AddDate(0, 0, -30), time.Time{})
	if err != nil {
		return err
	}
	for i := range blind {
		b := blindView{From: v.moment(blind[i].From), To: v.maybe(blind[i].To), Reason: blind[i].Reason, For: v.span(v.now.Sub(blind[i].From))}
		if blind[i].To != nil {
			b.For = v.span(blind[i].To.Sub(blind[i].From))
		}
		page.Blind = append(page.Blind, b)
	}
	page.head = v.head(v.say("Feeds"), "more")
	return v.show(http.StatusOK, "feeds", page)
}
