package directory

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNoList is returned for a list that the directory does not have.
var ErrNoList = errors.New("directory: no such list")

// WithList is a copy of the file in which one list was changed, and nothing else: what its supervisors may
// do. The id stays whatever change does to it. What is wrong afterwards New says. ErrNoList is returned
// when there is no such list, and the error of change.
func (f *File) WithList(id string, change func(*ListEntry) error) (*File, error) {
	i := slices.IndexFunc(f.Lists, func(l ListEntry) bool { return l.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoList, id)
	}
	next := *f
	next.Lists = slices.Clone(f.Lists)
	l := &next.Lists[i]
	l.Members, l.Supervisors, l.Readers = slices.Clone(l.Members), slices.Clone(l.Supervisors), slices.Clone(l.Readers)
	l.Resolutions, l.Handling = slices.Clone(l.Resolutions), slices.Clone(l.Handling)
	for j := range l.Handling {
		l.Handling[j].RetryAfter = slices.Clone(l.Handling[j].RetryAfter)
	}
	if err := change(l); err != nil {
		return nil, err
	}
	l.ID = id
	return &next, nil
}

// ListEntry is the list with the given id as the file has it: "*" is not written out, names are not
// filled in.
func (f *File) ListEntry(id string) (ListEntry, bool) {
	i := slices.IndexFunc(f.Lists, func(l ListEntry) bool { return l.ID == id })
	if i < 0 {
		return ListEntry{}, false
	}
	return f.Lists[i], true
}
