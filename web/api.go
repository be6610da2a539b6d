package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// apiHandler is the API: its description is open to everybody, all else to those with a token.
func (s *Server) apiHandler() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, humaConfig(s.o.Version))
	s.describe(api.OpenAPI())
	s.registerCases(api)
	s.registerActs(api)
	s.registerLists(api)
	s.registerLive(api)
	s.registerEvents(api)

	open := http.NewServeMux()
	s.serveDescription(open, api.OpenAPI())

	guarded := s.authenticated(limited(maxBody, problems(mux)))
	return s.crossOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := open.Handler(r); pattern != "" {
			problems(open).ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	}))
}

func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Ringback", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by serveDescription
	c.CreateHooks = nil                                   // no $schema in answers
	c.RejectUnknownQueryParameters = true                 // a filter misspelt must not answer everything
	c.AllowAdditionalPropertiesByDefault = true           // answers may get further members
	return c
}

func (s *Server) describe(doc *huma.OpenAPI) {
	doc.Info.Description = `Customers who rang and were not served, as cases to call back. A case opens, fills and closes ` +
		`by itself as calls are seen; this API shows cases, lists, live calls and hints, and streams what happens.

Times are RFC 3339. Telephone numbers are E.164 with a plus sign (%2B in a query). Members of an answer that have no ` +
		`value are left out; ignore members you do not know. Errors are problem documents (RFC 9457). ` +
		`Send a token with every request (RFC 6750).`
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of the tokens file."},
	}
	doc.Security = []map[string][]string{{"token": {}}}
	doc.Tags = []*huma.Tag{
		{Name: "cases", Description: "Customers to call back."},
		{Name: "lists", Description: "Callback lists, where cases come from and live."},
		{Name: "live", Description: "What is happening now, and when nothing could be seen."},
		{Name: "events", Description: "What happens, as it happens."},
	}
}

// operation describes one endpoint.
func operation(method, path, id, tag, summary, description string, errs ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Description: description,
		Errors: append(errs, http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnprocessableEntity,
			http.StatusInternalServerError, http.StatusServiceUnavailable),
	}
}

// handle registers an operation. An error of handler that does not say its status is logged, and the
// client gets a sentence without the error's text.
func handle[I, O any](s *Server, api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err == nil {
			return out, nil
		}
		if _, ok := errors.AsType[huma.StatusError](err); ok {
			return nil, err
		}
		status, detail := s.statusOf(err)
		if status >= http.StatusInternalServerError {
			s.o.Logger.ErrorContext(ctx, "request failed", "route", op.Method+" "+op.Path, "err", err)
		}
		return nil, huma.NewError(status, detail)
	})
}

// invalid is the answer to a parameter that cannot be used.
func invalid(location, message string) error {
	return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: location, Message: message})
}

// matches reports whether an If-None-Match header names this version: RFC 9110 §13.1.2. Tags compare
// weakly there.
func matches(header, version string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == entityTag(version) {
			return true
		}
	}
	return false
}
