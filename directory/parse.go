package directory

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// Parse reads a directory file. The name stands in the problems it reports: the error is an
// *InvalidError with every mistake in the file, by line. What Parse gives without an error, New takes.
func Parse(name string, b []byte) (*File, error) {
	d := decoder{places: map[any]position{}, broken: map[any]bool{}, anchors: map[string]ast.Node{}}
	f := new(File)
	if root := parseText(b, &d.problems); root != nil {
		d.decode(root, reflect.ValueOf(f).Elem())
		if !d.full {
			d.resolve(f)
			c := checker{problems: d.problems, file: f, places: d.places, broken: d.broken}
			c.run()
			d.problems = c.problems
		}
	}
	if err := d.err(name); err != nil {
		return nil, err
	}
	return f, nil
}

// country is the one that national numbers in the file are of, empty when it names none.
func (f *File) country() Country {
	c := f.Country
	for i := range f.PBXs {
		switch p := f.PBXs[i].Country; {
		case f.Country != "" || p == "":
		case c == "":
			c = p
		case c != p:
			return ""
		}
	}
	return c
}

// zone is the time zone of calendars and lists that name none.
func (f *File) zone() string {
	if f.TimeZone != "" {
		return f.TimeZone
	}
	zone := ""
	for i := range f.PBXs {
		switch p := f.PBXs[i].TimeZone; {
		case p == "":
		case zone == "":
			zone = p
		case zone != p:
			return "UTC"
		}
	}
	if zone == "" {
		return "UTC"
	}
	return zone
}
