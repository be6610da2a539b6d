package directory

import (
	"cmp"
	"reflect"
	"slices"

	"ringback/sip"
)

// Directory is a directory file compiled for looking things up. It is immutable and may be used by
// any number of goroutines; what its methods return must not be changed.
type Directory struct {
	file     *File
	plan     sip.Plan
	lists    []*List
	listByID map[string]*List
	agents   map[string]*Agent
	services map[string]*Service
	pbxs     map[string]*PBX
	captures map[uint32]string           // PBX id by capture id
	members  map[string]map[string]bool  // list id, agent id
	listsOf  map[string][]string         // by agent id
	rights   map[string]map[string]Right // list id, agent id; admins have all and are not in it
	shared   patterns
	uris     map[string][]string // by agent id
}

// New compiles a file. It refuses, with an *InvalidError, what Parse refuses; the error has no lines
// when the file was not read by Parse. The file must not be changed afterwards.
func New(f *File) (*Directory, error) {
	c := checker{file: f}
	c.scalars(reflect.ValueOf(f).Elem(), numbersOf(""))
	c.run()
	if err := c.err(""); err != nil {
		return nil, err
	}
	d := &Directory{
		file: f, plan: f.plan(),
		listByID: map[string]*List{}, agents: map[string]*Agent{}, services: map[string]*Service{}, pbxs: map[string]*PBX{},
		captures: map[uint32]string{}, members: map[string]map[string]bool{}, listsOf: map[string][]string{}, rights: map[string]map[string]Right{},
		shared: patternsOf(f.SharedNumbers), uris: map[string][]string{},
	}
	for i := range f.PBXs {
		p := &f.PBXs[i]
		d.pbxs[p.ID] = p
		for _, id := range p.CaptureIDs {
			d.captures[id] = p.ID
		}
	}
	hosts := f.pbxHosts()
	for i := range f.Agents {
		a := f.Agents[i]
		a.Name = cmp.Or(a.Name, a.ID)
		d.agents[a.ID] = &a
		d.uris[a.ID] = a.uris(hosts)
	}
	for i := range f.Services {
		s := f.Services[i]
		s.Name = cmp.Or(s.Name, s.ID)
		d.services[s.ID] = &s
	}
	d.compileLists()
	return d, nil
}

func (d *Directory) compileLists() {
	calendars := map[string]*Hours{"": {zone: loadZone(d.file.zone())}}
	for i := range d.file.Calendars {
		c := &d.file.Calendars[i]
		calendars[c.ID] = c.compile(d.file.zone())
	}
	for i := range d.file.Lists {
		e := &d.file.Lists[i]
		l := &List{ID: e.ID, Name: cmp.Or(e.Name, e.ID), Kind: e.Kind, Hours: calendars[e.Hours], Policy: e.Policy, Calling: e.Calling.or(d.Calling())}
		l.Members = d.file.everybody(e.Members, isAgent)
		l.Supervisors = d.file.everybody(e.Supervisors, isSupervisor)
		l.Readers = d.file.everybody(e.Readers, isAnybody)
		l.Policy.Handling = slices.Clone(e.Handling)
		for j := range l.Policy.Handling {
			s := &l.Policy.Handling[j]
			s.Name = cmp.Or(s.Name, s.ID)
		}
		l.Policy.Resolutions = slices.Clone(e.Resolutions)
		for j := range l.Policy.Resolutions {
			r := &l.Policy.Resolutions[j]
			r.Name = cmp.Or(r.Name, r.ID)
		}
		d.grant(l)
		d.lists, d.listByID[l.ID], d.members[l.ID] = append(d.lists, l), l, map[string]bool{}
		for _, m := range l.Members {
			d.members[l.ID][m] = true
			d.listsOf[m] = append(d.listsOf[m], l.ID)
		}
	}
	for i := range d.file.Services {
		l := d.listByID[d.file.Services[i].List]
		l.Services = append(l.Services, d.file.Services[i].ID)
	}
}

// Plan is what the call tracker has to know, without Ringback's own addresses, which are the
// daemon's to add to the copy it gets.
func (d *Directory) Plan() *sip.Plan {
	plan := d.plan
	return &plan
}

// File is what the directory was compiled from.
func (d *Directory) File() *File { return d.file }

// Lists are all lists in the order of the file.
func (d *Directory) Lists() []*List { return d.lists }

// List is the list with the given id.
func (d *Directory) List(id string) (*List, bool) {
	l, ok := d.listByID[id]
	return l, ok
}

// ListOf is the list that the cases of a service are put on.
func (d *Directory) ListOf(service string) (*List, bool) {
	s, ok := d.services[service]
	if !ok {
		return nil, false
	}
	return d.List(s.List)
}

// Grouped says whether cases of one number on the two lists belong together.
func (d *Directory) Grouped(list, other string) bool {
	a, ok := d.listByID[list]
	b, ok2 := d.listByID[other]
	return ok && ok2 && (a == b || a.Policy.GroupByNumber && b.Policy.GroupByNumber)
}

// Group is the list and all lists it is grouped with, in the order of the file; none when there is
// no such list.
func (d *Directory) Group(list string) []string {
	var ids []string
	for _, l := range d.lists {
		if d.Grouped(list, l.ID) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// Service is the service with the given id.
func (d *Directory) Service(id string) (*Service, bool) {
	s, ok := d.services[id]
	return s, ok
}

// Agent is the agent with the given id.
func (d *Directory) Agent(id string) (*Agent, bool) {
	a, ok := d.agents[id]
	return a, ok
}

// AgentURIs are the SIP URIs at which a PBX reaches the phones of an agent: his AORs, then his
// extensions at every PBX. They are where to send when the contact of his phone is not known.
func (d *Directory) AgentURIs(id string) []string { return d.uris[id] }

// Member says whether the agent is a member of the list.
func (d *Directory) Member(agent, list string) bool { return d.members[list][agent] }

// ListsOf are the ids of the lists that the agent is a member of, in the order of the file.
func (d *Directory) ListsOf(agent string) []string { return d.listsOf[agent] }

// PBX is the PBX with the given id.
func (d *Directory) PBX(id string) (*PBX, bool) {
	p, ok := d.pbxs[id]
	return p, ok
}

// PBXOfCapture is the id of the PBX that mirrors its signalling with the given HEP capture id.
func (d *Directory) PBXOfCapture(id uint32) (string, bool) {
	p, ok := d.captures[id]
	return p, ok
}

// SharedNumber says whether many customers call from the number.
func (d *Directory) SharedNumber(n sip.Number) bool { return d.shared.match(n) }

// pbxHosts are where the AORs of the PBXs live: the first domain of each, else its first address.
func (f *File) pbxHosts() []string {
	var hosts []string
	for i := range f.PBXs {
		p := &f.PBXs[i]
		if len(p.Domains) > 0 {
			hosts = append(hosts, p.Domains[0])
			continue
		}
		if j := slices.IndexFunc(p.Addresses, func(h sip.Host) bool { return h.Net.IsSingleIP() }); j >= 0 {
			hosts = append(hosts, hostPort(p.Addresses[j]))
		}
	}
	return hosts
}

// hostPort is a single address as it stands in a URI.
func hostPort(h sip.Host) string {
	if h.Port == 0 && h.Net.Addr().Is6() {
		return "[" + h.Net.Addr().String() + "]"
	}
	return h.String()
}

func (a *Agent) uris(hosts []string) []string {
	var uris []string
	for _, u := range a.AORs {
		uris = append(uris, "sip:"+string(u))
	}
	for _, x := range a.Extensions {
		for _, h := range hosts {
			if u := "sip:" + x + "@" + h; !slices.Contains(uris, u) {
				uris = append(uris, u)
			}
		}
	}
	return uris
}

// patterns is a set of numbers and of beginnings of numbers.
type patterns struct {
	exact     map[sip.Number]bool
	beginning map[sip.Number]bool
}

func patternsOf(list []Pattern) patterns {
	p := patterns{map[sip.Number]bool{}, map[sip.Number]bool{}}
	for _, x := range list {
		if x.Wildcard {
			p.beginning[x.Number] = true
		} else {
			p.exact[x.Number] = true
		}
	}
	return p
}

func (p patterns) match(n sip.Number) bool {
	if p.exact[n] {
		return true
	}
	if len(p.beginning) == 0 {
		return false
	}
	for ; n > 0; n /= 10 {
		if p.beginning[n] {
			return true
		}
	}
	return false
}
