package configs

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder lays a YAML document over a struct, field by field, and collects what does not fit.
type decoder struct {
	file     string
	places   map[string]*token.Position // of every key of the document, by its path
	problems Problems
}

// decode reads a YAML document over v, a pointer to a struct whose fields carry yaml tags. Keys that the
// document lacks stay as they are in v. It returns where each key stands.
func decode(file string, text []byte, v any) (map[string]*token.Position, error) {
	d := &decoder{file: file, places: make(map[string]*token.Position)}
	parsed, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, d.syntax(err)
	}
	for i, doc := range parsed.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if i > 0 {
			d.problem(doc.Body, "", "a second document starts here; keep all settings in one, without a line of ---")
			break
		}
		d.value(doc.Body, "", reflect.ValueOf(v).Elem())
	}
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	return d.places, nil
}

// syntax turns the parser's error into a Problem.
func (d *decoder) syntax(err error) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok || e.GetToken() == nil {
		return Problems{{File: d.file, Text: err.Error() + "; this is no YAML"}}
	}
	p := e.GetToken().Position
	return Problems{{
		File: d.file, Line: p.Line, Column: p.Column,
		Text: e.GetMessage() + "; this is no YAML, compare with `ringback config default`",
	}}
}

// problem notes that what stands at node is wrong.
func (d *decoder) problem(node ast.Node, key, format string, args ...any) {
	p := node.GetToken().Position
	d.problems = append(d.problems, &Problem{File: d.file, Line: p.Line, Column: p.Column, Key: key, Text: fmt.Sprintf(format, args...)})
}

// value reads node into v.
func (d *decoder) value(node ast.Node, key string, v reflect.Value) {
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		d.problem(node, key, "anchors, aliases and tags are not read here; write the value itself")
		return
	default:
	}
	switch {
	case isText(v):
		d.text(node, key, v)
	case v.Kind() == reflect.Struct:
		d.section(node, key, v)
	case v.Kind() == reflect.Slice:
		d.list(node, key, v)
	default:
		d.scalar(node, key, v)
	}
}

// section reads the keys of a mapping into the fields of a struct.
func (d *decoder) section(node ast.Node, key string, v reflect.Value) {
	if node.Type() == ast.NullType {
		return // all keys of the section are commented out
	}
	pairs, ok := node.(ast.MapNode)
	if !ok {
		d.problem(node, key, "here stands %s; write one \"key: value\" a line, indented under %s", kind(node), nameOf(key))
		return
	}
	for it := pairs.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		path := join(key, name)
		field, known := fieldOf(v, name)
		if !known {
			d.problem(it.Key(), "", "%s is no setting; %s", path, suggest(name, namesOf(v.Type())))
			continue
		}
		if first, again := d.places[path]; again {
			d.problem(it.Key(), "", "%s was set in line %d already; keep one of them", path, first.Line)
			continue
		}
		d.places[path] = it.Key().GetToken().Position
		d.value(it.Value(), path, field)
	}
}

// list reads a sequence.
func (d *decoder) list(node ast.Node, key string, v reflect.Value) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.problem(node, key, "here stands %s; write a list, as [a, b], or [] for none", kind(node))
		return
	}
	items := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		path := key + "[" + strconv.Itoa(i) + "]"
		d.places[path] = item.GetToken().Position
		d.value(item, path, items.Index(i))
	}
	v.Set(items)
}

// isText reports whether v is read from text by a method of its own.
func isText(v reflect.Value) bool {
	_, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	return ok
}

// text reads a scalar by its type's own rule.
func (d *decoder) text(node ast.Node, key string, v reflect.Value) {
	text, ok := scalarText(node)
	if !ok {
		d.problem(node, key, "here stands %s; %s", kind(node), wanted(v))
		return
	}
	reader, _ := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	if err := reader.UnmarshalText([]byte(text)); err != nil {
		d.problem(node, key, "%s", advise(v, text, err))
	}
}

// scalar reads a string, number, duration or truth value.
func (d *decoder) scalar(node ast.Node, key string, v reflect.Value) {
	text, ok := scalarText(node)
	if !ok {
		d.problem(node, key, "here stands %s; %s", kind(node), wanted(v))
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		t, err := time.ParseDuration(text)
		if err != nil {
			hint := "write a number and a unit, as 20ms, 2s, 5m or 12h"
			if _, err := strconv.ParseUint(text, 10, 63); err == nil {
				hint = fmt.Sprintf("it has no unit, write %ss, %sm or %sh", text, text, text)
			}
			d.problem(node, key, "%q is no duration; %s", text, hint)
			return
		}
		v.SetInt(int64(t))
	case v.Kind() == reflect.Bool:
		if node.Type() != ast.BoolType {
			d.problem(node, key, "%q is neither; write true or false", text)
			return
		}
		v.SetBool(text == "true")
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			d.problem(node, key, "%q is no whole number that fits; write digits only, as 1000", text)
			return
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			d.problem(node, key, "%q does not fit; write a whole number from 0 to %d", text, uint64(1)<<v.Type().Bits()-1)
			return
		}
		v.SetUint(n)
	case v.Kind() == reflect.String:
		if node.Type() == ast.BoolType {
			d.problem(node, key, "%s is a truth value here; for the text write it in quotes, as %q", text, text)
			return
		}
		v.SetString(text)
	default:
		panic("configs: no rule to read a " + v.Type().String())
	}
}

// scalarText is the text of a scalar as it was written, without quotes.
func scalarText(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(n.GetToken().Value), true
	}
	return "", false
}

// kind says what stands in the file, in words.
func kind(node ast.Node) string {
	switch node.(type) {
	case ast.MapNode:
		return "a group of keys (a colon outside quotes can make one)"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	return "a single value"
}

// wanted says what should stand there, in words.
func wanted(v reflect.Value) string {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return "write a duration, as 20ms, 2s, 5m or 12h"
	case v.Kind() == reflect.Bool:
		return "write true or false"
	case !isText(v) && (v.CanInt() || v.CanUint()):
		return "write a whole number"
	case v.Kind() == reflect.String:
		return `write a single value, "" for none`
	}
	return "write a single value"
}

// fieldOf finds the field whose yaml tag is name.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for field, value := range v.Fields() {
		if field.Tag.Get("yaml") == name {
			return value, true
		}
	}
	return reflect.Value{}, false
}

// namesOf lists the yaml tags of a struct.
func namesOf(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		names = append(names, field.Tag.Get("yaml"))
	}
	return names
}

// join appends a key to the path of its section.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// nameOf is a section's name for people.
func nameOf(key string) string {
	if key == "" {
		return "the file"
	}
	return key
}
