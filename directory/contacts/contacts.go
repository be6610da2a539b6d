package contacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/directory/audit"
	"ringback/sip"
	"ringback/store"
)

// The keys of this package.
//
//	contact record   <id>         record: a contact
//	contact number   <+digits>    <id> <called>: whose a number is, and what to call him
//	contact word     <word> <id>  nothing: by the words of name and company
//	contact external <id>         the id of the contact that another system calls so
const keySpace = "contact"

func recordKey(id string) []byte      { return store.Key(keySpace, "record", id) }
func numberKey(n sip.Number) []byte   { return store.Key(keySpace, "number", n.String()) }
func wordKey(word, id string) []byte  { return store.Key(keySpace, "word", word, id) }
func externalKey(other string) []byte { return store.Key(keySpace, "external", other) }

// Contacts are those in a store. Its methods may be called from any goroutine.
type Contacts struct{ st *store.Store }

// The commands of this package.
const (
	kindPut    = "contacts.put"
	kindDelete = "contacts.delete"
	kindImport = "contacts.import"
)

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store) *Contacts {
	st.Handle(kindPut, applyPut)
	st.Handle(kindDelete, applyDelete)
	st.Handle(kindImport, applyImport)
	return &Contacts{st}
}

// Act is who does something, from where and when.
type Act struct {
	ID string // names the act: given again it is not done again; may be empty
	audit.Act
}

// Create makes a contact. The error is ErrInput, or a *TakenError for a number that is another's.
func (c *Contacts) Create(ctx context.Context, a Act, d Draft) (Contact, error) {
	d, err := d.Checked()
	if err != nil {
		return Contact{}, err
	}
	id := a.NewID(a.ID)
	made, err := c.put(ctx, putting{Act: a, ID: id, Draft: d})
	if errors.Is(err, store.ErrApplied) {
		return c.Contact(id)
	}
	return made, err
}

// Edit replaces what is said of a contact, when it still has the version; 0 is whatever it has. The error
// is ErrInput, ErrNotFound, ErrStale or a *TakenError.
func (c *Contacts) Edit(ctx context.Context, a Act, id string, version uint64, d Draft) (Contact, error) {
	d, err := d.Checked()
	if err != nil {
		return Contact{}, err
	}
	changed, err := c.put(ctx, putting{Act: a, ID: id, Draft: d, Edit: true, Version: version})
	if errors.Is(err, store.ErrApplied) {
		return c.Contact(id)
	}
	return changed, err
}

func (c *Contacts) put(ctx context.Context, p putting) (Contact, error) {
	res, err := c.st.Do(ctx, store.Command{ID: onceID(&p.Act), Kind: kindPut, At: p.At.UTC(), Data: p, Once: p.Act.ID != "", Urgent: true})
	if err != nil {
		return Contact{}, err
	}
	return res.(Contact), nil
}

func onceID(a *Act) string { return "contact/" + a.By.String() + "/" + a.ID }

// Delete takes a contact away, when it still has the version; 0 is whatever it has. The error is
// ErrNotFound or ErrStale.
func (c *Contacts) Delete(ctx context.Context, a Act, id string, version uint64) error {
	_, err := c.st.Do(ctx, store.Command{ID: id, Kind: kindDelete, At: a.At.UTC(), Data: deleting{Act: a, ID: id, Version: version}, Urgent: true})
	return err
}

// Erase takes the contact of a number away with all of its numbers, for a person who wants his data
// gone, and returns them. When none has it there are none.
func (c *Contacts) Erase(ctx context.Context, a Act, n sip.Number) (id string, numbers []sip.Number, err error) {
	found, err := c.ByNumber(n)
	if errors.Is(err, ErrNotFound) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	_, err = c.st.Do(ctx, store.Command{ID: found.ID, Kind: kindDelete, At: a.At.UTC(), Data: deleting{Act: a, ID: found.ID, Erase: true}, Urgent: true})
	if errors.Is(err, ErrNotFound) {
		return "", nil, nil
	}
	return found.ID, found.Numbers, err
}

// putting is the data of kindPut.
type putting struct {
	Act
	ID string
	Draft
	Edit    bool
	Version uint64
}

func applyPut(tx *store.Tx, cmd store.Command) (any, error) {
	p, ok := cmd.Data.(putting)
	if !ok {
		return nil, wrongData(cmd)
	}
	old, err := load(tx, p.ID)
	switch {
	case err != nil:
		return nil, err
	case old == nil && p.Edit:
		return nil, ErrNotFound
	case old != nil && !p.Edit:
		return nil, fmt.Errorf("contacts: %s is there already", p.ID)
	case old != nil && p.Version != 0 && old.Version != p.Version:
		return nil, ErrStale
	case old != nil && same(&old.Draft, &p.Draft):
		return *old, nil
	}
	if err := free(tx, p.ID, &p.Draft); err != nil {
		return nil, err
	}
	next := after(old, p.ID, p.Draft, &p.Act)
	if err := save(tx, old, &next); err != nil {
		return nil, err
	}
	action := "contact.create"
	if p.Edit {
		action = "contact.edit"
	}
	return next, audit.Write(tx, p.Entry(action, audit.On("contact", p.ID), ""))
}

// after is a contact once a draft was put in its place.
func after(old *Contact, id string, d Draft, a *Act) Contact {
	at := a.At.UTC().Round(0)
	next := Contact{ID: id, Version: 1, Draft: d, Created: at, Updated: at, By: a.By}
	if old != nil {
		next.Version, next.Created = old.Version+1, old.Created
	}
	return next
}

func same(a, b *Draft) bool {
	return a.Name == b.Name && a.Company == b.Company && a.ExternalID == b.ExternalID && slices.Equal(a.Numbers, b.Numbers)
}

// free says whether nobody else has the numbers and the external id of a draft.
func free(r store.Reader, id string, d *Draft) error {
	for _, n := range d.Numbers {
		owner, _, err := ownerOf(r, n)
		if err != nil {
			return err
		}
		if owner != "" && owner != id {
			return &TakenError{Number: n, Contact: owner}
		}
	}
	if d.ExternalID != "" {
		if owner, ok := r.Get(externalKey(d.ExternalID)); ok && string(owner) != id {
			return &TakenError{Contact: string(owner)}
		}
	}
	return nil
}

// deleting is the data of kindDelete.
type deleting struct {
	Act
	ID      string
	Version uint64
	Erase   bool
}

func applyDelete(tx *store.Tx, cmd store.Command) (any, error) {
	d, ok := cmd.Data.(deleting)
	if !ok {
		return nil, wrongData(cmd)
	}
	old, err := load(tx, d.ID)
	switch {
	case err != nil:
		return nil, err
	case old == nil:
		return nil, ErrNotFound
	case d.Version != 0 && old.Version != d.Version:
		return nil, ErrStale
	}
	unindex(tx, old)
	tx.Delete(recordKey(d.ID))
	action := "contact.delete"
	if d.Erase {
		action = "contact.erase"
	}
	return nil, audit.Write(tx, d.Entry(action, audit.On("contact", d.ID), ""))
}

func wrongData(cmd store.Command) error {
	return fmt.Errorf("contacts: %s with data of type %T", cmd.Kind, cmd.Data)
}

// recordFormat is the version of record. 1: the first.
const recordFormat = 1

// record is a Contact as it is stored, in JSON.
type record struct {
	Format     int          `json:"format"`
	ID         string       `json:"id"`
	Version    uint64       `json:"version"`
	Name       string       `json:"name,omitempty"`
	Company    string       `json:"company,omitempty"`
	Numbers    []sip.Number `json:"numbers"`
	ExternalID string       `json:"external_id,omitempty"`
	Created    time.Time    `json:"created"`
	Updated    time.Time    `json:"updated"`
	By         string       `json:"by"`
}

// load reads a contact, nil when there is none.
func load(r store.Reader, id string) (*Contact, error) {
	value, ok := r.Get(recordKey(id))
	if !ok {
		return nil, nil
	}
	return decode(value)
}

func decode(value []byte) (*Contact, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("contacts: reading a contact: %w", err)
	}
	if r.Format > recordFormat {
		return nil, fmt.Errorf("contacts: a contact was written by a newer Ringback (format %d, this one reads up to %d); run that one", r.Format, recordFormat)
	}
	return &Contact{
		ID: r.ID, Version: r.Version, Created: r.Created, Updated: r.Updated, By: audit.ParseWho(r.By),
		Draft: Draft{r.Name, r.Company, r.Numbers, r.ExternalID},
	}, nil
}

// save writes a contact and its indexes in place of the old one, which may be nil.
func save(tx *store.Tx, old, c *Contact) error {
	value, err := json.Marshal(record{
		recordFormat, c.ID, c.Version, c.Name, c.Company, c.Numbers, c.ExternalID, c.Created, c.Updated, c.By.String(),
	})
	if err != nil {
		return fmt.Errorf("contacts: writing a contact: %w", err)
	}
	if old != nil {
		unindex(tx, old)
	}
	tx.Set(recordKey(c.ID), value)
	for _, n := range c.Numbers {
		tx.Set(numberKey(n), store.Key(c.ID, c.Called()))
	}
	for _, w := range folded(c.Name, c.Company) {
		tx.Set(wordKey(w, c.ID), nil)
	}
	if c.ExternalID != "" {
		tx.Set(externalKey(c.ExternalID), []byte(c.ID))
	}
	return nil
}

func unindex(tx *store.Tx, c *Contact) {
	for _, n := range c.Numbers {
		tx.Delete(numberKey(n))
	}
	for _, w := range folded(c.Name, c.Company) {
		tx.Delete(wordKey(w, c.ID))
	}
	if c.ExternalID != "" {
		tx.Delete(externalKey(c.ExternalID))
	}
}

// ownerOf is the contact that a number is of and what it is called, empty when nobody has it.
func ownerOf(r store.Reader, n sip.Number) (id, called string, err error) {
	value, ok := r.Get(numberKey(n))
	if !ok {
		return "", "", nil
	}
	if err := store.SplitKey(value, &id, &called); err != nil {
		return "", "", fmt.Errorf("contacts: reading whose a number is: %w", err)
	}
	return id, called, nil
}

// isDigits says whether somebody searches for a number.
func isDigits(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.Trim(s, "+0123456789 -()/.") == ""
}
