package directory

import (
	"encoding"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"ringback/sip"
)

// lateText is the text of a number and where it goes.
type lateText struct {
	text string
	at   position
	to   any // *sip.Number or *Pattern
	set  func(*numbers, string) error
}

// isScalar says whether values of the type are written as one YAML scalar.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[sip.Number](), reflect.TypeFor[sip.Host](), reflect.TypeFor[time.Duration](), reflect.TypeFor[Pattern]():
		return true
	case reflect.TypeFor[Reasons]():
		return false
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Slice
}

func (d *decoder) decodeScalar(n ast.Node, v reflect.Value) {
	text, err := scalarText(n)
	if err == nil {
		err = d.setScalar(d.place(n), v, text)
	}
	if err != nil {
		d.fail(n, v, "%s", err)
	}
}

// scalarText is the text of a scalar as its author wrote it, quotes and folding undone.
func scalarText(n ast.Node) (string, error) {
	var text string
	switch n := n.(type) {
	case *ast.NullNode:
		return "", mistakef("there is no value; give one, or leave out the key")
	case *ast.LiteralNode:
		text = strings.TrimRight(n.Value.Value, "\n")
	case *ast.StringNode:
		text = n.Value
	case *ast.MappingNode, *ast.MappingValueNode:
		if text, ok := unsplit(n); ok {
			return text, checkText(text)
		}
		return "", mistakef("this is a mapping where one value is wanted; put the value in quotes if it holds a colon")
	case *ast.SequenceNode:
		return "", mistakef("this is a list where one value is wanted; give one")
	default:
		text = n.GetToken().Value
	}
	return text, checkText(text)
}

// unsplit undoes what the YAML library makes of 08:00-12:00 in a list within braces: a mapping, though
// a colon with no space behind it separates nothing.
func unsplit(n ast.Node) (string, bool) {
	pairs, _ := pairsOf(n)
	if m, ok := n.(*ast.MappingNode); ok && m.Start.Type == token.MappingStartType || len(pairs) != 1 {
		return "", false
	}
	key, colon, value := pairs[0].Key.GetToken(), pairs[0].Start, pairs[0].Value.GetToken()
	if _, scalar := pairs[0].Value.(ast.ScalarNode); !scalar || key.Position.Line != value.Position.Line ||
		key.Position.Column+utf8.RuneCountInString(key.Value) != colon.Position.Column || colon.Position.Column+1 != value.Position.Column {
		return "", false
	}
	return key.Value + ":" + value.Value, true
}

// checkText says whether a text can be a value at all.
func checkText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return mistakef("the value is empty; give one, or leave out the key")
	case text != strings.TrimSpace(text):
		return mistakef("the value begins or ends with a space; take it away")
	case len(text) > 500:
		return mistakef("the value is longer than 500 bytes; shorten it")
	case strings.ContainsFunc(text, unicode.IsControl):
		return mistakef("the value holds a line break or another control character; write it on one line")
	case !utf8.ValidString(text):
		return mistakef("the value is not UTF-8; write it in that encoding")
	}
	return nil
}

func (d *decoder) setScalar(at position, v reflect.Value, text string) error {
	switch to := v.Addr().Interface().(type) {
	case *sip.Number:
		d.later = append(d.later, lateText{text, at, to, func(n *numbers, s string) (err error) {
			*to, err = n.number(s)
			return err
		}})
		return nil
	case *Pattern:
		d.later = append(d.later, lateText{text, at, to, func(n *numbers, s string) (err error) {
			*to, err = n.pattern(s)
			return err
		}})
		return nil
	case *sip.Host:
		return readHost(to, text)
	case *time.Duration:
		return readDuration(to, text)
	case encoding.TextUnmarshaler:
		return to.UnmarshalText([]byte(text))
	case *string:
		*to = text
		return nil
	case *bool:
		return readBool(to, text)
	}
	if v.CanUint() {
		u, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return mistakef("%q is no whole number that fits; write one from 0 to %d", text, uint64(1)<<v.Type().Bits()-1)
		}
		v.SetUint(u)
		return nil
	}
	i, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return mistakef("%q is no whole number; write it in digits", text)
	}
	v.SetInt(i)
	return nil
}

// resolve reads the numbers, now that the file's country is known.
func (d *decoder) resolve(f *File) {
	plan := numbersOf(f.country())
	for _, l := range d.later {
		if err := l.set(plan, l.text); err != nil {
			d.add(l.at.line, l.at.column, err.Error())
			d.broken[l.to] = true
		}
	}
}

func readBool(to *bool, text string) error {
	switch strings.ToLower(text) {
	case "true", "on", "yes":
		*to = true
	case "false", "off", "no":
		*to = false
	default:
		return mistakef("%q is neither true nor false; write one of them", text)
	}
	return nil
}

func readDuration(to *time.Duration, text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err == nil && d >= 0:
		*to = d
		return nil
	case err == nil:
		return mistakef("%q is negative; write a duration of 0s or more", text)
	case strings.Trim(text, "0123456789") == "":
		return mistakef("%q has no unit; write %ss, %sm or %sh", text, text, text, text)
	}
	return mistakef("%q is no duration; write it with units, as 90s, 60m or 1h30m", text)
}

// durationText is d as readDuration reads it, without the zero units of Duration.String.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func readHost(to *sip.Host, text string) error {
	h, err := sip.ParseHost(text)
	switch {
	case err != nil && strings.Contains(text, "/"):
		return mistakef("%q is no network; write it as 10.20.0.0/24", text)
	case err != nil:
		return mistakef("%q is no address; write an IP address, a network as 10.20.0.0/24, or an address with port as 10.20.0.1:5060 or [fd20::1]:5060", text)
	case h.Net.Addr().Zone() != "" || strings.Contains(text, "%"):
		return mistakef("%q has a zone; leave out what stands behind the %%", text)
	case h.Net.Addr().IsUnspecified():
		return mistakef("%q is no address of one host; write the addresses that are used", text)
	case h.Net.Addr().Is4In6():
		return mistakef("%q is IPv4 written as IPv6; write it as IPv4", text)
	}
	if p, err := netip.ParsePrefix(text); err == nil && p != p.Masked() {
		return mistakef("%q has address bits behind the network; did you mean %q or %q?", text, p.Masked(), p.Addr())
	}
	*to = h
	return nil
}
