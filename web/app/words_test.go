package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"ringback/web"
)

// sentences finds what the app says: in templates by t, in code by say or in a vocabulary.
var sentences = regexp.MustCompile(`(?:\{\{-?\s*|[( ])t ("(?:[^"\\]|\\.)*")|\.say\(("(?:[^"\\]|\\.)*")|(?m:^\t"\w+": +(?:\{"\w+", )?("(?:[^"\\]|\\.)*")\}?,$)`)

// spoken are all sentences of the app, with where they are said.
func spoken(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	var files []string
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sentences.FindAllSubmatch(text, -1) {
			quoted := string(m[1]) + string(m[2]) + string(m[3])
			key, err := strconv.Unquote(quoted)
			if err != nil {
				t.Fatalf("%s: %s: %v", file, quoted, err)
			}
			all[key] = file
		}
	}
	// Built-in handling statuses and words of times are said by what the data has.
	for _, key := range []string{
		"Closed successfully", "Closed unsuccessfully", "Busy", "No answer", "Wrong number", "Call later",
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "%d cases assigned to you", "%d cases closed unsuccessfully",
	} {
		all[key] = "data"
	}
	return all
}

var verbs = regexp.MustCompile(`%(?:\[(\d+)\])?[-+.0-9]*[a-z]`)

// arguments are which of a sentence's arguments it says, and how.
func arguments(sentence string) []string {
	var all []string
	for i, m := range verbs.FindAllStringSubmatch(sentence, -1) {
		at := m[1]
		if at == "" {
			at = strconv.Itoa(i + 1)
		}
		all = append(all, at+m[0][len(m[0])-1:])
	}
	slices.Sort(all)
	return all
}

func TestEverySentenceIsTranslatedAndNothingElse(t *testing.T) {
	said := spoken(t)
	if len(said) < 100 {
		t.Fatalf("only %d sentences were found", len(said))
	}
	for _, l := range languages {
		all, err := catalogueOf(l.Code)
		if err != nil {
			t.Fatal(err)
		}
		for key, where := range said {
			if _, ok := all[key]; !ok && l.Code != "en" { // in English a sentence is its own translation
				t.Errorf("%s: %s says %q, which is not translated", l.Code, where, key)
			}
		}
		for key, f := range all {
			if _, ok := said[key]; !ok {
				t.Errorf("%s: nothing says %q", l.Code, key)
			}
			texts := []string{f.text}
			for form, text := range f.plural {
				if form != "=0" && form != "one" { // which may say it in words
					texts = append(texts, text)
				}
			}
			for _, text := range texts {
				if text != "" && !slices.Equal(arguments(text), arguments(key)) {
					t.Errorf("%s: %q has other arguments than %q", l.Code, text, key)
				}
			}
		}
	}
}

func TestPluralFormsFollowTheNumber(t *testing.T) {
	for lang, misses := range map[string][]string{
		"en": {"no miss", "1 miss", "2 misses"},
		"fi": {"ei vastaamattomia", "1 vastaamaton", "2 vastaamatonta"},
	} {
		for n, want := range misses {
			if got := printers[lang].Sprintf("%d misses", n); got != want {
				t.Errorf("%s: %d: %q, want %q", lang, n, got, want)
			}
		}
	}
}

func TestAStatusOfAListIsSaidAsItIsWritten(t *testing.T) {
	v := &visit{words: printers["fi"]}
	for name, want := range map[string]string{"No answer": "Ei vastausta", "Left a message": "Left a message", "100 % sure": "100 % sure", "50%d": "50%d"} {
		if got := v.status(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
	if got := v.statusOf("closed_successfully"); got != "Suljettu onnistuneesti" {
		t.Errorf("closed_successfully is called %q", got)
	}
}

func TestReasonsAreSaidInTheWordsOfTheirList(t *testing.T) {
	v := &visit{words: printers["en"]}
	v.me.Lists = []web.MyList{{ID: "support", Vocabulary: "standard"}, {ID: "sales", Vocabulary: "enreach"}}
	for _, row := range []struct{ list, verdict, reason, want string }{
		{"support", "missed", "abandoned_waiting", "Hung up while waiting"},
		{"sales", "missed", "abandoned_waiting", "Dropped"},
		{"sales", "missed", "abandoned_ringing", "Dropped"},
		{"sales", "missed", "busy", "Missed"},
		{"sales", "dropped", "media_lost", "Missed"},
		{"sales", "", "", ""}, // made by hand
		{"elsewhere", "missed", "timeout", "Nobody answered"},
	} {
		if got := v.whyOn(row.list, row.verdict, row.reason); got != row.want {
			t.Errorf("%s: %q %q is %q, want %q", row.list, row.verdict, row.reason, got, row.want)
		}
	}
}

// TestEveryRefusalOfTheAPIHasWords reads the codes that errors of the rules are answered with.
func TestEveryRefusalOfTheAPIHasWords(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../problem.go")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{
		"taken", "credentials", // said beside the table
		"busy",       // said as any 503
		"name_taken", // of tokens, which the app does not make
		"invitation", // on the page of invitations, which is not the app's
	}
	codes := regexp.MustCompile(`http\.Status\w+, "([a-z_]+)"`).FindAllSubmatch(source, -1)
	if len(codes) < 30 {
		t.Fatalf("only %d codes are found", len(codes))
	}
	for _, m := range codes {
		if code := string(m[1]); refusals[code] == "" && !slices.Contains(elsewhere, code) {
			t.Errorf("%s has no words", code)
		}
	}
}
