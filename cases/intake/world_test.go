package intake_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/cases/intake"
	"ringback/directory"
	"ringback/directory/contacts"
	"ringback/store"
)

const centreYAML = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - id: pbx
    addresses: [10.0.0.1]
shared_numbers: ["+358931000000"]
calendars:
  - id: office
    week: [{days: mon-fri, hours: 08:00-16:00}]
agents:
  - id: anna
    name: Anna Åkerlund
    extensions: ["201"]
  - id: pekka
    name: Pekka Koivu
    extensions: ["202"]
lists:
  - id: spring
    name: Spring campaign
    kind: call
    members: [anna]
    hours: office
  - id: sweden
    kind: call
    country: SE
    members: [anna]
`

// desk is where files are imported.
type desk struct {
	tb       testing.TB
	store    *store.Store
	cases    *cases.Cases
	intake   intake.Cases
	contacts *contacts.Contacts
	now      time.Time
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	return deskOn(tb, st)
}

// deskOn is a desk over a store.
func deskOn(tb testing.TB, st *store.Store) *desk {
	tb.Helper()
	f, err := directory.Parse("centre.yaml", []byte(centreYAML))
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	d := &desk{tb: tb, store: st, contacts: contacts.New(st), now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	memory := intake.NewMemory(st)
	in := func() *directory.Directory { return dir }
	if d.cases, err = cases.New(st, in, cases.Options{}); err != nil {
		tb.Fatal(err)
	}
	d.intake = intake.Cases{Cases: d.cases, Directory: in, Memory: memory}
	return d
}

// take imports a file for a list.
func (d *desk) take(list, file string, change ...func(*intake.CasesOptions)) (intake.Report, error) {
	d.tb.Helper()
	o := intake.CasesOptions{List: list, Act: cases.Act{Agent: "anna", At: d.now}}
	for _, c := range change {
		c(&o)
	}
	return d.intake.Import(d.tb.Context(), fileOf(file), o)
}

func fileOf(text string) intake.File {
	return intake.File{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
}

func partial(o *intake.CasesOptions) { o.Partial = true }
func try(o *intake.CasesOptions)     { o.Try = true }
func columns(said map[string]string) func(*intake.CasesOptions) {
	return func(o *intake.CasesOptions) { o.Columns = said }
}

// all are the cases there are, each as a line, in the order of their numbers.
func (d *desk) all() []string {
	d.tb.Helper()
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		d.tb.Fatal(err)
	}
	var lines []string
	for c, err := range d.cases.All("") {
		if err != nil {
			d.tb.Fatal(err)
		}
		var line strings.Builder
		fmt.Fprintf(&line, "%s %s %s", c.Number, c.List, c.Channel)
		for _, s := range []string{c.Name, c.Topic, c.Note, c.ExternalID, c.Personal} {
			if s != "" {
				line.WriteString(" · " + s)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(c.Fields)) {
			line.WriteString(" · " + k + "=" + c.Fields[k])
		}
		if !c.Scheduled.IsZero() {
			line.WriteString(" · due " + c.Due.In(helsinki).Format("2.1. 15:04"))
		}
		if c.Expires.Sub(d.now) > 200*time.Hour {
			line.WriteString(" · expires " + c.Expires.In(helsinki).Format("2.1. 15:04"))
		}
		lines = append(lines, line.String())
	}
	slices.Sort(lines)
	return lines
}

// summary is a report as a line.
func summary(r *intake.Report) string {
	s := fmt.Sprintf("%d rows, %d made, %d changed, %d there, %d bad", r.Rows, r.Made, r.Changed, r.There, r.Bad)
	if r.Written {
		s += ", written"
	}
	return s
}

// problems are those of a report as lines.
func problems(r *intake.Report) []string {
	var all []string
	for _, p := range r.Problems {
		all = append(all, p.String())
	}
	return all
}

func (d *desk) want(r intake.Report, err error, want string, lines ...string) {
	d.tb.Helper()
	if err != nil {
		d.tb.Fatal(err)
	}
	if got := summary(&r); got != want {
		d.tb.Errorf("%s, want %s; %v", got, want, problems(&r))
	}
	if diff := cmp.Diff(lines, d.all()); diff != "" {
		d.tb.Errorf("cases (-want +got):\n%s", diff)
	}
}
