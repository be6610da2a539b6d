package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-vcard"

	"ringback/directory/contacts"
)

// isCard says whether a file begins as vCards do: RFC 6350 §6.1.1.
func isCard(begin []byte) bool {
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, []byte("\ufeff")), " \t\r\n")
	const first = "BEGIN:VCARD"
	return len(begin) >= len(first) && strings.EqualFold(string(begin[:len(first)]), first)
}

// The bounds of a card, without pictures and whatever else is not read, which may be as long as they like.
const (
	maxCardLine = 8 << 10
	maxCardText = 64 << 10
)

// cards reads the contacts of a file of vCards, version 3 or 4. A card without a telephone number is no
// contact of a call centre and is counted as wrong.
func (r *contactRun) cards(ctx context.Context) error {
	in := &cardReader{lines: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.file.Size), maxCardLine)}
	for n := 1; ; n++ {
		text, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var card vcard.Card
		if err == nil {
			card, err = vcard.NewDecoder(strings.NewReader(text)).Decode()
		}
		if err != nil {
			return fmt.Errorf("%w: card %d: %w", ErrCard, n, err)
		}
		if err := r.next(ctx, n, in.read); err != nil {
			return err
		}
		d, wrong := r.card(card)
		if err := r.take(ctx, n, d, wrong); err != nil {
			return err
		}
	}
}

// cardReader takes from a file the lines of each card that say who it is. What is left out, most of all
// pictures, is the larger part of most files, and reading it takes go-vcard time that grows with its
// square.
type cardReader struct {
	lines *bufio.Reader
	read  int64
}

// The properties that are read.
var cardLines = []string{"BEGIN", "END", "VERSION", vcard.FieldFormattedName, vcard.FieldName, vcard.FieldOrganization, vcard.FieldUID, vcard.FieldTelephone}

var (
	errCardEnd  = errors.New("it does not end")
	errCardSize = errors.New("it is too long")
)

// next is the text of the next card; io.EOF behind the last.
func (c *cardReader) next() (string, error) {
	var card strings.Builder
	wanted := false // the line at hand, with those that continue it: RFC 6350 §3.2
	for {
		line, err := c.lines.ReadSlice('\n')
		c.read += int64(len(line))
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			var rest []byte
			rest, err = c.lines.ReadSlice('\n')
			c.read += int64(len(rest))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("intake: reading the file: %w", err)
		}
		last := err != nil
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
			wanted = slices.Contains(cardLines, propertyOf(line))
		}
		switch {
		case wanted && (long || card.Len()+len(line) > maxCardText):
			return "", errCardSize
		case wanted:
			card.Write(line)
			if propertyOf(line) == "END" {
				return card.String(), nil
			}
		}
		if last {
			if card.Len() > 0 {
				return "", errCardEnd
			}
			return "", io.EOF
		}
	}
}

// propertyOf is the name of the property on a line, without its group: RFC 6350 §3.3.
func propertyOf(line []byte) string {
	end := bytes.IndexAny(line, ":;")
	if end < 0 {
		return ""
	}
	name := line[:end]
	return strings.ToUpper(string(name[bytes.LastIndexByte(name, '.')+1:]))
}

// card makes a contact of a card.
func (r *contactRun) card(card vcard.Card) (d contacts.Draft, wrong []Problem) {
	if v := card.Value(vcard.FieldVersion); v != "3.0" && v != "4.0" {
		return d, []Problem{{Column: vcard.FieldVersion, Reason: fmt.Sprintf("it is of version %q; export the contacts as vCard 3.0 or 4.0", short(v))}}
	}
	d.Name = strings.TrimSpace(card.PreferredValue(vcard.FieldFormattedName))
	if name := card.Name(); d.Name == "" && name != nil {
		d.Name = strings.TrimSpace(name.GivenName + " " + name.FamilyName)
	}
	company, _, _ := strings.Cut(card.PreferredValue(vcard.FieldOrganization), ";") // the units follow: RFC 6350 §6.6.4
	d.Company = strings.TrimSpace(company)
	if d.Name == d.Company {
		d.Name = ""
	}
	d.ExternalID = strings.TrimSpace(card.Value(vcard.FieldUID))
	if preferred := card.Preferred(vcard.FieldTelephone); preferred != nil {
		wrong = r.telephone(&d, preferred, wrong)
	}
	for _, f := range card[vcard.FieldTelephone] {
		wrong = r.telephone(&d, f, wrong)
	}
	if len(d.Numbers) == 0 && len(wrong) == 0 {
		wrong = append(wrong, Problem{Column: vcard.FieldTelephone, Reason: "there is no telephone number"})
	}
	return d, wrong
}

// telephone adds a number: text, or a URI with parameters (RFC 6350 §6.4.1). Faxes and pagers are nobody
// to call.
func (r *contactRun) telephone(d *contacts.Draft, f *vcard.Field, wrong []Problem) []Problem {
	for _, t := range f.Params.Types() {
		if t == "fax" || t == "pager" {
			return wrong
		}
	}
	text, _, _ := strings.Cut(f.Value, ";")
	if len(text) > 4 && strings.EqualFold(text[:4], "tel:") {
		text = text[4:]
	}
	n, err := r.numbers.number(text)
	if err != nil {
		return append(wrong, Problem{Column: vcard.FieldTelephone, Reason: err.Error()})
	}
	d.Numbers = append(d.Numbers, n)
	return wrong
}
