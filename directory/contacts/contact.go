package contacts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ringback/directory/audit"
	"ringback/sip"
)

// Contact is somebody known, with his numbers.
type Contact struct {
	ID      string
	Version uint64 // grows with every change
	Draft
	Created time.Time
	Updated time.Time
	By      audit.Who // who changed it last
}

// Draft is what people say of a contact.
type Draft struct {
	Name       string       // empty where only a company is known
	Company    string       // may be empty
	Numbers    []sip.Number // at least one, the main one first
	ExternalID string       // what the system it was imported from calls it; may be empty
}

// Called is what a screen or a phone calls the contact: the name, and behind it the company.
func (d *Draft) Called() string {
	switch {
	case d.Name == "":
		return d.Company
	case d.Company == "" || d.Company == d.Name:
		return d.Name
	}
	return d.Name + ", " + d.Company
}

// Errors of this package.
var (
	// ErrNotFound is returned for an id or a number that no contact has.
	ErrNotFound = errors.New("contacts: not found")
	// ErrStale is returned when a contact changed since the version that a change was made to.
	ErrStale = errors.New("contacts: changed in the meantime")
	// ErrInput is wrapped by what is wrong with a contact.
	ErrInput = errors.New("contacts: this cannot be a contact")
	// ErrTaken is wrapped by every *TakenError.
	ErrTaken = errors.New("contacts: the number is another contact's")
)

// TakenError says which contact has a number, or an external id, already. It wraps ErrTaken.
type TakenError struct {
	Number  sip.Number // 0 when it is the external id
	Contact string     // its id
}

// Error implements error. It does not show the number, which may end in a log.
func (e *TakenError) Error() string {
	if e.Number == 0 {
		return "contacts: the external id is another contact's: " + e.Contact
	}
	return fmt.Sprintf("%v: %s", ErrTaken, e.Contact)
}

// Unwrap makes it an ErrTaken.
func (e *TakenError) Unwrap() error { return ErrTaken }

// What a contact holds at most.
const (
	MaxName    = 200 // characters of a name, a company or an external id
	MaxNumbers = 50
)

// FieldError says which field of a Draft will not do, by its name in lower case.
type FieldError struct {
	Field string
	Err   error // it wraps ErrInput
}

// Error says what is wrong.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap gives the error.
func (e *FieldError) Unwrap() error { return e.Err }

func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf("%w: "+format, append([]any{ErrInput}, args...)...)}
}

// Checked is the draft in the form in which it is kept: blanks and control characters put in order, each
// number once. The error wraps ErrInput and says what is wrong.
func (d *Draft) Checked() (Draft, error) {
	out := Draft{Name: tidy(d.Name), Company: tidy(d.Company), ExternalID: tidy(d.ExternalID)}
	for _, text := range [...]struct{ field, what, text string }{
		{"name", "name", out.Name}, {"company", "company", out.Company}, {"external_id", "external id", out.ExternalID},
	} {
		if utf8.RuneCountInString(text.text) > MaxName {
			return Draft{}, wrong(text.field, "its %s has more than %d characters", text.what, MaxName)
		}
	}
	for _, n := range d.Numbers {
		if n == 0 {
			return Draft{}, wrong("numbers", "an empty number")
		}
		if !slices.Contains(out.Numbers, n) {
			out.Numbers = append(out.Numbers, n)
		}
	}
	switch {
	case out.Called() == "":
		return Draft{}, wrong("name", "it has neither name nor company")
	case len(out.Numbers) == 0:
		return Draft{}, wrong("numbers", "it has no number")
	case len(out.Numbers) > MaxNumbers:
		return Draft{}, wrong("numbers", "it has more than %d numbers", MaxNumbers)
	}
	return out, nil
}

// tidy is a text on one line, in composed characters, without what cannot be seen.
func tidy(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d' && r != '\u200c': // joiners are letters of some scripts
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// folded are the words of texts as they are searched: small letters without marks, each once.
func folded(texts ...string) []string {
	var words []string
	for _, text := range texts {
		plain := strings.Map(func(r rune) rune {
			switch {
			case unicode.Is(unicode.Mn, r):
				return -1
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return ' '
		}, norm.NFKD.String(text))
		for w := range strings.FieldsSeq(plain) {
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}
