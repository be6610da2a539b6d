package configs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Load reads the file at path over the defaults and validates the result. What is wrong with it comes
// back as [Problems]; a file that cannot be read as the error of [os.ReadFile].
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, text)
}

// Parse is Load for text that was read already; file is the name used in problems.
func Parse(file string, text []byte) (*Config, error) {
	c := Default()
	places, err := decode(file, text, c)
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		problems, _ := errors.AsType[Problems](err)
		for _, p := range problems {
			p.File = file
			if place, ok := places[p.Key]; ok {
				p.Line, p.Column = place.Line, place.Column
			}
		}
		slices.SortStableFunc(problems, func(a, b *Problem) int {
			return cmp.Compare(uint(a.Line-1), uint(b.Line-1)) // those of no line come last
		})
		return nil, err
	}
	return c, nil
}

// ErrEmptySecret is the error of a secret's file that holds nothing.
var ErrEmptySecret = errors.New("configs: the file of the secret is empty")

// Secret reads the secret in the file at path, without the line's end. It is "" for no path.
func Secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s: %w", path, ErrEmptySecret)
	}
	return secret, nil
}
