package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// apiHandler is the API: its description is open to everybody, all else to those with a token.
func (s *Server) apiHandler() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, humaConfig(s.o.Version))
	s.describe(api.OpenAPI())
	s.registerMe(api)
	s.registerSessions(api)
	s.registerPush(api)
	s.registerCases(api)
	s.registerActs(api)
	s.registerWork(api)
	s.registerSearch(api)
	s.registerLists(api)
	s.registerImports(api)
	s.registerContacts(api)
	s.registerMayCall(api)
	s.registerNumbers(api)
	s.registerPINs(api)
	s.registerSchedule(api)
	s.registerCallback(api)
	s.registerOffers(api)
	s.registerMessages(api)
	s.registerJourneys(api)
	s.registerLive(api)
	s.registerBoard(api)
	s.registerFeeds(api)
	s.registerEvents(api)
	s.registerStatistics(api)
	s.registerExports(api)
	s.registerPeople(api)
	s.registerDirectory(api)
	s.registerErasure(api)
	s.registerAudit(api)
	s.registerHooks(api)

	open := http.NewServeMux()
	refuseUnknown(api.OpenAPI())
	illustrate(api.OpenAPI())
	s.serveDescription(open, api.OpenAPI())
	s.serveJoin(open)
	s.serveCalendars(open)
	if s.o.CallHooks != nil {
		open.Handle("/hooks/", s.o.CallHooks)
	}

	routes := limitedByRoute(mux, problems(mux))
	guarded := s.authenticated(mux, routes)
	s.operators = s.operating(routes)
	all := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := origin{address: s.addressOf(r), device: r.UserAgent()}
		r = r.WithContext(context.WithValue(r.Context(), originKey{}, from))
		joinLists(r.Header)
		if _, pattern := open.Handler(r); pattern != "" {
			problems(open).ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	}))
	if s.o.Pages != nil {
		all = besides(all, s.o.Pages(all), open)
	}
	return s.crossOrigin(all)
}

// besides serves pages wherever the API is not.
func besides(api, pages http.Handler, open *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := open.Handler(r); pattern != "" || strings.HasPrefix(r.URL.Path, "/v1/") {
			api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
		noteRoute(r.Context(), r.Pattern) // what the page asked of the API is not what was asked for
	})
}

// joinLists makes one line of a list that came in several, of which Huma reads the first: RFC 9110 §5.3.
func joinLists(h http.Header) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if lines := h[name]; len(lines) > 1 {
			h[name] = []string{strings.Join(lines, ", ")}
		}
	}
}

func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Ringback", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by serveDescription
	c.CreateHooks = nil                                   // no $schema in answers
	c.RejectUnknownQueryParameters = true                 // a filter misspelt must not answer everything
	c.AllowAdditionalPropertiesByDefault = true           // answers may get further members; requests have none: refuseUnknown
	return c
}

func (s *Server) describe(doc *huma.OpenAPI) {
	doc.Info.Description = `Customers who rang and were not served, as cases to call back. A case opens, fills and closes ` +
		`by itself as calls are seen; this API shows cases, lists, live calls and hints, and streams what happens.

Times are RFC 3339. Telephone numbers are answered as E.164 with a plus sign (%2B in a query), and taken as people write them. Members of an answer that have no ` +
		`value are left out; ignore members you do not know. Errors are problem documents (RFC 9457). ` +
		`Send a token with every request (RFC 6750).`
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "A token, made over the API or in the tokens file."},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The cookie of a session: see POST /v1/session."},
	}
	doc.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	doc.Tags = []*huma.Tag{
		{Name: "session", Description: "Who you are."},
		{Name: "cases", Description: "Customers to call back."},
		{Name: "lists", Description: "Callback lists and call lists, where cases come from and live."},
		{Name: "contacts", Description: "Names for numbers."},
		{Name: "calls", Description: "Whom to call and when, and what became of calls."},
		{Name: "live", Description: "What is happening now, and when nothing could be seen."},
		{Name: "events", Description: "What happens, as it happens."},
		{Name: "statistics", Description: "How lists fare."},
		{Name: "people", Description: "Who may come in: people and tokens."},
		{Name: "directory", Description: "Who and what there is."},
		{Name: "audit", Description: "Who did what."},
		{Name: "webhooks", Description: "What is told to other programs."},
	}
}

// operation describes one endpoint.
func operation(method, path, id, tag, summary, description string, errs ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Description: description,
		Errors: slices.Compact(slices.Sorted(slices.Values(append(errs, http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnprocessableEntity,
			http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)))),
	}
}

// withBody is an operation that takes a JSON body.
func withBody(op huma.Operation) huma.Operation {
	op.MaxBodyBytes = maxBody
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	return op
}

// handle registers an operation. An error of handler that does not say its status is logged, and the
// client gets a sentence without the error's text.
func handle[I, O any](s *Server, api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	if isForAnybody(op.Method + " " + op.Path) {
		op.Security = []map[string][]string{} // none is needed
	}
	op.Middlewares = append(op.Middlewares, s.permit(op.Method+" "+op.Path))
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, failure := handler(ctx, in)
		if failure == nil {
			return out, nil
		}
		err := s.refusedBy(failure)
		if status, ok := errors.AsType[huma.StatusError](err); ok && status.GetStatus() >= http.StatusInternalServerError {
			s.o.Logger.ErrorContext(ctx, "request failed", "route", op.Method+" "+op.Path, "err", failure)
		}
		return nil, err
	})
}

// invalid is the answer to a parameter that cannot be used.
func invalid(location, message string) error {
	return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: location, Message: message})
}
