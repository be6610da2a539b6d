package directory

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const manualPath = "../docs/directory.md"

// sections are the types of the file in the order of the manual.
var sections = []struct {
	title string
	typ   reflect.Type
}{
	{"The top of the file", reflect.TypeFor[File]()},
	{"`pbxs`", reflect.TypeFor[PBX]()},
	{"`trunks`", reflect.TypeFor[Trunk]()},
	{"`services`", reflect.TypeFor[Service]()},
	{"`agents`", reflect.TypeFor[Agent]()},
	{"`endpoints`", reflect.TypeFor[Endpoint]()},
	{"`calendars`", reflect.TypeFor[Calendar]()},
	{"`week` of a calendar", reflect.TypeFor[WeekHours]()},
	{"`exceptions` of a calendar", reflect.TypeFor[DateHours]()},
	{"`lists`", reflect.TypeFor[ListEntry]()},
	{"`calling`, at the top and of a list", reflect.TypeFor[Calling]()},
	{"`resolutions` of a list", reflect.TypeFor[Resolution]()},
	{"`handling` of a list", reflect.TypeFor[HandlingStatus]()},
}

// The manual is the doc comments of the types; docs/directory.md is written from them.
func TestManualSaysWhatTheTypesSay(t *testing.T) {
	want := manual(t)
	if *update {
		if err := os.WriteFile(manualPath, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manualPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/directory.md is not what go test -update ./directory writes (-types +file):\n%s", diff)
	}
}

func manual(t *testing.T) string {
	t.Helper()
	comments := comments(t)
	var b strings.Builder
	b.WriteString("# The directory file\n\n<!-- Written by go test -update ./directory from the doc comments of its types. -->\n\n")
	b.WriteString("`configs/examples/directory.yaml` is one to begin with. `ringback directory check FILE` names what is wrong with one,\n" +
		"`ringback directory import FILE` shows what it would change and puts it in force, `ringback directory export` writes\n" +
		"out what is in force: without comments and with numbers in full, so keep your own file.\n")
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.title, intro(s.typ, comments))
		explain(t, &b, s.typ, comments)
	}
	b.WriteString("\nThe built-in ones, as a file would give them:\n\n```yaml\nhandling:\n")
	for _, s := range BuiltInHandling() {
		fmt.Fprintf(&b, "  - {id: %s, %s\n", s.ID, flow(reflect.ValueOf(s))[1:])
	}
	b.WriteString("```\n")
	return b.String()
}

func explain(t *testing.T, b *strings.Builder, typ reflect.Type, comments map[string]string) {
	t.Helper()
	for f := range typ.Fields() {
		key := f.Tag.Get("yaml")
		if key == ",inline" {
			fmt.Fprintf(b, "\n### Policy of a list\n\n%s\n\n", intro(f.Type, comments))
			explain(t, b, f.Type, comments)
			continue
		}
		text := comments[typ.Name()+"."+f.Name]
		if key == "" || text == "" {
			t.Errorf("%s.%s has no key or no doc comment", typ.Name(), f.Name)
		}
		fmt.Fprintf(b, "- **`%s`** %s\n", key, sentence(f.Name, text))
	}
}

// intro is the doc comment of a type, which begins with its Go name.
func intro(typ reflect.Type, comments map[string]string) string {
	subject := map[string]string{"File": "The file", "Policy": "The policy", "Calling": "`calling`"}[typ.Name()]
	return cmp.Or(subject, "Each") + " " + strings.TrimPrefix(prose(comments[typ.Name()]), typ.Name()+" ")
}

// sentence is the doc comment of a field, which begins with its Go name.
func sentence(name, text string) string {
	return strings.TrimPrefix(prose(text), name+" ")
}

// prose is a doc comment in Markdown, each paragraph on one line.
func prose(text string) string {
	var paragraphs []string
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		paragraphs = append(paragraphs, strings.ReplaceAll(p, "\n", " "))
	}
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, `\`, `\\`).Replace(strings.Join(paragraphs, "\n\n"))
}

func comments(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"file.go", "policy.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				continue
			}
			for _, spec := range d.Specs {
				spec := spec.(*ast.TypeSpec)
				all[spec.Name.Name] = d.Doc.Text()
				if s, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, n := range f.Names {
							all[spec.Name.Name+"."+n.Name] = f.Doc.Text()
						}
					}
				}
			}
		}
	}
	return all
}

var defaultForm = regexp.MustCompile(`(?s)Default:\s+(.*?)\.(\s|$)`)

func TestDefaultsInTheManualAreTheDefaults(t *testing.T) {
	comments := comments(t)
	policy := reflect.ValueOf(DefaultPolicy())
	for f, v := range policy.Fields() {
		m := defaultForm.FindStringSubmatch(comments["Policy."+f.Name])
		if m == nil {
			if f.Name != "Handling" && f.Name != "Resolutions" {
				t.Errorf("the manual gives no default for %s", f.Name)
			}
			continue
		}
		want := flow(v)
		if f.Name == "Collect" {
			want = strings.Join(Reasons(v.Uint()).words(), " and ")
		}
		if strings.Join(strings.Fields(m[1]), " ") != want {
			t.Errorf("the manual says the default of %s is %q, it is %q", f.Name, m[1], want)
		}
	}
}

func TestManualNamesAllReasonsAndFields(t *testing.T) {
	comments := comments(t)
	for _, n := range reasonNames {
		if !strings.Contains(comments["Policy.Collect"], n.name) {
			t.Errorf("the manual does not name the reason %s", n.name)
		}
	}
	for _, name := range HintFields() {
		if !strings.Contains(comments["Policy.Hint"], "{"+name+"}") {
			t.Errorf("the manual does not name the field {%s}", name)
		}
	}
}
