package line

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/sip"
	"ringback/sip/rtp"
)

// heard are the names of prompts as they are said; a clip that is none of a language's is "file".
func heard(a *Announcement, c Callback) string {
	names := map[*rtp.Clip]string{}
	for language, v := range a.voices {
		for name, clip := range v {
			names[clip] = language + "/" + name
		}
	}
	var all []string
	for _, clip := range a.Clips(c) {
		name := names[clip]
		if name == "" {
			name = "file"
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func TestAnAgentIsToldWhoseCallbackItIs(t *testing.T) {
	dir := t.TempDir()
	own, err := builtIn.ReadFile("prompts/en/goodbye.wav")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fi/list-sales.wav", "en/service-hotline.wav", "fi/service-broken.wav"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(name, "broken") {
			own = []byte("no sound")
		}
		if err := os.WriteFile(path, own, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := sip.Number(358401)
	const read = "/plus %[1]s/3 %[1]s/5 %[1]s/8 %[1]s/4 %[1]s/0 %[1]s/1 "
	digits := func(language string) string { return strings.ReplaceAll(language+read, "%[1]s", language) }
	for _, row := range []struct {
		name, accept, decline string
		of                    Callback
		want                  string
	}{
		{"the number", "1", "2", Callback{List: "sales"}, "en/callback_call " + digits("en") + "en/take en/1 en/decline en/2"},
		{"in his language", "1", "2", Callback{Language: "fi"}, "fi/callback_call " + digits("fi") + "fi/take fi/1 fi/decline fi/2"},
		{"in one that is not spoken", "1", "2", Callback{Language: "sv"}, "en/callback_call " + digits("en") + "en/take en/1 en/decline en/2"},
		{"the list", "any", "", Callback{Language: "fi", List: "sales", Service: "hotline"}, "fi/callback_call file fi/take fi/any_key fi/hang_up"},
		{"the service", "#", "2", Callback{List: "sales", Service: "hotline"}, "en/callback_call file en/take en/hash en/decline en/2"},
		{"a file that cannot be played", "*", "2", Callback{Language: "fi", Service: "broken"}, "fi/callback_call " + digits("fi") + "fi/take fi/star fi/decline fi/2"},
		{"no key", "none", "", Callback{List: "../../x"}, "en/callback_call " + strings.TrimSuffix(digits("en"), " ")},
	} {
		a, err := NewAnnouncement(AnnouncementOptions{PromptsDir: dir, Accept: row.accept, Decline: row.decline})
		if err != nil {
			t.Fatal(err)
		}
		row.of.Number = n
		a.Clips(row.of) // loads his language
		if got := heard(a, row.of); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, got, row.want)
		}
	}
	if _, err := NewAnnouncement(AnnouncementOptions{Language: "sv"}); err == nil {
		t.Error("a language of which there is nothing is spoken")
	}
}
