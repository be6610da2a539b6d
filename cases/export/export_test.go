package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/cases/export"
	"ringback/cases/intake"
	"ringback/cases/sheet"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/contacts"
	"ringback/sip"
	"ringback/store"
)

const centreYAML = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - id: pbx
    addresses: [10.0.0.1]
agents:
  - id: anna
    extensions: ["201"]
lists:
  - id: spring
    kind: call
    members: [anna]
  - id: secret
    kind: call
    members: [anna]
`

// office has some cases and contacts.
type office struct {
	cases    *cases.Cases
	contacts *contacts.Contacts
	now      time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	f, err := directory.Parse("centre.yaml", []byte(centreYAML))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := directory.New(f)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{contacts: contacts.New(st), now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	if o.cases, err = cases.New(st, func() *directory.Directory { return dir }, cases.Options{}); err != nil {
		t.Fatal(err)
	}
	act := cases.Act{Agent: "anna", At: o.now}
	for _, d := range []cases.Draft{
		{List: "spring", Number: 358401234567, Name: "Maija", Note: "=HYPERLINK(\"http://x\")", ExternalID: "C-1", Fields: map[string]string{"Contract": "S-9"}, Channel: cases.ChannelImport},
		{List: "spring", Number: 358401234568, Fields: map[string]string{"City": "Turku"}},
		{List: "secret", Number: 358401234569, Name: "Nobody's business"},
	} {
		if _, err := o.cases.Create(t.Context(), act, d); err != nil {
			t.Fatal(err)
		}
		act.At = act.At.Add(time.Minute)
	}
	return o
}

func (o *office) named(n sip.Number) string {
	if n == 358401234568 {
		return "Matti (Acme)"
	}
	return ""
}

// table reads what was written as CSV: each row by the names of its columns.
func table(t *testing.T, text string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatal(err, text)
	}
	var all []map[string]string
	for _, r := range rows[1:] {
		one := map[string]string{}
		for i, cell := range r {
			one[rows[0][i]] = cell
		}
		all = append(all, one)
	}
	return all
}

func TestCasesOfTheListsAreWritten(t *testing.T) {
	o := newOffice(t)
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	told := 0
	opt := export.Options{Lists: []string{"spring"}, Zone: helsinki, Named: o.named, Rows: func(n int) { told = n }}
	if err := export.Cases(t.Context(), &out, o.cases, opt); err != nil {
		t.Fatal(err)
	}
	rows := table(t, out.String())
	if len(rows) != 2 || told != 2 {
		t.Fatalf("%d rows, told %d:\n%s", len(rows), told, out.String())
	}
	for column, want := range map[string]string{
		"list": "spring", "number": "+358401234567", "name": "Maija", "note": "'=HYPERLINK(\"http://x\")", "external_id": "C-1", "state": "open", "channel": "import",
		"opened": "2026-11-20T12:00:00+02:00", "field: Contract": "S-9", "field: City": "", "closed": "", "created_by": "anna",
	} {
		if got, ok := rows[0][column]; got != want || !ok {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	if rows[1]["name"] != "Matti (Acme)" || rows[1]["field: City"] != "Turku" {
		t.Errorf("%v", rows[1])
	}
}

func TestCasesAreChosenByStateAndTime(t *testing.T) {
	o := newOffice(t)
	for name, tc := range map[string]struct {
		opt  export.Options
		want int
	}{
		"all":        {export.Options{Lists: []string{"spring", "secret"}}, 3},
		"no list":    {export.Options{}, 0},
		"closed":     {export.Options{Lists: []string{"spring"}, State: cases.Closed}, 0},
		"open":       {export.Options{Lists: []string{"spring"}, State: cases.Open}, 2},
		"from":       {export.Options{Lists: []string{"spring", "secret"}, From: o.now.Add(time.Minute)}, 2},
		"to":         {export.Options{Lists: []string{"spring", "secret"}, To: o.now.Add(time.Minute)}, 1},
		"in between": {export.Options{Lists: []string{"spring", "secret"}, From: o.now.Add(time.Minute), To: o.now.Add(2 * time.Minute)}, 1},
	} {
		var out bytes.Buffer
		if err := export.Cases(t.Context(), &out, o.cases, tc.opt); err != nil {
			t.Fatal(err)
		}
		if rows := table(t, out.String()); len(rows) != tc.want {
			t.Errorf("%s: %d rows, want %d", name, len(rows), tc.want)
		}
	}
}

func TestHistoryTellsWhatHappened(t *testing.T) {
	o := newOffice(t)
	var ids []string
	for c, err := range o.cases.All("") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	name := "Maija M."
	if _, err := o.cases.Do(t.Context(), cases.Act{Case: ids[0], Agent: "anna", At: o.now.Add(time.Hour)}, cases.Edit{Name: &name}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := export.History(t.Context(), &out, o.cases, export.Options{Lists: []string{"spring"}}); err != nil {
		t.Fatal(err)
	}
	rows := table(t, out.String())
	if len(rows) != 3 || rows[0]["event"] != "opened" || rows[1]["event"] != "edited" || rows[1]["changes"] != "name: Maija → Maija M." || rows[1]["agent"] != "anna" || rows[1]["case"] != ids[0] {
		t.Errorf("%v", rows)
	}
}

func TestStatisticsAreWritten(t *testing.T) {
	o := newOffice(t)
	var out bytes.Buffer
	if err := export.Statistics(t.Context(), &out, o.cases, cases.ByList, export.Options{Lists: []string{"spring", "secret"}, Format: sheet.JSON}); err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		List         string
		Opened, Open int
	}
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err, out.String())
	}
	if i := slices.IndexFunc(rows, func(r struct {
		List         string
		Opened, Open int
	},
	) bool {
		return r.List == "spring"
	}); i < 0 || rows[i].Opened != 2 || rows[i].Open != 2 {
		t.Errorf("%+v", rows)
	}
}

func TestExportedContactsCanBeImported(t *testing.T) {
	o := newOffice(t)
	act := contacts.Act{Act: audit.Act{By: audit.Who{Kind: audit.Person, ID: "anna"}, At: o.now}}
	for _, d := range []contacts.Draft{
		{Name: "Maija Mäkinen", Company: "Acme", Numbers: []sip.Number{358401234567, 358931002000}, ExternalID: "7"},
		{Company: "=Beta()", Numbers: []sip.Number{46701234567, 46701234568, 46701234569, 46701234570}},
	} {
		if _, err := o.contacts.Create(t.Context(), act, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		var out bytes.Buffer
		if err := export.Contacts(t.Context(), &out, o.contacts, export.Options{Format: f}); err != nil {
			t.Fatal(err)
		}
		r, err := intake.Contacts(t.Context(), o.contacts, intake.File{ReaderAt: bytes.NewReader(out.Bytes()), Size: int64(out.Len())}, intake.ContactsOptions{Act: act})
		if err != nil || r.There != 2 || r.Bad+r.Made+r.Changed != 0 {
			t.Errorf("%s: %+v, %v", f, r, err)
		}
	}
}

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	o := newOffice(t)
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		opt := export.Options{Lists: []string{"spring"}, Format: f}
		if err := export.Cases(t.Context(), full{}, o.cases, opt); err == nil {
			t.Errorf("%s: nothing was said", f)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := export.Cases(ctx, &bytes.Buffer{}, o.cases, export.Options{Lists: []string{"spring"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
