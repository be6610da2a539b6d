package line

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"ringback/sip/rtp"
)

//go:embed prompts
var builtIn embed.FS

// ErrPrompts is returned for a language that not all prompts are there of, or that cannot be played.
var ErrPrompts = errors.New("line: prompts are missing")

// names are the prompts of a talk; the digits are called by themselves.
var names = []string{
	"menu", "menu_withheld", "enter", "number_is", "confirm", "call_at", "asked", "asked_before",
	"not_a_number", "not_a_choice", "failed", "goodbye", "plus",
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
}

// messageNames are those besides where messages can be left.
var messageNames = []string{"menu_message", "menu_withheld_message", "or_message", "greeting", "saved", "nothing_heard"}

// voice are the prompts of one language, by name.
type voice map[string]*rtp.Clip

// loadVoice loads a language: what the folder has of it, and else what is built in.
func loadVoice(folder, language string, names []string) (voice, error) {
	v := make(voice, len(names))
	for _, name := range names {
		c, err := loadPrompt(folder, path.Join(language, name+".wav"))
		if err != nil {
			return nil, fmt.Errorf("%w: %q in %q: %w", ErrPrompts, name, language, err)
		}
		v[name] = c
	}
	return v, nil
}

func loadPrompt(folder, file string) (*rtp.Clip, error) {
	if folder != "" {
		if c, err := loadFile(folder, file); !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return load(builtIn, path.Join("prompts", file))
}

// loadFile loads a file of a folder.
func loadFile(folder, file string) (*rtp.Clip, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return load(root.FS(), file)
}

func load(from fs.FS, file string) (*rtp.Clip, error) {
	f, err := from.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rtp.LoadClip(f)
}

// LoadGreeting loads the greeting of a list.
func LoadGreeting(file string) (*rtp.Clip, error) {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("line: opening a greeting: %w", err)
	}
	defer f.Close()
	c, err := rtp.LoadClip(f)
	if err != nil {
		return nil, fmt.Errorf("line: reading the greeting %s: %w", file, err)
	}
	return c, nil
}

// clips are prompts by their names, one after the other.
func (v voice) clips(names ...string) []*rtp.Clip {
	var all []*rtp.Clip
	for _, name := range names {
		all = append(all, v[name])
	}
	return all
}

// number is a number read digit by digit, as it is written.
func (v voice) number(text string) []*rtp.Clip {
	var all []*rtp.Clip
	for _, c := range text {
		name := string(c)
		if c == '+' {
			name = "plus"
		}
		if clip := v[strings.TrimSpace(name)]; clip != nil {
			all = append(all, clip)
		}
	}
	return all
}
