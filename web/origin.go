package web

import (
	"net/http"
	"slices"
	"strings"
)

// What pages of listed origins may send and read beyond what browsers always allow.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID"
	corsExposed = "ETag, Location, Retry-After, Content-Disposition"
	corsMaxAge  = "600" // seconds
)

// crossOrigin lets pages of the listed origins use the API with a token, and those of no other: a page
// of another origin can read no answer and change nothing. Cookies are for our own pages only, whatever
// is listed: no answer says that credentials are allowed, and a request that brings the cookie from
// another origin is refused where it would change something.
func (s *Server) crossOrigin(next http.Handler) http.Handler {
	deny := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusForbidden, "Pages of other origins may not change anything here.")
	})
	ours, listed := http.NewCrossOriginProtection(), http.NewCrossOriginProtection()
	ours.SetDenyHandler(deny)
	listed.SetDenyHandler(deny)
	for _, origin := range s.o.Origins {
		if err := listed.AddTrustedOrigin(origin); err != nil {
			s.o.Logger.Error("an origin is no origin and is not allowed", "err", err)
		}
	}
	withCookie, withToken := ours.Handler(next), listed.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		allowed := origin != "" && slices.Contains(s.o.Origins, origin)
		if len(s.o.Origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		if allowed {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", corsExposed)
		}
		if r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			preflight(w, allowed)
			return
		}
		if r.Header.Get("Cookie") == "" {
			withToken.ServeHTTP(w, r)
			return
		}
		withCookie.ServeHTTP(w, r)
	})
}

// preflight answers a browser that asks whether a page may send what it wants to: the Fetch standard's
// CORS protocol.
func preflight(w http.ResponseWriter, allowed bool) {
	if !allowed {
		writeProblem(w, http.StatusForbidden, "Pages of this origin may not use the API.")
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", corsMethods)
	w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
	w.Header().Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
}

// forwarded are the addresses in X-Forwarded-For headers, the nearest last.
func forwarded(values []string) []string {
	var hops []string
	for _, value := range values {
		for hop := range strings.SplitSeq(value, ",") {
			hops = append(hops, strings.TrimSpace(hop))
		}
	}
	return hops
}
