package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/daemon"
	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/web"
)

// screen prints what happens, a line each. It is safe for concurrent use.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
	began time.Time
}

// Colours of ECMA-48, as all terminals have them.
const (
	plain  = ""
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
	bold   = "1"
)

// paint puts text into a colour.
func (s *screen) paint(color, text string) string {
	if !s.color || color == plain {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// line prints one line with the time since the beginning, who it is about and what happened.
func (s *screen) line(at time.Time, color, who, format string, args ...any) {
	t := max(at.Sub(s.began), 0)
	s.print("%s  %s %s\n", s.paint(dim, fmt.Sprintf("%02d:%04.1f", int(t.Minutes()), t.Seconds()-60*float64(int(t.Minutes())))),
		s.paint(color, fmt.Sprintf("%-9s", who)), s.paint(color, fmt.Sprintf(format, args...)))
}

func (s *screen) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}

// Write takes the daemon's log lines: warnings, of which a demo should have none.
func (s *screen) Write(line []byte) (int, error) {
	s.print("%s", s.paint(red, string(line)))
	return len(line), nil
}

// opening says what is about to happen and where to look.
func (s *screen) opening(set *stage, d *daemon.Daemon, token, password string, seed uint64) {
	var services, agents []string
	for _, x := range set.services {
		services = append(services, x.Name)
	}
	for _, x := range set.agents {
		agents = append(agents, x.Name)
	}
	api := "http://" + d.API().String()
	s.print(`%s

A contact centre of %d services (%s) and %d agents (%s).
Its PBX is simulated and mirrors its signalling to Ringback as HEP3 on %s.
All telephone numbers are fictional. To see the same customers again: --seed %d

  app      %s   log in as %s with the password %s
  API      %s/v1/docs
  cases    curl -H 'Authorization: Bearer %s' '%s/v1/cases?list=sales'
  events   curl -N -H 'Authorization: Bearer %s' %s/v1/events
  metrics  http://%s/metrics

`, s.paint(bold, "Ringback, live"), len(set.services), strings.Join(services, ", "), len(set.agents), strings.Join(agents, ", "),
		d.Feeds()["hep_udp"], seed, api, strings.Join(visitors, ", "), password, api, token, api, token, api, d.Admin())
}

// shown writes a customer's number as people read it: +44 7700 900123.
func shownNumber(number string) string {
	if rest, ok := strings.CutPrefix(number, "+447700"); ok {
		return "+44 7700 " + rest
	}
	if number == "" {
		return "a withheld number"
	}
	return number
}

// played prints what happens in the contact centre.
func (s *screen) played(h simulate.Happening) {
	who := shownNumber(h.Customer)
	tell := func(color, format string, args ...any) {
		s.line(h.At, color, "call "+fmt.Sprint(h.Call), format, args...)
	}
	switch h.Kind {
	case simulate.Rang:
		tell(plain, "%s rings %s", who, h.Service.Name)
	case simulate.PickedUp:
		tell(plain, "%s answers %s", h.Agent.Name, who)
	case simulate.Dialled:
		tell(plain, "%s calls %s back", h.Agent.Name, who)
	case simulate.Reached:
		tell(plain, "%s answers %s's call", who, h.Agent.Name)
	case simulate.NotReached:
		tell(red, "%s does not reach %s", h.Agent.Name, who)
	case simulate.SentAway:
		tell(red, "%s is sent away after %s in the queue", who, seconds(h.Waited))
	case simulate.CutOff:
		tell(red, "the carrier loses %s, %s into talking with %s", who, seconds(h.Talked), h.Agent.Name)
	case simulate.HungUp:
		switch {
		case h.Outbound || h.Verdict == sip.Served:
			tell(plain, "%s hangs up after %s with %s", who, seconds(h.Talked), h.Agent.Name)
		case h.Short:
			tell(dim, "%s hangs up at once: a mistake, no case", who)
		case h.Customer == "":
			tell(dim, "%s gives up after %s: nobody could be called back, no case", who, seconds(h.Waited))
		default:
			tell(red, "%s gives up after %s in the queue", who, seconds(h.Waited))
		}
	case simulate.Released:
		tell(plain, "%s ends the call with %s after %s", h.Agent.Name, who, seconds(h.Talked))
	case simulate.Alerted:
	}
}

// seconds writes how long something took.
func seconds(t time.Duration) string { return fmt.Sprintf("%.0f s", t.Seconds()) }

// caseEvent prints what Ringback makes of it.
func (s *screen) caseEvent(set *stage, e *web.CaseEvent) {
	list, agent := e.List, e.Agent
	if x := set.service(e.List); x != nil {
		list = x.Name
	}
	if x := set.agent(e.Agent); x != nil {
		agent = x.Name
	}
	who, why := shownNumber(e.Number), strings.ReplaceAll(e.Reason, "_", " ")
	tell := func(color, format string, args ...any) { s.line(time.Now(), color, "CASE", format, args...) }
	switch e.Event {
	case "opened":
		tell(yellow, "opened: %s owes %s a call (%s)", list, who, why)
	case "miss_added":
		tell(yellow, "%s missed once more on %s (%s)", who, list, why)
	case "reopened":
		tell(yellow, "reopened: %s still owes %s a call", list, who)
	case "attempted":
		tell(plain, "%s: an attempt by %s is noted", who, agent)
	case "closed":
		if agent != "" {
			why += " by " + agent
		}
		tell(green, "closed: %s on %s (%s)", who, list, why)
	case "calling_now":
		tell(plain, "%s is in the queue again: nobody can dial him now", who)
	}
}

// hint prints what a phone shows.
func (s *screen) hint(a *simulate.Agent, shown simulate.Shown) {
	s.line(shown.At, cyan, "phone "+a.User, "%s sees: %s", a.Name, shown.Text)
}

// summary prints what all came to.
func (s *screen) summary(r *summary) {
	closed := 0
	var how []string
	for _, reason := range slices.Sorted(maps.Keys(r.closed)) {
		closed += r.closed[reason]
		how = append(how, fmt.Sprintf("%d %s", r.closed[reason], strings.ReplaceAll(reason, "_", " ")))
	}
	ways := ""
	if len(how) > 0 {
		ways = " (" + strings.Join(how, ", ") + ")"
	}
	s.print("\n%s\n\n", s.paint(bold, "Summary"))
	s.print("  customers' calls  %d: %d served, %d missed, %d dropped; %d by mistake and %d withheld, which make no case\n",
		r.calls, r.served, r.missed, r.dropped, r.short, r.withheld)
	s.print("  calls back        %d, %d reached\n", r.dialled, r.reached)
	s.print("  cases             %d opened, %d misses added, %d reopened, %d closed%s, %d open\n",
		r.opened, r.added, r.reopened, closed, ways, r.open)
	s.print("  hints             %d due, %d shown by phones\n", r.hintsDue, r.hintsShown)
	s.print("  verdict to event  %s\n", spread(r.caseTimes))
	s.print("  ring to hint      %s\n\n", spread(r.hintTimes))
	if len(r.faults) == 0 {
		s.print("%s\n", s.paint(green, "Every customer who was not served has exactly one case, or was reached. No other has one."))
		return
	}
	s.print("%s\n", s.paint(red, "The promise did not hold:"))
	for _, fault := range r.faults {
		s.print("  %s\n", s.paint(red, fault))
	}
}
