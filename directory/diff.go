package directory

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Change is one difference between two files: a thing added or removed, or one key of a thing changed.
// Numbers stand in it in full, as its reader wrote them.
type Change struct {
	Op     Op
	Object string // as "agent 101"; "file" for the keys at the top
	Field  string // the key, when a thing was changed
	Old    string // what it was: as YAML on one line; of a changed list what went out of it
	New    string // what it is: as YAML on one line; of a changed list what came into it
}

// Op is what happened to a thing.
type Op uint8

// The operations.
const (
	Changed Op = iota
	Added
	Removed
)

// String is the change on one line, with a sign in front: + added, - removed, ~ changed.
func (c Change) String() string {
	switch {
	case c.Op == Added:
		return fmt.Sprintf("+ %s %s", c.Object, c.New)
	case c.Op == Removed:
		return fmt.Sprintf("- %s %s", c.Object, c.Old)
	case strings.HasPrefix(c.Old+c.New, "["):
		var parts []string
		if c.Old != "" {
			parts = append(parts, "without "+c.Old)
		}
		if c.New != "" {
			parts = append(parts, "with "+c.New)
		}
		return fmt.Sprintf("~ %s: %s %s", c.Object, c.Field, strings.Join(parts, ", "))
	}
	return fmt.Sprintf("~ %s: %s %s → %s", c.Object, c.Field, cmp.Or(c.Old, "none"), cmp.Or(c.New, "none"))
}

// objectNames are what Diff calls the things under a key of the file.
var objectNames = map[string]string{
	"pbxs": "PBX", "trunks": "trunk", "services": "service", "agents": "agent", "endpoints": "endpoint", "calendars": "calendar",
	"lists": "list", "handling": "handling", "resolutions": "resolution",
}

// Diff tells what differs in the new file: the keys at the top first, then thing by thing in the
// order of the manual, added and changed things in the order of the new file and removed ones after
// them. No differences give none.
func Diff(before, after *File) []Change {
	return diffMapping("file", "", reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
}

// diffMapping compares two things of one type. Within is what stands before the names of things in it.
func diffMapping(object, within string, a, b reflect.Value) []Change {
	var plain, things []Change
	for _, f := range fieldsOf(a.Type()) {
		x, y := a.FieldByIndex(f.index), b.FieldByIndex(f.index)
		if name, ok := objectNames[f.key]; ok {
			things = append(things, diffThings(within+name+" ", f.key, object, x, y)...)
		} else if x.Kind() == reflect.Struct && !isScalar(x.Type()) {
			for _, c := range diffMapping(object, within, x, y) {
				c.Field = f.key + "." + c.Field
				plain = append(plain, c)
			}
		} else if !same(x, y) {
			plain = append(plain, diffField(object, f.key, x, y))
		}
	}
	return append(plain, things...)
}

func diffField(object, key string, x, y reflect.Value) Change {
	if isScalar(x.Type()) {
		return Change{Object: object, Field: key, Old: flow(x), New: flow(y)}
	}
	was, is := items(x), items(y)
	out, in := without(was, is), without(is, was)
	if len(out)+len(in) == 0 { // another order, or one of them more often
		out, in = was, is
	}
	return Change{Object: object, Field: key, Old: bracketed(out), New: bracketed(in)}
}

// diffThings compares two lists of things with ids.
func diffThings(name, key, object string, x, y reflect.Value) []Change {
	was, is := byID(x), byID(y)
	var changes []Change
	var before, after []string // the ids in both lists, in the order of each
	for i := range y.Len() {
		id := idOf(y.Index(i))
		thing, existed := was[id]
		if !existed {
			changes = append(changes, Change{Op: Added, Object: name + id, New: flow(y.Index(i))})
			continue
		}
		after = append(after, id)
		changes = append(changes, diffMapping(name+id, name+id+" ", thing, y.Index(i))...)
	}
	for i := range x.Len() {
		id := idOf(x.Index(i))
		if _, exists := is[id]; exists {
			before = append(before, id)
			continue
		}
		changes = append(changes, Change{Op: Removed, Object: name + id, Old: flow(x.Index(i))})
	}
	if !slices.Equal(before, after) {
		changes = append(changes, Change{Object: object, Field: "order of " + key, Old: strings.Join(before, ", "), New: strings.Join(after, ", ")})
	}
	return changes
}

// without are the texts that are none of the others.
func without(texts, others []string) []string {
	known := make(map[string]bool, len(others))
	for _, o := range others {
		known[o] = true
	}
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return known[s] })
}

func byID(list reflect.Value) map[string]reflect.Value {
	m := make(map[string]reflect.Value, list.Len())
	for i := range list.Len() {
		m[idOf(list.Index(i))] = list.Index(i)
	}
	return m
}

func idOf(thing reflect.Value) string { return thing.FieldByName("ID").String() }

// items are the entries of a list, each on one line.
func items(list reflect.Value) []string {
	if list.Type() == reflect.TypeFor[Reasons]() {
		return Reasons(list.Uint()).words()
	}
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i] = written(list.Index(i), false)
	}
	return texts
}

func bracketed(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
