package directory

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ringback/sip"
)

// checker finds what is wrong with a file as a whole: names that nothing defines, two owners of one
// number, hours that overlap. Values by themselves are checked where they are read.
type checker struct {
	problems
	file      *File
	places    map[any]position           // empty when the file was not read from text
	broken    map[any]bool               // values that were reported already
	owners    map[string]owner           // of numbers, extensions, addresses and ids, by kind and value
	callLists map[string]bool            // ids of the lists of kind call
	agents    map[string]*Agent          // by id
	ids       map[string]map[string]bool // by kind, of those checked so far
}

// owner is who a value belongs to, and where it says so.
type owner struct {
	name string
	at   position
}

// bad reports a problem of the value that at points to.
func (c *checker) bad(at any, format string, args ...any) {
	p := c.places[at]
	c.add(p.line, p.column, fmt.Sprintf(format, args...))
}

// missing reports that a thing lacks what field points to, unless that was written and is broken, or
// the thing is.
func (c *checker) missing(thing, field any, format string, args ...any) {
	if !c.broken[field] && !c.broken[thing] {
		c.bad(thing, format, args...)
	}
}

func (c *checker) anyBroken(fields ...any) bool {
	return slices.ContainsFunc(fields, func(f any) bool { return c.broken[f] })
}

// claim gives a value of a kind to its owner, and reports when it has one already.
func (c *checker) claim(at any, kind, value, name, mend string) {
	if value == "" { // it could not be read
		return
	}
	key := kind + "\x00" + value
	if first, taken := c.owners[key]; taken {
		where := ""
		if first.at.line > 0 {
			where = fmt.Sprintf(" (line %d)", first.at.line)
		}
		c.bad(at, "%s %s already belongs to %s%s; %s", kind, value, first.name, where, mend)
		return
	}
	c.owners[key] = owner{name, c.places[at]}
}

func (c *checker) run() {
	f := c.file
	c.owners, c.ids, c.callLists = map[string]owner{}, map[string]map[string]bool{}, map[string]bool{}
	c.agents = make(map[string]*Agent, len(f.Agents))
	define(c, "PBX", f.PBXs, func(p *PBX) *string { return &p.ID })
	define(c, "trunk", f.Trunks, func(t *Trunk) *string { return &t.ID })
	define(c, "service", f.Services, func(s *Service) *string { return &s.ID })
	define(c, "agent", f.Agents, func(a *Agent) *string {
		c.agents[a.ID] = a
		return &a.ID
	})
	define(c, "endpoint", f.Endpoints, func(e *Endpoint) *string { return &e.ID })
	define(c, "calendar", f.Calendars, func(k *Calendar) *string { return &k.ID })
	define(c, "list", f.Lists, func(l *ListEntry) *string {
		c.callLists[l.ID] = l.Kind == CallList
		return &l.ID
	})
	c.zone(&f.TimeZone)
	c.pbxs()
	c.trunks()
	c.hosts()
	for i := range f.Services {
		c.service(&f.Services[i])
	}
	for i := range f.Agents {
		c.agent(&f.Agents[i])
	}
	for i := range f.Endpoints {
		c.endpoint(&f.Endpoints[i])
	}
	c.wildcards()
	c.calendars()
	c.lists()
	for i := range f.SharedNumbers {
		if p := &f.SharedNumbers[i]; p.Number != 0 {
			c.claim(p, "shared number", p.String(), "this list", "name it once")
		}
	}
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9._+@-]{0,63}$`)

const idMend = "use letters, digits and . _ + @ -, at most 64, beginning with a letter, a digit or +"

// define notes the ids of all things of a kind, and checks them.
func define[T any](c *checker, kind string, things []T, id func(*T) *string) {
	c.ids[kind] = map[string]bool{}
	for i := range things {
		switch at := id(&things[i]); {
		case *at == "":
			c.missing(&things[i], at, "this %s has no id; add one, as id: name", kind)
		case !idForm.MatchString(*at):
			c.bad(at, "%q cannot be an id; %s", *at, idMend)
			c.ids[kind][*at] = true
		default:
			c.ids[kind][*at] = true
			c.claim(at, kind+" id", *at, "another "+kind, "give each its own")
		}
	}
}

func (c *checker) zone(at *string) {
	name := *at
	if name == "" {
		return
	}
	if _, err := time.LoadLocation(name); err == nil && name != "Local" {
		return
	}
	mend := "write one of the IANA database, as Europe/Helsinki"
	if other := likeZone(name); other != "" {
		mend = fmt.Sprintf("did you mean %q?", other)
	}
	c.bad(at, "%q is no time zone; %s", name, mend)
}

// likeZone is the time zone that a name with wrong capitals, blanks, or without its area stands for.
func likeZone(name string) string {
	words := strings.Split(strings.ToLower(strings.ReplaceAll(name, " ", "_")), "/")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	written := strings.Join(words, "/")
	for _, area := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Indian/"} {
		if _, err := time.LoadLocation(area + written); err == nil && written != "" && area+written != "Local" {
			return area + written
		}
	}
	return ""
}

func (c *checker) pbxs() {
	linkHeaders := map[string]bool{}
	for i := range c.file.PBXs {
		p := &c.file.PBXs[i]
		name := "PBX " + p.ID
		if p.Country == "" && c.file.Country == "" && !c.broken[&c.file.Country] {
			c.missing(p, &p.Country, "%s has no country; add one, as country: FI, here or at the top of the file", name)
		}
		c.zone(&p.TimeZone)
		if len(p.Addresses) == 0 {
			c.missing(p, &p.Addresses, "%s has no addresses; add those it sends SIP from, as addresses: [10.20.0.10]", name)
		}
		for j := range p.Domains {
			if d := &p.Domains[j]; !isHost(*d) && !c.broken[d] {
				c.bad(d, "%q is no domain; write it in lower case, as pbx.example.com", *d)
			}
		}
		c.once(name, p.Domains)
		for j := range p.CaptureIDs {
			id := &p.CaptureIDs[j]
			switch {
			case c.broken[id]:
				continue
			case *id == 0:
				c.bad(id, "capture id 0 is what a file or a tap has; give the PBX another")
			}
			c.claim(id, "capture id", fmt.Sprint(*id), name, "give each PBX its own")
		}
		for j := range p.AccessPrefixes {
			if a := &p.AccessPrefixes[j]; strings.Trim(*a, "0123456789*#") != "" || len(*a) > 8 {
				c.bad(a, "%q cannot be dialled before a number; write at most 8 of 0-9 * #", *a)
			}
		}
		c.once(name, p.AccessPrefixes)
		for j := range p.ContactSeparators {
			if s := &p.ContactSeparators[j]; strings.ContainsAny(*s, "@:;<>\" ") || len(*s) > 16 {
				c.bad(s, "%q cannot stand in the user of a contact; write what follows the extension there, as -0x", *s)
			}
		}
		c.once(name, p.ContactSeparators)
		for j := range p.LinkHeaders {
			h := &p.LinkHeaders[j]
			if !headerName.MatchString(*h) && !c.broken[h] {
				c.bad(h, "%q is no header name; write it without the colon, as X-Service-Call-ID", *h)
			}
			linkHeaders[strings.ToLower(*h)] = true
			if len(linkHeaders) > sip.MaxLinkHeaders {
				c.bad(h, "the PBXs have more than %d different link headers; use the same on all", sip.MaxLinkHeaders)
			}
		}
		c.once(name, p.LinkHeaders)
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9.!%*_+`'~-]{1,64}$") // RFC 3261 §25.1 token

// once reports values that are named twice.
func (c *checker) once(name string, values []string) {
	seen := make(map[string]bool, len(values))
	for i, v := range values {
		if seen[v] && v != "" {
			c.bad(&values[i], "%s names %q twice; keep one", name, v)
		}
		seen[v] = true
	}
}

func (c *checker) trunks() {
	for i := range c.file.Trunks {
		t := &c.file.Trunks[i]
		name := "trunk " + t.ID
		switch {
		case t.PBX != "":
			c.refer(&t.PBX, "PBX")
		case len(c.file.PBXs) == 0:
			c.missing(t, &c.file.PBXs, "%s leads to no PBX; define one under pbxs", name)
		case len(c.file.PBXs) > 1:
			c.missing(t, &t.PBX, "%s does not say to which PBX it leads; add pbx: and its id", name)
		}
		if len(t.Addresses) == 0 {
			c.missing(t, &t.Addresses, "%s has no addresses; add the carrier's, as addresses: [198.51.100.50]", name)
		}
	}
}

// refer reports an id that nothing of the kind defines.
func (c *checker) refer(at *string, kind string) bool {
	if c.ids[kind][*at] {
		return true
	}
	if !c.overflows() {
		c.bad(at, "there is no %s %q; %s", kind, *at, suggest(*at, slices.Sorted(maps.Keys(c.ids[kind]))))
	}
	return false
}

func (c *checker) agent(a *Agent) {
	name := "agent " + a.ID
	if a.Has(RoleAgent) && !a.hasPhone() && !c.rolesBroken(a) && !c.anyBroken(&a.Extensions, &a.AORs, &a.Addresses, &a.Direct, &a.Mobiles) {
		c.missing(a, nil, "%s cannot be recognised; add extensions, aors, addresses, direct_numbers or mobiles, or roles without agent", name)
	}
	for i := range a.Roles {
		if r := &a.Roles[i]; slices.Contains(a.Roles[:i], *r) && !c.broken[r] {
			c.bad(r, "%s names the role %s twice; keep one", name, *r)
		}
	}
	c.extensions(a.Extensions, name)
	for i := range a.AORs {
		u := &a.AORs[i]
		if u.wildcard() {
			c.bad(u, "%s is no address of one agent; write user@host", *u)
		}
		c.claim(u, "address", u.lower(), name, "give it to one")
	}
	c.ownNumbers(a.Direct, name)
	c.ownNumbers(a.Mobiles, name)
}

func (c *checker) rolesBroken(a *Agent) bool {
	for i := range a.Roles {
		if c.broken[&a.Roles[i]] {
			return true
		}
	}
	return c.broken[&a.Roles]
}

// hasPhone says whether something of a call can be known for the agent's.
func (a *Agent) hasPhone() bool {
	return len(a.Extensions)+len(a.AORs)+len(a.Addresses)+len(a.Direct)+len(a.Mobiles) > 0
}

func (c *checker) endpoint(e *Endpoint) {
	name := "endpoint " + e.ID
	if len(e.Extensions)+len(e.URIs)+len(e.Addresses)+len(e.Numbers) == 0 && !c.anyBroken(&e.Extensions, &e.URIs, &e.Addresses, &e.Numbers) {
		c.missing(e, nil, "%s cannot be recognised; add extensions, uris, addresses or numbers", name)
	}
	c.extensions(e.Extensions, name)
	for i := range e.URIs {
		u := &e.URIs[i]
		if strings.HasPrefix(string(*u), "*@") {
			c.bad(u, "%s is any user; write addresses: and the host's IP address", *u)
		}
		if user, anyHost := strings.CutSuffix(string(*u), "@*"); anyHost {
			c.claim(u, "extension", user, name, "give it to one")
		}
		c.claim(u, "address", u.lower(), name, "give it to one")
	}
	c.ownNumbers(e.Numbers, name)
}

var extensionForm = regexp.MustCompile(`^[A-Za-z0-9*#._+!~-]{1,64}$`)

func (c *checker) extensions(extensions []string, name string) {
	for i := range extensions {
		x := &extensions[i]
		if c.broken[x] {
			continue
		}
		if !extensionForm.MatchString(*x) {
			c.bad(x, "%q is no extension; write what stands before the @, and a whole address under aors or uris", *x)
		}
		c.claim(x, "extension", *x, name, "give it to one, or tell them apart by aors")
	}
}

func (c *checker) ownNumbers(list []sip.Number, name string) {
	for i := range list {
		if list[i] != 0 {
			c.claim(&list[i], "number", list[i].String(), name, "give it to one")
		}
	}
}

func (c *checker) service(s *Service) {
	name := "service " + s.ID
	if len(s.Numbers)+len(s.URIs) == 0 && !c.anyBroken(&s.Numbers, &s.URIs) {
		c.missing(s, nil, "%s cannot be called; add numbers or uris", name)
	}
	for i := range s.Numbers {
		if p := &s.Numbers[i]; p.Number != 0 {
			c.claim(p, "number", p.String(), name, "give it to one")
		}
	}
	for i := range s.URIs {
		c.claim(&s.URIs[i], "address", s.URIs[i].lower(), name, "give it to one")
	}
	switch {
	case s.List == "":
		c.missing(s, &s.List, "%s has no list to put its cases on; add list: and the id of one", name)
	case c.refer(&s.List, "list") && c.callLists[s.List]:
		c.bad(&s.List, "list %s is for imported numbers; name one of kind callback", s.List)
	}
}

// wildcards reports numbers of agents and endpoints that a service's wildcard takes in: whose a call
// to one is could not be told.
func (c *checker) wildcards() {
	beginnings := map[sip.Number]string{} // service by digits
	for i := range c.file.Services {
		for _, p := range c.file.Services[i].Numbers {
			if p.Wildcard {
				beginnings[p.Number] = c.file.Services[i].ID
			}
		}
	}
	within := func(list []sip.Number, name string) {
		for i := range list {
			for n := list[i]; n > 0 && len(beginnings) > 0; n /= 10 {
				if service, found := beginnings[n]; found {
					c.bad(&list[i], "number %s of %s lies in +%d* of service %s; write that service's numbers so that they leave it out", list[i], name, uint64(n), service)
					break
				}
			}
		}
	}
	for i := range c.file.Agents {
		a := &c.file.Agents[i]
		within(a.Direct, "agent "+a.ID)
		within(a.Mobiles, "agent "+a.ID)
	}
	for i := range c.file.Endpoints {
		within(c.file.Endpoints[i].Numbers, "endpoint "+c.file.Endpoints[i].ID)
	}
}
