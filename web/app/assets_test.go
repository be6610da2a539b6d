package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// named finds the pictures and files that templates and code name.
var named = []struct {
	files  string
	where  *regexp.Regexp
	exists func(name string) error
}{
	{"templates/*.html", regexp.MustCompile(`\bicon "([^"]*)"`), hasIcon},
	{"templates/*.html", regexp.MustCompile(`\basset "([^"]*)"`), func(name string) error { _, err := theAssets().address(name); return err }},
	{"*.go", regexp.MustCompile(`Icon: +"([^"]*)"`), hasIcon},
	{"*.go", regexp.MustCompile(`Icon, .*= "([^"]*)", v\.say`), hasIcon},
	{"*.go", regexp.MustCompile(`return "([^"]*)", v\.say`), hasIcon},
	{"naming.go", regexp.MustCompile(`": +\{"([^"]*)", `), hasIcon},
}

func hasIcon(name string) error { _, err := theAssets().icon(name); return err }

func TestEveryPictureAndFileThatPagesNameIsThere(t *testing.T) {
	t.Parallel()
	for _, n := range named {
		files, err := filepath.Glob(n.files)
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == "assets_test.go" })
		found := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range n.where.FindAllSubmatch(text, -1) {
				found++
				if err := n.exists(string(m[1])); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing matches %s", n.files, n.where)
		}
	}
	if hasIcon("no-such-picture") == nil {
		t.Error("there is a picture that nobody drew")
	}
}
