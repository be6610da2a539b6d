package directory

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
)

func compile(t *testing.T, text string) *Directory {
	t.Helper()
	d, err := New(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const centre = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - {id: a, addresses: [10.0.0.0/24, 10.0.1.1], capture_ids: [2001]}
  - {id: b, country: SE, addresses: "10.0.2.1:5070", domains: [b.example, bb.example], capture_ids: [2002, 2003]}
services:
  - {id: hotline, name: Hotline, list: callbacks, numbers: +35893100100}
  - {id: sales, list: sales, numbers: +35893100200}
  - {id: night, list: callbacks, uris: night@*}
agents:
  - {id: anna, name: Anna, extensions: [101, A1], aors: Anna@b.example}
  - {id: bertil, extensions: 102}
  - {id: mobile, mobiles: +358401234567}
calendars:
  - {id: office, week: [{days: mon-fri, hours: [08:00-16:00]}]}
lists:
  - {id: callbacks, name: Callbacks, members: [bertil, anna], hours: office}
  - {id: sales, members: "*"}
  - {id: alone, members: anna, group_by_number: false, handling: [{id: done, terminal: true}]}
  - {id: campaign, kind: call}
shared_numbers: [+358800111222, +35880033*]
`

func TestDirectoryIsLookedUpByID(t *testing.T) {
	d := compile(t, centre)
	l, ok := d.List("callbacks")
	if !ok || l.Name != "Callbacks" || l.Kind != CallbackList || !slices.Equal(l.Members, []string{"bertil", "anna"}) || !slices.Equal(l.Services, []string{"hotline", "night"}) {
		t.Errorf("list callbacks = %+v, %v", l, ok)
	}
	if l.Hours.Always() || l.Hours.Location().String() != helsinki {
		t.Errorf("its hours are in %s, always %v", l.Hours.Location(), l.Hours.Always())
	}
	if diff := cmp.Diff(DefaultPolicy(), l.Policy); diff != "" {
		t.Errorf("its policy is not the default (-want +got):\n%s", diff)
	}
	if l, ok := d.List("sales"); !ok || l.Name != "sales" || !slices.Equal(l.Members, []string{"anna", "bertil", "mobile"}) || !l.Hours.Always() || l.Hours.Location().String() != helsinki {
		t.Errorf("list sales = %+v, %v", l, ok)
	}
	if l, ok := d.List("alone"); !ok || len(l.Policy.Handling) != 1 || l.Policy.Handling[0].Name != "done" {
		t.Errorf("list alone = %+v, %v", l, ok)
	}
	if l, ok := d.List("nowhere"); ok || l != nil {
		t.Errorf("list nowhere = %+v", l)
	}
	var ids []string
	for _, l := range d.Lists() {
		ids = append(ids, l.ID)
	}
	if want := []string{"callbacks", "sales", "alone", "campaign"}; !slices.Equal(ids, want) {
		t.Errorf("Lists = %v, want %v", ids, want)
	}
	if l, ok := d.ListOf("night"); !ok || l.ID != "callbacks" {
		t.Errorf("ListOf(night) = %+v, %v", l, ok)
	}
	if _, ok := d.ListOf("nothing"); ok {
		t.Error("ListOf finds the list of no service")
	}
	if a, ok := d.Agent("anna"); !ok || a.Name != "Anna" {
		t.Errorf("Agent(anna) = %+v, %v", a, ok)
	}
	if a, ok := d.Agent("bertil"); !ok || a.Name != "bertil" {
		t.Errorf("an agent without name is called %+v, %v", a, ok)
	}
	if s, ok := d.Service("hotline"); !ok || s.Name != "Hotline" {
		t.Errorf("Service(hotline) = %+v, %v", s, ok)
	}
	if p, ok := d.PBXOfCapture(2003); !ok || p != "b" {
		t.Errorf("PBXOfCapture(2003) = %q, %v", p, ok)
	}
	if _, ok := d.PBXOfCapture(0); ok {
		t.Error("a file's capture id 0 has a PBX")
	}
}

func TestMembersAndGroupsOfLists(t *testing.T) {
	d := compile(t, centre)
	for _, c := range []struct {
		agent, list string
		want        bool
	}{
		{"anna", "callbacks", true},
		{"mobile", "callbacks", false},
		{"mobile", "sales", true},
		{"nobody", "sales", false},
		{"anna", "nowhere", false},
		{"", "", false},
	} {
		if got := d.Member(c.agent, c.list); got != c.want {
			t.Errorf("Member(%q, %q) = %v", c.agent, c.list, got)
		}
	}
	if got, want := d.ListsOf("anna"), []string{"callbacks", "sales", "alone"}; !slices.Equal(got, want) {
		t.Errorf("ListsOf(anna) = %v, want %v", got, want)
	}
	for list, want := range map[string][]string{
		"callbacks": {"callbacks", "sales", "campaign"},
		"alone":     {"alone"},
		"nowhere":   nil,
	} {
		if got := d.Group(list); !slices.Equal(got, want) {
			t.Errorf("Group(%s) = %v, want %v", list, got, want)
		}
	}
	if d.Grouped("callbacks", "alone") || !d.Grouped("alone", "alone") || d.Grouped("nowhere", "nowhere") {
		t.Error("a list that does not group by number is grouped, or not with itself")
	}
}

func TestSharedNumbersAreWholeOrBegin(t *testing.T) {
	d := compile(t, centre)
	for n, want := range map[sip.Number]bool{
		358800111222: true, 358800111223: false, 3588001112220: false,
		35880033: true, 358800331234: true, 3588003: false, 0: false,
	} {
		if got := d.SharedNumber(n); got != want {
			t.Errorf("SharedNumber(%s) = %v", n, got)
		}
	}
}

func TestAgentIsReachedThroughEveryPBX(t *testing.T) {
	d := compile(t, centre)
	want := []string{"sip:Anna@b.example", "sip:101@10.0.1.1", "sip:101@b.example", "sip:A1@10.0.1.1", "sip:A1@b.example"}
	if diff := cmp.Diff(want, d.AgentURIs("anna")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := d.AgentURIs("mobile"); len(got) > 0 {
		t.Errorf("a mobile has SIP addresses %v", got)
	}
	six := compile(t, "country: FI\npbxs: [{id: a, addresses: ['fd20::1']}, {id: b, addresses: '[fd20::2]:5070'}]\nagents: [{id: 1, extensions: 1}]")
	if got, want := six.AgentURIs("1"), []string{"sip:1@[fd20::1]", "sip:1@[fd20::2]:5070"}; !slices.Equal(got, want) {
		t.Errorf("AgentURIs = %v, want %v", got, want)
	}
}

func TestPlanHoldsWhatTheTrackerNeeds(t *testing.T) {
	d := compile(t, `
country: FI
pbxs:
  - id: a
    addresses: 10.0.0.1
    domains: a.example
    access_prefixes: ["9"]
    contact_separators: -0x
    link_headers: X-Service-Call-ID
trunks:
  - {id: t, addresses: [198.51.100.0/24, '[fd20::50]:5060'], trusted: true, country: SE}
services:
  - {id: s, list: l, numbers: [+35893100100, +358931002*], uris: [help@*, '*@[fd20::9]']}
agents:
  - {id: 101, extensions: 101, aors: '101@[fd20::7]', addresses: 10.0.0.101, direct_numbers: 09 310 0101, mobiles: 040 1234567}
endpoints:
  - {id: vm, kind: voicemail, extensions: "*97", uris: [vm@*, vm@a.example], addresses: 10.0.0.9, numbers: 09 310 0109}
lists:
  - id: l
`)
	want := &sip.Plan{
		PBXs: []sip.PBX{{
			ID: "a", Country: "FI", Addresses: []sip.Host{host(t, "10.0.0.1")}, Domains: []string{"a.example"},
			AccessPrefixes: []string{"9"}, ContactSeparators: []string{"-0x"}, LinkHeaders: []string{"X-Service-Call-ID"},
		}},
		Trunks: []sip.Trunk{{ID: "t", PBX: "a", Country: "SE", Addresses: []sip.Host{host(t, "198.51.100.0/24"), host(t, "[fd20::50]:5060")}, Trusted: true}},
		Services: []sip.Service{{
			ID: "s", List: "l", Numbers: []sip.Number{35893100100}, Prefixes: []string{"358931002"}, URIs: []string{"help@*", "*@fd20::9"},
		}},
		Agents: []sip.Agent{{
			ID: "101", Extensions: []string{"101"}, AORs: []string{"101@fd20::7"}, Addresses: []sip.Host{host(t, "10.0.0.101")},
			Direct: []sip.Number{35893100101}, Mobiles: []sip.Number{358401234567},
		}},
		Endpoints: []sip.Endpoint{{
			ID: "vm", Kind: sip.EndpointVoicemail, Extensions: []string{"*97", "vm"}, URIs: []string{"vm@a.example"},
			Addresses: []sip.Host{host(t, "10.0.0.9")}, Numbers: []sip.Number{35893100109},
		}},
	}
	if diff := cmp.Diff(want, d.Plan(), cmpopts.EquateComparable(sip.Host{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.Plan().Own = []sip.Host{host(t, "10.0.0.8")}
	if len(d.Plan().Own) > 0 {
		t.Error("what the daemon adds to its plan stays in the directory")
	}
}

func TestFileMadeByAProgramIsCheckedAsOneThatIsRead(t *testing.T) {
	list := ListEntry{ID: "l", Policy: DefaultPolicy()}
	for want, f := range map[string]*File{
		`directory: "xx" is no country`:                                                  {Country: "xx"},
		`directory: "fi" is not in its usual form; write FI`:                             {Country: "fi"},
		`directory: "+5" is no number anybody can have`:                                  {SharedNumbers: []Pattern{{Number: 5}}},
		`directory: a list has an empty entry; take it out`:                              {Lists: []ListEntry{{ID: "l", Policy: DefaultPolicy(), Members: []string{""}}}},
		`directory: "anna@PBX.example" is not in its usual form; write anna@pbx.example`: {Agents: []Agent{{ID: "a", AORs: []URI{"anna@PBX.example"}}}},
		`directory: the value holds a line break`:                                        {Agents: []Agent{{ID: "a", Name: "A\nB", Extensions: []string{"1"}}}},
		`directory: 9 is none of ["off" "dialled" "answered"]`:                           {Lists: []ListEntry{{ID: "l", Policy: func() Policy { p := DefaultPolicy(); p.AutoClose = 9; return p }()}}},
		`directory: list l collects nothing`:                                             {Lists: []ListEntry{{ID: "l"}}},
		`directory: there is no list "m"; did you mean "l"?`:                             {Services: []Service{{ID: "s", List: "m", URIs: []URI{"s@*"}}}, Lists: []ListEntry{list}},
		`directory: calendar c never opens`:                                              {Calendars: []Calendar{{ID: "c"}}},
		`directory: this agent has no id; add one, as id: name`:                          {Agents: []Agent{{Extensions: []string{"1"}}}},
		`directory: trunk t leads to no PBX; define one under pbxs`:                      {Trunks: []Trunk{{ID: "t", Addresses: []sip.Host{host(t, "10.0.0.1")}}}},
		`directory: due_after is -1m; it is at most 2160h`:                               {Lists: []ListEntry{{ID: "l", Policy: func() Policy { p := DefaultPolicy(); p.DueAfter = -time.Minute; return p }()}}},
		`directory: the value is longer than 500 bytes; shorten it`:                      {Agents: []Agent{{ID: "a", Name: strings.Repeat("x", 501), Extensions: []string{"1"}}}},
		`directory: number +35893100100 already belongs to service a`:                    {Services: []Service{{ID: "a", List: "l", Numbers: []Pattern{{35893100100, false}}}, {ID: "b", List: "l", Numbers: []Pattern{{35893100100, false}}}}, Lists: []ListEntry{list}},
		`directory: "24:00-00:30" is no range of hours`:                                  {Calendars: []Calendar{{ID: "c", Week: []WeekHours{{1, []Range{{1440, 1470}}}}}}},
		`directory: "2026-13-01" is no date`:                                             {Calendars: []Calendar{{ID: "c", Week: []WeekHours{{1, []Range{{0, 60}}}}, Exceptions: []DateHours{{Date: Dates{Date{2026, 13, 1}, Date{2026, 13, 1}}}}}}},
	} {
		_, err := New(f)
		if _, ok := errors.AsType[*InvalidError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v\nwant %s", err, want)
		}
	}
}

func readExample(t *testing.T, name string) *Directory {
	t.Helper()
	b, err := os.ReadFile("../configs/examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, string(b))
}

// The facts of the laboratories that the captures in testdata come from.
func TestLabDirectoriesHoldTheirLabs(t *testing.T) {
	type person struct {
		extensions string
		address    string
		direct     sip.Number
		mobile     sip.Number
	}
	asterisk, kamailio := readExample(t, "asterisk-lab.yaml"), readExample(t, "kamailio-lab.yaml")
	for name, c := range map[string]struct {
		d        *Directory
		agents   map[string]person
		services []sip.Number
		hosts    map[string]string // PBX or trunk by address
	}{
		"asterisk": {
			asterisk,
			map[string]person{
				"101":           {"101", "10.20.0.101", 35893100101, 0},
				"102":           {"102", "10.20.0.102", 35893100102, 0},
				"103":           {"103", "10.20.0.103", 35893100103, 0},
				"104":           {"104", "10.20.0.104", 35893100104, 0},
				"105":           {"105", "", 0, 0},
				"+358509998877": {"", "", 0, 358509998877},
			},
			[]sip.Number{
				35893100100, 35893100110, 35893100200, 35893100250, 35893100300, 35893100310, 35893100400, 35893100500, 35893100600, 35893100700,
			},
			map[string]string{
				"10.20.0.10": "asterisk", "198.51.100.10": "asterisk", "fd20::10": "asterisk", "10.20.0.20": "edge", "198.51.100.20": "edge",
				"198.51.100.50": "carrier", "198.51.100.51": "carrier-pai", "fd20::50": "carrier-v6",
			},
		},
		"kamailio": {
			kamailio,
			map[string]person{
				"151": {"151", "10.20.0.151", 0, 0}, "152": {"152", "10.20.0.152", 0, 0},
				"+358509998877": {"", "", 0, 358509998877},
			},
			[]sip.Number{35893100100, 35893100200},
			map[string]string{"10.20.0.20": "kamailio", "198.51.100.20": "kamailio", "198.51.100.60": "carrier-60", "198.51.100.61": "carrier-61"},
		},
	} {
		plan := c.d.Plan()
		agents := map[string]person{}
		for _, a := range plan.Agents {
			p := person{extensions: strings.Join(a.Extensions, " ")}
			for _, h := range a.Addresses {
				p.address += h.String()
			}
			for _, n := range a.Direct {
				p.direct = n
			}
			for _, n := range a.Mobiles {
				p.mobile = n
			}
			agents[a.ID] = p
			if got := len(c.d.ListsOf(a.ID)); got != len(c.d.Lists()) {
				t.Errorf("%s: agent %s is a member of %d lists of %d", name, a.ID, got, len(c.d.Lists()))
			}
		}
		if diff := cmp.Diff(c.agents, agents, cmp.AllowUnexported(person{})); diff != "" {
			t.Errorf("%s: agents (-want +got):\n%s", name, diff)
		}
		var numbers []sip.Number
		for _, s := range plan.Services {
			numbers = append(numbers, s.Numbers...)
		}
		if diff := cmp.Diff(c.services, numbers); diff != "" {
			t.Errorf("%s: services (-want +got):\n%s", name, diff)
		}
		hosts := map[string]string{}
		for _, p := range plan.PBXs {
			for _, h := range p.Addresses {
				hosts[h.String()] = p.ID
			}
			if p.Country != "FI" {
				t.Errorf("%s: PBX %s is in %s", name, p.ID, p.Country)
			}
		}
		for _, x := range plan.Trunks {
			for _, h := range x.Addresses {
				hosts[h.String()] = x.ID
			}
			if !x.Trusted {
				t.Errorf("%s: trunk %s is not trusted", name, x.ID)
			}
		}
		if diff := cmp.Diff(c.hosts, hosts); diff != "" {
			t.Errorf("%s: hosts (-want +got):\n%s", name, diff)
		}
		for _, l := range c.d.Lists() {
			if !l.Hours.Always() || !cmp.Equal(l.Policy, DefaultPolicy()) {
				t.Errorf("%s: list %s does not have the defaults", name, l.ID)
			}
		}
		if p, ok := c.d.PBXOfCapture(2002); !ok || name == "kamailio" && p != "kamailio" || name == "asterisk" && p != "edge" {
			t.Errorf("%s: capture id 2002 is %q", name, p)
		}
	}
	if p, _ := asterisk.PBX("asterisk"); !slices.Equal(p.AccessPrefixes, []string{"9"}) || !slices.Equal(p.LinkHeaders, []string{"X-Service-Call-ID"}) || !slices.Equal(p.CaptureIDs, []uint32{2001}) {
		t.Errorf("asterisk = %+v", p)
	}
	if got, want := asterisk.AgentURIs("105")[0], "sip:105@10.20.0.10"; got != want {
		t.Errorf("agent 105 is reached at %s, want %s", got, want)
	}
}
