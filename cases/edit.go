package cases

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ringback/sip"
)

// The bounds of what people and imports write, in bytes.
const (
	maxLine   = 800  // a name, a topic: 200 characters of any script
	maxWords  = 8000 // a note, a comment, a question
	maxFields = 64
	maxField  = 2000
)

// Comment puts words into the history of a case: the Note of the act.
type Comment struct {
	Visible bool // the customer may see it; else it is for colleagues
}

func (d Comment) do(l *ledger, r *record, a *Act) error {
	if strings.TrimSpace(a.Note) == "" {
		return ErrNote
	}
	l.change(r, Entry{Event: Commented, Agent: a.Agent, Visible: d.Visible})
	return nil
}

// Edit changes what is said of a case; nil leaves it. Of a closed case only the words can be changed.
type Edit struct {
	Name, Topic, Note *string
	Fields            map[string]string // all of them; nil leaves them
	Number            *sip.Number       // 0: none
	Due               *time.Time        // when a person wants the customer called; in the future it is never closed automatically before
	Expires           *time.Time        // zero: when its list says
	Later             bool              // the due time is one to call later: ErrTime unless it is in the future
}

func (Edit) undoable() bool { return true }

func (d Edit) do(l *ledger, r *record, a *Act) error {
	if err := d.check(); err != nil {
		return err
	}
	if r.State != Open && (d.Number != nil || d.Due != nil || d.Expires != nil) {
		return ErrNotOpen
	}
	if d.Later && (d.Due == nil || !d.Due.After(l.at)) {
		return ErrTime
	}
	if d.Number != nil && *d.Number != r.Number {
		if err := l.mayRenumber(r, *d.Number); err != nil {
			return err
		}
	}
	due, expires := r.Due, r.Expires
	if d.Due != nil {
		due = *d.Due
	}
	if d.Expires != nil {
		expires = *d.Expires
	}
	if (d.Due != nil || d.Expires != nil) && !expires.IsZero() && d.Expires != nil && !expires.After(later(due, l.at)) {
		return wrong("expires", "it would expire before it is due")
	}

	var changed []FieldChange
	set := func(name string, old, to *string) {
		if to != nil && *to != *old {
			changed = append(changed, FieldChange{name, *old, *to})
			*old = *to
		}
	}
	set("name", &r.Name, d.Name)
	set("topic", &r.Topic, d.Topic)
	set("note", &r.Note, d.Note)
	if d.Fields != nil {
		changed = append(changed, fieldChanges(r.Fields, d.Fields)...)
		r.Fields = maps.Clone(d.Fields)
	}
	if d.Number != nil && *d.Number != r.Number {
		changed = append(changed, FieldChange{"number", numberText(r.Number), numberText(*d.Number)})
		l.renumber(r, *d.Number)
	}
	if d.Due != nil && !due.Equal(r.Due) {
		changed = append(changed, FieldChange{"due", timeText(r.Due), timeText(due)})
		l.schedule(r, due)
	}
	if d.Expires != nil && !expires.Equal(r.Expires) {
		old := r.Expires
		l.setExpiry(r, expires)
		changed = append(changed, FieldChange{"expires", timeText(old), timeText(r.Expires)})
	}
	if len(changed) > 0 {
		l.change(r, Entry{Event: Edited, Reason: changed[0].Name, Agent: a.Agent, Fields: changed})
	}
	return nil
}

// check looks at what can be seen without the store.
func (d *Edit) check() error {
	due := "due"
	if d.Later {
		due = "until"
	}
	return cmp.Or(
		checkText("name", orZero(d.Name), maxLine), checkText("topic", orZero(d.Topic), maxLine), checkText("note", orZero(d.Note), maxWords),
		checkTime(due, orZero(d.Due)), checkTime("expires", orZero(d.Expires)), checkFields(d.Fields),
	)
}

// orZero is what a pointer points to, the zero value where it points to nothing.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// checkText looks at a text of at most so many bytes that people and programs give.
func checkText(field, text string, longest int) error {
	if len(text) > longest || !utf8.ValidString(text) {
		return wrong(field, "a text of more than %d bytes", longest)
	}
	return nil
}

// The years that cases can be due in: those that can be stored, and reckoned with by opening hours.
const firstYear, lastYear = 1970, 2199

// checkTime looks at a time that people and programs give; the zero time is none.
func checkTime(field string, t time.Time) error {
	if y := t.UTC().Year(); !t.IsZero() && (y < firstYear || y > lastYear) {
		return wrong(field, "a time before the year %d or after %d", firstYear, lastYear)
	}
	return nil
}

func checkFields(fields map[string]string) error {
	if len(fields) > maxFields {
		return wrong("fields", "more than %d fields", maxFields)
	}
	for name, value := range fields {
		if name == "" || len(name) > maxText || len(value) > maxField || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return wrong("fields", "a field without a name, or too long")
		}
	}
	return nil
}

func fieldChanges(old, to map[string]string) []FieldChange {
	var changed []FieldChange
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, stays := to[name]; !stays {
			changed = append(changed, FieldChange{name, old[name], ""})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if old[name] != to[name] {
			changed = append(changed, FieldChange{name, old[name], to[name]})
		}
	}
	return changed
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func numberText(n sip.Number) string {
	if n == 0 {
		return ""
	}
	return n.String()
}

// mayRenumber says why a case cannot have a number: its customer has an open one on the list.
func (l *ledger) mayRenumber(r *record, n sip.Number) error {
	if n == 0 {
		return nil
	}
	if h := l.customer(n, ""); !h.shared && len(h.on(r.List).open) > 0 {
		return &Refusal{Err: ErrOtherOpen, Case: r.ID, Other: h.on(r.List).open[0]}
	}
	return nil
}

// renumber makes an open case one of another customer.
func (l *ledger) renumber(r *record, n sip.Number) {
	l.left(r)
	r.Number, r.Caller, r.Calling = n, "", nil
	r.Since = l.at // calls of the number before that were not about it
	l.opened(r)
}

// schedule sets when a person wants the customer called.
func (l *ledger) schedule(r *record, due time.Time) {
	r.Due, r.Scheduled, r.NotBefore = due.UTC(), time.Time{}, time.Time{}
	if due.After(l.at) {
		r.Scheduled, r.NotBefore = r.Due, r.Due
	}
	l.fallBack(r)
	l.claim(r, later(l.at, r.Due))
	l.outlive(r)
}

// outlive gives a case that is due later its time until expiry from then on, unless a person set that.
func (l *ledger) outlive(r *record) {
	list, ok := l.dir.List(r.List)
	if !ok || list.Policy.ExpireAfter <= 0 || r.OwnExpiry {
		return
	}
	if at := list.Hours.EndOfOpeningDay(r.Due, list.Policy.ExpireAfter).UTC(); at.After(r.Expires) {
		r.Expires = at
	}
}

// setExpiry sets when a case expires; the zero time leaves it to the list.
func (l *ledger) setExpiry(r *record, at time.Time) {
	r.OwnExpiry, r.Expires = !at.IsZero(), at.UTC()
	if at.IsZero() {
		r.Expires = time.Time{}
		if list, ok := l.dir.List(r.List); ok && list.Policy.ExpireAfter > 0 {
			r.Expires = list.Hours.EndOfOpeningDay(later(l.at, r.NotBefore), list.Policy.ExpireAfter).UTC()
		}
	}
}
