package configs

import (
	_ "embed"
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Example is a configuration file with every setting at its default and explained.
//
//go:embed examples/ringback.yaml
var Example string

// YAML is the whole configuration as a file that reads back to it, without explanations.
func (c *Config) YAML() string {
	var b strings.Builder
	section := ""
	for f := range fields(reflect.TypeFor[Config]()) {
		name, indent := f.path, ""
		if group, key, ok := strings.Cut(f.path, "."); ok {
			if group != section {
				fmt.Fprintf(&b, "%s:\n", group)
				section = group
			}
			name, indent = key, "  "
		}
		fmt.Fprintf(&b, "%s%s: %s\n", indent, name, text(reflect.ValueOf(c).Elem().FieldByIndex(f.index)))
	}
	return b.String()
}

// text writes one value as decode reads it.
func text(v reflect.Value) string {
	if isSection(v.Type()) {
		return mapping(v)
	}
	if v.Kind() == reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(v.Index(i))
			if isSection(v.Index(i).Type()) {
				continue
			}
			if v.Index(i).Kind() == reflect.String || v.Index(i).Kind() == reflect.Struct {
				items[i] = strconv.Quote(plain(v.Index(i)))
			}
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	s := plain(v)
	if v.Kind() == reflect.String && !unquoted.MatchString(s) {
		return strconv.Quote(s)
	}
	return s
}

// mapping writes what is set of an item of a list of sections.
func mapping(v reflect.Value) string {
	var pairs []string
	for field, value := range v.Fields() {
		if !value.IsZero() {
			pairs = append(pairs, field.Tag.Get("yaml")+": "+text(value))
		}
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// unquoted is what YAML certainly takes for a string without quotes.
var unquoted = regexp.MustCompile(`^(/[\w./-]*|sips?:[\w.:@-]+|text|json|debug|info|warn|error)$`)

// plain is a value's text without quotes.
func plain(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		s := x.String()
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		return s
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return ""
		}
		return string(b)
	}
	return fmt.Sprint(v.Interface())
}
