package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// Errors about one thing of a file.
var (
	// ErrNoThing is returned for a thing that the file does not have.
	ErrNoThing = errors.New("directory: no such thing")
	// ErrThing is returned for a text that is not a JSON object, or names another thing.
	ErrThing = errors.New("directory: not a thing")
)

// Kinds are the keys of a file that hold things with ids, as "agents", in the order of the manual.
func Kinds() []string {
	return []string{"pbxs", "trunks", "services", "agents", "endpoints", "calendars", "lists"}
}

// JSON writes a file as JSON, with the keys and words of the YAML.
func JSON(f *File) ([]byte, error) {
	b, err := yaml.YAMLToJSON(Format(f))
	if err != nil {
		return nil, fmt.Errorf("directory: writing JSON: %w", err)
	}
	return bytes.TrimSpace(b), nil
}

// Thing is one thing of a file as JSON: of a kind of Kinds, by its id. ErrNoThing when there is none.
func Thing(f *File, kind, id string) ([]byte, error) {
	d, err := open(f, kind)
	if err != nil {
		return nil, err
	}
	i := d.find(id)
	if i < 0 {
		return nil, ErrNoThing
	}
	return d.things[i], nil
}

// With is a file with a thing, given as JSON, in the place of the one that has its id, or at the end. The
// error is an *InvalidError when the file is not right with it, ErrThing when it is none.
func With(f *File, kind, id string, thing []byte) (*File, error) {
	d, err := open(f, kind)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(thing, &keys); err != nil || keys == nil {
		return nil, fmt.Errorf("%w: it must be a JSON object", ErrThing)
	}
	name, err := json.Marshal(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThing, err)
	}
	if said, ok := keys["id"]; ok && !bytes.Equal(bytes.TrimSpace(said), name) {
		return nil, fmt.Errorf("%w: its id is another than that of the address", ErrThing)
	}
	keys["id"] = name
	whole, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThing, err)
	}
	if i := d.find(id); i >= 0 {
		d.things[i] = whole
	} else {
		d.things = append(d.things, whole)
	}
	return d.file()
}

// Without is a file without a thing. The error is an *InvalidError when others need it, ErrNoThing when it
// is not there.
func Without(f *File, kind, id string) (*File, error) {
	d, err := open(f, kind)
	if err != nil {
		return nil, err
	}
	i := d.find(id)
	if i < 0 {
		return nil, ErrNoThing
	}
	d.things = slices.Delete(d.things, i, i+1)
	return d.file()
}

// document is a file as JSON, with the things of one kind apart.
type document struct {
	keys   map[string]json.RawMessage
	kind   string
	things []json.RawMessage
}

func open(f *File, kind string) (*document, error) {
	if !slices.Contains(Kinds(), kind) {
		return nil, ErrNoThing
	}
	text, err := JSON(f)
	if err != nil {
		return nil, err
	}
	d := &document{keys: map[string]json.RawMessage{}, kind: kind}
	if err := json.Unmarshal(text, &d.keys); err != nil {
		return nil, fmt.Errorf("directory: reading JSON: %w", err)
	}
	if d.keys == nil { // an empty file
		d.keys = map[string]json.RawMessage{}
	}
	if of := d.keys[kind]; of != nil {
		if err := json.Unmarshal(of, &d.things); err != nil {
			return nil, fmt.Errorf("directory: reading JSON: %w", err)
		}
	}
	return d, nil
}

// find is the place of a thing, -1 when there is none.
func (d *document) find(id string) int {
	return slices.IndexFunc(d.things, func(thing json.RawMessage) bool {
		var named struct{ ID string }
		return json.Unmarshal(thing, &named) == nil && named.ID == id
	})
}

// file reads the document as a file: JSON is YAML.
func (d *document) file() (*File, error) {
	of, err := json.Marshal(d.things)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThing, err)
	}
	d.keys[d.kind] = of
	whole, err := json.Marshal(d.keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThing, err)
	}
	return Parse("", whole)
}
