package configs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write examples/ringback.yaml and docs/configuration.md anew")

// explained is one field of a section with its doc comment.
type explained struct {
	name    string // yaml key
	typ     reflect.Type
	value   reflect.Value
	live    bool
	doc     string // paragraphs, each on one line
	example string // "" when the comment gives none
}

// comments reads the doc comments of all struct fields of this package, by type and field.
func comments(t *testing.T) map[string]map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string]string)
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for node := range ast.Preorder(file) {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if st, ok := spec.Type.(*ast.StructType); ok {
				all[spec.Name.Name] = fieldComments(st)
			}
		}
	}
	return all
}

func fieldComments(st *ast.StructType) map[string]string {
	all := make(map[string]string)
	for _, f := range st.Fields.List {
		for _, name := range f.Names {
			all[name.Name] = f.Doc.Text()
		}
	}
	return all
}

// explain lists the fields of a section in order, each with its comment. Every field must have one.
func explain(t *testing.T, section reflect.Value, comments map[string]map[string]string) []explained {
	t.Helper()
	var all []explained
	for field, value := range section.Fields() {
		doc := comments[section.Type().Name()][field.Name]
		if doc == "" {
			t.Errorf("%s.%s has no doc comment, the manual would say nothing of it", section.Type().Name(), field.Name)
		}
		e := explained{name: field.Tag.Get("yaml"), typ: field.Type, value: value, live: field.Tag.Get("reload") == "live"}
		var paragraphs []string
		for p := range strings.SplitSeq(strings.TrimSpace(doc), "\n\n") {
			p = strings.ReplaceAll(p, "\n", " ")
			if example, ok := strings.CutPrefix(p, "Example: "); ok {
				e.example = example
				continue
			}
			paragraphs = append(paragraphs, p)
		}
		e.doc = strings.Join(paragraphs, "\n")
		all = append(all, e)
	}
	return all
}

// TestManual keeps the example file and docs/configuration.md word for word what the Config type says.
func TestManual(t *testing.T) {
	docs := comments(t)
	root := reflect.ValueOf(Default()).Elem()
	check(t, "examples/ringback.yaml", exampleFile(t, root, docs))
	check(t, "../docs/configuration.md", manual(t, root, docs))
}

// check compares a generated file with the one on disk, or writes it with -update.
func check(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the doc comments say; run go test ./configs -update (-comments +file)\n%s", path, diff)
	}
}

// exampleFile writes every setting at its default, explained.
func exampleFile(t *testing.T, root reflect.Value, docs map[string]map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("# Ringback's configuration. Every setting stands here at its default: keep what you change, delete the rest.\n")
	b.WriteString("# Check it with `ringback config check`; docs/configuration.md says what takes effect on reload (SIGHUP).\n")
	for _, e := range explain(t, root, docs) {
		b.WriteByte('\n')
		comment(&b, "", e)
		if !isSection(e.typ) {
			fmt.Fprintf(&b, "%s: %s\n", e.name, text(e.value))
			continue
		}
		fmt.Fprintf(&b, "%s:\n", e.name)
		for i, f := range explain(t, e.value, docs) {
			if i > 0 {
				b.WriteByte('\n')
			}
			comment(&b, "  ", f)
			fmt.Fprintf(&b, "  %s: %s\n", f.name, text(f.value))
		}
	}
	return b.Bytes()
}

// comment writes a field's explanation as YAML comments of at most 120 columns.
func comment(b *bytes.Buffer, indent string, e explained) {
	for p := range strings.SplitSeq(e.doc, "\n") {
		line := indent + "#"
		for word := range strings.FieldsSeq(p) {
			if len(line)+1+len(word) > 120 {
				b.WriteString(line + "\n")
				line = indent + "#"
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
	if e.example != "" {
		fmt.Fprintf(b, "%s# Example: %s: %s\n", indent, e.name, e.example)
	}
}

// manual writes docs/configuration.md.
func manual(t *testing.T, root reflect.Value, docs map[string]map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`<!-- Made from the doc comments in configs by "go test ./configs -update"; edit those. -->

# Configuration

One YAML file, by default ` + "`" + DefaultPath + "`" + `; another one is named by ` + "`--config`" + ` or the environment
variable ` + "`RINGBACK_CONFIG`" + `. An empty file is a good start: every setting has a default. It is read strictly, so a
misspelt key is an error and not a setting that silently stays as it was:

` + "```" + `
$ ringback config check ringback.yaml
ringback.yaml:3:3: hep.upd is no setting; did you mean udp?
` + "```" + `

` + "`ringback config default`" + ` prints a file with everything in it, ` + "`ringback config show`" + ` what is in force. On SIGHUP
(` + "`systemctl reload ringback`" + `) the file is read again: settings marked *reload* take effect at once, calls and
connections go on; a change of any other is logged and waits for a restart. A file with a mistake changes nothing.
Secrets and certificates are replaced in place: tokens and capture passwords are read again on reload, certificates of
HEP and API when their files change, the password for hints whenever it is asked for.

Durations carry a unit (` + "`20ms`, `2s`, `5m`, `12h`" + `), sizes too (` + "`64KiB`, `32MiB`, `1GiB`" + `). Addresses are host:port;
without a host they mean every address of the machine.

`)
	sections := []explained{}
	for _, e := range explain(t, root, docs) {
		if isSection(e.typ) {
			sections = append(sections, e)
			continue
		}
		setting(&b, "## ", "", e)
		if isListOfSections(e.typ) {
			for _, f := range explain(t, reflect.Zero(e.typ.Elem()), docs) {
				setting(&b, "### ", e.name+"[].", f)
			}
		}
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "## `%s`\n\n%s\n\n", s.name, s.doc)
		for _, e := range explain(t, s.value, docs) {
			setting(&b, "### ", s.name+".", e)
			if isListOfSections(e.typ) {
				for _, f := range explain(t, reflect.Zero(e.typ.Elem()), docs) {
					setting(&b, "#### ", s.name+"."+e.name+"[].", f)
				}
			}
		}
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// isListOfSections reports whether the items of a setting have keys of their own.
func isListOfSections(t reflect.Type) bool { return t.Kind() == reflect.Slice && isSection(t.Elem()) }

// setting writes one setting's entry.
func setting(b *bytes.Buffer, heading, prefix string, e explained) {
	effect := "restart"
	if e.live {
		effect = "reload"
	}
	fmt.Fprintf(b, "%s`%s%s`\n\n", heading, prefix, e.name)
	fmt.Fprintf(b, "%s · default `%s` · %s\n\n", typeName(e.typ), text(e.value), effect)
	fmt.Fprintf(b, "%s\n\n", strings.ReplaceAll(e.doc, "\n", "\n\n"))
	if e.example != "" {
		fmt.Fprintf(b, "Example: `%s: %s`\n\n", e.name, e.example)
	}
}

// typeName says what kind of value a setting takes.
func typeName(t reflect.Type) string {
	if c, ok := reflect.TypeAssert[interface{ Choices() []string }](reflect.Zero(t)); ok {
		return "one of `" + strings.Join(c.Choices(), "`, `") + "`"
	}
	switch {
	case isListOfSections(t):
		return "list of groups of keys"
	case t.Kind() == reflect.Slice:
		return "list of " + map[string]string{"Address": "addresses", "Prefix": "networks", "AddrPort": "addresses", "Addr": "addresses", "uint16": "ports", "string": "texts", "HintWay": "words"}[t.Elem().Name()]
	case t.Name() == "Duration":
		return "duration"
	case t.Name() == "Size":
		return "size"
	case t.Name() == "Address":
		return "address"
	case t.Kind() == reflect.Bool:
		return "`true` or `false`"
	case t.Kind() == reflect.Int:
		return "number"
	}
	return "text"
}

// TestExamplesInTheManualAreRead takes every "Example:" of a doc comment at its word.
func TestExamplesInTheManualAreRead(t *testing.T) {
	docs := comments(t)
	read := 0
	try := func(file string) {
		read++
		if _, err := decode("example", []byte(file), Default()); err != nil {
			t.Error(err)
		}
	}
	for _, e := range explain(t, reflect.ValueOf(Default()).Elem(), docs) {
		if e.example != "" {
			try(e.name + ": " + e.example + "\n")
		}
		if isListOfSections(e.typ) {
			for _, f := range explain(t, reflect.Zero(e.typ.Elem()), docs) {
				if f.example != "" {
					try(e.name + ": [{" + f.name + ": " + f.example + "}]\n")
				}
			}
		}
		if !isSection(e.typ) {
			continue
		}
		for _, f := range explain(t, e.value, docs) {
			if f.example != "" {
				try(e.name + ":\n  " + f.name + ": " + f.example + "\n")
			}
			if !isListOfSections(f.typ) {
				continue
			}
			for _, k := range explain(t, reflect.Zero(f.typ.Elem()), docs) {
				if k.example != "" {
					try(e.name + ":\n  " + f.name + ": [{" + k.name + ": \"" + k.example + "\"}]\n")
				}
			}
		}
	}
	if read == 0 {
		t.Error("no example was found")
	}
}
