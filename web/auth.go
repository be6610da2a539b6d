package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"
)

const realm = `Bearer realm="ringback"`

// client is who a request comes from, by its token.
type client struct {
	name   string
	digest [sha256.Size]byte
}

type clientKey struct{}

// clientOf returns who made the request that ctx belongs to; the zero client on the admin address.
func clientOf(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}

// authenticated lets a request through to next if it brings a token of ours (RFC 6750 §2.1). Tokens in
// a query (RFC 6750 §2.3) are not taken: they end up in the logs of whatever stands between.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Neither an answer nor a refusal may be kept by a cache for somebody else.
		w.Header().Set("Cache-Control", "no-store")
		now, address := time.Now(), network(s.addressOf(r))
		if wait, empty := s.strangers.empty(address, now); empty && r.Header.Get("Authorization") == "" {
			tooMany(w, wait)
			return
		}
		presented, problem := bearer(r.Header["Authorization"])
		if problem != "" {
			w.Header().Set("WWW-Authenticate", realm+`, error="invalid_request", error_description="`+problem+`"`) // RFC 6750 §3.1
			writeProblem(w, http.StatusBadRequest, problem)
			return
		}
		if presented == "" {
			// No error code when the request brought no credentials at all: RFC 6750 §3.1.
			w.Header().Set("WWW-Authenticate", realm)
			writeProblem(w, http.StatusUnauthorized, "Bring a bearer token: Authorization: Bearer …")
			return
		}
		name, digest, ok := s.o.Tokens.client(presented)
		if !ok {
			if wait, ok := s.strangers.take(address, now); !ok {
				tooMany(w, wait)
				return
			}
			w.Header().Set("WWW-Authenticate", realm+`, error="invalid_token", error_description="The token is not known"`)
			writeProblem(w, http.StatusUnauthorized, "The token is not known.")
			return
		}
		if wait, ok := s.callers.take(name, now); !ok {
			tooMany(w, wait)
			return
		}
		noteClient(r.Context(), name)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, client{name, digest})))
	})
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
