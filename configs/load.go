package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Load reads the file at path over the defaults and validates the result. What is wrong with it comes
// back as [Problems]; a file that cannot be read as the error of [os.ReadFile].
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unread(err)
	}
	return Parse(path, text)
}

// unread says that a file cannot be read, and of one that is missing where to get it.
func unread(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the configuration: %w; `ringback config default` prints one to begin with", err)
	}
	return fmt.Errorf("reading the configuration: %w", err)
}

// Parse is Load for text that was read already; file is the name used in problems.
func Parse(file string, text []byte) (*Config, error) {
	c := Default()
	places, err := decode(file, text, c)
	if err != nil {
		return nil, err
	}
	if problems := c.validate(); len(problems) > 0 {
		problems.place(file, places)
		return nil, problems
	}
	return c, nil
}

// Check says what Load would say of the file at path, and looks at the files that it names, which Load
// does not: each must be readable, and those that hold secrets must not be so for everybody, nor writable by
// their group.
func Check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return unread(err)
	}
	c, err := Parse(path, text)
	if err != nil {
		return err
	}
	problems := c.checkFiles()
	if len(problems) == 0 {
		return nil
	}
	places, err := decode(path, text, Default())
	problems.place(path, places)
	return errors.Join(err, problems)
}

// place gives the problems of keys the places of these, and brings them into the order of the file.
func (ps Problems) place(file string, places map[string]*token.Position) {
	for _, p := range ps {
		p.File = file
		for key := p.Key; key != ""; {
			if place, ok := places[key]; ok {
				p.Line, p.Column = place.Line, place.Column
				break
			}
			// What is missing of a group is a problem of the group.
			key = key[:max(strings.LastIndexByte(key, '.'), 0)]
		}
	}
	slices.SortStableFunc(ps, func(a, b *Problem) int {
		return cmp.Compare(uint(a.Line-1), uint(b.Line-1)) // those of no line come last
	})
}

// ErrEmptySecret is the error of a secrets' file that holds nothing.
var ErrEmptySecret = errors.New("configs: the file holds no secret")

// Secrets reads the secrets in the file at path, one per line; empty lines are none. There are none for
// an empty path.
func Secrets(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading secrets: %w", err)
	}
	var secrets []string
	for line := range strings.Lines(string(text)) {
		if secret := strings.TrimRight(line, "\r\n"); secret != "" {
			secrets = append(secrets, secret)
		}
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrEmptySecret)
	}
	return secrets, nil
}
