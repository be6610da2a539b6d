// Package docs holds the documentation; its tests keep it true.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	mention = regexp.MustCompile(`\bRFC ?(\d{3,5})\b`)
	row     = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|(.*)\|$`)
	room    = regexp.MustCompile("`([^`]+)`")
)

// TestEveryRFCHasItsRow compares what the code names with what rfc.md tells.
func TestEveryRFCHasItsRow(t *testing.T) {
	text, err := os.ReadFile("rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		support string
		rooms   []string
	}
	table := make(map[string]entry)
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		number, support := m[1], strings.TrimSpace(m[3])
		if _, twice := table[number]; twice {
			t.Errorf("RFC %s has two rows", number)
		}
		switch support {
		case "yes":
		case "partly", "no":
			if strings.TrimSpace(m[5]) == "" {
				t.Errorf("RFC %s: %s, but the note does not say what and why", number, support)
			}
		default:
			t.Errorf("RFC %s: support is %q, not yes, partly or no", number, support)
		}
		e := entry{support: support}
		for _, r := range room.FindAllStringSubmatch(m[4], -1) {
			if info, err := os.Stat(filepath.Join("..", r[1])); err != nil || !info.IsDir() {
				t.Errorf("RFC %s: there is no package %s", number, r[1])
			}
			e.rooms = append(e.rooms, r[1])
		}
		table[number] = e
	}
	if len(table) == 0 {
		t.Fatal("rfc.md has no rows that this test can read")
	}

	told := make(map[string]bool) // by package and number
	mentions(t, func(path, number string) {
		e, ok := table[number]
		if !ok {
			t.Errorf("%s names RFC %s, which has no row in docs/rfc.md", path, number)
			return
		}
		// The row must name the package, or one it stands in; tests, daemon and commands only use what others do.
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "daemon/") || strings.HasPrefix(path, "cmd/") {
			return
		}
		for _, r := range e.rooms {
			if strings.HasPrefix(path, r+"/") {
				return
			}
		}
		if place := filepath.Dir(path) + number; !told[place] {
			told[place] = true
			t.Errorf("%s names RFC %s, whose row in docs/rfc.md does not name the package", path, number)
		}
	})
}

// mentions calls found for every RFC in a Go file.
func mentions(t *testing.T, found func(path, number string)) {
	t.Helper()
	files := os.DirFS("..")
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		for _, m := range mention.FindAllStringSubmatch(string(text), -1) {
			found(path, m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
