package contacts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ringback/directory/audit"
	"ringback/store"
)

// Result is what became of one draft of an import.
type Result uint8

// The results.
const (
	Created Result = iota + 1
	Updated
	Unchanged // the contact says all of it already
	Refused   // see Outcome.Err
)

// String is the result in lower case.
func (r Result) String() string {
	if int(r) >= len(resultNames) {
		return "unknown"
	}
	return resultNames[r]
}

var resultNames = []string{"unknown", Created: "created", Updated: "updated", Unchanged: "unchanged", Refused: "refused"}

// Outcome is what became of one draft.
type Outcome struct {
	Result Result
	ID     string // of the contact
	Err    error  // why it was refused: it wraps ErrInput or ErrTaken
}

// MaxImport is how many drafts one Import takes: with their indexes they fit one transaction.
const MaxImport = 200

// Import brings contacts in, in one transaction, and tells what became of each draft, in their order.
// Drafts that are refused are left out; with strict, one of them leaves out all, and the outcomes tell
// what would have become of the others. Check tells it without changing anything.
//
// A draft is the contact of the same external id, else the one that has the first of its numbers that
// somebody has. What the draft says replaces what the contact says, but a draft takes no number away: it
// only adds. A number that yet another contact has refuses the draft. So importing the same file again
// changes nothing.
func (c *Contacts) Import(ctx context.Context, a Act, drafts []Draft, strict bool) ([]Outcome, error) {
	if len(drafts) > MaxImport {
		return nil, fmt.Errorf("%w: %d at once, at most %d", ErrInput, len(drafts), MaxImport)
	}
	in := importing{Act: a, Strict: strict}
	for i := range drafts {
		each := a
		if each.ID != "" {
			each.ID = fmt.Sprintf("%s/%d", a.ID, i)
		}
		in.IDs = append(in.IDs, each.NewID(each.ID))
		d, err := drafts[i].Checked()
		in.Drafts, in.Errs = append(in.Drafts, d), append(in.Errs, err)
	}
	res, err := c.st.Do(ctx, store.Command{ID: onceID(&a), Kind: kindImport, At: a.At.UTC(), Data: in})
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.outcomes, nil
	}
	if err != nil {
		return nil, err
	}
	return res.([]Outcome), nil
}

// Check tells what Import would do with each draft by itself, and does nothing.
func (c *Contacts) Check(drafts []Draft) ([]Outcome, error) {
	out := make([]Outcome, len(drafts))
	err := c.st.View(func(s *store.Snapshot) error {
		for i := range drafts {
			d, err := drafts[i].Checked()
			if err != nil {
				out[i] = Outcome{Result: Refused, Err: err}
				continue
			}
			if _, _, out[i], err = merge(s, "", d, &Act{}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// importing is the data of kindImport.
type importing struct {
	Act
	IDs    []string // for those that are new
	Drafts []Draft
	Errs   []error // of drafts that are wrong by themselves
	Strict bool
}

// refusedError takes the writes of a strict import back.
type refusedError struct{ outcomes []Outcome }

func (*refusedError) Error() string { return "contacts: nothing was imported" }

func applyImport(tx *store.Tx, cmd store.Command) (any, error) {
	in, ok := cmd.Data.(importing)
	if !ok {
		return nil, wrongData(cmd)
	}
	outcomes := make([]Outcome, len(in.Drafts))
	var counts [Refused + 1]int
	for i, d := range in.Drafts {
		if in.Errs[i] != nil {
			outcomes[i] = Outcome{Result: Refused, Err: in.Errs[i]}
			counts[Refused]++
			continue
		}
		old, next, o, err := merge(tx, in.IDs[i], d, &in.Act)
		if err != nil {
			return nil, err
		}
		if o.Result == Created || o.Result == Updated {
			if err := save(tx, old, &next); err != nil {
				return nil, err
			}
		}
		outcomes[i] = o
		counts[o.Result]++
	}
	if in.Strict && counts[Refused] > 0 {
		return nil, &refusedError{outcomes}
	}
	if counts[Created]+counts[Updated] == 0 {
		return outcomes, nil
	}
	e := in.Entry("contact.import", audit.On("contact", ""), "")
	e.Detail = fmt.Sprintf("%d created, %d updated, %d unchanged, %d refused", counts[Created], counts[Updated], counts[Unchanged], counts[Refused])
	return outcomes, audit.Write(tx, e)
}

// merge is what a draft makes of the contact that it is about, or that it makes.
func merge(r store.Reader, id string, d Draft, a *Act) (old *Contact, next Contact, o Outcome, err error) {
	if old, err = meant(r, &d); err != nil {
		return nil, next, o, err
	}
	o.Result = Created
	if old != nil {
		id, o.Result = old.ID, Updated
		d = onto(&old.Draft, d)
		if same(&old.Draft, &d) {
			return old, *old, Outcome{Result: Unchanged, ID: id}, nil
		}
	}
	if len(d.Numbers) > MaxNumbers {
		return old, next, Outcome{Result: Refused, ID: id, Err: fmt.Errorf("%w: it would have more than %d numbers", ErrInput, MaxNumbers)}, nil
	}
	if err := free(r, id, &d); err != nil {
		if errors.Is(err, ErrTaken) {
			return old, next, Outcome{Result: Refused, Err: err}, nil
		}
		return old, next, o, err
	}
	o.ID = id
	return old, after(old, id, d, a), o, nil
}

// meant is the contact that a draft is about, nil when it is a new one.
func meant(r store.Reader, d *Draft) (*Contact, error) {
	if d.ExternalID != "" {
		if id, ok := r.Get(externalKey(d.ExternalID)); ok {
			return load(r, string(id))
		}
	}
	for _, n := range d.Numbers {
		id, _, err := ownerOf(r, n)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		found, err := load(r, id)
		if err != nil || found == nil || d.ExternalID == "" || found.ExternalID == "" {
			return found, err
		}
		return nil, nil // that one is called otherwise: its number is taken
	}
	return nil, nil
}

// onto is what a contact says once a draft was put onto it.
func onto(old *Draft, d Draft) Draft {
	out := *old
	if d.Name != "" {
		out.Name = d.Name
	}
	if d.Company != "" {
		out.Company = d.Company
	}
	if d.ExternalID != "" {
		out.ExternalID = d.ExternalID
	}
	out.Numbers = slices.Clone(old.Numbers)
	for _, n := range d.Numbers {
		if !slices.Contains(out.Numbers, n) {
			out.Numbers = append(out.Numbers, n)
		}
	}
	return out
}
