package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// visit is what the access log will say of one request. Handlers further in fill it; the log is written
// when they are done.
type visit struct {
	client string
	route  string
	status int
	stream bool // lasts as long as the client stays
}

type visitKey struct{}

func noteClient(ctx context.Context, name string) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.client = name
	}
}

func noteRoute(ctx context.Context, pattern string) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.route = pattern
	}
}

func noteStream(ctx context.Context) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.stream = true
	}
}

// noteStatus tells the status of an answer that was not written through the server.
func noteStatus(ctx context.Context, status int) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.status = status
	}
}

// logged writes one line per request and answers for a handler that panics. The line holds the route's
// pattern and never the address asked for: a query may hold a telephone number.
func (s *Server) logged(side string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		v := &visit{}
		answer := &statusWriter{ResponseWriter: w, visit: v}
		defer func() {
			crash := recover()
			begun := v.status != 0
			if err, ok := crash.(error); crash != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
				s.o.Logger.Error("request handler crashed", "route", v.route, "err", fmt.Errorf("%v\n%s", crash, debug.Stack()))
				if !begun {
					writeProblem(answer, http.StatusInternalServerError, "Something went wrong here; the log has more.")
				}
			}
			s.record(side, r, v, time.Since(started))
			if crash != nil && begun {
				panic(http.ErrAbortHandler) // the answer is not whole: cut the connection
			}
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

func (s *Server) record(side string, r *http.Request, v *visit, elapsed time.Duration) {
	if v.status == 0 {
		v.status = http.StatusOK // a handler that writes nothing answers 200
	}
	if s.o.Observe != nil && !v.stream {
		route := v.route
		if route == "" {
			route = "none" // a stranger's addresses are no labels
		}
		s.o.Observe(route, v.status, elapsed)
	}
	level := slog.LevelInfo
	switch {
	case side == adminSide && v.route == readyRoute:
		level = slog.LevelDebug // what is not ready says so by itself, once
	case v.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case v.status < http.StatusBadRequest && (side == adminSide || r.Method == http.MethodGet):
		level = slog.LevelDebug // probes, scrapes and polls come every few seconds
	}
	s.o.Logger.LogAttrs(r.Context(), level, "request answered",
		slog.String("method", method(r.Method)), slog.String("route", v.route), slog.Int("status_code", v.status),
		slog.String("client", v.client), slog.String("peer", host(r.RemoteAddr)), slog.Duration("elapsed", elapsed))
}

// method is the request's method if it is one of HTTP's own, for the log: a client can send any word.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// host is the address without its port; a Unix socket's peer has none.
func host(addr string) string {
	if h, _, err := net.SplitHostPort(addr); err == nil {
		return h
	}
	return addr
}

// statusWriter remembers the status written through it.
type statusWriter struct {
	http.ResponseWriter
	visit *visit
}

// Unwrap lets http.ResponseController find what the connection itself can do.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.visit.status == 0 && status >= http.StatusOK { // 1xx answers are followed by the real one
		w.visit.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.visit.status == 0 {
		w.visit.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// secured sets the headers that keep browsers from doing more with an answer than showing it.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests by which a page of another origin would change something.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusForbidden, "Pages of other origins may not change anything here.")
	}))
	return p.Handler(next)
}
