package configs

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Line says how callers ask to be called back.
type Line struct {
	// Whether the callback line answers.
	Enabled bool `yaml:"enabled"`

	// The language of its prompts where a list sets none: en or fi, or a folder's name in prompts_dir.
	Language string `yaml:"language"`

	// A folder with own prompts, LANGUAGE/NAME.wav, which replace the built-in ones of that name. docs/calls.md has the
	// names and what they say. PCM or G.711.
	//
	// Example: /etc/ringback/prompts
	PromptsDir string `yaml:"prompts_dir"`

	// Numbers at which the PBX calls Ringback, and the service that a caller wanted. Calls to a service's own number,
	// and calls diverted from one, need no entry. Each has the keys below.
	//
	// Example: [{to: callback-sales, service: sales}]
	Numbers []LineNumber `yaml:"numbers"`

	// What differs from list to list. Each has the keys below.
	//
	// Example: [{list: sales, language: fi}]
	Lists []LineList `yaml:"lists"`
}

// LineNumber is a number at which the PBX calls us.
type LineNumber struct {
	// What the PBX dials: the user of the request URI, or user@host.
	//
	// Example: callback-sales
	To string `yaml:"to"`

	// The service of the directory.
	Service string `yaml:"service"`

	// Whether who is put through here leaves a message without being asked what he wants.
	Voicemail bool `yaml:"voicemail"`
}

// LineList is what the callback line says to callers of one list.
type LineList struct {
	// The list of the directory.
	List string `yaml:"list"`

	// The language of its prompts. Empty: line.language.
	//
	// Example: fi
	Language string `yaml:"language"`

	// What who leaves a message hears before the tone, a WAV file. Empty: the prompt greeting.
	//
	// Example: /etc/ringback/sales-greeting.wav
	Greeting string `yaml:"greeting"`

	// Whether its callers leave a message without being asked what they want.
	Voicemail bool `yaml:"voicemail"`

	// How many days its messages are kept, at most as long as their cases. 0: voicemail.days.
	//
	// Example: 30
	MessageDays int `yaml:"message_days"`
}

// validateLine checks the section line.
func (c *Config) validateLine(v *validation) {
	l := &c.Line
	if !l.Enabled {
		return
	}
	v.require(c.Phone.Enabled, "line.enabled", "is true, but nobody can call; set phone.enabled to true")
	v.require(isLanguage(l.Language), "line.language", "%q is no language; write en, fi, or the name of a folder in line.prompts_dir", l.Language)
	v.require(l.PromptsDir == "" || filepath.IsAbs(l.PromptsDir), "line.prompts_dir", "%q depends on where the daemon is started; write the whole path, from / on", l.PromptsDir)
	seen := map[string]string{}
	for i, n := range l.Numbers {
		key := fmt.Sprintf("line.numbers[%d]", i)
		v.require(n.To != "", key+".to", "is empty; write what the PBX dials, as callback-sales")
		v.require(n.Service != "", key+".service", "is empty; name a service of the directory")
		to := strings.ToLower(n.To)
		v.require(seen[to] == "", key+".to", "%s is in %s already; it leads to one service", n.To, seen[to])
		seen[to] = key
	}
	lists := map[string]string{}
	for i, x := range l.Lists {
		key := fmt.Sprintf("line.lists[%d]", i)
		v.require(x.List != "", key+".list", "is empty; name a list of the directory")
		v.require(lists[x.List] == "", key+".list", "%s is in %s already; write all that it sets there", x.List, lists[x.List])
		lists[x.List] = key
		v.require(x.MessageDays >= 0 && x.MessageDays <= maxDays, key+".message_days", "%d is out of range; write from 0 to %d", x.MessageDays, maxDays)
		v.require(x.Language == "" || isLanguage(x.Language), key+".language", "%q is no language; write en, fi, or the name of a folder in line.prompts_dir", x.Language)
	}
}

// lineFiles are the files that the sections line and voicemail name.
func (c *Config) lineFiles() []file {
	all := []file{{"voicemail.key_file", c.Voicemail.KeyFile, true}}
	if !c.Line.Enabled {
		return all
	}
	for i, x := range c.Line.Lists {
		all = append(all, file{fmt.Sprintf("line.lists[%d].greeting", i), x.Greeting, false})
	}
	return all
}

// isLanguage says whether a word may name a language: letters, digits and hyphens, as of language tags, which are safe in a path.
func isLanguage(s string) bool {
	return s != "" && len(s) <= 35 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
