package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
)

// Errors that functions in Admin may return, wrapped, to say how to answer.
var (
	ErrStale   = errors.New("web: it was changed since it was read") // 412
	ErrInvalid = errors.New("web: not accepted")                     // 422
)

// answers are how errors are answered: with a status, and a sentence for the client.
var answers = []struct {
	err    error
	status int
	detail string
}{
	{cases.ErrNotFound, http.StatusNotFound, "There is no such case."},
	{cases.ErrStale, http.StatusPreconditionFailed, "The case has changed since you read it: read it again."},
	{cases.ErrNotOpen, http.StatusConflict, "The case is not open."},
	{cases.ErrNotClosed, http.StatusConflict, "The case is not closed."},
	{cases.ErrNoUndo, http.StatusConflict, "The case was not closed automatically: there is nothing to undo."},
	{cases.ErrTooLate, http.StatusConflict, "It is too late to undo; reopen the case instead."},
	{cases.ErrOtherOpen, http.StatusConflict, "Another case of this customer is open on the list."},
	{cases.ErrReason, http.StatusUnprocessableEntity, "People do not close a case for this reason."},
	{cases.ErrQuery, http.StatusUnprocessableEntity, "The cursor is not of this list and state."},
	{ErrStale, http.StatusPreconditionFailed, "It was changed since you read it: read it again."},
}

// statusOf is the status that an error is answered with, and a sentence for the client.
func (s *Server) statusOf(err error) (status int, detail string) {
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return a.status, a.detail
		}
	}
	switch {
	case errors.Is(err, ErrInvalid):
		return http.StatusUnprocessableEntity, err.Error()
	case s.o.Refused != nil && s.o.Refused(err):
		return http.StatusServiceUnavailable, "Nothing can be changed just now: the store takes no writes."
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "It took too long."
	}
	return http.StatusInternalServerError, "Something went wrong here; the log has more."
}

// writeProblem answers with a problem document (RFC 9457) of the type about:blank, whose title is the
// status's own phrase (RFC 9457 §4.2.1).
func writeProblem(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(&huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail})
	if err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // The client may be gone; there is nobody left to tell.
}

// problems answers in next's stead where next, a ServeMux, finds no handler: its plain-text 404 and 405
// become problem documents, keeping the Allow header.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			noteRoute(r.Context(), pattern)
			mux.ServeHTTP(w, r)
			return
		}
		answer := &statusOnly{header: w.Header()}
		handler.ServeHTTP(answer, r)
		switch answer.status {
		case http.StatusMethodNotAllowed:
			writeProblem(w, answer.status, "This address does not take "+r.Method+".")
		case http.StatusNotFound:
			writeProblem(w, answer.status, "There is nothing at this address.")
		default: // a redirect to the address as it should be written
			w.WriteHeader(max(answer.status, http.StatusMovedPermanently))
		}
	})
}

// statusOnly takes the status and headers of an answer and drops its body.
type statusOnly struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (a *statusOnly) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *statusOnly) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *statusOnly) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return len(b), nil
}
