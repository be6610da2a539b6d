package app

import (
	"encoding/json"
	"net/http"
	"slices"

	"ringback/web"
)

// notifyView is where somebody chooses what he is told of on this device, and when not.
type notifyView struct {
	head
	Key     string // that browsers subscribe with; empty: nobody is told
	Devices []deviceView
	Notify  web.Notify
	Lists   []mutedChoice
}

type deviceView struct {
	web.PushSubscription

	When moment
}

type mutedChoice struct {
	ID, Name string
	On       bool // he is told of its new cases
	Off      bool // the list tells nobody
}

func notifyPage(v *visit) error {
	key, devices, err := v.api.PushSubscriptions(v.ctx())
	if err != nil {
		return err
	}
	page := notifyView{Key: key}
	for i := range devices {
		page.Devices = append(page.Devices, deviceView{devices[i], v.moment(devices[i].Created)})
	}
	if v.prefer.Notify != nil {
		page.Notify = *v.prefer.Notify
	}
	for _, l := range v.me.Lists {
		if l.Right == "see" {
			continue
		}
		choice := mutedChoice{ID: l.ID, Name: l.Name, On: !slices.Contains(page.Notify.Muted, l.ID)}
		if detail, _, err := v.api.List(v.ctx(), l.ID); err == nil {
			choice.Off = !detail.Settings.Notifications
		}
		page.Lists = append(page.Lists, choice)
	}
	page.head = v.head(v.say("Notifications"), "more")
	return v.show(http.StatusOK, "notify", page)
}

// saveNotify keeps what somebody wants to be told of.
func saveNotify(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	n := web.Notify{
		Muted: []string{}, Hints: v.r.PostFormValue("hints") != "", Reminders: v.r.PostFormValue("reminders") != "",
		QuietFrom: v.r.PostFormValue("quiet_from"), QuietTo: v.r.PostFormValue("quiet_to"), Zone: v.zoneName(),
	}
	for _, l := range v.me.Lists {
		if l.Right != "see" && !slices.Contains(v.r.PostForm["list"], l.ID) {
			n.Muted = append(n.Muted, l.ID)
		}
	}
	v.prefer.Notify = &n
	if _, err := v.api.SetPreferences(v.ctx(), v.prefer); err != nil {
		return err
	}
	v.tell(told{Text: v.say("Saved")})
	return v.goTo("/notifications")
}

// changeDevice tries a browser that is told, or lets it be told no more.
func changeDevice(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id, done := v.r.PathValue("id"), ""
	var err error
	switch v.r.PathValue("do") {
	case "test":
		done, err = v.say("Sent: it should appear in a moment"), v.api.PushTest(v.ctx(), id)
	case "remove":
		done, err = v.say("This device is told no more"), v.api.PushUnsubscribe(v.ctx(), id)
	default:
		return errNowhere
	}
	if err != nil {
		return err
	}
	v.tell(told{Text: done})
	return v.goTo("/notifications")
}

// workerWords are what the service worker says when a message comes.
func (v *visit) workerWords() ([]byte, error) {
	reasons := map[string]string{}
	for _, r := range callReasons {
		reasons[r] = v.why("missed", r)
	}
	return json.Marshal(map[string]any{
		"case": v.say("New case: {list}"), "hint": v.say("You are on a call with a customer who has a case"),
		"due": v.say("Due now: {list}"), "test": v.say("Notifications work on this device"), "reasons": reasons,
	})
}

// worker is the service worker, with the files it keeps and what it says.
func worker(v *visit) error {
	words, err := v.workerWords()
	if err != nil {
		return err
	}
	v.app.assets.serveWorker(v.w, v.r, words)
	return nil
}
