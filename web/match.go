package web

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// MatchHead is what a request that edits something has before its body. Huma reads embedded structs
// only when they are exported.
type MatchHead struct {
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"The ETag of what you saw; absent or *: whatever it is."`
}

// mustMatch refuses an edit of something that has changed since it was seen: RFC 9110 §13.1.1.
func (h *MatchHead) mustMatch(etag string) error {
	if h.IfMatch == "" {
		return nil
	}
	version, problem := precondition([]string{h.IfMatch})
	switch {
	case problem != "":
		return invalid("header.If-Match", problem)
	case version != "" && entityTag(version) != etag:
		return ErrStale
	}
	return nil
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
