// Package web speaks HTTP: the versioned API under /v1 for programs and for the agents' app, and the
// admin address for the operator and his monitoring.
//
// The API serves case work: views of lists, what people do with cases, search, contacts, files in and
// tables out, statistics, people, tokens and the audit trail; it shows live calls, hints and blind
// intervals, and streams events as they happen (text/event-stream, resumable), to each reader what he may
// see. It is described by an OpenAPI 3.1 document that it serves itself and answers errors with problem
// documents (RFC 9457). It opens to sessions of people who logged in, by cookie, and to bearer tokens
// (RFC 6750): telephone numbers are personal data. Logs never hold a number or a token.
//
// One table, permissions, says for every route which scope and which right on a list it needs;
// docs/permissions.md is made from it. What somebody may not know of is answered as if it were not there.
//
// The admin handler has health, readiness, metrics, profiles, reload and the directory. On a Unix
// socket the file's permissions say who may do all of it, the API included; over TCP only health, readiness,
// metrics and profiles are served.
//
// The package knows no store, feed or daemon: what it shows comes from packages cases and directory and
// from functions in [Options]. It decides nothing about calls or cases. Package web/client is the API
// for Go programs, package web/webhook what goes out to others.
package web
