package assist

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"ringback/cases"
	"ringback/sip"
)

func textOf(t *testing.T, template string, h Hint) string {
	t.Helper()
	d := newDirectory(t, strings.Replace(centre, "name: Support,", "name: Support, hint: "+template+",", 1))
	return Text(d, &h)
}

func TestTextOfAHint(t *testing.T) {
	support, billing := open("S1", "support", matti), open("B1", "billing", matti)
	support.Service, support.Assignee, billing.Assignee = "hotline", "bertil", "anna"
	support.Reason = sip.AbandonedWaiting
	support.Due = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	h := Hint{Key: Key{Agent: "anna"}, At: start, Number: matti, Cases: []cases.Case{support, billing}, Note: "prefers Swedish…\r\n\tcall\x1b after 4"}
	for _, tt := range []struct{ template, want string }{
		{`"{number}"`, "+358401234567"},
		{`"{list}: {misses}"`, "Support, Billing: 4"},
		{`"{service}"`, "Hotline"},
		{`"{age} ago"`, "12 min ago"},
		{`"due {due}"`, "due 11:30"}, // in Helsinki
		{`"with {assignee}"`, "with Bertil"},
		{`"{reason}"`, "abandoned waiting"},
		{`"x[, {note}] y"`, "x, prefers Swedish… call after 4 y"},
		{`"x[, {name}][ {recording}] y"`, "x y"},
	} {
		if got := textOf(t, tt.template, h); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.template, got, tt.want)
		}
	}
	h.Name = "Matti\x1b Meikäläinen"
	if got, want := textOf(t, `"{number}[ ({name})]"`, h), "+358401234567 (Matti Meikäläinen)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	h.Cases[1].Name = "Matti from the case"
	if got, want := textOf(t, `"{name}"`, h), "Matti from the case"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	h.Cases, h.Note, h.Name = []cases.Case{support}, "", ""
	if got, want := Text(newDirectory(t, centre), &h), "Callback +358401234567 on Support: missed 2x, 12 min ago, with Bertil"; got != want {
		t.Errorf("the list's own text: %q, want %q", got, want)
	}
	h.Cases[0].List, h.Cases[0].Assignee = "gone", "gone"
	if got, want := Text(newDirectory(t, centre), &h), "Callback +358401234567 on gone: missed 2x, 12 min ago, with gone"; got != want {
		t.Errorf("of a list that is no more: %q, want %q", got, want)
	}
}

func TestAgeIsSaidAsAPersonDoes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute: "moments", 0: "moments", 40 * time.Second: "40 s", 100 * time.Second: "2 min", 89 * time.Minute: "89 min",
		90 * time.Minute: "2 h", 25 * time.Hour: "25 h", 60 * time.Hour: "3 days", 90 * 24 * time.Hour: "90 days",
	} {
		if got := age(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestTimeOfAnotherDayHasItsDate(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for due, want := range map[time.Time]string{
		{}:                         "",
		start:                      "10:42",
		start.Add(14 * time.Hour):  "Sat 21 Nov 00:42", // tomorrow in Helsinki, not in UTC
		start.Add(-24 * time.Hour): "Thu 19 Nov 10:42",
	} {
		if got := clock(due, start, zone); got != want {
			t.Errorf("%v: %q, want %q", due, got, want)
		}
	}
}

func TestLongTextIsCutAtACharacter(t *testing.T) {
	for _, s := range []string{strings.Repeat("ä", 500), strings.Repeat("漢字 ", 200), strings.Repeat("e\u0301", 300), strings.Repeat("👩‍👧", 200)} {
		got := line(s)
		if n := utf8.RuneCountInString(got); n > MaxText || n < MaxText-2 || !strings.HasSuffix(got, "…") {
			t.Errorf("%d characters: %q", n, got)
		}
	}
	if s := strings.Repeat("ä", MaxText); line(s) != s {
		t.Error("a text of full length is cut")
	}
}

// FuzzLine looks for a text that is no short line: one that breaks out of it, holds control characters
// or is longer than a phone takes.
func FuzzLine(f *testing.F) {
	f.Add("Callback +358401234567 on Support\r\nX-Evil: 1")
	f.Add("\x00\x1b[31m\u2028\u202e\ufeff\xff\xfe")
	f.Add(strings.Repeat("a\u0301 ", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := line(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > MaxText {
			t.Errorf("%q: %d characters", got, utf8.RuneCountInString(got))
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) && r != ' ' {
				t.Errorf("%U in %q", r, got)
			}
		}
		if got != strings.TrimSpace(got) || strings.Contains(got, "  ") {
			t.Errorf("loose spaces in %q", got)
		}
		if again := line(got); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}
