package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"ringback/web"
)

// What is the matter with a request, for errors.Is. An error of the server is an *Error, which says more.
var (
	ErrUnauthorized = errors.New("client: not logged in, or the token is not known") // 401
	ErrForbidden    = errors.New("client: not allowed")                              // 403
	ErrNotFound     = errors.New("client: not there")                                // 404
	ErrConflict     = errors.New("client: not in a state that allows it")            // 409
	ErrStale        = errors.New("client: changed since it was read")                // 412
	ErrInvalid      = errors.New("client: not accepted")                             // 422
	ErrTooMany      = errors.New("client: too many requests")                        // 429
	ErrUnavailable  = errors.New("client: not available just now")                   // 503
	ErrServer       = errors.New("client: the server failed")                        // other 5xx

	ErrTaken     = errors.New("client: somebody else has the case")                  // code taken; Error.By
	ErrOtherOpen = errors.New("client: the customer has another open case")          // code other_open; Error.Case
	ErrNoAttempt = errors.New("client: no attempt to call since the last status")    // code no_attempt
	ErrNone      = errors.New("client: there is no case to give out")                // code none
	ErrNoUndo    = errors.New("client: there is nothing to take back, or no longer") // codes no_undo, too_late
)

// Error is a problem that the server answered with. It is the sentinels above that fit its status and
// code.
type Error struct {
	web.Problem

	RetryAfter time.Duration // how long the server asks to wait; 0: it does not
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	for _, d := range e.Errors {
		text += fmt.Sprintf("; %s: %s", d.Location, d.Message)
	}
	return fmt.Sprintf("client: %d: %s", e.Status, text)
}

var byStatus = map[int]error{
	http.StatusUnauthorized: ErrUnauthorized, http.StatusForbidden: ErrForbidden, http.StatusNotFound: ErrNotFound, http.StatusConflict: ErrConflict,
	http.StatusPreconditionFailed: ErrStale, http.StatusUnprocessableEntity: ErrInvalid, http.StatusBadRequest: ErrInvalid,
	http.StatusTooManyRequests: ErrTooMany, http.StatusServiceUnavailable: ErrUnavailable,
}

var byCode = map[string]error{
	"taken": ErrTaken, "other_open": ErrOtherOpen, "no_attempt": ErrNoAttempt, "none": ErrNone, "no_undo": ErrNoUndo, "too_late": ErrNoUndo,
}

// Is says whether the error is one of the sentinels.
func (e *Error) Is(target error) bool {
	return target == byStatus[e.Status] && target != nil || target == byCode[e.Code] && target != nil ||
		target == ErrServer && e.Status >= http.StatusInternalServerError && e.Status != http.StatusServiceUnavailable
}

// maxProblem bounds what is read of an answer that is a problem.
const maxProblem = 1 << 20

// problemOf reads the problem that an answer is, and closes it.
func problemOf(answer *http.Response) *Error {
	defer answer.Body.Close()
	e := &Error{}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	if err != nil || json.Unmarshal(b, &e.Problem) != nil {
		e.Problem = web.Problem{Title: http.StatusText(answer.StatusCode)} // of a proxy, perhaps
	}
	e.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
