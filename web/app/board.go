package app

import (
	"cmp"
	"net/http"
	"time"

	"ringback/web"
)

// boardView is how it is just now: who waits, who talks, what is due.
type boardView struct {
	head
	Services []serviceView
	Waiting  []waitingView
	Agents   []agentView
	Lists    []web.List
	Talking  int
	Idle     int
	Overdue  int
}

type serviceView struct {
	web.BoardService

	Longest string // how long the one waits who waits longest
}

type waitingView struct {
	Who     string
	Service string
	For     string
}

type agentView struct {
	web.BoardAgent

	Doing string
	For   string
	Away  bool // no phone of his is registered
}

func boardPage(v *visit) error {
	b, err := v.api.Board(v.ctx())
	if err != nil {
		return err
	}
	page := boardView{Lists: b.Lists}
	names := map[string]string{}
	for _, s := range b.Services {
		names[s.ID] = s.Name
		page.Talking += s.Talking
		page.Services = append(page.Services, serviceView{s, v.since(s.WaitingSince)})
	}
	for i := range b.Waiting {
		w := &b.Waiting[i]
		page.Waiting = append(page.Waiting, waitingView{v.caller(w), names[w.Service], v.since(&w.Since)})
	}
	for i := range b.Agents {
		a := agentView{BoardAgent: b.Agents[i], Doing: cmp.Or(v.named(doings, b.Agents[i].State), b.Agents[i].State), For: v.since(b.Agents[i].Since)}
		a.Away = a.Registered != nil && !*a.Registered
		if a.State == "idle" && !a.Away {
			page.Idle++
		}
		page.Agents = append(page.Agents, a)
	}
	for i := range b.Lists {
		page.Overdue += b.Lists[i].Overdue
	}
	if v.r.Header.Get("X-Part") == "board" {
		return v.showPart("board", page)
	}
	page.head = v.head(v.say("Live board"), "more")
	return v.show(http.StatusOK, "board", page)
}

// caller is who waits: by name, number, or as withheld.
func (v *visit) caller(w *web.Waiting) string {
	switch {
	case w.Contact != nil:
		return w.Contact.Name
	case w.Caller == "" || w.Caller == "anonymous":
		return v.say("Number withheld")
	}
	return numberText(w.Caller)
}

// since is how long ago a time was; nothing when there is none.
func (v *visit) since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return v.span(max(v.now.Sub(*t), 0))
}
