package audit

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is one thing that somebody did, or tried to.
type Entry struct {
	Seq    uint64    // its place in the trail, from 1; given by Write
	At     time.Time // when, by the clock of the command that did it
	By     Who
	Action string // what, as "case.close": a word for the kind of thing, a dot, a verb
	Object string // on what, as "case 1NGE7R4-8XK2QJ" or "list callbacks"; see On
	Result Result
	Reason string // why it was refused or failed, as "wrong_password"
	Detail string // what it changed, as "due_after 1h → 30m"; no personal data of customers, no secrets
	Peer   string // the address it came from, where that is known
}

// Who is somebody who does things.
type Who struct {
	Kind Kind
	ID   string // of the person in the directory, or the name of the token; empty for the others
}

// Kind is what kind of somebody did it.
type Kind string

// The kinds.
const (
	Person  Kind = "person"  // logged in
	Token   Kind = "token"   // of the API
	Socket  Kind = "socket"  // an operator, by the admin socket or with the daemon stopped
	System  Kind = "system"  // Ringback itself
	Unknown Kind = "unknown" // somebody who did not log in
)

// String is the kind and the id, as "person anna".
func (w Who) String() string { return On(string(w.Kind), w.ID) }

// ParseWho reads what Who.String writes.
func ParseWho(s string) Who {
	kind, id, _ := strings.Cut(s, " ")
	return Who{Kind(kind), id}
}

// On names an object by its kind and its id, as "case 1NGE7R4-8XK2QJ".
func On(kind, id string) string {
	if id == "" {
		return kind
	}
	return kind + " " + id
}

// Result is what came of it. The zero value is Done.
type Result string

// The results.
const (
	Done    Result = ""
	Refused Result = "refused" // he may not, or the rules say no
	Failed  Result = "failed"  // it could not be carried through
)

// What an entry holds at most, in bytes. Ids and addresses come from outside; a trail must not grow by
// what a stranger sends.
const (
	maxWord   = 128
	maxDetail = 2000
)

// clipped is the entry with nothing too long in it.
func (e Entry) clipped() Entry {
	e.By.ID, e.By.Kind = clip(e.By.ID, maxWord), Kind(clip(string(e.By.Kind), maxWord))
	e.Action, e.Object, e.Reason, e.Peer = clip(e.Action, maxWord), clip(e.Object, maxWord), clip(e.Reason, maxWord), clip(e.Peer, maxWord)
	e.Detail = clip(e.Detail, maxDetail)
	return e
}

// clip cuts a text that is too long between two characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
