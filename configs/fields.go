package configs

import (
	"iter"
	"reflect"
	"slices"
	"strings"
)

// field is one setting: a leaf of the Config tree.
type field struct {
	path  string // as hep.udp
	index []int  // of reflect's FieldByIndex
	live  bool   // takes effect on reload
}

// fields walks the settings of a configuration type in the order of its declaration.
func fields(t reflect.Type) iter.Seq[field] {
	return func(yield func(field) bool) {
		walk(t, field{}, yield)
	}
}

// walk visits the settings below parent, and reports whether to go on.
func walk(t reflect.Type, parent field, yield func(field) bool) bool {
	for f := range t.Fields() {
		this := field{
			path:  join(parent.path, f.Tag.Get("yaml")),
			index: append(slices.Clone(parent.index), f.Index...),
			live:  f.Tag.Get("reload") == "live",
		}
		if isSection(f.Type) {
			if !walk(f.Type, this, yield) {
				return false
			}
			continue
		}
		if !yield(this) {
			return false
		}
	}
	return true
}

// isSection reports whether t is one of our own structs, a group of settings.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && strings.HasSuffix(t.PkgPath(), "configs")
}
