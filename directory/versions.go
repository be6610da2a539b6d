package directory

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// keptVersions is how many versions of the directory are kept, the one in force among them.
const keptVersions = 50

// kindReplace is the command that puts a new version in force.
const kindReplace = "directory.replace"

// Errors of Versions.
var (
	// ErrStale is returned when the directory was changed since the version that a new one is based
	// on. Its text says when and by whom.
	ErrStale = errors.New("directory: changed in the meantime")
	// ErrNoVersion is returned for a version that is not kept.
	ErrNoVersion = errors.New("directory: no such version")
)

// Versions are the directory in a store: the file in force and those before it. Its methods may be
// called from any goroutine.
type Versions struct{ st *store.Store }

// Version says when a file was put in force, and by whom.
type Version struct {
	Number  uint64 // from 1; 0 is the empty directory of a new store
	At      time.Time
	By      string
	Changes int // lines of the Diff to the version before
}

// NewVersions registers the command of this package with the store, which has not been used yet.
func NewVersions(st *store.Store) *Versions {
	st.Handle(kindReplace, replace)
	return &Versions{st}
}

// Update is a new file to put in force.
type Update struct {
	File *File
	Base uint64    // the number of the version it was made from
	By   string    // who makes it, for people; empty: as the audit trail writes Who
	At   time.Time // when
	Who  audit.Who // for the audit trail; the zero Who is the system
	Peer string    // the address he comes from, where that is known
}

// Save puts a file in force as one command, all or nothing, and returns its version. A file that
// New refuses gives its *InvalidError, one that was made from another version than the one in force
// ErrStale. A file that changes nothing makes no version; the one in force is returned.
func (v *Versions) Save(ctx context.Context, u Update) (Version, error) {
	if _, err := New(u.File); err != nil {
		return Version{}, err
	}
	old, _, err := v.At(u.Base)
	switch {
	case errors.Is(err, ErrNoVersion): // the command will say who was faster
		old = new(File)
	case err != nil:
		return Version{}, err
	}
	if u.Who == (audit.Who{}) {
		u.Who = audit.Who{Kind: audit.System}
	}
	changes := Diff(old, u.File)
	text := Format(u.File)
	if _, err := Parse("directory", text); err != nil { // never store what cannot be loaded again
		return Version{}, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return Version{}, fmt.Errorf("directory: packing: %w", err)
	}
	if err := z.Close(); err != nil {
		return Version{}, fmt.Errorf("directory: packing: %w", err)
	}
	result, err := v.st.Do(ctx, store.Command{
		ID: kindReplace + " " + strconv.FormatUint(u.Base+1, 10), Kind: kindReplace, At: u.At, Urgent: true,
		Data: replacement{
			Base: u.Base, By: cmp.Or(u.By, u.Who.String()), Text: packed.Bytes(), Sum: sha256.Sum256(text),
			Changes: len(changes), Told: tellChanges(changes, &u, u.Base+1),
		},
	})
	if err != nil {
		return Version{}, err
	}
	return result.(Version), nil
}

// Load gives the file in force and its version: an empty file and version 0 in a new store.
func (v *Versions) Load() (*File, Version, error) {
	var f *File
	var head headRecord
	err := v.st.View(func(s *store.Snapshot) (err error) {
		if head, err = readHead(s, currentKey()); err != nil {
			return err
		}
		f, err = readText(s, head.Number)
		return err
	})
	return f, head.version(), err
}

// At gives the file of a version that is still kept.
func (v *Versions) At(number uint64) (*File, Version, error) {
	if number == 0 {
		return new(File), Version{}, nil
	}
	var f *File
	var head headRecord
	err := v.st.View(func(s *store.Snapshot) (err error) {
		if head, err = readHead(s, versionKey(number)); err != nil {
			return err
		}
		if head.Number == 0 {
			return fmt.Errorf("%w: %d", ErrNoVersion, number)
		}
		f, err = readText(s, number)
		return err
	})
	return f, head.version(), err
}

// History lists the versions that are kept, the one in force first.
func (v *Versions) History() ([]Version, error) {
	var all []Version
	err := v.st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Prefix(keySpace, "version").Backwards()) {
			head, err := decodeHead(value)
			if err != nil {
				return fmt.Errorf("directory: reading %x: %w", key, err)
			}
			all = append(all, head.version())
		}
		return nil
	})
	return all, err
}

// replacement is the data of the command. It holds the finished text, so that applying it depends on
// nothing but what is stored.
type replacement struct {
	Base    uint64
	By      string
	Text    []byte // gzip
	Sum     [sha256.Size]byte
	Changes int
	Told    []audit.Entry // what the audit trail says of it
}

// replace puts a version in force.
func replace(tx *store.Tx, c store.Command) (any, error) {
	r, ok := c.Data.(replacement)
	if !ok {
		return nil, fmt.Errorf("directory: %s with data of type %T", c.Kind, c.Data)
	}
	current, err := readHead(tx, currentKey())
	switch {
	case err != nil:
		return nil, err
	case current.Number != r.Base && current.Number == 0:
		return nil, fmt.Errorf("%w: version %d is not there, the store is new; load the directory again", ErrStale, r.Base)
	case current.Number != r.Base:
		return nil, fmt.Errorf("%w: version %d came on %s from %s, and this change was made to version %d; load the directory again and repeat it",
			ErrStale, current.Number, current.At.UTC().Format(time.RFC3339), current.By, r.Base)
	case current.Number > 0 && bytes.Equal(current.Sum, r.Sum[:]):
		return current.version(), nil
	}
	head := headRecord{Format: recordFormat, Number: r.Base + 1, At: c.At.UTC(), By: r.By, Sum: r.Sum[:], Changes: r.Changes}
	value, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("directory: writing version %d: %w", head.Number, err)
	}
	for _, e := range r.Told {
		if err := audit.Write(tx, e); err != nil {
			return nil, err
		}
	}
	tx.Set(textKey(head.Number), r.Text)
	tx.Set(versionKey(head.Number), value)
	tx.Set(currentKey(), bytes.Clone(value))
	if head.Number > keptVersions {
		tx.Delete(textKey(head.Number - keptVersions))
		tx.Delete(versionKey(head.Number - keptVersions))
	}
	return head.version(), nil
}

// recordFormat is the version of headRecord and of the text beside it. 1: the first.
const recordFormat = 1

// headRecord is a Version as it is stored, in JSON.
type headRecord struct {
	Format  int       `json:"format"`
	Number  uint64    `json:"number"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Sum     []byte    `json:"sum"` // SHA-256 of the text
	Changes int       `json:"changes"`
}

func (h *headRecord) version() Version {
	return Version{Number: h.Number, At: h.At, By: h.By, Changes: h.Changes}
}

// readHead reads the record under a key, the zero record when there is none.
func readHead(r store.Reader, key []byte) (headRecord, error) {
	value, ok := r.Get(key)
	if !ok {
		return headRecord{}, nil
	}
	return decodeHead(value)
}

func decodeHead(value []byte) (headRecord, error) {
	var h headRecord
	if err := json.Unmarshal(value, &h); err != nil {
		return headRecord{}, fmt.Errorf("directory: reading a version: %w", err)
	}
	if h.Format > recordFormat {
		return headRecord{}, fmt.Errorf("directory: version %d was written by a newer Ringback (format %d, this one reads up to %d); run that one", h.Number, h.Format, recordFormat)
	}
	return h, nil
}

// readText reads the file of a version, the empty file of version 0.
func readText(r store.Reader, number uint64) (*File, error) {
	if number == 0 {
		return new(File), nil
	}
	packed, ok := r.Get(textKey(number))
	if !ok {
		return nil, fmt.Errorf("directory: the text of version %d is missing", number)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("directory: unpacking version %d: %w", number, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("directory: unpacking version %d: %w", number, err)
	}
	return Parse("directory version "+strconv.FormatUint(number, 10), text)
}
