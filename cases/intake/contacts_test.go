package intake_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/intake"
	"ringback/directory/audit"
	"ringback/directory/contacts"
)

// takeContacts imports a file of contacts.
func (d *desk) takeContacts(file string, change ...func(*intake.ContactsOptions)) (intake.Report, error) {
	d.tb.Helper()
	o := intake.ContactsOptions{Act: contacts.Act{Act: audit.Act{By: audit.Who{Kind: audit.Person, ID: "anna"}, At: d.now}}, Country: "FI"}
	for _, c := range change {
		c(&o)
	}
	return intake.Contacts(d.tb.Context(), d.contacts, fileOf(file), o)
}

func (d *desk) known() []string {
	d.tb.Helper()
	page, err := d.contacts.Page(contacts.Query{Limit: 1000})
	if err != nil {
		d.tb.Fatal(err)
	}
	var all []string
	for _, c := range page.Contacts {
		var line strings.Builder
		fmt.Fprintf(&line, "%s · %s ·", c.Name, c.Company)
		for _, n := range c.Numbers {
			line.WriteString(" " + n.String())
		}
		if c.ExternalID != "" {
			line.WriteString(" · " + c.ExternalID)
		}
		all = append(all, line.String())
	}
	slices.Sort(all)
	return all
}

const cards = "\ufeffBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Maija Mäkinen\r\nN:Mäkinen;Maija;;;\r\nORG:Acme Oy;Sales\r\n" +
	"PHOTO;ENCODING=b:AAAA\r\n BBBB\r\n CCCC\r\nitem1.TEL;TYPE=CELL:040 123\r\n  4567\r\nTEL;TYPE=WORK,PREF:+358 9 3100 2000\r\nTEL;TYPE=FAX:09 1\r\nUID:u-1\r\nEND:VCARD\r\n" +
	"\r\nBEGIN:VCARD\nVERSION:4.0\nFN:Acme\\, Inc.\nORG:Acme\\, Inc.\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+46-70-123-45-67;ext=5\nEND:VCARD\n"

func TestVCardsAreImportedAndAgainChangeNothing(t *testing.T) {
	d := newDesk(t)
	r, err := d.takeContacts(cards)
	if err != nil || summary(&r) != "2 rows, 2 made, 0 changed, 0 there, 0 bad, written" {
		t.Fatal(summary(&r), problems(&r), err)
	}
	want := []string{" · Acme, Inc. · +46701234567", "Maija Mäkinen · Acme Oy · +358931002000 +358401234567 · u-1"}
	if diff := cmp.Diff(want, d.known()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if r, err = d.takeContacts(cards); err != nil || summary(&r) != "2 rows, 0 made, 0 changed, 2 there, 0 bad, written" {
		t.Error("again:", summary(&r), err)
	}
	if r, err = d.takeContacts(strings.Replace(cards, "FN:Maija Mäkinen", "FN:Maija Virtanen", 1)); err != nil || summary(&r) != "2 rows, 0 made, 1 changed, 1 there, 0 bad, written" {
		t.Error("changed:", summary(&r), err)
	}
}

func TestContactsOfATableAreImported(t *testing.T) {
	d := newDesk(t)
	r, err := d.takeContacts("Nimi;Yritys;Puhelin;Matkapuhelin;Tunniste;Väri\nMaija;Acme;09 31002000;0401234567;7;sininen\n;Beta Oy;0501112222;;8;\n")
	if err != nil || summary(&r) != "2 rows, 2 made, 0 changed, 0 there, 0 bad, written" {
		t.Fatal(summary(&r), problems(&r), err)
	}
	want := []string{" · Beta Oy · +358501112222 · 8", "Maija · Acme · +358931002000 +358401234567 · 7"}
	if diff := cmp.Diff(want, d.known()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

func TestBadContactsAreToldByRow(t *testing.T) {
	d := newDesk(t)
	const file = "name,phone\nMaija,0401234567\nMatti,12\n,0401234568\nLiisa,\n"
	r, err := d.takeContacts(file)
	if err != nil || summary(&r) != "4 rows, 1 made, 0 changed, 0 there, 3 bad" || d.known() != nil {
		t.Errorf("%s, %v, %v", summary(&r), d.known(), err)
	}
	for i, want := range []string{"row 3, phone: ", "row 4: ", "row 5: "} {
		if i >= len(r.Problems) || !strings.HasPrefix(r.Problems[i].String(), want) {
			t.Errorf("problem %d of %v, want %s…", i, problems(&r), want)
		}
	}
	if r, err = d.takeContacts(file, func(o *intake.ContactsOptions) { o.Partial = true }); err != nil || r.Made != 1 || len(d.known()) != 1 {
		t.Errorf("partial: %s, %v", summary(&r), err)
	}
}

func TestDamagedCardsAreRefused(t *testing.T) {
	d := newDesk(t)
	for name, tc := range map[string]struct {
		file string
		want error
		bad  int
	}{
		"no end":         {cards + "BEGIN:VCARD\nVERSION:3.0\nFN:x\n", intake.ErrCard, 0},
		"endless name":   {"BEGIN:VCARD\nVERSION:3.0\nFN:" + strings.Repeat("x", 1<<20), intake.ErrCard, 0},
		"endless fold":   {"BEGIN:VCARD\nVERSION:3.0\nFN:x\n" + strings.Repeat(" y\n", 1<<20), intake.ErrCard, 0},
		"endless photo":  {"BEGIN:VCARD\nVERSION:3.0\nPHOTO:x\n" + strings.Repeat(" yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n", 1<<18) + "FN:x\nTEL:0401234567\nEND:VCARD\n", nil, 0},
		"an old version": {"BEGIN:VCARD\nVERSION:2.1\nN:x\nTEL:0401234567\nEND:VCARD\n", nil, 1},
		"no number":      {"BEGIN:VCARD\nVERSION:3.0\nFN:x\nEND:VCARD\n", nil, 1},
	} {
		r, err := d.takeContacts(tc.file, func(o *intake.ContactsOptions) { o.Try = true })
		if !errors.Is(err, tc.want) || r.Bad != tc.bad {
			t.Errorf("%s: %s, %v", name, summary(&r), err)
		}
	}
}

// FuzzContacts feeds anything to an import of contacts: it ends, and what it says adds up.
func FuzzContacts(f *testing.F) {
	f.Add(cards)
	f.Add("name;phone\nMaija;0401234567\n")
	f.Add("BEGIN:VCARD\nTEL;X=\"")
	d := newDesk(f)
	f.Fuzz(func(t *testing.T, file string) {
		d := *d
		d.tb = t
		r, err := d.takeContacts(file, func(o *intake.ContactsOptions) { o.Try = true })
		if err == nil && r.Made+r.Changed+r.There+r.Bad != r.Rows {
			t.Errorf("%s", summary(&r))
		}
	})
}
