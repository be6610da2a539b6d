package people_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ringback/directory/people"
)

func TestManualExplainsEveryScope(t *testing.T) {
	text, err := os.ReadFile("../../docs/people.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") && strings.Contains(line, ":") && strings.Contains(strings.SplitN(line, "`", 3)[1], ":") {
			rows++
		}
	}
	for _, s := range people.Scopes() {
		if row := fmt.Sprintf("| `%s` | %s |", s, s.What()); !strings.Contains(string(text), row) {
			t.Errorf("docs/people.md lacks the row %s", row)
		}
	}
	if rows != len(people.Scopes()) {
		t.Errorf("docs/people.md has %d scopes, there are %d", rows, len(people.Scopes()))
	}
}
