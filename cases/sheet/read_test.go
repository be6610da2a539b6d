package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"ringback/cases/sheet"
)

// read reads all rows of a file: each as its number and its cells.
func read(tb testing.TB, file []byte, l sheet.Limits) ([]string, error) {
	tb.Helper()
	t, err := sheet.Open(bytes.NewReader(file), int64(len(file)), l)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := t.Close(); err != nil {
			tb.Error(err)
		}
	}()
	var rows []string
	for r, err := range t.Rows() {
		if err != nil {
			return rows, err
		}
		rows = append(rows, fmt.Sprintf("%d: %s", r.Number, strings.Join(r.Cells, " · ")))
	}
	return rows, nil
}

func encode(tb testing.TB, e interface{ String(string) (string, error) }, text string) string {
	tb.Helper()
	s, err := e.String(text)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestCSVIsReadAsPeopleSaveIt(t *testing.T) {
	table := "Puhelin;Nimi;Huom\n040 123;Mäkinen, Matti;\"a \"\"b\"\";\nc\"\n\n0501;Åsa;\n"
	want := []string{"1: Puhelin · Nimi · Huom", "2: 040 123 · Mäkinen, Matti · a \"b\";\nc", "5: 0501 · Åsa"}
	latin := charmap.Windows1252.NewEncoder()
	utf16 := func(e unicode.Endianness, b unicode.BOMPolicy) string {
		return encode(t, unicode.UTF16(e, b).NewEncoder(), table)
	}
	long := strings.Repeat("1;x;y\n", 20_000)
	for name, tc := range map[string]struct {
		file string
		want []string
	}{
		"UTF-8":                       {table, want},
		"UTF-8 with a mark":           {"\ufeff" + table, want},
		"Windows-1252":                {encode(t, latin, table), want},
		"UTF-16 little with a mark":   {utf16(unicode.LittleEndian, unicode.UseBOM), want},
		"UTF-16 big with a mark":      {utf16(unicode.BigEndian, unicode.UseBOM), want},
		"UTF-16 little":               {utf16(unicode.LittleEndian, unicode.IgnoreBOM), want},
		"UTF-16 big":                  {utf16(unicode.BigEndian, unicode.IgnoreBOM), want},
		"Windows' line ends":          {strings.ReplaceAll(table, "\n", "\r\n"), want},
		"its separator named":         {"sep=;\n" + "a;b,c;d\n", []string{"2: a · b,c · d"}},
		"its separator named, rarely": {"sep=^\r\n" + "a^b,c^d\n", []string{"2: a · b,c · d"}},
		"commas":                      {"a,b\n1;2,3\n", []string{"1: a · b", "2: 1;2 · 3"}},
		"tabs":                        {"a\tb, c\n1\t2\n", []string{"1: a · b, c", "2: 1 · 2"}},
		"bars":                        {"a|b\n1|2\n", []string{"1: a · b", "2: 1 · 2"}},
		"one column":                  {"number\n0401234567\n+358 50 123\n", []string{"1: number", "2: 0401234567", "3: +358 50 123"}},
		"no end of line":              {"a,b", []string{"1: a · b"}},
		"rows of different lengths":   {"a,b,c\n1\n1,2,3,,,\n", []string{"1: a · b · c", "2: 1", "3: 1 · 2 · 3"}},
		"a bare quotation mark":       {"a,b\nthe 19\" rack,x\n", []string{"1: a · b", "2: the 19\" rack · x"}},
		"nothing":                     {"", nil},
		"only line ends":              {"\n\r\n\n", nil},
		"an accent far behind":        {long + encode(t, latin, "2;Mäki;ö\n"), nil},
		"what our export guarded":     {"a,b\n'=1+1,'tis\n", []string{"1: a · b", "2: =1+1 · 'tis"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, []byte(tc.file), sheet.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if name == "an accent far behind" {
				got, tc.want = got[len(got)-1:], []string{"20001: 2 · Mäki · ö"}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// book packs an XLSX file of the given parts around a sheet.
func book(tb testing.TB, sheetXML string, parts ...string) []byte {
	tb.Helper()
	all := map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook><sheets><sheet name="hidden" sheetId="1" state="hidden" r:id="no" xmlns:r="x"/><sheet name="a" sheetId="2" r:id="r1" xmlns:r="x"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="no" Target="worksheets/none.xml"/><Relationship Id="r1" Target="/xl/worksheets/sheet1.xml"/></Relationships>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="d&quot;x&quot;.m.yyyy"/><numFmt numFmtId="165" formatCode="[Red]0 &quot;days&quot;"/></numFmts>` +
			`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml":     `<sst><si><t>Number</t></si><si><r><t>Na</t></r><r><t xml:space="preserve">me </t></r><rPh><t>no</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml": sheetXML,
	}
	for i := 0; i < len(parts); i += 2 {
		all[parts[i]] = parts[i+1]
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range all {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSXIsReadAsItLooks(t *testing.T) {
	file := book(t, `<worksheet><cols/><sheetData>
		<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="D2" t="inlineStr"><is><r><t>in</t></r><t>line</t></is></c></row>
		<row r="4"><c r="A4"><v>3.58401234567E11</v></c><c r="B4" s="1"><v>46346</v></c><c r="C4" s="2"><v>46346.604166666664</v></c><c r="D4" s="3"><v>46346</v></c></row>
		<row><c t="b"><v>1</v></c><c t="str"><f>A1&amp;"x"</f><v>Acme Oy</v></c><c t="e"><v>#N/A</v></c><c r="E5"/><c r="F5"><v>0.1</v></c></row>
		<row r="9"><c r="A9" s="1"/></row>
	</sheetData><mergeCells/></worksheet>`)
	got, err := read(t, file, sheet.Limits{})
	want := []string{
		"2: Number · Name ·  · inline",
		"4: 358401234567 · 2026-11-20 · 2026-11-20 14:30:00 · 46346",
		"5: true · Acme Oy · #N/A ·  ·  · 0.1",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
}

func TestDaysOfMacintoshesCountFrom1904(t *testing.T) {
	file := book(t, `<worksheet><sheetData><row r="1"><c r="A1" s="1"><v>44884</v></c></row></sheetData></worksheet>`,
		"xl/workbook.xml", `<workbook><workbookPr date1904="1"/><sheets><sheet name="a" r:id="r1" xmlns:r="x"/></sheets></workbook>`)
	if got, err := read(t, file, sheet.Limits{}); err != nil || len(got) != 1 || got[0] != "1: 2026-11-20" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestHostileFilesAreRefusedInLittleMemory(t *testing.T) {
	row := func(cells string) string {
		return `<worksheet><sheetData><row r="1">` + cells + `</row></sheetData></worksheet>`
	}
	huge := strings.Repeat("0", 64<<20)
	small := sheet.Limits{Rows: 3, Columns: 4, Cell: 100, Row: 1000, Unpacked: 1 << 20}
	whole := book(t, row(`<c><v>1</v></c>`))
	broken := bytes.Clone(whole)
	for i := len(broken) / 3; i < len(broken)/2; i++ {
		broken[i] ^= 0x55
	}
	for name, tc := range map[string]struct {
		file []byte
		l    sheet.Limits
		want error
	}{
		"too many rows":                 {[]byte("1\n2\n3\n4\n"), small, sheet.ErrTooBig},
		"too many columns":              {[]byte("1,2,3,4,5\n"), small, sheet.ErrTooBig},
		"a giant cell":                  {[]byte("a,b\n1," + strings.Repeat("x", 101) + "\n"), small, sheet.ErrTooBig},
		"a quotation mark that opens":   {[]byte("a,b\n1,\"" + huge), sheet.Limits{}, sheet.ErrTooBig},
		"one line without end":          {[]byte(huge), sheet.Limits{}, sheet.ErrTooBig},
		"zeros":                         {make([]byte, 1<<20), sheet.Limits{}, sheet.ErrFormat},
		"a picture":                     {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"), sheet.Limits{}, sheet.ErrFormat},
		"old Excel":                     {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1whatever"), sheet.Limits{}, sheet.ErrFormat},
		"UTF-8 and then not":            {[]byte("n,m\nä,1\nb,\xe4\n"), sheet.Limits{}, sheet.ErrEncoding},
		"a ZIP file of something":       {book(t, "", "xl/workbook.xml", ""), sheet.Limits{}, sheet.ErrFormat},
		"a bomb":                        {book(t, row(`<c><v>`+huge+`</v></c>`)), sheet.Limits{}, sheet.ErrTooBig},
		"a bomb of many rows":           {book(t, strings.Repeat(`<row/>`, 1<<20)), sheet.Limits{Unpacked: 1 << 20}, sheet.ErrTooBig},
		"a bomb of texts":               {book(t, row(""), "xl/sharedStrings.xml", `<sst>`+strings.Repeat("<si><t>x</t></si>", 1<<20)), sheet.Limits{Unpacked: 1 << 20}, sheet.ErrTooBig},
		"a giant text":                  {book(t, row(""), "xl/sharedStrings.xml", `<sst><si><t>`+huge), sheet.Limits{}, sheet.ErrTooBig},
		"a giant tag":                   {book(t, row(`<c r="`+huge+`"/>`)), sheet.Limits{}, sheet.ErrTooBig},
		"a giant comment":               {book(t, row(`<!--`+huge)), sheet.Limits{}, sheet.ErrTooBig},
		"giant styles":                  {book(t, row(""), "xl/styles.xml", `<styleSheet>`+strings.Repeat("<a/>", 10<<20)), sheet.Limits{}, sheet.ErrTooBig},
		"elements in elements":          {book(t, strings.Repeat("<a>", 1<<20)), sheet.Limits{}, sheet.ErrDamaged},
		"many elements in a cell":       {book(t, row("<c>"+strings.Repeat("<is>", 1<<16))), sheet.Limits{}, sheet.ErrDamaged},
		"a far column":                  {book(t, row(`<c r="XFD1"><v>1</v></c>`)), sheet.Limits{}, sheet.ErrTooBig},
		"no such column":                {book(t, row(`<c r="ZZZZZZZZZZZZZZ1"><v>1</v></c>`)), sheet.Limits{}, sheet.ErrDamaged},
		"a row without end":             {book(t, `<worksheet><sheetData><row r="1"><c><v>1</v></c>`), sheet.Limits{}, sheet.ErrDamaged},
		"rows that go back":             {book(t, `<worksheet><sheetData><row r="5"/><row r="2"/></sheetData></worksheet>`), sheet.Limits{}, sheet.ErrDamaged},
		"row 99999999999999999999":      {book(t, `<worksheet><sheetData><row r="99999999999999999999"/></sheetData></worksheet>`), sheet.Limits{}, sheet.ErrDamaged},
		"a text there is not":           {book(t, row(`<c t="s"><v>7</v></c>`)), sheet.Limits{}, sheet.ErrDamaged},
		"a text before all":             {book(t, row(`<c t="s"><v>-1</v></c>`)), sheet.Limits{}, sheet.ErrDamaged},
		"an entity":                     {book(t, `<!DOCTYPE x [<!ENTITY a "aaaa">]>`+row(`<c t="str"><v>&a;</v></c>`)), sheet.Limits{}, sheet.ErrDamaged},
		"an end that is missing":        {whole[:len(whole)-40], sheet.Limits{}, sheet.ErrDamaged},
		"bytes that changed":            {broken, sheet.Limits{}, sheet.ErrDamaged},
		"no sheet":                      {book(t, "", "xl/_rels/workbook.xml.rels", `<Relationships/>`), sheet.Limits{}, sheet.ErrFormat},
		"a sheet that is not there":     {book(t, "", "xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="../../../etc/passwd"/></Relationships>`), sheet.Limits{}, sheet.ErrFormat},
		"text between tags that do not": {book(t, `<worksheet><sheetData><row></c></row></sheetData></worksheet>`), sheet.Limits{}, sheet.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := read(t, tc.file, tc.l)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tc.want) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
				t.Errorf("it took %d MiB more than there was", grown>>20)
			}
		})
	}
}

func TestTheLastByteReadTellsHowFarItIs(t *testing.T) {
	file := []byte("a,b\n" + strings.Repeat("1,2\n", 50_000))
	table, err := sheet.Open(bytes.NewReader(file), int64(len(file)), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	var last int64
	for _, err := range table.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if table.Read() < last {
			t.Fatal("it went back")
		}
		last = table.Read()
	}
	if last != int64(len(file)) {
		t.Errorf("ended at byte %d of %d", last, len(file))
	}
}

func TestColumnsAreNamedAsSpreadsheetsDo(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		if got := sheet.ColumnName(i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 12, 30, 5, 0, time.UTC)
	texts := []string{
		"plain", "Mäkinen, \"Matti\"", "two\nlines", "=1+1", "@SUM(A1)", "+358401234567", "+358 40 123", "-12.5", "-2+3", "+cmd|' /C calc'!A0",
		"'tis", "'=x", "''=x", " =1", "＝1+1", "\t=1", "a\x01b", "<b>&amp;</b>", "日本語", "#N/A", "=HYPERLINK(\"http://x\")", "_x0041_", strings.Repeat("long ", 6000),
	}
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		t.Run(f.String(), func(t *testing.T) {
			var out bytes.Buffer
			w, err := sheet.NewWriter(&out, f, []string{"n", "text", "at", "yes", "none"}, helsinki)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range texts {
				if err := w.Write(i, text, at, true, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			rows, err := read(t, out.Bytes(), sheet.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			shown := "2026-11-20T14:30:05+02:00"
			if f == sheet.XLSX {
				shown = "2026-11-20 14:30:05"
			}
			for i, text := range texts {
				if f == sheet.XLSX {
					text = strings.ReplaceAll(text, "\x01", "\ufffd")
				}
				want := fmt.Sprintf(": %d · %s · %s · true", i, strings.TrimSpace(text), shown)
				if _, got, _ := strings.Cut(rows[i+1], ":"); ":"+got != want {
					t.Errorf("wrote %q, read %q", want, got)
				}
			}
		})
	}
}

func TestNoCellOfCSVIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "@x": "'@x", "+1+1": "'+1+1", "-1+1": "'-1+1", "\tx": "'\tx", " =1": "' =1", "＝1": "'＝1", "+358 40 123": "+358 40 123", "-5": "-5", "a=b": "a=b",
	} {
		var out bytes.Buffer
		w, err := sheet.NewWriter(&out, sheet.CSV, []string{"c"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(text), w.Close()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(out.String(), "c\n"), "\n"), `"`); got != want {
			t.Errorf("%q was written as %q, want %q", text, got, want)
		}
	}
}

func TestJSONIsOneArray(t *testing.T) {
	var out bytes.Buffer
	w, err := sheet.NewWriter(&out, sheet.JSON, []string{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(1, "=x\n"), w.Write(nil, ""), w.Write(time.Unix(0, 0).UTC(), true), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := "[\n{\"a\":1,\"b\":\"=x\\n\"},\n{},\n{\"a\":\"1970-01-01T00:00:00Z\",\"b\":true}\n]\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzOpen feeds anything to the reader: it neither panics nor yields rows beyond its limits nor goes on
// behind an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a;b\n\"1\";2\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("sep=;\na;b"))
	f.Add(book(f, `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c s="1"><v>4.5</v></c></row></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, file []byte) {
		l := sheet.Limits{Rows: 50, Columns: 10, Cell: 100, Row: 2000, Unpacked: 1 << 20}
		table, err := sheet.Open(bytes.NewReader(file), int64(len(file)), l)
		if err != nil {
			return
		}
		defer table.Close()
		rows, last, failed := 0, 0, false
		for r, err := range table.Rows() {
			if failed {
				t.Fatal("a row behind an error")
			}
			if failed = err != nil; failed {
				continue
			}
			if rows++; rows > l.Rows || len(r.Cells) > l.Columns || r.Number < last {
				t.Fatalf("row %d is number %d with %d cells", rows, r.Number, len(r.Cells))
			}
			last = r.Number
			for _, c := range r.Cells {
				if len(c) > l.Cell {
					t.Fatalf("a cell of %d bytes", len(c))
				}
			}
		}
	})
}
