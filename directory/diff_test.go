package directory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const before = `
country: FI
pbxs:
  - {id: pbx, addresses: [10.0.0.1, 10.0.0.2]}
services:
  - {id: hotline, name: Hotline, list: callbacks, numbers: [+35893100100, +358931002*]}
  - {id: sales, list: callbacks, numbers: +35893100200}
agents:
  - {id: 101, name: Anna, extensions: 101, mobiles: +358401234567}
  - {id: 102, extensions: 102}
  - {id: 103, extensions: 103}
calendars:
  - id: office
    week: [{days: mon-fri, hours: [08:00-16:00]}]
    exceptions: [{date: 12-24, name: Christmas Eve}]
lists:
  - {id: callbacks, members: [101, 102], hours: office}
shared_numbers: [+358800111222]
`

const after = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - {id: pbx, addresses: [10.0.0.2, 10.0.0.1]}
services:
  - {id: sales, list: callbacks, numbers: +35893100200}
  - {id: hotline, list: callbacks, numbers: [+358931003*, +35893100100]}
agents:
  - {id: 101, name: Anna, extensions: 101}
  - {id: 103, name: Cecilia, extensions: [103, 113], mobiles: [+358401234567]}
  - {id: 104, name: David, extensions: 104}
calendars:
  - id: office
    week: [{days: mon-thu, hours: [08:00-16:00]}, {days: fri, hours: [08:00-14:00]}]
lists:
  - id: callbacks
    members: [101, 103, 104]
    collect: missed
    due_after: 30m
    caller_served: false
    handling:
      - {id: busy, name: Busy, counts_as_attempt: true, retry_after: [10m]}
      - {id: done, terminal: true, success: true}
shared_numbers: [+358800111222, +358800111223]
`

func TestDiffTellsEveryChangeOnALine(t *testing.T) {
	want := strings.TrimSpace(`
~ file: time_zone none → Europe/Helsinki
~ file: shared_numbers with [+358800111223]
~ PBX pbx: addresses without [10.0.0.1, 10.0.0.2], with [10.0.0.2, 10.0.0.1]
~ service hotline: name Hotline → none
~ service hotline: numbers without ["+358931002*"], with ["+358931003*"]
~ file: order of services hotline, sales → sales, hotline
~ agent 101: mobiles without [+358401234567]
~ agent 103: name none → Cecilia
~ agent 103: extensions with [113]
~ agent 103: mobiles with [+358401234567]
+ agent 104 {name: David, extensions: [104]}
- agent 102 {extensions: [102]}
~ calendar office: week without [{days: mon-fri, hours: [08:00-16:00]}], with [{days: mon-thu, hours: [08:00-16:00]}, {days: fri, hours: [08:00-14:00]}]
~ calendar office: exceptions without [{date: 12-24, name: Christmas Eve}]
~ list callbacks: members without [102], with [103, 104]
~ list callbacks: hours office → none
~ list callbacks: collect without [dropped]
~ list callbacks: due_after 1h → 30m
~ list callbacks: caller_served true → false
~ list callbacks handling busy: retry_after without [5m], with [10m]
+ list callbacks handling done {terminal: true, success: true}
- list callbacks handling closed_successfully {name: Closed successfully, terminal: true, success: true, counts_as_attempt: true}
- list callbacks handling closed_unsuccessfully {name: Closed unsuccessfully, terminal: true, counts_as_attempt: true}
- list callbacks handling no_answer {name: No answer, counts_as_attempt: true, retry_after: [30m, 2h]}
- list callbacks handling wrong_number {name: Wrong number, terminal: true, counts_as_attempt: true}
- list callbacks handling call_later {name: Call later, asks_time: true}
`)
	var lines []string
	for _, c := range Diff(parse(t, before), parse(t, after)) {
		lines = append(lines, c.String())
	}
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiffOfAnEmptyDirectoryAddsEverything(t *testing.T) {
	f := parse(t, before)
	for _, c := range Diff(new(File), f) {
		if c.Op != Added && c.Object != "file" {
			t.Errorf("%s", c)
		}
	}
	if got := len(Diff(f, new(File))); got != 10 {
		t.Errorf("%d changes to empty a file with a country, shared numbers and 8 things, want 10", got)
	}
}

func TestDiffOfANewListNamesWhatIsInIt(t *testing.T) {
	after := &File{Lists: []ListEntry{{ID: "sales", Policy: DefaultPolicy()}}}
	after.Lists[0].Resolutions = []Resolution{{ID: "solved", Name: "Solved"}, {ID: "sold"}}
	changes := Diff(&File{}, after)
	want := "+ list sales {resolutions: [{id: solved, name: Solved}, {id: sold}]}"
	if len(changes) != 1 || changes[0].String() != want {
		t.Errorf("got %v, want %s", changes, want)
	}
}
