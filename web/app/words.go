package app

import (
	"embed"
	"encoding/json"
	"fmt"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// languages are those the app speaks, the first for whoever speaks none of them.
var languages = []struct{ Code, Name string }{{"en", "English"}, {"fi", "Suomi"}}

var (
	//go:embed text/*.json
	texts embed.FS

	tags     = tagsOf()
	matcher  = language.NewMatcher(tags)
	printers = must(printersOf())
)

func tagsOf() (all []language.Tag) {
	for _, l := range languages {
		all = append(all, language.MustParse(l.Code))
	}
	return all
}

// languageOf is the language for somebody: the one he chose, else the best of those that his browser asks for.
func languageOf(chosen, accepted string) string {
	for _, l := range languages {
		if l.Code == chosen {
			return chosen
		}
	}
	_, i := language.MatchStrings(matcher, accepted)
	return languages[i].Code
}

// forms are what a catalogue has for a sentence: one text, or one for each plural form of its first number.
type forms struct {
	text   string
	plural map[string]string
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *forms) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, &f.plural)
	}
	return json.Unmarshal(b, &f.text)
}

// catalogueOf reads a language's texts. A sentence that is not there is said in English, as the code has it.
func catalogueOf(code string) (map[string]forms, error) {
	b, err := texts.ReadFile("text/" + code + ".json")
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	all := map[string]forms{}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("app: text/%s.json: %w", code, err)
	}
	return all, nil
}

// printersOf makes what says sentences in each language.
func printersOf() (map[string]*message.Printer, error) {
	b := catalog.NewBuilder(catalog.Fallback(tags[0]))
	for i, l := range languages {
		all, err := catalogueOf(l.Code)
		if err != nil {
			return nil, err
		}
		for key, f := range all {
			msg := catalog.Message(catalog.String(f.text))
			if f.plural != nil {
				var cases []any
				for _, form := range []string{"=0", "one", "other"} {
					if text, ok := f.plural[form]; ok {
						cases = append(cases, form, text)
					}
				}
				msg = plural.Selectf(1, "%d", cases...)
			}
			if err := b.Set(tags[i], key, msg); err != nil {
				return nil, fmt.Errorf("app: text/%s.json: %q: %w", l.Code, key, err)
			}
		}
	}
	out := map[string]*message.Printer{}
	for i, l := range languages {
		out[l.Code] = message.NewPrinter(tags[i], message.Catalog(b))
	}
	return out, nil
}
