package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ringback/configs"
	"ringback/cti"
	"ringback/cti/hook"
	"ringback/sip"
)

// callHook is a sender that tells of calls over HTTP.
type callHook struct {
	*hook.Sender

	config configs.CallHook
}

// openCallHooks makes the senders of the configuration's call_hooks.
func (d *Daemon) openCallHooks(context.Context) error {
	for i, c := range d.config.Load().CallHooks {
		s, err := d.openCallHook(&c)
		if err != nil {
			return fmt.Errorf("call_hooks[%d]: %w", i, err)
		}
		d.callHooks = append(d.callHooks, s)
	}
	d.placeCallHooks()
	return nil
}

func (d *Daemon) openCallHook(c *configs.CallHook) (*callHook, error) {
	feed := cti.NewFeed(c.ID+"/hook", "hook", c.PBX, "/hooks/"+c.ID, time.Now())
	tell := &teller{w: d.watch, feed: feed}
	s := &hook.Sender{Feed: feed, Begin: tell.begin, Logger: d.log, Secrets: func() ([]string, error) { return secretsOf(c.SecretFiles) }}
	if c.TokenFile != "" {
		s.Token = secretOf(c.TokenFile)
		if _, err := s.Token(); err != nil {
			return nil, err
		}
	}
	if _, err := s.Secrets(); err != nil {
		return nil, err
	}
	s.Try = func() *hook.Trial { return d.tryHook(c.PBX) }
	s.SetModel(hook.New(nil, tell))
	feed.Rise(time.Now()) // it listens
	return &callHook{s, *c}, nil
}

// secretsOf are the secrets in files.
func secretsOf(files []string) ([]string, error) {
	var all []string
	for _, path := range files {
		secrets, err := configs.Secrets(path)
		if err != nil {
			return nil, err
		}
		all = append(all, secrets...)
	}
	return all, nil
}

// placeCallHooks tells the senders what the directory in force says of their PBXs.
func (d *Daemon) placeCallHooks() {
	for _, h := range d.callHooks {
		site, err := cti.NewSite(d.plan(), h.config.PBX, nil)
		if err != nil {
			d.log.Warn("what a call hook tells is left out", "err", err)
		}
		h.SetSite(site)
	}
}

// serveCallHook takes what senders tell, at /hooks/ID and /hooks/ID/TOKEN.
func (d *Daemon) serveCallHook(w http.ResponseWriter, r *http.Request) {
	id, token, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/hooks/"), "/")
	for _, h := range d.callHooks {
		if h.config.ID == id {
			r.SetPathValue("token", token)
			h.ServeHTTP(w, r)
			return
		}
	}
	http.Error(w, "There is no such sender.", http.StatusNotFound)
}

// tryHook is where a sender's events of a test go: a watch of its own, whose calls nobody is told of.
func (d *Daemon) tryHook(pbx string) *hook.Trial {
	var became []string
	w, err := newWatch(d.plan(), TrackerOptions(d.config.Load().Tracker), func(e *sip.Event, _ time.Time) {
		if s := describe(e); s != "" {
			became = append(became, s)
		}
	})
	site, siteErr := cti.NewSite(d.plan(), pbx, nil)
	if err = errors.Join(err, siteErr); err != nil {
		return &hook.Trial{Model: hook.New(nil, nil), Became: func(time.Time, bool) []string { return []string{err.Error()} }}
	}
	t := &teller{w: w}
	settle := d.config.Load().Tracker.Settle
	return &hook.Trial{Model: hook.New(site, t), Begin: t.begin, Became: func(now time.Time, over bool) []string {
		if over {
			now = now.Add(settle + time.Second)
		}
		w.tick(now.Add(toldHold))
		out := became
		became = nil
		return out
	}}
}

// describe says in a sentence what an event means; empty for one that a test has no use for.
func describe(e *sip.Event) string {
	c := e.Call
	switch e.Kind {
	case sip.CallStarted:
		return fmt.Sprintf("A call begins: %s, service %s.", c.Direction, orNone(c.Service))
	case sip.AgentRinging:
		return "The phone of agent " + e.Agent + " rings."
	case sip.AgentAnswered:
		return "Agent " + e.Agent + " is on the call."
	case sip.CallEnded:
		if c.Direction == sip.Outbound {
			return fmt.Sprintf("The call is over: %s.", c.Result)
		}
		s := "The verdict: " + c.Verdict.String()
		if c.Reason != sip.ReasonNone {
			s += ", " + c.Reason.String()
		}
		return s + "."
	default:
		return ""
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
