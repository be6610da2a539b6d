package web

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"ringback/directory"
	"ringback/directory/people"
)

var update = flag.Bool("update", false, "write the generated parts of docs/api.md and docs/permissions.md")

// order are the methods as people read them.
var order = []string{"get", "post", "put", "patch", "delete"}

// routes are the operations of the description, by tag and then by path.
func (c *contract) routes() []route {
	var all []route
	for path, item := range c.Paths {
		for method, p := range item {
			all = append(all, route{strings.ToUpper(method), path, p})
		}
	}
	slices.SortFunc(all, func(a, b route) int {
		return cmp.Or(
			cmp.Compare(slices.Index(c.Tags, a.Tags[0]), slices.Index(c.Tags, b.Tags[0])), cmp.Compare(a.path, b.path),
			cmp.Compare(slices.Index(order, strings.ToLower(a.method)), slices.Index(order, strings.ToLower(b.method))),
		)
	})
	return all
}

type route struct {
	method, path string
	promise
}

// current checks the part of a manual between two marks, or writes it.
func current(t *testing.T, path, part, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n", "<!-- end of "+part+" -->"
	before, rest, ok := strings.Cut(string(b), begin)
	was, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part %s", path, part)
	}
	if was == text {
		return
	}
	if !*update {
		t.Errorf("%s: %s is not current: run go test ./web -run %s -update", path, part, t.Name())
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheManualListsEveryEndpoint(t *testing.T) {
	c := readContract(t, whole(t).f)
	var b strings.Builder
	tag := ""
	for _, r := range c.routes() {
		if r.Tags[0] != tag {
			tag = r.Tags[0]
			fmt.Fprintf(&b, "\n**%s**\n\n| | |\n|---|---|\n", tag)
		}
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", r.method, r.path, r.Summary)
	}
	current(t, "../docs/api.md", "endpoints", strings.TrimPrefix(b.String(), "\n"))
}

func TestTheManualOfPermissionsIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString("| scope | to | roles |\n|---|---|---|\n")
	for _, scope := range people.Scopes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", scope, scope.What(), rolesOf(scope))
	}
	current(t, "../docs/permissions.md", "scopes", b.String())

	b.Reset()
	b.WriteString("| request | who | on the list |\n|---|---|---|\n")
	for _, p := range permissions {
		who := map[audience]string{anybody: "anybody", known: "whoever is logged in, and tokens", persons: "people who are logged in", scoped: "`" + string(p.scope) + "`", overall: "`" + string(p.scope) + "`, seeing all lists"}[p.who]
		right := ""
		if p.right > directory.NoRight {
			right = rightWords[p.right]
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.route, who, right)
	}
	current(t, "../docs/permissions.md", "requests", b.String())

	b.Reset()
	b.WriteString("| request | agent | supervisor | approver | admin |\n|---|---|---|---|---|\n")
	for _, p := range permissions {
		fmt.Fprintf(&b, "| `%s` |", p.route)
		for _, r := range []directory.Role{directory.RoleAgent, directory.RoleSupervisor, directory.RoleApprover, directory.RoleAdmin} {
			cell := " "
			if p.who != scoped && p.who != overall || slices.Contains(p.scope.Roles(), r) {
				cell = " yes "
			}
			b.WriteString(cell + "|")
		}
		b.WriteString("\n")
	}
	current(t, "../docs/permissions.md", "roles", b.String())
}

func rolesOf(s people.Scope) string {
	var words []string
	for _, r := range s.Roles() {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}

func TestEveryRouteHasExactlyOnePermission(t *testing.T) {
	c := readContract(t, whole(t).f)
	want := map[string]bool{}
	for _, r := range c.routes() {
		want[r.method+" "+r.path] = true
	}
	seen := map[string]bool{}
	for _, p := range permissions {
		if seen[p.route] {
			t.Errorf("%s stands twice", p.route)
		}
		seen[p.route] = true
	}
	for _, route := range slices.Sorted(maps.Keys(want)) {
		if !seen[route] {
			t.Errorf("%s has no permission", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(seen)) {
		if !want[route] {
			t.Errorf("%s is no route", route)
		}
	}
}
