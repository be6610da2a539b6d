package line

import (
	"cmp"
	"errors"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"sync"

	"ringback/sip"
	"ringback/sip/rtp"
)

// announced are the prompts of an announcement, beside digits.
var announced = []string{
	"callback_call", "take", "any_key", "decline", "hang_up", "star", "hash", "plus",
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
}

// AnnouncementOptions are what an Announcement is made of.
type AnnouncementOptions struct {
	Language   string // where nobody wants another: en
	PromptsDir string // whose files replace the built-in prompts, and have the names of lists and services; empty: none
	Accept     string // the key that takes a call; any key; none is needed
	Decline    string // the key that does not; empty: hanging up does
	Logger     *slog.Logger
}

// Announcement says to agents that they are called for a callback, whose it is, and how to take it. It is safe for
// concurrent use.
type Announcement struct {
	o      AnnouncementOptions
	mu     sync.Mutex
	voices map[string]voice // by language; nil: it cannot be spoken
}

// NewAnnouncement loads the prompts of the language that is spoken where nobody wants another. The error wraps ErrPrompts.
func NewAnnouncement(o AnnouncementOptions) (*Announcement, error) {
	o.Language = cmp.Or(o.Language, "en")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v, err := loadVoice(o.PromptsDir, o.Language, announced)
	if err != nil {
		return nil, err
	}
	return &Announcement{o: o, voices: map[string]voice{o.Language: v}}, nil
}

// Callback is what an agent is told about.
type Callback struct {
	Language string // of the agent; empty: AnnouncementOptions.Language
	List     string
	Service  string
	Number   sip.Number // of the customer
}

// Clips are what is said: that it is a callback, for which list or service, by a file of their names
// (LANGUAGE/list-ID.wav, LANGUAGE/service-ID.wav), or else to which number, and the keys.
func (a *Announcement) Clips(c Callback) []*rtp.Clip {
	language, v := a.voice(cmp.Or(c.Language, a.o.Language))
	whom := a.name(language, "list-"+c.List, "service-"+c.Service)
	if whom == nil {
		whom = v.number(c.Number.String())
	}
	return slices.Concat(v.clips("callback_call"), whom, v.clips(a.keys()...))
}

// keys are the prompts that say what to press.
func (a *Announcement) keys() []string {
	var all []string
	switch a.o.Accept {
	case "none":
		return nil
	case "any":
		all = []string{"take", "any_key"}
	default:
		all = []string{"take", keyName(a.o.Accept)}
	}
	if a.o.Decline == "" {
		return append(all, "hang_up")
	}
	return append(all, "decline", keyName(a.o.Decline))
}

// keyName is the prompt that names a key.
func keyName(key string) string {
	switch key {
	case "*":
		return "star"
	case "#":
		return "hash"
	}
	return key
}

// voice is that of a language, or of the usual one where there is none.
func (a *Announcement) voice(language string) (string, voice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, loaded := a.voices[language]
	if !loaded {
		var err error
		if v, err = loadVoice(a.o.PromptsDir, language, announced); err != nil {
			a.o.Logger.Warn("an announcement cannot be spoken in a language", "err", err)
			v = nil
		}
		a.voices[language] = v
	}
	if v == nil {
		return a.o.Language, a.voices[a.o.Language]
	}
	return language, v
}

// name is the first of some names that there is a file of, read anew each time, as files come and go; nil: none.
func (a *Announcement) name(language string, names ...string) []*rtp.Clip {
	if a.o.PromptsDir == "" {
		return nil
	}
	for _, name := range names {
		c, err := loadFile(a.o.PromptsDir, path.Join(language, path.Base(name)+".wav"))
		if err == nil {
			return []*rtp.Clip{c}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			a.o.Logger.Warn("a prompt cannot be played", "path", name+".wav", "err", err)
		}
	}
	return nil
}
