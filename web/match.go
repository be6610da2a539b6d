package web

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// MatchHead is what a request that edits something has before its body. Huma reads embedded structs
// only when they are exported.
type MatchHead struct {
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"The ETag of what you saw, or several; absent or *: whatever it is."`
}

// mustMatch refuses an edit of something that has changed since it was seen: RFC 9110 §13.1.1.
func (h *MatchHead) mustMatch(etag string) error {
	m, err := parseMatch(h.IfMatch)
	if err != nil {
		return err
	}
	if version, whatever := m.pick(strings.Trim(etag, `"`)); !whatever && entityTag(version) != etag {
		return ErrStale
	}
	return nil
}

// match is an If-Match header: RFC 9110 §13.1.1.
type match struct {
	any  bool     // absent, or *
	tags []string // the strong ones; weak tags never match there
}

// parseMatch reads an If-Match header, "" when there is none.
func parseMatch(header string) (m match, err error) {
	rest := strings.Trim(header, " \t")
	if rest == "" || rest == "*" {
		return match{any: true}, nil
	}
	for first := true; rest != ""; first = false {
		if !first {
			comma := false
			if rest, comma = strings.CutPrefix(rest, ","); !comma {
				return match{}, notMatch()
			}
		}
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == ',' {
			continue // lists may have empty elements: RFC 9110 §5.6.1.2
		}
		tag, weak := strings.CutPrefix(rest, "W/")
		tag, opened := strings.CutPrefix(tag, `"`)
		tag, after, closed := strings.Cut(tag, `"`)
		if !opened || !closed {
			return match{}, notMatch()
		}
		if !weak {
			m.tags = append(m.tags, tag)
		}
		rest = strings.TrimLeft(after, " \t")
	}
	return m, nil
}

// notMatch is the answer to an If-Match that cannot be read.
func notMatch() error {
	return invalid("header.If-Match", "entity tags in quotes, separated by commas, or *")
}

// pick is the version to insist on when the present one is now: that one where it is named, else another one named, "" where
// none can match; whatever says that every version will do.
func (m *match) pick(now string) (version string, whatever bool) {
	switch {
	case m.any:
		return "", true
	case slices.Contains(m.tags, now):
		return now, false
	case len(m.tags) > 0:
		return m.tags[0], false
	}
	return "", false
}

// matches reports whether an If-None-Match header names this version: RFC 9110 §13.1.2. Tags compare
// weakly there.
func matches(header, version string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == entityTag(version) {
			return true
		}
	}
	return false
}

// versionOfValue is the version of something that has no number of its own: it changes with what is shown.
func versionOfValue(v any) string {
	sum := sha256.Sum256(encode(v))
	return hex.EncodeToString(sum[:8])
}
