package intake_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/intake"
	"ringback/cases/sheet"
)

func TestAListIsImportedAndAgainMakesNothing(t *testing.T) {
	d := newDesk(t)
	const file = "Asiakasnumero;Etunimi;Sukunimi;Puhelin;GSM;Aihe;Huom;Eräpäivä;Voimassa;Vastuuhenkilö;Sopimus\n" +
		"C-1;Maija;Mäkinen;;040 123 4567;Tarjous;soita pian;24.11.2026;1.2.2027;Anna Åkerlund;S-9\n" +
		"C-2;Matti;;+46 70 123 45 67;;;;2026-11-24 14:30;;;\n" +
		"C-3;;;358501112222;0401;;;;;anna;\n"
	want := []string{
		"+358401234567 spring import · Maija Mäkinen · Tarjous · soita pian · C-1 · anna · Sopimus=S-9 · due 24.11. 08:00 · expires 2.2. 00:00",
		"+358501112222 spring import · C-3 · anna",
		"+46701234567 spring import · Matti · C-2 · due 24.11. 14:30",
	}
	r, err := d.take("spring", file)
	d.want(r, err, "3 rows, 3 made, 0 changed, 0 there, 0 bad, written", want...)
	r, err = d.take("spring", file)
	d.want(r, err, "3 rows, 0 made, 0 changed, 3 there, 0 bad, written", want...)
	r, err = d.take("spring", strings.Replace(file, "C-2;Matti", "C-4;Liisa;;050 9998888;;;;;;;\nC-2;Mattias", 1))
	d.want(r, err, "4 rows, 1 made, 0 changed, 3 there, 0 bad, written", append(want[:2:2], "+358509998888 spring import · Liisa · C-4", want[2])...)
}

func TestAListWithoutExternalIDsIsNotMadeTwiceEither(t *testing.T) {
	d := newDesk(t)
	var file strings.Builder
	file.WriteString("phone,name\n")
	for i := range 2500 {
		fmt.Fprintf(&file, "04012%05d,Customer %d\n", i, i)
	}
	r, err := d.take("spring", file.String())
	if err != nil || r.Made != 2500 {
		t.Fatal(summary(&r), err, problems(&r))
	}
	r, err = d.take("spring", file.String())
	if err != nil || r.Made != 0 || r.There != 2500 || len(d.all()) != 2500 {
		t.Errorf("again: %s, %v; %d cases", summary(&r), err, len(d.all()))
	}
}

func TestABadRowLeavesOutAllButWherePartWillDo(t *testing.T) {
	d := newDesk(t)
	file := "id,number,name,due,agent\n" +
		"1,0401234567,fine,,\n" +
		"2,12,short,,\n" +
		"3,,none,,\n" +
		"4,0401234568,date,next week,\n" +
		"5,0401234569,nobody,,joe\n" +
		"6,0401234570,stranger,,pekka\n" +
		"7,4.01235E+08,shortened,,\n" +
		"1,0401234571,same id,,\n" +
		"9,+358 40 1234567,same number,,\n" +
		"10,0401234572,two mistakes,31.2.2026,jane\n" +
		"11,+358931000000,shared,,\n" +
		"12,+358931000000,shared,,\n" +
		"13,hello,letters,,\n" +
		"14,0401234573," + strings.Repeat("x", 1001) + ",,\n"
	want := []string{
		`row 3, number: "12" is too short to be a telephone number`,
		`row 4, number: there is no telephone number`,
		`row 5, due: "next week" is no date or time; write it as 2026-11-20 or 2026-11-20 14:30`,
		`row 6, agent: nobody in the directory has the id or name "joe"`,
		`row 7, agent: the agent is not a member of the list`,
		`row 8, number: the spreadsheet shortened the number to 4.01235E+08; format the column as text and fill it again`,
		`row 9, id: this external_id is in row 2 already`,
		`row 10, number: this number is in row 2 already`,
		`row 11, due: "31.2.2026" is no date or time; write it as 2026-11-20 or 2026-11-20 14:30`,
		`row 11, agent: nobody in the directory has the id or name "jane"`,
		`row 14, number: "hello" is no telephone number`,
		`row 15, name: a text of more than 800 bytes`,
	}
	r, err := d.take("spring", file)
	d.want(r, err, "14 rows, 0 made, 0 changed, 0 there, 11 bad")
	if diff := cmp.Diff(want, problems(&r)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	r, err = d.take("spring", file, partial)
	d.want(r, err, "14 rows, 3 made, 0 changed, 0 there, 11 bad, written",
		"+358401234567 spring import · fine · 1", "+358931000000 spring import · shared · 11", "+358931000000 spring import · shared · 12")
	if diff := cmp.Diff(want, problems(&r)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	r, err = d.take("spring", file, partial)
	if err != nil || r.Made != 0 || r.There != 3 {
		t.Errorf("again: %s, %v", summary(&r), err)
	}
}

func TestANumberWithAnOpenCaseIsSaid(t *testing.T) {
	d := newDesk(t)
	if r, err := d.take("spring", "id,number\n1,0401234567\n"); err != nil || r.Made != 1 {
		t.Fatal(summary(&r), err)
	}
	r, err := d.take("spring", "id,number\n2,0401234567\n3,0401234568\n")
	if err != nil || r.Written || len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].String(), "row 2, number: the number has an open case on the list: 1") {
		t.Errorf("%s, %v, %v", summary(&r), problems(&r), err)
	}
}

func TestATryWritesNothingAndRemembersNothing(t *testing.T) {
	d := newDesk(t)
	r, err := d.take("spring", "who;call\nMaija;0401234567\n", try, columns(map[string]string{"who": "name", "call": "number"}))
	d.want(r, err, "1 rows, 0 made, 0 changed, 0 there, 0 bad")
	if kept, err := d.intake.Memory.Columns("spring"); err != nil || len(kept) > 0 {
		t.Errorf("remembered %v, %v", kept, err)
	}
}

func TestColumnsOnceSaidAreRememberedForTheList(t *testing.T) {
	d := newDesk(t)
	said := columns(map[string]string{"kuka": "name", "X1": "skip", "nimi": "topic"})
	r, err := d.take("spring", "Kuka,Puh.,x1,Nimi\nMaija,0401234567,secret,offer\n", said)
	d.want(r, err, "1 rows, 1 made, 0 changed, 0 there, 0 bad, written", "+358401234567 spring import · Maija · offer")
	r, err = d.take("spring", "Puh.,Nimi,Kuka,x1\n0401234568,offer,Matti,secret\n")
	d.want(r, err, "1 rows, 1 made, 0 changed, 0 there, 0 bad, written", "+358401234567 spring import · Maija · offer", "+358401234568 spring import · Matti · offer")
	want := []intake.Column{{"Puh.", "number", "remembered"}, {"Nimi", "topic", "remembered"}, {"Kuka", "name", "remembered"}, {"x1", "skip", "remembered"}}
	if diff := cmp.Diff(want, r.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	r, err = d.take("sweden", "Puh.,Nimi\n070-123 45 67,Åsa\n")
	if err != nil || r.Columns[1].Field != "name" || r.Made != 1 || !strings.Contains(d.all()[2], "+46701234567 sweden import · Åsa") {
		t.Errorf("another list: %+v, %v, %v", r, err, d.all())
	}
}

func TestColumnsAreGuessed(t *testing.T) {
	for header, want := range map[string]string{
		"Phone Number|First name|Last Name|Customer ID|Notes|Due date|E-mail":   "number name name external_id note due extra",
		"puhelinnumero|nimi|asiakasnumero|lisätiedot|määräaika|aihe|sähköposti": "number name external_id note due topic extra",
		"telefon|namn|kundnummer|ämne":                                          "number name external_id topic",
		"Work phone|Company|Assigned to|Expiry date|Mobile phone":               "number extra agent expires number",
		"ID|PHONE|Customer name|Comment":                                        "external_id number name note",
		"kännykkä|Asiakkaan nimi|soittoaika":                                    "number name due",
	} {
		d := newDesk(t)
		row := "0401234567"
		names := strings.Split(header, "|")
		file := strings.Join(names, ",") + "\n" + strings.Repeat(",", len(names)-1) + row + "\n"
		r, err := d.take("spring", file, try)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range r.Columns {
			got = append(got, c.Field)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", header, strings.Join(got, " "), want)
		}
	}
}

func TestAListOfBareNumbersNeedsNoHeader(t *testing.T) {
	d := newDesk(t)
	r, err := d.take("spring", "0401234567\n+358 40 1234568\n")
	d.want(r, err, "2 rows, 2 made, 0 changed, 0 there, 0 bad, written", "+358401234567 spring import", "+358401234568 spring import")
	r, err = d.take("spring", "Maija;0401234570\nMatti;0401234571\n", columns(map[string]string{"A": "name"}))
	if err != nil || r.Made != 2 || !slices.Contains(d.all(), "+358401234570 spring import · Maija") {
		t.Errorf("%s, %v, %v", summary(&r), err, d.all())
	}
}

func TestANumberColumnOfAnyNameIsFound(t *testing.T) {
	d := newDesk(t)
	r, err := d.take("spring", "who,x,y\nMaija,17,0401234567\nMatti,18,0401234568\n", try)
	if err != nil || r.Columns[2].Field != "number" {
		t.Errorf("%+v, %v", r.Columns, err)
	}
}

func TestWhatCannotBeReadIsRefusedWhole(t *testing.T) {
	d := newDesk(t)
	for name, tc := range map[string]struct {
		list, file string
		change     func(*intake.CasesOptions)
		want       error
	}{
		"no such list":       {"nope", "0401234567\n", try, intake.ErrNoList},
		"no numbers":         {"spring", "name,city\nMaija,Turku\n", try, intake.ErrNoNumber},
		"nothing":            {"spring", "", try, intake.ErrEmpty},
		"a header alone":     {"spring", "phone,name\n", try, intake.ErrEmpty},
		"no such column":     {"spring", "phone\n0401234567\n", columns(map[string]string{"tel": "number"}), intake.ErrColumn},
		"no such field":      {"spring", "phone\n0401234567\n", columns(map[string]string{"phone": "fax"}), intake.ErrColumn},
		"a giant row at end": {"spring", "phone\n0401234567\n" + strings.Repeat("0", 8<<20), partial, sheet.ErrTooBig},
		"torn encoding":      {"spring", "phone,name\n0401234567,ä\n0401234568,\xe4\n", partial, sheet.ErrEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := d.take(tc.list, tc.file, tc.change); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if got := d.all(); got != nil {
				t.Errorf("cases were made: %v", got)
			}
		})
	}
}

func TestASpreadsheetIsImportedAsACSVFile(t *testing.T) {
	d := newDesk(t)
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.XLSX, []string{"id", "phone", "due"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write("1", 401234567, time.Date(2026, 11, 24, 14, 30, 0, 0, time.UTC)), w.Write("2", "+358401234568", nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := d.take("spring", b.String())
	d.want(r, err, "2 rows, 2 made, 0 changed, 0 there, 0 bad, written", "+358401234567 spring import · 1 · due 24.11. 14:30", "+358401234568 spring import · 2")
}

func TestProgressIsTold(t *testing.T) {
	d := newDesk(t)
	var all []intake.Progress
	_, err := d.take("spring", "0401234567\n0401234568\n", func(o *intake.CasesOptions) { o.Progress = func(p intake.Progress) { all = append(all, p) } })
	if err != nil || len(all) < 2 || !all[0].Checking || all[len(all)-1].Checking || all[len(all)-1].Done != all[len(all)-1].Total || all[len(all)-1].Rows != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}
