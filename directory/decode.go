package directory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder fills a File from YAML nodes. Unlike a general decoder it goes on after a mistake, takes
// scalars as written whatever YAML would make of them, and remembers where each value stood.
type decoder struct {
	problems
	places  map[any]position // where the value a pointer points to was written
	broken  map[any]bool     // values that were written and could not be read, by pointer
	anchors map[string]ast.Node
	alias   *token.Token // the alias whose value is being read: its place counts
	values  int
	full    bool       // maxValues was reached and said
	later   []lateText // numbers, read when the country is known
}

// position is a line and a column, from 1.
type position struct{ line, column int }

// field is a key of a mapping and the struct field it goes to.
type field struct {
	key   string
	index []int
}

// fieldsOf are the keys of a struct in the order of its fields; an inline struct's stand in its place.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("yaml")
		if tag != ",inline" {
			fields = append(fields, field{tag, []int{i}})
			continue
		}
		for _, f := range fieldsOf(t.Field(i).Type) {
			fields = append(fields, field{f.key, append([]int{i}, f.index...)})
		}
	}
	return fields
}

func (d *decoder) place(n ast.Node) position {
	t := d.alias
	if t == nil {
		t = firstToken(n)
	}
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{t.Position.Line, t.Position.Column}
}

// firstToken is where a reader sees the node begin: a block mapping at its first key, which is not
// the library's view.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return firstToken(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

func (d *decoder) bad(n ast.Node, format string, args ...any) {
	at := d.place(n)
	d.add(at.line, at.column, fmt.Sprintf(format, args...))
}

// fail reports that n cannot be read into v.
func (d *decoder) fail(n ast.Node, v reflect.Value, format string, args ...any) {
	d.bad(n, format, args...)
	d.broken[v.Addr().Interface()] = true
}

// decode reads n into v, which is addressable.
func (d *decoder) decode(n ast.Node, v reflect.Value) {
	if !d.spend(n) {
		return
	}
	switch node := n.(type) {
	case *ast.AnchorNode:
		d.decode(node.Value, v)
		d.name(node)
		return
	case *ast.AliasNode:
		if !d.follow(node, func(target ast.Node) { d.decode(target, v) }) {
			d.broken[v.Addr().Interface()] = true
		}
		return
	case *ast.TagNode:
		d.fail(n, v, "tags have no use here; leave out %s", node.Start.Value)
		return
	}
	d.places[v.Addr().Interface()] = d.place(n)
	switch {
	case isScalar(v.Type()):
		d.decodeScalar(n, v)
	case v.Type() == reflect.TypeFor[Reasons]():
		d.decodeReasons(n, v)
	case v.Kind() == reflect.Slice:
		d.decodeSlice(n, v)
	case v.Kind() == reflect.Struct:
		d.decodeStruct(n, v)
	}
}

// spend counts a value; beyond maxValues nothing more is read.
func (d *decoder) spend(n ast.Node) bool {
	if d.values++; d.values <= maxValues {
		return true
	}
	if !d.full {
		d.full = true
		d.bad(n, "the file has more than %d values up to here, with aliases written out; make it smaller", maxValues)
	}
	return false
}

// name gives a node the name of its anchor, once it was read: so no alias can lead to itself.
func (d *decoder) name(n *ast.AnchorNode) {
	name := n.Name.GetToken().Value
	if other, taken := d.anchors[name]; taken && other != n.Value {
		d.bad(n, "&%s stands here for a second time; give each anchor its own name", name)
		return
	}
	d.anchors[name] = n.Value
}

// follow hands on what an alias stands for; mistakes in it are then reported where the alias is.
func (d *decoder) follow(n *ast.AliasNode, read func(ast.Node)) bool {
	name := n.Value.GetToken().Value
	target, ok := d.anchors[name]
	if !ok {
		if !d.overflows() {
			d.bad(n, "*%s refers to nothing above it; %s", name, suggest(name, slices.Sorted(maps.Keys(d.anchors))))
		}
		return false
	}
	if d.alias == nil {
		d.alias = n.Start
		defer func() { d.alias = nil }()
	}
	read(target)
	return true
}

func (d *decoder) decodeSlice(n ast.Node, v reflect.Value) {
	items := []ast.Node{n}
	switch node := n.(type) {
	case *ast.NullNode:
		return
	case *ast.SequenceNode:
		items = node.Values
	default:
		if !isScalar(v.Type().Elem()) {
			d.fail(n, v, `this has to be a list; begin each entry with "- "`)
			return
		}
	}
	if len(items) == 0 {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if d.full {
			return
		}
		d.decode(item, v.Index(i))
	}
}

func (d *decoder) decodeReasons(n ast.Node, v reflect.Value) {
	if _, null := n.(*ast.NullNode); null {
		return
	}
	var words []string
	d.decodeSlice(n, reflect.ValueOf(&words).Elem())
	var set Reasons
	for i := range words {
		if err := set.add(words[i]); err != nil {
			if at := d.places[&words[i]]; !d.broken[&words[i]] {
				d.add(at.line, at.column, err.Error())
			}
			d.broken[v.Addr().Interface()] = true
		}
	}
	v.SetUint(uint64(set))
}

func (d *decoder) decodeStruct(n ast.Node, v reflect.Value) {
	if entry, ok := reflect.TypeAssert[*ListEntry](v.Addr()); ok {
		entry.Policy = DefaultPolicy()
	}
	pairs, ok := pairsOf(n)
	if !ok {
		if _, null := n.(*ast.NullNode); !null || v.Type() != reflect.TypeFor[File]() {
			d.fail(n, v, "this has to be a mapping; write a key, a colon and a value on each line")
		}
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	var merges []ast.Node
	for _, pair := range pairs {
		if pair.Key.IsMergeKey() {
			merges = append(merges, pair.Value)
			continue
		}
		if key := pair.Key.GetToken().Value; seen[key] {
			d.bad(pair.Key, "%s stands here twice; keep one", key)
		} else {
			seen[key] = true
			d.decodeField(pair, fields, v)
		}
	}
	for _, m := range merges {
		d.merge(m, func(pair *ast.MappingValueNode) {
			if key := pair.Key.GetToken().Value; !seen[key] {
				seen[key] = true
				d.decodeField(pair, fields, v)
			}
		})
	}
}

func (d *decoder) decodeField(pair *ast.MappingValueNode, fields []field, v reflect.Value) {
	if d.full {
		return
	}
	key := pair.Key.GetToken().Value
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	if i < 0 {
		known := make([]string, len(fields))
		for i, f := range fields {
			known[i] = f.key
		}
		d.bad(pair.Key, "there is no key %q here; %s", key, suggest(key, known))
		if like := alike(key, known); len(like) == 1 { // do not also call that one missing
			d.broken[v.FieldByIndex(fields[slices.Index(known, like[0])].index).Addr().Interface()] = true
		}
		return
	}
	d.decode(pair.Value, v.FieldByIndex(fields[i].index))
}

// merge yields the keys of the mapping, or the mappings, that a merge key names.
func (d *decoder) merge(n ast.Node, yield func(*ast.MappingValueNode)) {
	if !d.spend(n) {
		return
	}
	switch node := n.(type) {
	case *ast.AliasNode:
		d.follow(node, func(target ast.Node) { d.merge(target, yield) })
		return
	case *ast.AnchorNode:
		d.merge(node.Value, yield)
		d.name(node)
		return
	case *ast.SequenceNode:
		for _, item := range node.Values {
			d.merge(item, yield)
		}
		return
	}
	pairs, ok := pairsOf(n)
	if !ok {
		d.bad(n, "<< merges a mapping; name one by its alias, as <<: *name")
	}
	var further []ast.Node // what the merged mapping merges itself goes behind its own keys
	for _, pair := range pairs {
		if pair.Key.IsMergeKey() {
			further = append(further, pair.Value)
		} else {
			yield(pair)
		}
	}
	for _, f := range further {
		d.merge(f, yield)
	}
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}
