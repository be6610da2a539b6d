package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/journey"
	"ringback/cases/schedule"
	"ringback/cases/search"
	"ringback/cases/voicemail"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/directory/contacts"
	"ringback/directory/people"
	"ringback/web/webhook"
)

// Errors that functions in Options may return, wrapped, to say how to answer.
var (
	ErrStale   = errors.New("web: it was changed since it was read") // 412
	ErrInvalid = errors.New("web: not accepted")                     // 422
)

// Problem is a problem document (RFC 9457) of the type about:blank, whose title is the status's own
// phrase (RFC 9457 §4.2.1), with members of our own (§3.2) where they help.
type Problem struct {
	Title   string              `json:"title" doc:"The status in words."`
	Status  int                 `json:"status" doc:"The HTTP status."`
	Detail  string              `json:"detail,omitempty" doc:"A sentence for people on what is the matter."`
	Code    string              `json:"code,omitempty" doc:"A word for programs on what is the matter, where the status does not say it all."`
	Case    string              `json:"case,omitempty" doc:"The case that stands in the way."`
	By      string              `json:"by,omitempty" doc:"Who has the case."`
	Contact string              `json:"contact,omitempty" doc:"The contact that has the number."`
	MayCall *MayCall            `json:"may_call,omitempty" doc:"What the rules say of a call that is blocked."`
	Errors  []*huma.ErrorDetail `json:"errors,omitempty" nullable:"false" doc:"What is wrong with the request, and where."`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func newProblem(status int, detail string, errs ...error) *Problem {
	p := &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
	for _, err := range errs {
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			p.Errors = append(p.Errors, detailer.ErrorDetail())
		}
	}
	return p
}

// Huma makes its own errors through this variable, and describes them by what it gives.
func init() {
	huma.ValidateStrictCasing = true // what is checked is what is read: "Reason" is not "reason"
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		if status == http.StatusInternalServerError && len(errs) > 0 { // Huma answers so to a body that it cannot read to its end.
			status = bodyStatus(errs[0])
		}
		return newProblem(status, detail, errs...)
	}
}

// bodyStatus says whose fault it is that a body could not be read: almost always that of who sent it.
func bodyStatus(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// answer is how an error is answered: with a status, a word for programs and a sentence for people.
type answer struct {
	err    error
	status int
	code   string
	detail string
}

var answers = []answer{
	{cases.ErrNotFound, http.StatusNotFound, "", "There is no such case."},
	{cases.ErrStale, http.StatusPreconditionFailed, "", "The case has changed since you read it: read it again."},
	{cases.ErrNotOpen, http.StatusConflict, "not_open", "The case is not open."},
	{cases.ErrNotClosed, http.StatusConflict, "not_closed", "The case is not closed."},
	{cases.ErrNoUndo, http.StatusConflict, "no_undo", "There is nothing to undo, or something else has happened since."},
	{cases.ErrTooLate, http.StatusConflict, "too_late", "It is too late to undo."},
	{cases.ErrOtherOpen, http.StatusConflict, "other_open", "Another case of this customer is open on the list."},
	{cases.ErrTaken, http.StatusConflict, "taken", "Somebody else has the case."},
	{cases.ErrNotYours, http.StatusConflict, "not_yours", "The case is not assigned to you."},
	{cases.ErrNoAttempt, http.StatusConflict, "no_attempt", "Call the customer first: a status says what came of an attempt."},
	{cases.ErrNoNumber, http.StatusConflict, "no_number", "There is no number to call."},
	{cases.ErrCallingNow, http.StatusConflict, "calling_now", "The customer is calling right now."},
	{cases.ErrTriedEnough, http.StatusConflict, "tried_enough", "The number was tried often enough today."},
	{cases.ErrNotGrouped, http.StatusConflict, "not_grouped", "The cases are not of one group."},
	{cases.ErrNone, http.StatusNotFound, "none", "There is no case to give out."},
	{cases.ErrReason, http.StatusUnprocessableEntity, "reason", "People do not close a case for this reason."},
	{cases.ErrStatus, http.StatusUnprocessableEntity, "status", "The list has no such handling status."},
	{cases.ErrTime, http.StatusUnprocessableEntity, "time", "A time in the future is needed, and only by statuses that ask for one."},
	{cases.ErrResolution, http.StatusUnprocessableEntity, "resolution", "A resolution of the list is needed."},
	{cases.ErrNote, http.StatusUnprocessableEntity, "note", "A note is needed."},
	{cases.ErrNotMember, http.StatusUnprocessableEntity, "not_member", "He is not a member of the list."},
	{cases.ErrNoList, http.StatusUnprocessableEntity, "no_list", "There is no such list."},
	{cases.ErrQuery, http.StatusUnprocessableEntity, "cursor", "The cursor is not of this list and filter."},
	{people.ErrCredentials, http.StatusUnauthorized, "credentials", "Name or password is wrong."},
	{people.ErrBusy, http.StatusServiceUnavailable, "busy", "Too many log in just now: try again in a moment."},
	{people.ErrInvitation, http.StatusGone, "invitation", "The invitation was used or has run out: ask for another."},
	{people.ErrNoSession, http.StatusNotFound, "", "There is no such session."},
	{people.ErrUnknown, http.StatusNotFound, "", "There is nobody and nothing of this name."},
	{people.ErrTaken, http.StatusConflict, "name_taken", "Another token has this name."},
	{contacts.ErrNotFound, http.StatusNotFound, "", "There is no such contact."},
	{contacts.ErrStale, http.StatusPreconditionFailed, "", "The contact has changed since you read it: read it again."},
	{contacts.ErrTaken, http.StatusConflict, "number_taken", "Another contact has the number, or the external id."},
	{contacts.ErrCursor, http.StatusUnprocessableEntity, "cursor", "The cursor is not of these contacts."},
	{calling.ErrNotFound, http.StatusNotFound, "", "The number is not on the list."},
	{calling.ErrCursor, http.StatusUnprocessableEntity, "cursor", "The cursor is not of this list."},
	{journey.ErrNotFound, http.StatusNotFound, "", "Nothing is kept of such a call."},
	{callback.ErrOff, http.StatusConflict, "off", "Calls are not made from here just now."},
	{callback.ErrDevice, http.StatusConflict, "no_device", "There is no such device to ring: the directory has none for the agent."},
	{callback.ErrUnderWay, http.StatusConflict, "under_way", "The customer is being called already."},
	{callback.ErrGone, http.StatusConflict, "offer_gone", "It is not offered to you any more."},
	{callback.ErrNumber, http.StatusConflict, "no_number", "There is no number to call."},
	{callback.ErrNone, http.StatusNotFound, "no_call", "The case has no callback call."},
	{voicemail.ErrNotFound, http.StatusNotFound, "", "There is no such message."},
	{voicemail.ErrNoKey, http.StatusServiceUnavailable, "no_key", "The key that the message is encrypted with is not in the key file."},
	{voicemail.ErrDamaged, http.StatusInternalServerError, "damaged", "The file of the message is gone or damaged; the log has more."},
	{schedule.ErrNotFound, http.StatusNotFound, "", "There is no such scheduled call."},
	{schedule.ErrNotWaiting, http.StatusConflict, "not_waiting", "The call was due, or cancelled, already."},
	{schedule.ErrPast, http.StatusUnprocessableEntity, "past", "This time is over."},
	{search.ErrQuery, http.StatusUnprocessableEntity, "query", "There is nothing to look for, or the cursor is not of this search."},
	{search.ErrClosed, http.StatusServiceUnavailable, "", "The daemon stops."},
	{webhook.ErrUnknown, http.StatusNotFound, "", "There is no such endpoint."},
	{audit.ErrCursor, http.StatusUnprocessableEntity, "cursor", "The cursor is not one of the trail."},
	{directory.ErrStale, http.StatusConflict, "directory_changed", "The directory was changed meanwhile: try again."},
	{ErrStale, http.StatusPreconditionFailed, "", "It was changed since you read it: read it again."},
}

// places are the parts of a request that errors of the rules are about.
var places = []struct {
	err      error
	location string
}{
	{cases.ErrReason, "body.reason"},
	{cases.ErrStatus, "body.status"},
	{cases.ErrTime, "body.until"},
	{cases.ErrResolution, "body.resolution"},
	{cases.ErrNote, "body.note"},
	{cases.ErrNoList, "body.list"},
	{cases.ErrQuery, "query.cursor"},
	{contacts.ErrCursor, "query.cursor"},
	{calling.ErrCursor, "query.cursor"},
	{audit.ErrCursor, "query.cursor"},
	{search.ErrQuery, "query"},
	{people.ErrPassword, "body.password"},
	{people.ErrName, "body.name"},
	{people.ErrScope, "body.scopes"},
	{people.ErrExpiry, "body.expires"},
}

// tellAll are errors whose own text says to the client what is wrong.
var tellAll = []error{ErrInvalid, cases.ErrInput, contacts.ErrInput, calling.ErrInput, schedule.ErrInput, people.ErrPassword, people.ErrName, people.ErrScope, people.ErrExpiry, people.ErrQuiet}

// Refusal is what an error of the rules means: a word for programs and a sentence for people.
func Refusal(err error) (code, sentence string) {
	if blocked, ok := errors.AsType[*callback.Blocked](err); ok {
		against := &blocked.Answer.Findings[0]
		return string(against.Rule), against.Reason
	}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return cmp.Or(a.code, unknownCode), a.detail
		}
	}
	return unknownCode, "Something went wrong: the log says what."
}

// unknownCode is the word for what has none of its own.
const unknownCode = "unknown"

// problemOf is how an error is answered.
func (s *Server) problemOf(err error) *Problem {
	for _, a := range answers {
		if errors.Is(err, a.err) {
			p := newProblem(a.status, a.detail)
			p.Code = a.code
			p.blame(err)
			if refusal, ok := errors.AsType[*cases.Refusal](err); ok {
				p.Case, p.By = refusal.Other, refusal.By
			}
			if taken, ok := errors.AsType[*contacts.TakenError](err); ok {
				p.Contact = taken.Contact
			}
			return p
		}
	}
	if wrong, ok := errors.AsType[*directory.InvalidError](err); ok {
		p := newProblem(http.StatusUnprocessableEntity, "The directory would not be right with this.")
		for _, one := range wrong.Problems {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Location: "body", Message: one.Text})
		}
		return p
	}
	for _, known := range tellAll {
		if errors.Is(err, known) {
			p := newProblem(http.StatusUnprocessableEntity, sentence(err, known))
			p.blame(err)
			return p
		}
	}
	switch {
	case s.o.Refused != nil && s.o.Refused(err):
		return newProblem(http.StatusServiceUnavailable, "Nothing can be changed just now: the store takes no writes.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "It took too long.")
	}
	return newProblem(http.StatusInternalServerError, "Something went wrong here; the log has more.")
}

// blame says which part of the request will not do, where the error says that.
func (p *Problem) blame(err error) {
	location := ""
	for _, place := range places {
		if errors.Is(err, place.err) {
			location = place.location
		}
	}
	if wrong, ok := errors.AsType[*cases.FieldError](err); ok {
		location = "body." + wrong.Field
	}
	if wrong, ok := errors.AsType[*contacts.FieldError](err); ok {
		location = "body." + wrong.Field
	}
	if location != "" {
		p.Errors = append(p.Errors, &huma.ErrorDetail{Location: location, Message: p.Detail})
	}
}

// sentence is what an error says to people: without the package that found it, and without what says no
// more than that something is wrong.
func sentence(err, known error) string {
	text := err.Error()
	if rest, found := strings.CutPrefix(text, known.Error()+": "); found && (errors.Is(known, ErrInvalid) || errors.Is(known, cases.ErrInput)) {
		text = rest
	} else if _, rest, found := strings.Cut(known.Error(), ": "); found {
		text = strings.Replace(text, known.Error(), rest, 1)
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

// refusedBy is the error that a handler answers with: err itself where it says its status.
func (s *Server) refusedBy(err error) error {
	if _, ok := errors.AsType[huma.StatusError](err); ok {
		return err
	}
	if locked, ok := errors.AsType[*people.LockedError](err); ok {
		return tryLater(time.Until(locked.Until), "Too many tries failed: wait as long as Retry-After says.")
	}
	p := s.problemOf(err)
	switch p.Status {
	case http.StatusUnauthorized:
		return huma.ErrorWithHeaders(p, http.Header{"WWW-Authenticate": {realm}}) // RFC 9110 §15.5.2
	case http.StatusServiceUnavailable:
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	return p
}

// tryLater is the answer to somebody who has to wait: RFC 6585 §4.
func tryLater(wait time.Duration, detail string) error {
	return huma.ErrorWithHeaders(newProblem(http.StatusTooManyRequests, detail), http.Header{"Retry-After": {seconds(wait)}})
}

// seconds is a time as Retry-After has it.
func seconds(wait time.Duration) string { return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))) }

// writeProblem answers with a problem document where Huma does not.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(newProblem(status, detail))
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
