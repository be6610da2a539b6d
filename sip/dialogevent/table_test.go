package dialogevent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/sip/dialogevent"
)

// document is a document of dialogs written as "id/call-id state".
func document(t *testing.T, version int, state string, dialogs ...string) *dialogevent.Document {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `<dialog-info version="%d" state="%s" entity="sip:a@b">`, version, state)
	for _, x := range dialogs {
		name, word, _ := strings.Cut(x, " ")
		id, callID, _ := strings.Cut(name, "/")
		fmt.Fprintf(&b, `<dialog id="%s" call-id="%s"><state>%s</state></dialog>`, id, callID, word)
	}
	b.WriteString("</dialog-info>")
	d, err := dialogevent.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// told is what a table makes of a document.
func told(table *dialogevent.Table, d *dialogevent.Document) string {
	changes, gap := table.Apply(d)
	var all []string
	for _, x := range changes {
		s := x.ID + "/" + x.CallID + " " + x.State.String()
		if x.Vanished {
			s += " vanished"
		}
		all = append(all, s)
	}
	if gap {
		all = append(all, "gap")
	}
	return strings.Join(all, ", ")
}

func TestATableKeepsDialogs(t *testing.T) {
	type step struct {
		version int
		state   string
		dialogs []string
		want    string
	}
	for name, steps := range map[string][]step{
		"from the first sign to the end": {
			{0, "full", nil, ""},
			{1, "partial", []string{"1/a Trying"}, "1/a trying"},
			{2, "partial", []string{"1/a early"}, "1/a early"},
			{3, "partial", []string{"1/a early"}, ""},
			{4, "partial", []string{"1/a confirmed"}, "1/a confirmed"},
			{5, "partial", []string{"1/a terminated"}, "1/a terminated"},
		},
		"forks of one dialog": {
			{0, "full", []string{"1/a early", "1/a early"}, "1/a early"},
			{1, "full", []string{"1/a early", "1/a terminated"}, "1/a terminated"},
		},
		"a zombie stays dead": {
			{0, "full", []string{"1/a confirmed"}, "1/a confirmed"},
			{1, "full", []string{"1/a terminated"}, "1/a terminated"},
			{2, "full", []string{"1/a early"}, ""},
			{3, "full", []string{"1/a early", "2/b early"}, "2/b early"},
		},
		"a dialog does not go back": {
			{0, "full", []string{"1/a confirmed"}, "1/a confirmed"},
			{1, "full", []string{"1/a early"}, ""},
		},
		"without a Call-ID the next call has the same id": {
			{0, "full", []string{"101/ early"}, "101/ early"},
			{1, "full", []string{"101/ terminated"}, "101/ terminated"},
			{2, "full", []string{"101/ early"}, "101/ early"},
		},
		"a partial document before a full one": {
			{4, "partial", []string{"1/a early"}, "1/a early, gap"},
			{5, "full", []string{"1/a early"}, ""},
		},
		"a document was missed": {
			{0, "full", nil, ""},
			{2, "partial", []string{"1/a early"}, "1/a early, gap"},
			{3, "full", []string{"1/a early", "2/b early"}, "2/b early"},
		},
		"a late document tells nothing": {
			{0, "full", nil, ""},
			{1, "partial", []string{"1/a confirmed"}, "1/a confirmed"},
			{1, "partial", []string{"1/a terminated"}, ""},
		},
		"what a full document leaves out is over": {
			{0, "full", []string{"1/a early"}, "1/a early"},
			{1, "full", nil, "1/a terminated vanished"},
		},
		"a PBX that began again counts from the beginning": {
			{9, "full", nil, ""},
			{0, "full", []string{"1/a early"}, "1/a early"},
			{1, "partial", []string{"1/a confirmed"}, "1/a confirmed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var table dialogevent.Table
			for _, s := range steps {
				if diff := cmp.Diff(s.want, told(&table, document(t, s.version, s.state, s.dialogs...))); diff != "" {
					t.Errorf("version %d: %s", s.version, diff)
				}
			}
		})
	}
}
