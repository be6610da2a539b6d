package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ringback/cases/sheet"
	"ringback/store"
)

// The fields of a case or a contact that a column may be.
const (
	FieldNumber   = "number" // of several the first number counts, for contacts all
	FieldName     = "name"   // several are put together with blanks
	FieldTopic    = "topic"
	FieldNote     = "note" // several are put together as lines
	FieldDue      = "due"
	FieldExpires  = "expires"
	FieldExternal = "external_id"
	FieldAgent    = "agent"   // whom the case is meant for
	FieldCompany  = "company" // of contacts
	FieldSkip     = "skip"    // nothing
	FieldExtra    = "extra"   // kept with the case under the name of its column
)

// caseFields and contactFields are those there are.
var (
	caseFields    = []string{FieldNumber, FieldName, FieldTopic, FieldNote, FieldDue, FieldExpires, FieldExternal, FieldAgent, FieldExtra, FieldSkip}
	contactFields = []string{FieldNumber, FieldName, FieldCompany, FieldExternal, FieldSkip}
)

// guesses are what columns are called in English, Finnish and Swedish, folded. A name that has none of its
// own is taken for what it ends with; those of numbers for what they begin with, too, and those with a
// number behind.
var guesses = []struct {
	field string
	names []string
}{
	{FieldExternal, []string{
		"externalid", "id", "customerid", "customerno", "customernumber", "crmid", "caseid", "contactid", "ref", "reference", "uid", "key", "ticket",
		"tunniste", "ulkoinentunniste", "asiakasnumero", "asiakasnro", "asiakastunnus", "asiakasid", "viite", "viitenumero", "tunnus", "kundnummer", "kundid",
	}},
	{FieldName, []string{
		"name", "fullname", "customer", "customername", "contact", "contactname", "contactperson", "displayname", "firstname", "givenname", "lastname", "surname", "familyname",
		"nimi", "asiakas", "asiakkaannimi", "asiakasnimi", "kokonimi", "etunimi", "sukunimi", "yhteyshenkilo", "henkilo", "namn", "kund", "fornamn", "efternamn",
	}},
	{FieldNumber, []string{
		"phone", "phonenumber", "phoneno", "telephone", "telephonenumber", "tel", "telno", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "gsm", "msisdn", "number", "e164",
		"puhelin", "puhelinnumero", "puhelinnro", "puh", "puhnro", "numero", "matkapuhelin", "matkapuhelinnumero", "kannykka", "kannykkanumero", "gsmnumero", "soittonumero",
		"telefon", "telefonnummer", "mobil", "mobilnummer", "nummer",
	}},
	{FieldCompany, []string{"company", "companyname", "organi", "account", "employer", "yritys", "yrityksennimi", "organisaatio", "firma", "foretag"}},
	{FieldDue, []string{"due", "duedate", "dueat", "callat", "callby", "calldate", "calltime", "when", "erapaiva", "maaraaika", "maarapaiva", "soittoaika", "soitettava", "soitapvm", "forfaller"}},
	{FieldExpires, []string{"expires", "expiry", "expirydate", "expiration", "expiresat", "validuntil", "until", "enddate", "vanhenee", "vanhenemispaiva", "voimassa", "paattyy", "utgar"}},
	{FieldAgent, []string{"agent", "assignee", "assignedto", "owner", "salesperson", "agentti", "vastuuhenkilo", "omistaja", "kasittelija", "myyja", "handlaggare"}},
	{FieldTopic, []string{"topic", "subject", "title", "reason", "campaign", "aihe", "otsikko", "asia", "kampanja", "syy", "amne"}},
	{FieldNote, []string{
		"note", "notes", "comment", "comments", "description", "details", "message", "info", "remarks",
		"huom", "huomautus", "huomio", "huomiot", "lisatieto", "lisatiedot", "muistiinpano", "kommentti", "kuvaus", "viesti", "anteckning", "meddelande",
	}},
}

// guess says what a column of a name may be, empty when that is not clear.
func guess(name string) string {
	folded := foldName(name)
	if folded == "" {
		return ""
	}
	for _, g := range guesses {
		if slices.Contains(g.names, folded) {
			return g.field
		}
	}
	for _, g := range guesses {
		for _, n := range g.names {
			rest, begins := strings.CutPrefix(folded, n)
			begins = begins && (g.field == FieldNumber || strings.Trim(rest, "0123456789") == "")
			if len(n) >= 4 && (begins || strings.HasSuffix(folded, n)) {
				return g.field
			}
		}
	}
	return ""
}

// foldName writes the name of a column as names are compared: letters and digits, small, without accents.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKD.String(name))
}

// mapping says what the columns of a file are.
type mapping struct {
	columns []Column
	header  bool // the first row is names
}

// wish is what whoever imports, and the list, say of columns: a field by the folded name of a column.
type wish struct {
	said, remembered map[string]string
	fields           []string // those there are
	extra            bool     // columns that are nothing else are kept
}

// decide finds out what the columns are from the first rows: what was said, else remembered, else what
// their names look like, else what is in them.
func (w *wish) decide(rows [][]string, isNumber func(string) bool) (mapping, error) {
	m := mapping{header: !slices.ContainsFunc(rows[0], isNumber)}
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	unused := maps.Clone(w.said)
	for i := range width {
		c := Column{Name: sheet.ColumnName(i), Why: "guessed"}
		if m.header && i < len(rows[0]) && rows[0][i] != "" {
			c.Name = rows[0][i]
		}
		name := foldName(c.Name)
		said, isSaid := w.said[name]
		kept, isKept := w.remembered[name]
		switch {
		case isSaid:
			c.Field, c.Why = said, "said"
			delete(unused, name)
		case isKept:
			c.Field, c.Why = kept, "remembered"
		default:
			c.Field = w.guess(c.Name, m.header)
		}
		m.columns = append(m.columns, c)
	}
	for name := range unused {
		return m, fmt.Errorf("%w: the file has no column %q; it has %s", ErrColumn, name, m.names())
	}
	return m, m.findNumbers(rows, isNumber)
}

// guess is what a column of a name is without anybody having said so.
func (w *wish) guess(name string, header bool) string {
	field := ""
	if header {
		field = guess(name)
	}
	switch {
	case slices.Contains(w.fields, field):
		return field
	case w.extra:
		return FieldExtra
	}
	return FieldSkip
}

// findNumbers makes sure that some column holds numbers: where no name says so, the first that does.
func (m *mapping) findNumbers(rows [][]string, isNumber func(string) bool) error {
	if slices.ContainsFunc(m.columns, func(c Column) bool { return c.Field == FieldNumber }) {
		return nil
	}
	if m.header {
		rows = rows[1:]
	}
	for i := range m.columns {
		if m.columns[i].Why != "guessed" || m.columns[i].Field != FieldExtra && m.columns[i].Field != FieldSkip {
			continue
		}
		numbers, others := 0, 0
		for _, r := range rows {
			switch {
			case i >= len(r) || r[i] == "":
			case isNumber(r[i]):
				numbers++
			default:
				others++
			}
		}
		if numbers > 4*others {
			m.columns[i].Field = FieldNumber
			return nil
		}
	}
	return fmt.Errorf("%w; the columns are %s: say which one does", ErrNoNumber, m.names())
}

func (m *mapping) names() string {
	var names []string
	for _, c := range m.columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// checkFields reads what somebody said of columns.
func checkFields(said map[string]string, fields []string) (map[string]string, error) {
	folded := map[string]string{}
	for name, field := range said {
		if !slices.Contains(fields, field) {
			return nil, fmt.Errorf("%w: a column can be %s, not %q", ErrColumn, strings.Join(fields, ", "), field)
		}
		folded[foldName(name)] = field
	}
	return folded, nil
}

// Memory keeps what the columns of each list's files are.
type Memory struct{ st *store.Store }

// kindRemember is the command that keeps them, and tableColumns where: columns <list> → JSON.
const (
	kindRemember = "intake.remember"
	tableColumns = "columns"
)

// remembering is its data.
type remembering struct {
	List   string
	Fields map[string]string // by the folded name of a column
}

// NewMemory registers the command of this package with a store that has not been used yet.
func NewMemory(st *store.Store) *Memory {
	st.Handle(kindRemember, func(tx *store.Tx, c store.Command) (any, error) {
		r, ok := c.Data.(remembering)
		if !ok {
			return nil, fmt.Errorf("intake: %s with data of type %T", c.Kind, c.Data)
		}
		b, err := json.Marshal(r.Fields)
		if err != nil {
			return nil, fmt.Errorf("intake: keeping columns: %w", err)
		}
		tx.Set(store.Key(tableColumns, r.List), b)
		return nil, nil
	})
	return &Memory{st}
}

// Columns are what is remembered of a list's columns, by the folded name of each.
func (m *Memory) Columns(list string) (map[string]string, error) {
	fields := map[string]string{}
	err := m.st.View(func(s *store.Snapshot) error {
		b, ok := s.Get(store.Key(tableColumns, list))
		if !ok {
			return nil
		}
		return json.Unmarshal(b, &fields)
	})
	if err != nil {
		return nil, fmt.Errorf("intake: reading columns: %w", err)
	}
	return fields, nil
}

// Remember keeps what the columns of a file were taken for, besides those remembered before.
func (m *Memory) Remember(ctx context.Context, list string, columns []Column) error {
	was, err := m.Columns(list)
	if err != nil {
		return err
	}
	now := maps.Clone(was)
	for _, c := range columns {
		now[foldName(c.Name)] = c.Field
	}
	if maps.Equal(was, now) || len(now) > 2000 {
		return nil
	}
	_, err = m.st.Do(ctx, store.Command{ID: list, Kind: kindRemember, Data: remembering{list, now}})
	return err
}
