package daemon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/cases"
	"ringback/cases/intake"
	"ringback/cases/maycall"
	"ringback/configs"
	"ringback/daemon/line"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/sip"
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// openLine makes the callback line, which the endpoint for calls hands its callers to.
func (d *Daemon) openLine(context.Context) (err error) {
	c, said := d.config.Load().Line, d.config.Load().Voicemail
	if !c.Enabled {
		return nil
	}
	r := router{
		numbers: map[string]string{}, straight: map[string]bool{}, lists: map[string]configs.LineList{}, greetings: map[string]*rtp.Clip{},
		directory: d.directory, callable: d.callable,
	}
	for _, n := range c.Numbers {
		r.numbers[strings.ToLower(n.To)] = n.Service
		r.straight[strings.ToLower(n.To)] = n.Voicemail
	}
	var languages []string
	for _, l := range c.Lists {
		r.lists[l.List] = l
		if l.Greeting != "" {
			if r.greetings[l.List], err = line.LoadGreeting(l.Greeting); err != nil {
				return err
			}
		}
		if l.Language != "" {
			languages = append(languages, l.Language)
		}
	}
	var message func(context.Context, line.Request) (line.Message, error) // nil: nobody can leave one
	if said.KeyFile != "" {
		message = d.message
	}
	d.line, err = line.New(line.Options{
		Host: d.media, Service: r.service, Request: d.requested, Message: message, Room: d.voicemail.Room,
		Language: c.Language, Languages: languages, PromptsDir: c.PromptsDir, Logger: d.log,
		MaxLength: said.Limit, Silence: said.Silence,
	})
	return err
}

// router finds the service that a caller of the line wanted.
type router struct {
	numbers   map[string]string // what the PBX dials, in lower case → service
	straight  map[string]bool   // what the PBX dials, likewise: who calls there leaves a message
	lists     map[string]configs.LineList
	greetings map[string]*rtp.Clip // by list
	directory func() *directory.Directory
	callable  func(list string, n sip.Number, now time.Time) bool
}

// service is the service that a call was for: the configuration says so for what was dialled, or it is the service's
// own number, or the call was diverted from one, the last one first.
func (r *router) service(i *phone.Invitation) (line.Service, bool) {
	dir := r.directory()
	dialled := strings.ToLower(i.To)
	id, known := r.numbers[dialled]
	if !known {
		dialled = addressOf(i.RequestURI)
		id, known = r.numbers[dialled]
	}
	called := []phone.Party{{URI: i.RequestURI, User: i.To}, i.Called}
	for _, d := range i.Diversions {
		called = append(called, d.Party)
	}
	for k := 0; k < len(called) && !known; k++ {
		id, known = serviceOf(dir.Plan(), numberAt(dir, i.Account, called[k].User), addressOf(called[k].URI))
	}
	service, there := dir.Service(id)
	if !known || !there {
		return line.Service{}, false
	}
	list := r.lists[service.List]
	s := line.Service{
		ID: id, List: service.List, Language: list.Language, Greeting: r.greetings[service.List], Straight: list.Voicemail || r.straight[dialled],
	}
	s.Number = func(text string) sip.Number {
		n, err := intake.ParseNumber(text, dir.Country(service.List))
		if err != nil || !r.callable(service.List, n, time.Now()) {
			return 0
		}
		return n
	}
	if n := numberAt(dir, i.Account, i.Caller.User); n != 0 && !i.Withheld {
		_, own := serviceOf(dir.Plan(), n, "")
		if !own && r.callable(service.List, n, time.Now()) {
			s.Caller = n
		}
	}
	return s, true
}

// numberAt reads a number as the PBX of an account writes it.
func numberAt(dir *directory.Directory, account, user string) sip.Number {
	country, prefixes := string(dir.Country("")), []string(nil)
	if p, known := dir.PBX(account); known {
		country, prefixes = cmp.Or(string(p.Country), country), p.AccessPrefixes
	}
	plan, err := sip.NewNumbering(country, prefixes)
	if err != nil { // of no country: there is only the international form
		n, err := sip.ParseNumber(user)
		if err != nil {
			return 0
		}
		return n
	}
	return plan.Parse([]byte(user), nil)
}

// serviceOf is the service of a number or an address, as the watch finds it: the whole number first, then the longest
// beginning, then the address, whole before that of any host before that of any user.
func serviceOf(p *sip.Plan, n sip.Number, address string) (id string, known bool) {
	longest := 0
	for i := range p.Services {
		s := &p.Services[i]
		if n != 0 && slices.Contains(s.Numbers, n) {
			return s.ID, true
		}
		for _, prefix := range s.Prefixes {
			if n != 0 && len(prefix) >= longest && strings.HasPrefix(strings.TrimPrefix(n.String(), "+"), prefix) {
				longest, id, known = len(prefix), s.ID, true
			}
		}
	}
	user, host, ok := strings.Cut(address, "@")
	if known || !ok {
		return id, known
	}
	for _, form := range []string{address, user + "@*", "*@" + host} {
		for i := range p.Services {
			if slices.Contains(p.Services[i].URIs, form) {
				return p.Services[i].ID, true
			}
		}
	}
	return "", false
}

// addressOf is user@host of a SIP URI, in lower case; empty when it has no user.
func addressOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	rest, _, _ = strings.Cut(rest, ";")
	rest, _, _ = strings.Cut(rest, "?")
	user, host, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.ToLower(user + "@" + host)
}

// callable says whether agents could ever call a number: what is premium, short, of a country that is not called or on
// the block list is none to be called back at.
func (d *Daemon) callable(list string, n sip.Number, now time.Time) bool {
	a, err := d.mayCall().Number(list, maycall.Question{Number: n, At: now})
	if err != nil {
		d.complaints.log(d.log, "whether a number may be called cannot be told", err)
		return true // it is asked again before anybody dials
	}
	return !slices.ContainsFunc(a.Findings, func(f maycall.Finding) bool { return ofNumber(f.Rule) && f.Effect == directory.Block })
}

// ofNumber says whether a rule is about what kind of number it is.
func ofNumber(r maycall.Rule) bool {
	switch r {
	case maycall.RuleNumber, maycall.RuleBlockList, maycall.RuleCountry, maycall.RulePremium, maycall.RuleShortNumber:
		return true
	default:
		return false
	}
}

// requested notes that a caller of the line wants to be called: by a case, or at the one there is.
func (d *Daemon) requested(ctx context.Context, r line.Request) (again bool, err error) {
	done, again, err := d.cases.Request(ctx, lineAct(r.Call, r.At), cases.Draft{List: r.List, Number: r.Number})
	if err != nil {
		return false, fmt.Errorf("noting a request: %w", err)
	}
	d.journeys.asked(r.Call, done.Case.ID)
	d.tellByLine(done)
	d.log.InfoContext(ctx, "a customer asked to be called", "call_id", r.Call, "case_id", done.Case.ID, "service", r.Service, "number", r.Number)
	return again, nil
}

// lineAct is what a call to the line does to the cases. One call asks once: its later acts are the same.
func lineAct(callID string, at time.Time) cases.Act {
	return cases.Act{ID: lineActID(callID), At: at, By: audit.Who{Kind: audit.System}}
}

// lineActID is the id of what is asked in a call.
func lineActID(callID string) string {
	return "line/" + digestOf(callID)
}

// digestOf is an id of a call to the line that says nothing of its Call-ID, which may name hosts and people.
func digestOf(callID string) string {
	sum := sha256.Sum256([]byte(callID))
	return hex.EncodeToString(sum[:16])
}

func (d *Daemon) tellByLine(done cases.Done) {
	d.tellCases(done.Changes)
	for i := range done.Changes {
		d.tellHints(d.assist.Changed(done.Changes[i]), time.Now())
	}
}
