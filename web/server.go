package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"ringback/cases"
	"ringback/directory"
)

// Limits of every connection.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	answerTimeout     = 30 * time.Second // event streams set their own deadlines
	longestProfile    = 10 * time.Minute // what the admin address may take, which records profiles
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	maxBody           = 64 << 10
)

// The two sides, as the access log tells them apart.
const (
	apiSide   = "api"
	adminSide = "admin"
)

// Server answers HTTP requests. It is made by New and may be served on several listeners.
type Server struct {
	o      Options
	events *Events
	api    http.Handler
	admin  http.Handler
	// operators is the API over the admin socket.
	operators http.Handler

	callers, strangers, logins *limiter
	making                     making
	preferring                 sync.Mutex
	imports                    *imports
	exporting                  chan struct{} // a place for each table being written
	shower                     shower
	hearings                   hearings

	servers [2]*http.Server
}

// New makes a server from its options. It starts nothing.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Tokens == nil {
		o.Tokens = noTokens()
	}
	if o.Lists == nil {
		none := new(directory.Directory)
		o.Lists = func() *directory.Directory { return none }
	}
	o.Limits = o.Limits.withDefaults()
	s := &Server{
		imports:   newImports(&o),
		exporting: make(chan struct{}, exportsOnce),
		o:         o, events: newEvents(time.Now(), maxEvents, maxEventBytes),
		callers: newLimiter(o.Limits.Caller), strangers: newLimiter(o.Limits.Stranger), logins: newLimiter(o.Limits.LogIn),
	}
	s.shower.suggest = func(c *cases.Case) string {
		l, ok := o.Lists().List(c.List)
		if !ok {
			return ""
		}
		return c.Suggested(&l.Policy)
	}
	if o.Contacts != nil {
		s.shower.name = s.nameOf
	}
	if o.Voicemail != nil {
		s.shower.state = o.Voicemail.State
	}
	s.events.shower, s.events.quiet = &s.shower, true
	s.api = s.logged(apiSide, secured(s.apiHandler()))
	s.admin = s.logged(adminSide, secured(s.adminHandler()))
	s.servers = [2]*http.Server{s.httpServer(s.api, answerTimeout), s.httpServer(s.admin, longestProfile)}
	return s
}

// API is the handler of the public API.
func (s *Server) API() http.Handler { return s.api }

// Admin is the handler of the admin address.
func (s *Server) Admin() http.Handler { return s.admin }

// Events are what the event streams show. Whoever applies events publishes there.
func (s *Server) Events() *Events { return s.events }

// ServeAPI serves the API on l, which it closes, until Shutdown. The error is nil after a Shutdown.
func (s *Server) ServeAPI(l net.Listener) error { return serve(s.servers[0], l) }

// ServeAdmin serves the admin handler on l, which it closes, until Shutdown. The error is nil after a
// Shutdown.
func (s *Server) ServeAdmin(l net.Listener) error { return serve(s.servers[1], l) }

// Shutdown tells the event streams to end, stops listening and waits for the requests that are being
// answered, but no longer than ctx allows; what is not done then is cut off and the error says so.
func (s *Server) Shutdown(ctx context.Context) error {
	s.events.close()
	var errs []error
	if err := s.events.drain(ctx); err != nil {
		errs = append(errs, fmt.Errorf("web: event streams cut off: %w", err))
	}
	if err := s.imports.stop(ctx); err != nil {
		errs = append(errs, fmt.Errorf("web: imports cut off: %w", err))
	}
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("web: requests cut off: %w", err), server.Close())
		}
	}
	return errors.Join(errs...)
}

// httpServer bounds what a client can make us wait for and keep. http.Server logs what is beneath a
// request, as failed TLS handshakes.
func (s *Server) httpServer(h http.Handler, timeout time.Duration) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      timeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
	}
}

func serve(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web: serving %s: %w", l.Addr(), err)
	}
	return nil
}
