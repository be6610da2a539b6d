package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
)

// Admin is what the admin address can do; what is nil answers 404.
type Admin struct {
	// Ready tells what is needed to keep the promise and whether it works.
	Ready func() []Check
	// Metrics serves Prometheus.
	Metrics http.Handler
	// Pprof serves profiles of the process.
	Pprof bool
	// Reload reads again what can change while running.
	Reload func(ctx context.Context) error
	// Directory returns the directory as YAML, and its version, which is opaque and not empty.
	Directory func(ctx context.Context) (yaml []byte, version string, err error)
	// SetDirectory replaces the directory if it still has the version named ("" for whatever it has)
	// and returns the new version.
	SetDirectory func(ctx context.Context, yaml []byte, version string) (newVersion string, err error)
	// CheckPBX says how a PBX of the directory looks to us, or all for no id.
	CheckPBX func(id string) ([]PBXCheck, error)
	// TestHook sends a sender's events as a test and says what became of each.
	TestHook func(ctx context.Context, id string) ([]HookTrial, error)
	// Backup writes a backup of all that is stored.
	Backup func(ctx context.Context, w io.Writer) error
}

// Check is one thing that must work.
type Check struct {
	Name    string `json:"name"`              // as "store", "hep_udp"
	Ready   bool   `json:"ready"`             // whether it does
	Problem string `json:"problem,omitempty"` // a sentence for the operator when it does not
}

// Readiness is the body of /readyz.
type Readiness struct {
	Ready  bool    `json:"ready"` // whether every check is
	Checks []Check `json:"checks"`
}

// Ready reports what /readyz says.
func (s *Server) Ready() Readiness {
	r := Readiness{Ready: true, Checks: []Check{}}
	if s.o.Admin.Ready == nil {
		return r
	}
	for _, c := range s.o.Admin.Ready() {
		r.Ready = r.Ready && c.Ready
		r.Checks = append(r.Checks, c)
	}
	return r
}

// readyRoute is asked every few seconds.
const readyRoute = "GET /readyz"

const maxDirectory = 16 << 20 // bytes

func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	a := s.o.Admin
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, struct {
			Alive   bool   `json:"alive"`
			Version string `json:"version,omitempty"`
		}{true, s.o.Version})
	})
	mux.HandleFunc(readyRoute, func(w http.ResponseWriter, r *http.Request) {
		readiness, status := s.Ready(), http.StatusOK
		if !readiness.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, readiness)
	})
	if a.Metrics != nil {
		mux.Handle("GET /metrics", a.Metrics)
	}
	if a.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	if a.Reload != nil {
		mux.Handle("POST /admin/reload", s.trusted(http.HandlerFunc(s.reload)))
	}
	if a.Directory != nil {
		mux.Handle("GET /admin/directory", s.trusted(http.HandlerFunc(s.directory)))
	}
	if a.SetDirectory != nil {
		mux.Handle("PUT /admin/directory", s.trusted(http.HandlerFunc(s.setDirectory)))
	}
	if a.Backup != nil {
		mux.Handle("GET /admin/backup", s.trusted(http.HandlerFunc(s.backup)))
	}
	s.adminFeeds(mux)
	if s.o.Trail != nil {
		mux.Handle("POST /admin/audit/verify", s.trusted(http.HandlerFunc(s.verifyAudit)))
	}
	mux.Handle("/v1/", s.operators)
	s.adminHooks(mux)
	// A page in an operator's browser must not be able to reload or replace anything.
	return sameOrigin(problems(mux))
}

// trusted lets requests through that come over a Unix socket, whose file says who may. Tokens are for
// the API: none of them reloads the daemon or replaces the directory.
func (s *Server) trusted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && addr.Network() == "unix" {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operatorKey{}, r.RemoteAddr)))
			return
		}
		writeProblem(w, http.StatusForbidden, "This is done over the admin socket only.")
	})
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request) {
	if err := s.o.Admin.Reload(r.Context()); err != nil {
		s.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) directory(w http.ResponseWriter, r *http.Request) {
	yaml, version, err := s.o.Admin.Directory(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	w.Header().Set("ETag", entityTag(version))
	_, _ = w.Write(yaml) // The client may be gone; there is nobody left to tell.
}

func (s *Server) setDirectory(w http.ResponseWriter, r *http.Request) {
	header := strings.Join(r.Header.Values("If-Match"), ",")
	if header == "" {
		writeProblem(w, http.StatusPreconditionRequired, "Name the version you read in If-Match, or * to replace whatever is there.") // RFC 6585 §3
		return
	}
	wanted, err := parseMatch(header)
	if err != nil {
		writeProblem(w, http.StatusUnprocessableEntity, "If-Match must be entity tags in quotes, or *.")
		return
	}
	yaml, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDirectory))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			writeProblem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("A directory has at most %d bytes.", maxDirectory))
			return
		}
		writeProblem(w, http.StatusBadRequest, "The directory did not arrive whole.")
		return
	}
	version, err := s.matched(r.Context(), &wanted)
	if err == nil {
		version, err = s.o.Admin.SetDirectory(r.Context(), yaml, version)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("ETag", entityTag(version))
	w.WriteHeader(http.StatusNoContent)
}

// matched is the version of the directory that a header insists on, "" for whatever it is.
func (s *Server) matched(ctx context.Context, wanted *match) (string, error) {
	now := ""
	if len(wanted.tags) > 1 {
		var err error
		if _, now, err = s.o.Admin.Directory(ctx); err != nil {
			return "", err
		}
	}
	version, whatever := wanted.pick(now)
	if !whatever && version == "" {
		return "", ErrStale
	}
	return version, nil
}

// refuse answers the operator with an error's own text, and logs what he could not have done better.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := s.problemOf(err).Status
	if status >= http.StatusInternalServerError {
		s.o.Logger.ErrorContext(r.Context(), "request failed", "method", method(r.Method), "err", err)
	}
	writeProblem(w, status, err.Error())
}

// entityTag is a strong ETag: RFC 9110 §8.8.3.
func entityTag(version string) string { return `"` + version + `"` }

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		writeProblem(w, http.StatusInternalServerError, "The answer could not be written.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // The client may be gone; there is nobody left to tell.
}
