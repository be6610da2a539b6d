package directory

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
)

func TestFileWrittenOutIsReadBackTheSame(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	for range 300 {
		f := g.file()
		if _, err := New(f); err != nil {
			t.Fatalf("seed %d: the generated file is wrong: %v\n%s", seed, err, Format(f))
		}
		text := Format(f)
		again, err := Parse("again.yaml", text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if diff := cmp.Diff(f, again, cmpopts.EquateEmpty(), cmpopts.EquateComparable(sip.Host{})); diff != "" {
			t.Fatalf("seed %d (-written +read):\n%s\n%s", seed, diff, text)
		}
		if changes := Diff(f, again); len(changes) > 0 {
			t.Fatalf("seed %d: Diff of equal files: %v", seed, changes)
		}
		if second := Format(again); string(second) != string(text) {
			t.Fatalf("seed %d: the form is not canonical:\n%s\n%s", seed, text, second)
		}
	}
}

func TestCanonicalFormLeavesOutDefaultsAndKeepsOrder(t *testing.T) {
	f := parse(t, `
lists:
  - {members: "*", id: l, name: "Off", due_after: 60m, auto_close: off, collect: [missed, on_hold], hint: "{number}: call back"}
agents:
  - {id: b, name: "a: b", extensions: ["*97", 102]}
  - {id: a, name: 'Åsa "Å" Öberg', addresses: [10.0.0.1, "[fd20::1]:5060"], mobiles: [`+manyNumbers(12)+`]}
country: NO
`)
	const want = `country: "NO"

agents:
  - id: b
    name: "a: b"
    extensions: ["*97", 102]
  - id: a
    name: "Åsa \"Å\" Öberg"
    addresses: [10.0.0.1, "[fd20::1]:5060"]
    mobiles:
`
	text := string(Format(f))
	if !strings.HasPrefix(text, want) || strings.Contains(text, "due_after") {
		t.Errorf("got:\n%s", text)
	}
	const list = `
lists:
  - id: l
    name: "Off"
    members: ["*"]
    collect: [missed, on_hold]
    auto_close: off
    hint: "{number}: call back"
`
	if !strings.HasSuffix(text, list) {
		t.Errorf("got:\n%s", text)
	}
}

func manyNumbers(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("+3584012345%02d", i))
	}
	return strings.Join(all, ", ")
}

func TestExamplesAreWhole(t *testing.T) {
	paths, err := filepath.Glob("../configs/examples/*lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../configs/examples/directory.yaml") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(path, b)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := New(f); err != nil {
			t.Error(err)
		}
		// What is commented out is right as well.
		var lines []string
		for line := range strings.Lines(string(b)) {
			if rest, found := strings.CutPrefix(strings.TrimLeft(line, " "), "# "); found && strings.Contains(path, "directory.yaml") && len(lines) > 8 {
				line = line[:len(line)-len(rest)-2] + rest
			}
			lines = append(lines, line)
		}
		if _, err := Parse(path+" without #", []byte(strings.Join(lines, ""))); err != nil {
			t.Error(err)
		}
	}
}

// generator makes files that are right, of all that a file can hold.
type generator struct{ *rand.Rand }

func (g generator) file() *File {
	f := &File{Country: "FI"}
	if g.IntN(2) == 0 {
		f.TimeZone = helsinki
	}
	for i := range 1 + g.IntN(3) {
		f.PBXs = append(f.PBXs, PBX{
			ID: g.id("pbx", i), Country: pick(g, "", Country("SE"), "NO"), TimeZone: pick(g, "", helsinki),
			Addresses: []sip.Host{g.host(1, i)}, Domains: some(g, fmt.Sprintf("pbx%d.example", i)),
			CaptureIDs: some(g, uint32(2000+i)), AccessPrefixes: some(g, "0", "9", "*31#"), ContactSeparators: some(g, "-0x", "_", "~~"),
			LinkHeaders: some(g, "X-Service-Call-ID", "Session-ID"),
		})
	}
	for i := range g.IntN(3) {
		f.Trunks = append(f.Trunks, Trunk{
			ID: g.id("trunk", i), PBX: f.PBXs[g.IntN(len(f.PBXs))].ID, Addresses: []sip.Host{g.host(2, i)},
			Country: pick(g, "", Country("EE")), Trusted: g.IntN(2) == 0,
		})
	}
	for i := range g.IntN(4) {
		a := Agent{
			ID: g.id("agent", i), Name: g.name(), Extensions: []string{fmt.Sprint(100 + i)}, AORs: some(g, URI(fmt.Sprintf("a%d@pbx.example", i))),
			Addresses: []sip.Host{g.host(3, i)}, Direct: some(g, g.number(1, i)), Mobiles: some(g, g.number(2, i), g.number(3, i)),
		}
		if i > 0 {
			a.Roles = some(g, RoleSupervisor, RoleApprover, RoleAdmin)
		}
		if len(a.Roles) > 0 {
			a.Roles = append(a.Roles, RoleAgent)
		}
		f.Agents = append(f.Agents, a)
	}
	for i := range g.IntN(3) {
		f.Endpoints = append(f.Endpoints, Endpoint{
			ID: g.id("end", i), Kind: EndpointKind(g.IntN(4)), Extensions: []string{fmt.Sprint("*", 90+i)},
			URIs: some(g, URI(fmt.Sprintf("vm%d@*", i)), URI(fmt.Sprintf("vm%d@[fd20::7]", i))), Numbers: some(g, g.number(4, i)),
		})
	}
	for i := range g.IntN(3) {
		for {
			c := randomCalendar(g.Rand)
			c.ID = g.id("cal", i)
			if _, err := New(&File{Calendars: []Calendar{c}}); err == nil {
				f.Calendars = append(f.Calendars, c)
				break
			}
		}
	}
	for i := range 1 + g.IntN(3) {
		f.Lists = append(f.Lists, g.list(f, i))
	}
	for i := range g.IntN(4) {
		f.Services = append(f.Services, Service{
			ID: g.id("service", i), Name: g.name(), List: f.Lists[0].ID, Numbers: []Pattern{{g.number(5, i), false}},
			URIs: some(g, URI(fmt.Sprintf("line%d@*", i)), URI(fmt.Sprintf("*@line%d.example", i))),
		})
	}
	f.SharedNumbers = some(g, Pattern{35880055, true}, Pattern{358800111222, false})
	return f
}

func (g generator) list(f *File, i int) ListEntry {
	l := ListEntry{ID: g.id("list", i), Name: g.name(), Policy: DefaultPolicy()}
	l.Country = pick(g, "", Country("SE"))
	if i > 0 {
		l.Kind = ListKind(g.IntN(2))
	}
	for _, a := range f.Agents {
		l.Members = append(l.Members, some(g, a.ID)...)
	}
	for i := range f.Agents {
		if isSupervisor(&f.Agents[i]) {
			l.Supervisors = append(l.Supervisors, some(g, f.Agents[i].ID)...)
		}
	}
	l.Readers = some(g, "*")
	if len(l.Members) == 0 {
		l.Members = some(g, "*")
	}
	if len(f.Calendars) > 0 {
		l.Hours = pick(g, "", f.Calendars[0].ID)
	}
	p := &l.Policy
	p.Collect = Reasons(g.Uint64()) & AllReasons()
	if p.Collect == 0 {
		p.Collect = ReasonsOf(sip.Voicemail)
	}
	p.Vocabulary, p.AutoClose = Vocabulary(g.IntN(2)), AutoClose(g.IntN(3))
	p.DueAfter, p.ShortPair = time.Duration(g.IntN(5000))*time.Second, time.Duration(g.IntN(3))*time.Hour
	p.ReopenWithin, p.AnsweredAfter = time.Duration(g.IntN(1000))*time.Millisecond, time.Duration(g.IntN(60))*time.Second
	p.ExpireAfter, p.AttemptsPerCase = g.IntN(5), g.IntN(5)
	p.CallerServed, p.GroupByNumber, p.Notifications = g.IntN(2) == 0, g.IntN(2) == 0, g.IntN(2) == 0
	if g.IntN(2) == 0 {
		p.Handling = []HandlingStatus{
			{ID: "a", Name: g.name(), Terminal: true, Success: g.IntN(2) == 0, CountsAsAttempt: g.IntN(2) == 0},
			{ID: "b", RetryAfter: some(g, time.Minute, 2*time.Hour, 0)},
			{ID: "c", AsksTime: true},
		}
	}
	p.ClaimFor, p.PersonalFallback, p.Retention = time.Duration(g.IntN(20))*time.Minute, time.Duration(g.IntN(5))*time.Hour, g.IntN(400)
	p.Allocation, p.NoteRequired = Allocation(g.IntN(2)), g.IntN(2) == 0
	if g.IntN(2) == 0 {
		p.Resolutions, p.ResolutionRequired = []Resolution{{ID: "solved", Name: g.name()}, {ID: "other"}}, g.IntN(2) == 0
	}
	p.Hint = pick(g, DefaultHint, `{number} \[{name}\]`, "Call [{name}] back: {misses} × # now")
	return l
}

func (g generator) id(kind string, i int) string {
	return fmt.Sprintf("%s%d", pick(g, "+", "0", kind), i)
}

func (g generator) name() string {
	return pick(g, "", "Anna", "a: b", "# no comment", "- x", "true", "null", "1.0", "{x}", "[y]", "Åsa 'Ö'", "a #b", "\"", "\\", "*a", "&a", "!t", "%x", "@x", "`", "a:", "?", "a\u00a0b\u2028c")
}

func (g generator) host(kind, i int) sip.Host {
	a := netip.AddrFrom4([4]byte{10, byte(kind), byte(i), byte(1 + g.IntN(200))})
	switch g.IntN(4) {
	case 0:
		return sip.Host{Net: netip.PrefixFrom(a, 24).Masked()}
	case 1:
		return sip.Host{Net: netip.PrefixFrom(a, 32), Port: uint16(1 + g.IntN(65535))}
	case 2:
		b := netip.MustParseAddr(fmt.Sprintf("fd20:%d:%d::1", kind, i))
		return sip.Host{Net: netip.PrefixFrom(b, 128), Port: uint16(g.IntN(2) * 5060)}
	}
	return sip.Host{Net: netip.PrefixFrom(a, 32)}
}

func (g generator) number(kind, i int) sip.Number { return sip.Number(358401000000 + kind*1000 + i) }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

// some are a few of the values, perhaps none.
func some[T any](g generator, from ...T) []T {
	return slices.DeleteFunc(from, func(T) bool { return g.IntN(2) == 0 })
}
