package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"ringback/directory/people"
)

const realm = `Bearer realm="ringback"`

// authenticated lets a request through to next if it brings a token of ours (RFC 6750 §2.1) or the
// cookie of a session, or goes to a route that is for anybody. Tokens in a query (RFC 6750 §2.3) are not
// taken: they end up in the logs of whatever stands between.
func (s *Server) authenticated(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Neither an answer nor a refusal may be kept by a cache for somebody else.
		w.Header().Set("Cache-Control", "no-store")
		now, from := time.Now(), originOf(r.Context())
		var c *caller
		if _, route := mux.Handler(r); isForAnybody(route) {
			c = &caller{}
		} else {
			var no *refusal
			if c, no = s.identify(r, now); no != nil {
				s.refuseStranger(w, from, no, now)
				return
			}
			if wait, ok := s.callers.take(c.String(), now); !ok {
				tooMany(w, wait)
				return
			}
		}
		c.address = from.address
		noteClient(r.Context(), c.ID)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// refuseStranger answers a request of somebody who is not known.
func (s *Server) refuseStranger(w http.ResponseWriter, from origin, no *refusal, now time.Time) {
	if wait, ok := s.strangers.take(network(from.address), now); !ok {
		tooMany(w, wait)
		return
	}
	w.Header().Set("WWW-Authenticate", no.challenge)
	writeProblem(w, no.status, no.detail)
}

// refusal is why it is not known who makes a request.
type refusal struct {
	status            int
	challenge, detail string
}

var (
	// No error code when the request brought no credentials at all: RFC 6750 §3.1.
	refusedNobody = &refusal{http.StatusUnauthorized, realm, "Log in, or bring a bearer token: Authorization: Bearer …"}
	refusedToken  = &refusal{
		http.StatusUnauthorized, realm + `, error="invalid_token", error_description="The token is not known"`, "The token is not known.",
	}
	refusedSession = &refusal{http.StatusUnauthorized, realm, "The session has ended: log in again."}
)

// identify says who makes a request, or why that is not known. A token goes before a cookie.
func (s *Server) identify(r *http.Request, now time.Time) (*caller, *refusal) {
	presented, problem := bearer(r.Header["Authorization"])
	switch {
	case problem != "":
		return nil, &refusal{http.StatusBadRequest, realm + `, error="invalid_request", error_description="` + problem + `"`, problem} // RFC 6750 §3.1
	case presented != "":
		return s.identifyToken(presented, now)
	}
	session, err := r.Cookie(cookieName)
	if err != nil || s.o.People == nil {
		return nil, refusedNobody
	}
	p, err := s.o.People.Session(session.Value, now)
	switch {
	case errors.Is(err, people.ErrNoSession):
		return nil, refusedSession
	case err != nil:
		return nil, s.unidentified(err)
	}
	return &caller{Principal: p}, nil
}

// identifyToken says whose token it is: one of the tokens file, or one that was made over the API.
func (s *Server) identifyToken(presented string, now time.Time) (*caller, *refusal) {
	if c, ok := s.o.Tokens.caller(presented); ok {
		return c, nil
	}
	if s.o.People == nil {
		return nil, refusedToken
	}
	p, err := s.o.People.Token(presented, now)
	switch {
	case errors.Is(err, people.ErrUnknown):
		return nil, refusedToken
	case err != nil:
		return nil, s.unidentified(err)
	}
	return &caller{Principal: p}, nil
}

func (s *Server) unidentified(err error) *refusal {
	s.o.Logger.Error("who makes a request could not be found out", "err", err)
	return &refusal{http.StatusServiceUnavailable, realm, "It could not be found out who you are: try again."}
}

// still says whether a caller is still who he was when his request came: streams ask now and then.
func (s *Server) still(c *caller) bool {
	if c.digest != [sha256.Size]byte{} {
		return s.o.Tokens.known(c.digest) == c.ID
	}
	return s.o.People != nil && s.o.People.Valid(&c.Principal, time.Now())
}

// bearer returns the token of the Authorization headers, or what is wrong with them. Both are empty
// when there is none or it is of another scheme. The problem never holds what was sent.
func bearer(headers []string) (presented, problem string) {
	switch len(headers) {
	case 0:
		return "", ""
	case 1:
	default:
		return "", "More than one Authorization header"
	}
	scheme, credentials, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") { // RFC 9110 §11.1: schemes compare without case
		return "", ""
	}
	credentials = strings.TrimLeft(credentials, " ")
	if len(credentials) > maxTokenLength || !isB64Token(credentials) {
		return "", "The Authorization header does not hold a bearer token"
	}
	return credentials, ""
}
