package app

import (
	"fmt"
	"strings"
	"time"

	"ringback/web"
)

// messageView is what a customer said, to be heard.
type messageView struct {
	ID      string
	At      moment
	Length  string
	Wave    waveView
	Heard   string // by whom and when; empty: nobody yet
	Ended   string // where that tells something
	Listen  bool
	Delete  bool
	Trouble string // why it cannot be heard
}

// maxMessages is how many messages a page shows, the latest ones.
const maxMessages = 20

// messages are what the customer of a case said, the latest first.
func (v *visit) messages(c *web.Case) ([]messageView, error) {
	if !recorded(c) {
		return nil, nil
	}
	all, err := v.api.Messages(v.ctx(), c.ID)
	if err != nil {
		return nil, err
	}
	var views []messageView
	for i := len(all) - 1; i >= max(0, len(all)-maxMessages); i-- {
		views = append(views, v.message(c, &all[i]))
	}
	return views, nil
}

// recorded says whether a customer left messages.
func recorded(c *web.Case) bool { return c.Voicemail == "heard" || c.Voicemail == "unheard" }

func (v *visit) message(c *web.Case, m *web.Message) messageView {
	view := messageView{ID: m.ID, At: v.moment(m.At), Length: clock(m.Seconds), Ended: v.named(endings, m.Ended)}
	if h := m.Heard; h != nil {
		at := v.moment(h.At).Text
		switch h.Agent {
		case v.me.ID:
			view.Heard = v.say("Heard by you, %s", at)
		case "":
			view.Heard = v.say("Heard by %s, %s", h.By, at)
		default:
			view.Heard = v.say("Heard by %s, %s", v.agentName(c.List, h.Agent), at)
		}
	}
	if m.May == nil || !m.May.Listen {
		return view
	}
	view.Listen, view.Delete = true, m.May.Delete
	wave, err := v.api.MessageWaveform(v.ctx(), m.ID)
	if err != nil {
		view.Listen = false
		_, view.Trouble = v.trouble(err)
		return view
	}
	view.Wave = waveOf(wave.Peaks)
	return view
}

// clock is a length as players show it: 1:07.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%d:%02d", int(d/time.Minute), int(d%time.Minute/time.Second))
}

// The waveform's measures, in its own units.
const (
	waveStep   = 2 // from one peak to the next
	waveHeight = 40
	waveLeast  = 1 // half the height of silence
)

// waveView is a waveform: its measures, in its own units, and its peaks as a path.
type waveView struct {
	Width, Height int
	Path          string
}

func waveOf(peaks []int) waveView {
	var line strings.Builder
	for i, p := range peaks {
		half := max(waveLeast, min(p, 255)*(waveHeight/2-1)/255)
		fmt.Fprintf(&line, "M%d %dv%d", i*waveStep+1, waveHeight/2-half, 2*half)
	}
	return waveView{max(len(peaks), 1) * waveStep, waveHeight, line.String()}
}

// hearMessage notes that a message was heard, or that it is to be heard again.
func hearMessage(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	heard := v.r.PostFormValue("heard") != ""
	m, err := v.api.SetHeard(v.ctx(), v.r.PathValue("id"), heard)
	if err != nil {
		return err
	}
	if !heard {
		v.tell(told{Text: v.say("Marked as not heard")})
	} else if v.r.PostFormValue("played") == "" {
		v.tell(told{Text: v.say("Marked as heard")})
	}
	return v.back("/cases/" + m.Case)
}

// deleteMessage deletes a message for good.
func deleteMessage(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.api.DeleteMessage(v.ctx(), v.r.PathValue("id")); err != nil {
		return err
	}
	v.tell(told{Text: v.say("The message is deleted")})
	return v.back("/callback")
}
