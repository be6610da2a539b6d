package directory

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"ringback/sip"
)

var update = flag.Bool("update", false, "write golden files and docs/directory.md anew")

// Each file of testdata/invalid holds a directory file and all that Parse says of it.
func TestEveryMistakeIsNamedWithItsLineAndARemedy(t *testing.T) {
	paths, err := filepath.Glob("testdata/invalid/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("in.yaml", archive.Files[0].Data)
			if err == nil {
				t.Fatal("Parse finds nothing wrong")
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "problems", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("in.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}

func host(t *testing.T, text string) sip.Host {
	t.Helper()
	h, err := sip.ParseHost(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestFileIsReadAsItsAuthorMeansIt(t *testing.T) {
	list := func(l ListEntry, change ...func(*Policy)) ListEntry {
		l.Policy = DefaultPolicy()
		for _, c := range change {
			c(&l.Policy)
		}
		return l
	}
	for _, c := range []struct {
		name, text string
		want       File
	}{
		{"nothing", "", File{}},
		{"only comments", "# to be written\n", File{}},
		{"empty parts", "agents:\nservices: []\nlists: ~\n", File{}},
		{"a byte order mark and the line ends of Windows", "\ufeffcountry: FI\r\ntime_zone: Europe/Helsinki\r\n", File{Country: "FI", TimeZone: helsinki}},
		{"Norway", "country: no", File{Country: "NO"}},
		{"numbers as people write them", "country: FI\nshared_numbers: [09 310 0100, 040-123 4567, +358 (0)9 310 0101, 00358931002, \"+46 8 123 456*\", 0800 555000]", File{
			Country: "FI",
			SharedNumbers: []Pattern{
				{35893100100, false}, {358401234567, false}, {35893100101, false}, {358931002, false}, {468123456, true}, {358800555000, false},
			},
		}},
		{"the country of the PBXs", "pbxs: [{id: a, country: SE, addresses: 192.0.2.1}]\nshared_numbers: 08-123 456 78", File{
			PBXs:          []PBX{{ID: "a", Country: "SE", Addresses: []sip.Host{host(t, "192.0.2.1")}}},
			SharedNumbers: []Pattern{{46812345678, false}},
		}},
		{"values that YAML would take for others", "agents: [{id: 0101, name: \"yes\", extensions: [007, 1e3, 0x1f, true, 1_000]}]", File{
			Agents: []Agent{{ID: "0101", Name: "yes", Extensions: []string{"007", "1e3", "0x1f", "true", "1_000"}}},
		}},
		{"quotes, folding and comments", "agents:\n  - id: 'a'\n    name: >-\n      Anna\n      Agent # one\n    extensions: \"10\\u0031\" # Anna", File{
			Agents: []Agent{{ID: "a", Name: "Anna Agent # one", Extensions: []string{"101"}}},
		}},
		{"addresses of all kinds", "country: FI\npbxs: [{id: a, addresses: [10.0.0.1, 10.1.0.0/16, 10.2.0.1:5070, fd20::1, 'fd20:1::/64', '[fd20::2]:5060']}]", File{
			Country: "FI",
			PBXs: []PBX{{ID: "a", Addresses: []sip.Host{
				host(t, "10.0.0.1"), host(t, "10.1.0.0/16"), host(t, "10.2.0.1:5070"), host(t, "fd20::1"), host(t, "fd20:1::/64"), host(t, "[fd20::2]:5060"),
			}}},
		}},
		{"URIs with and without scheme", "agents: [{id: a, aors: [SIP:Anna@PBX.Example, 'anna@[FD20:0::1]']}]", File{
			Agents: []Agent{{ID: "a", AORs: []URI{"Anna@pbx.example", "anna@[fd20::1]"}}},
		}},
		{"ranges of hours in braces", "calendars: [{id: c, week: [{days: 'Monday, wed-fri', hours: [08:00-12:00, 22:00 – 06:00]}]}]", File{
			Calendars: []Calendar{{ID: "c", Week: []WeekHours{{0b11101, []Range{{480, 720}, {1320, 1800}}}}}},
		}},
		{"a policy, changed here and there", `
lists:
  - id: l
    collect: [dropped, lost, no_agent]
    vocabulary: enreach
    due_after: 1h30m
    expire_after: 0
    auto_close: answered
    caller_served: off
    handling: [{id: done, terminal: yes, retry_after: []}]
`, File{Lists: []ListEntry{list(ListEntry{ID: "l"}, func(p *Policy) {
			p.Collect = ReasonsOf(sip.Outage, sip.MediaLost, sip.SessionExpired, sip.Signalling, sip.TransferFailed, sip.OnHold, sip.Lost, sip.NoAgent)
			p.Vocabulary, p.DueAfter, p.ExpireAfter, p.AutoClose, p.CallerServed = VocabularyEnreach, 90*time.Minute, 0, AutoCloseAnswered, false
			p.Handling = []HandlingStatus{{ID: "done", Terminal: true}}
		})}}},
		{"anchors, aliases and merge keys", `
lists:
  - &base
    id: a
    name: &name Callbacks
    due_after: 30m
  - <<: *base
    id: b
  - id: c
    <<: [{due_after: 10m}, *base]
    name: *name
`, File{Lists: []ListEntry{
			list(ListEntry{ID: "a", Name: "Callbacks"}, func(p *Policy) { p.DueAfter = 30 * time.Minute }),
			list(ListEntry{ID: "b", Name: "Callbacks"}, func(p *Policy) { p.DueAfter = 30 * time.Minute }),
			list(ListEntry{ID: "c", Name: "Callbacks"}, func(p *Policy) { p.DueAfter = 10 * time.Minute }),
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parse(t, c.text)
			if diff := cmp.Diff(&c.want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(sip.Host{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a hostile file costs is bounded: these would take minutes, gigabytes or the whole stack.
func TestHostileFilesAreRefusedAtLittleCost(t *testing.T) {
	laughs := "a: &l0 [lol, lol]\n" + keys("b%[1]d: &l%[2]d [*l%[1]d, *l%[1]d, *l%[1]d, *l%[1]d, *l%[1]d, *l%[1]d, *l%[1]d, *l%[1]d]\n", 30) + "agents: *l30\n"
	merges := "lists:\n  - &m0 {id: a}\n" + keys("  - &m%[2]d {<<: [*m%[1]d, *m%[1]d, *m%[1]d, *m%[1]d, *m%[1]d, *m%[1]d, *m%[1]d, *m%[1]d]}\n", 30)
	circle := "lists:\n  - &a {id: a}\n  - &a {id: b, <<: *a}\n  - {<<: *a}\n  - {<<: &c {<<: *c}}\n"
	aliases := "agents:\n  - &a\n    id: a\n    extensions: &x [" + strings.Repeat("1, ", 4000) + "1]\n" + strings.Repeat("  - *a\n", 4000)
	for name, text := range map[string]string{
		"100 megabytes":             strings.Repeat("# nothing at all\n", 100<<20/17),
		"brackets":                  strings.Repeat("[", 1<<18),
		"brackets that close":       strings.Repeat("[", 1<<16) + strings.Repeat("]", 1<<16),
		"braces":                    strings.Repeat("{a: ", 1<<18),
		"many dashes":               strings.Repeat("- ", 1<<18),
		"question marks":            strings.Repeat("? ", 1<<20),
		"indentation":               "a:\n" + indented(2000),
		"60 000 keys":               keys("k%[1]d: v\n", 60000),
		"60 000 keys in braces":     "{" + keys("k%[1]d: v, ", 60000) + "}",
		"60 000 keys in a list":     "agents:\n  - " + keys("    k%[1]d: v\n", 60000)[4:],
		"20 000 documents":          strings.Repeat("---\na: b\n", 20000),
		"a billion laughs":          laughs,
		"aliases in a circle":       circle,
		"a bomb of merges":          merges,
		"16 million values":         aliases,
		"anchors upon anchors":      strings.Repeat("&a ", 1<<17),
		"tags upon tags":            strings.Repeat("!!str ", 1<<16),
		"a quote of 1 megabyte":     "country: \"" + strings.Repeat("x", 1<<20) + "\"",
		"no text at all":            strings.Repeat("\x00\xff", 1<<20),
		"20 000 unknown agents":     "lists:\n  - {id: l, members: [" + strings.Repeat("anna-maria-b, ", 20000) + "]}\nagents:\n" + keys("  - {id: anna-maria-%[1]d, extensions: %[1]d}\n", 10000),
		"20 000 exceptions":         "calendars:\n  - id: c\n    exceptions:\n" + strings.Repeat("      - {date: 01-01..12-31}\n", 20000),
		"1000 closed calendars":     "calendars:\n" + keys("  - {id: c%[1]d, week: [{days: mon, hours: 08:00-09:00}], exceptions: [{date: 01-02..12-31}]}\n", 6000),
		"overlapping addresses":     "agents:\n" + keys("  - {id: a%[1]d, addresses: [10.0.0.0/8, 10.0.0.0/9, 10.0.0.0/10, 10.0.0.1, 10.0.0.1]}\n", 8000),
		"ranges upon ranges":        "calendars:\n  - id: c\n    week:\n      - days: mon-sun\n        hours: [" + strings.Repeat("08:00-09:00, ", 40000) + "]",
		"one name a 20 000 times":   "country: FI\npbxs:\n  - {id: a, addresses: 192.0.2.1, domains: [" + strings.Repeat("a.example, ", 20000) + "]}",
		"numbers beyond all bounds": "shared_numbers: [" + strings.Repeat("+99999999999999999999999999, ", 10000) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("in.yaml", []byte(text))
			if err == nil {
				t.Fatal("accepted")
			}
			if message := err.Error(); len(message) > 200*maxProblems || !strings.HasPrefix(message, "in.yaml:") {
				t.Errorf("%d bytes of message: %.200s", len(message), message)
			}
			t.Logf("%d bytes in %s: %.150s", len(text), time.Since(start).Round(time.Millisecond), err)
		})
	}
}

// keys writes a format n times, with the count as its first argument and the next one as its second.
func keys(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"%[3]s", i, i+1, "")
	}
	return b.String()
}

func indented(n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/invalid/*.txtar", "../configs/examples/*lab.yaml", "../configs/examples/directory.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if archive := txtar.Parse(b); len(archive.Files) > 0 {
				b = archive.Files[0].Data
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse("in.yaml", b)
		if err != nil {
			if !strings.Contains(err.Error(), ": ") {
				t.Errorf("error without a place: %v", err)
			}
			return
		}
		d, err := New(file)
		if err != nil {
			t.Fatalf("New refuses what Parse took: %v", err)
		}
		text := Format(file)
		again, err := Parse("again.yaml", text)
		if err != nil {
			t.Fatalf("Parse refuses what Format wrote: %v\n%s", err, text)
		}
		if changes := Diff(file, again); len(changes) > 0 {
			t.Fatalf("Format lost something: %v\n%s", changes, text)
		}
		for _, l := range d.Lists() {
			now := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
			if due := l.Hours.Add(now, l.Policy.DueAfter); due.Before(now) || !l.Hours.Open(due) {
				t.Errorf("list %s is due at %s, closed or before %s", l.ID, due, now)
			}
		}
	})
}
