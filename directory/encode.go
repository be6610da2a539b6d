package directory

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ringback/sip"
)

// Format writes the file as YAML in its canonical form: keys in the order of the manual, defaults
// left out, numbers in E.164. Parse gives the same File for it. Comments, anchors and the order of
// keys of the text it was read from are gone.
func Format(f *File) []byte {
	e := encoder{}
	e.mapping(reflect.ValueOf(f).Elem(), reflect.ValueOf(File{}), 0, true)
	if e.b.Len() == 0 {
		return []byte("{}\n")
	}
	return []byte(e.b.String())
}

type encoder struct{ b strings.Builder }

// lineWidth is where a list of scalars no longer stands on one line.
const lineWidth = 100

// mapping writes the fields that differ from their defaults, each on lines of its own. The first one
// continues the current line unless fresh.
func (e *encoder) mapping(v, defaults reflect.Value, indent int, fresh bool) {
	for _, f := range fieldsOf(v.Type()) {
		field, standard := v.FieldByIndex(f.index), defaults.FieldByIndex(f.index)
		if same(field, standard) {
			continue
		}
		if indent == 0 && e.b.Len() > 0 && !isScalar(field.Type()) {
			e.b.WriteByte('\n')
		}
		if fresh {
			e.indent(indent)
		}
		fresh = true
		e.b.WriteString(f.key + ":")
		e.value(field, indent, len(f.key)+1)
	}
	if !fresh { // a thing with nothing but defaults
		e.b.WriteString("{}\n")
	}
}

func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func (e *encoder) indent(n int) { e.b.WriteString(strings.Repeat(" ", n)) }

// value writes what stands behind a key that begins at indent and has the given width.
func (e *encoder) value(v reflect.Value, indent, width int) {
	switch {
	case v.Type() == reflect.TypeFor[Reasons]():
		e.scalars(Reasons(v.Uint()).words(), indent, width)
	case isScalar(v.Type()):
		e.b.WriteString(" " + scalarOf(v) + "\n")
	case v.Kind() == reflect.Struct:
		e.b.WriteByte('\n')
		e.mapping(v, reflect.Zero(v.Type()), indent+2, true)
	case isScalar(v.Type().Elem()):
		texts := make([]string, v.Len())
		for i := range texts {
			texts[i] = scalarOf(v.Index(i))
		}
		e.scalars(texts, indent, width)
	default:
		e.b.WriteByte('\n')
		for i := range v.Len() {
			e.indent(indent + 2)
			e.b.WriteString("- ")
			e.mapping(v.Index(i), defaultsOf(v.Type().Elem()), indent+4, false)
		}
	}
}

// scalars writes a list in brackets, or with a line per item when it is long.
func (e *encoder) scalars(texts []string, indent, width int) {
	line := " [" + strings.Join(texts, ", ") + "]\n"
	if indent+width+len(line) <= lineWidth {
		e.b.WriteString(line)
		return
	}
	e.b.WriteByte('\n')
	for _, t := range texts {
		e.indent(indent + 2)
		e.b.WriteString("- " + t + "\n")
	}
}

// flow is a value on one line: a scalar, a list in brackets, or a thing without its id in braces.
func flow(v reflect.Value) string { return written(v, true) }

// written is flow, of a thing whose id is said already or of one in it.
func written(v reflect.Value, idSaid bool) string {
	switch {
	case isScalar(v.Type()):
		if v.Kind() == reflect.String && v.Len() == 0 || v.Type() == reflect.TypeFor[Range]() && v.IsZero() {
			return ""
		}
		return scalarOf(v)
	case v.Kind() != reflect.Struct:
		return bracketed(items(v))
	}
	var keys []string
	defaults := defaultsOf(v.Type())
	for _, f := range fieldsOf(v.Type()) {
		if field := v.FieldByIndex(f.index); (f.key != "id" || !idSaid) && !same(field, defaults.FieldByIndex(f.index)) {
			keys = append(keys, f.key+": "+written(field, false))
		}
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func defaultsOf(t reflect.Type) reflect.Value {
	if t == reflect.TypeFor[ListEntry]() {
		return reflect.ValueOf(ListEntry{Policy: DefaultPolicy()})
	}
	return reflect.Zero(t)
}

// scalarOf is a value as one YAML scalar.
func scalarOf(v reflect.Value) string {
	text, err := textOf(v)
	switch {
	case err != nil:
		return `""` // which Parse refuses; New refused the file before
	case v.Kind() == reflect.String && wordForm.MatchString(text), !plainWord.MatchString(text) && !plainWords.MatchString(text):
		return strconv.Quote(text)
	}
	return text
}

func textOf(v reflect.Value) (string, error) {
	switch x := v.Interface().(type) {
	case sip.Host:
		return x.String(), nil
	case time.Duration:
		return durationText(x), nil
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		return string(b), err
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	}
	if v.CanUint() {
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	if v.CanInt() {
		return strconv.FormatInt(v.Int(), 10), nil
	}
	return "", fmt.Errorf("directory: no text for %s", v.Type())
}

var (
	// plainWord and plainWords need no quotes anywhere, not even in brackets.
	plainWord  = regexp.MustCompile(`^[\p{L}\p{N}+./_]([\p{L}\p{N}+./_@:()-]*[\p{L}\p{N}+./_@()-])?$`)
	plainWords = regexp.MustCompile(`^[\p{L}\p{N}+./_][\p{L}\p{N}+./_@()-]*( [\p{L}\p{N}+./_@()-]+)*$`)
	// wordForm is what some reader of YAML takes for true, false or nothing.
	wordForm = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|\.nan|[+]?\.inf)$`)
)
