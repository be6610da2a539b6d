// Package web speaks HTTP: the versioned API under /v1 for programs that work with cases, and the
// admin address for the operator and his monitoring.
//
// The API shows cases with their history and proofs, callback lists with counters, live calls and
// hints and blind intervals, and streams events as they happen (text/event-stream, resumable). It is
// described by an OpenAPI 3.1 document that it serves itself, answers errors with problem documents
// (RFC 9457) and opens to bearer tokens only (RFC 6750): telephone numbers are personal data. Logs
// never hold a number or a token.
//
// The admin handler has health, readiness, metrics, profiles, reload and the directory. On a Unix
// socket the file's permissions say who may do all of it; over TCP what changes something or shows
// people needs a token as well.
//
// The package knows no store, feed or daemon: what it shows comes from package cases and from
// functions in [Options]. It decides nothing about calls or cases.
package web
