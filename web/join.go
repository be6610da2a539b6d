package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's files
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"ringback/directory/people"
)

var (
	//go:embed join.html
	joinHTML string
	//go:embed join.css
	joinCSS string

	joinTemplate = template.Must(template.New("join").Parse(joinHTML))
)

// InvitationPath is where the link of an invitation leads; its code follows.
const InvitationPath = "/join/"

// maxJoin is how many bytes a filled form may have.
const maxJoin = 8 << 10

// joinView is the page on which a person who is invited gives himself a password.
type joinView struct {
	Style    template.CSS
	Title    string
	Message  string // what is the matter, or what was done
	Form     bool
	ID, Name string // of the person
}

// serveJoin serves the page of invitations. It works without scripts, and whoever has the link is asked
// for nothing else.
func (s *Server) serveJoin(mux *http.ServeMux) {
	if s.o.People == nil {
		return
	}
	mux.HandleFunc("GET "+InvitationPath+"{code}", func(w http.ResponseWriter, r *http.Request) {
		s.join(w, r, func(v joinView) (joinView, int) { return v, http.StatusOK })
	})
	mux.HandleFunc("POST "+InvitationPath+"{code}", func(w http.ResponseWriter, r *http.Request) {
		s.join(w, r, func(v joinView) (joinView, int) { return s.joined(w, r, v) })
	})
}

// join shows what the answer makes of the form, to whoever has an invitation.
func (s *Server) join(w http.ResponseWriter, r *http.Request, answer func(joinView) (joinView, int)) {
	now, from := time.Now(), originOf(r.Context())
	if wait, ok := s.logins.take(network(from.address), now); !ok {
		tooMany(w, wait)
		return
	}
	id, err := s.o.People.Invited(r.PathValue("code"), now)
	if err != nil {
		view, status := joinTrouble(joinView{}, s.problemOf(err))
		showJoin(w, view, status)
		return
	}
	v := joinView{Title: "Choose a password", Form: true, ID: id, Name: id}
	if a, ok := s.o.Lists().Agent(id); ok {
		v.Name = a.Name
	}
	view, status := answer(v)
	showJoin(w, view, status)
}

// joined takes the filled form.
func (s *Server) joined(w http.ResponseWriter, r *http.Request, v joinView) (joinView, int) {
	r.Body = http.MaxBytesReader(w, r.Body, maxJoin)
	if err := r.ParseForm(); err != nil {
		v.Message = "The form did not arrive whole: try again."
		return v, http.StatusBadRequest
	}
	password := r.PostForm.Get("password")
	if password != r.PostForm.Get("again") {
		v.Message = "The two are not the same: try again."
		return v, http.StatusUnprocessableEntity
	}
	from := originOf(r.Context())
	if _, err := s.o.People.Accept(r.Context(), r.PathValue("code"), password, from.addr(), time.Now()); err != nil {
		if text, ok := strings.CutPrefix(err.Error(), people.ErrPassword.Error()); ok && errors.Is(err, people.ErrPassword) {
			v.Message = "This password will not do" + text + "."
			return v, http.StatusUnprocessableEntity
		}
		return joinTrouble(v, s.problemOf(err))
	}
	return joinView{Title: "Your password is set", Message: "You can log in as " + v.ID + " now. This link cannot be used again."}, http.StatusOK
}

// joinTrouble is the page that says what is the matter. Where the invitation can still be used, the form stays.
func joinTrouble(v joinView, p *Problem) (joinView, int) {
	v.Message = p.Detail
	if p.Status == http.StatusGone {
		v = joinView{Title: "This link does not work any more", Message: p.Detail}
	}
	if v.Title == "" {
		v.Title = p.Title
	}
	return v, p.Status
}

func showJoin(w http.ResponseWriter, v joinView, status int) {
	v.Style = template.CSS(joinCSS) //nolint:gosec // our own file
	var b bytes.Buffer
	if err := joinTemplate.Execute(&b, v); err != nil {
		writeProblem(w, http.StatusInternalServerError, "The page could not be made.")
		return
	}
	style := sha256.Sum256([]byte(joinCSS))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(style[:])+"'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // The client may be gone; there is nobody left to tell.
}
