package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's files
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory"
)

var (
	//go:embed description.html
	descriptionHTML string
	//go:embed description.css
	descriptionCSS string
)

// serveDescription serves the OpenAPI document as JSON and YAML, and as a page for people that loads
// nothing from anywhere. They are made once: they are the same for everybody.
func (s *Server) serveDescription(mux *http.ServeMux, doc *huma.OpenAPI) {
	asJSON, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("web: describing the API: %v", err)) // a mistake in the code, seen by every test
	}
	asYAML, err := doc.YAML()
	if err != nil {
		panic(fmt.Sprintf("web: describing the API: %v", err)) // a mistake in the code, seen by every test
	}
	mux.HandleFunc("GET /v1/openapi.json", constant("application/openapi+json", "", asJSON))
	mux.HandleFunc("GET /v1/openapi.yaml", constant("application/openapi+yaml", "", asYAML))
	style := sha256.Sum256([]byte(descriptionCSS))
	policy := "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'"
	mux.HandleFunc("GET /v1/docs", constant("text/html; charset=utf-8", policy, page(doc)))
}

func constant(contentType, policy string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body) // The client may be gone; there is nobody left to tell.
	}
}

// The page's view of the document: only what a reader needs.
type (
	documentView struct {
		Style                       template.CSS
		Title, Version, Description string
		Tags                        []tagView
		Schemas                     []schemaView
	}
	tagView struct {
		Name, Description string
		Operations        []operationView
	}
	operationView struct {
		ID, Method, Path, Summary, Description string
		Needs                                  string // what its permission says
		Parameters                             []fieldView
		Body                                   *bodyView
		Answers                                []answerView
	}
	bodyView   struct{ Type, Schema, Example string }
	answerView struct{ Status, Description, Type, Schema string }
	schemaView struct {
		Name   string
		Fields []fieldView
	}
	fieldView struct{ Name, Where, Type, Schema, Description string }
)

// page renders the document as HTML.
func page(doc *huma.OpenAPI) []byte {
	view := documentView{
		Style: template.CSS(descriptionCSS), //nolint:gosec // our own file
		Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description,
	}
	paths := slices.Sorted(maps.Keys(doc.Paths))
	for _, tag := range doc.Tags {
		shown := tagView{Name: tag.Name, Description: tag.Description}
		for _, path := range paths {
			item := doc.Paths[path]
			for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					shown.Operations = append(shown.Operations, viewOperation(op))
				}
			}
		}
		view.Tags = append(view.Tags, shown)
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		view.Schemas = append(view.Schemas, schemaView{name, viewFields(schemas[name])})
	}
	var b bytes.Buffer
	if err := descriptionPage.Execute(&b, view); err != nil {
		panic(fmt.Sprintf("web: describing the API: %v", err)) // a mistake in the code, seen by every test
	}
	return b.Bytes()
}

var descriptionPage = template.Must(template.New("description").Parse(descriptionHTML))

func viewOperation(op *huma.Operation) operationView {
	v := operationView{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description}
	for _, p := range op.Parameters {
		name, ref := viewType(p.Schema)
		v.Parameters = append(v.Parameters, fieldView{p.Name, p.In, name, ref, p.Description})
	}
	v.Needs, v.Body = needs(permissionFor(op.Method+" "+op.Path)), viewBody(op.RequestBody)
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		answer := answerView{Status: status, Description: response.Description}
		for contentType, media := range response.Content {
			answer.Type = contentType
			_, answer.Schema = viewType(media.Schema)
		}
		v.Answers = append(v.Answers, answer)
	}
	return v
}

// needs is what a permission asks of whoever uses its route.
func needs(p *permission) string {
	if p == nil {
		return ""
	}
	text := map[audience]string{anybody: "For anybody.", known: "For whoever is logged in, and tokens.", persons: "For people who are logged in."}[p.who]
	if p.scope != "" {
		text = "Needs the scope " + string(p.scope)
		if p.who == overall {
			text += ", seeing all lists"
		}
		text += "."
	}
	if p.right > directory.NoRight {
		text += " On the list: " + rightWords[p.right] + "."
	}
	return text
}

// viewBody is what a request brings, nil when that is nothing.
func viewBody(body *huma.RequestBody) *bodyView {
	if body == nil {
		return nil
	}
	media, ok := body.Content["application/json"]
	if !ok {
		return &bodyView{Type: strings.Join(slices.Sorted(maps.Keys(body.Content)), ", ")}
	}
	v := &bodyView{Type: "application/json"}
	_, v.Schema = viewType(media.Schema)
	if example, err := json.MarshalIndent(media.Example, "", "  "); err == nil && media.Example != nil {
		v.Example = string(example)
	}
	return v
}

func viewFields(s *huma.Schema) []fieldView {
	var fields []fieldView
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		kind, ref := viewType(property)
		where := "optional"
		if slices.Contains(s.Required, name) {
			where = "always"
		}
		fields = append(fields, fieldView{name, where, kind, ref, property.Description})
	}
	return fields
}

// viewType names a schema's type, and the schema of its own that it refers to.
func viewType(s *huma.Schema) (name, ref string) {
	switch {
	case s == nil:
		return "", ""
	case s.Ref != "":
		ref = s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return ref, ref
	case s.Type == huma.TypeArray:
		name, ref = viewType(s.Items)
		return "list of " + name, ref
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, word := range s.Enum {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, ", "), ""
	case s.Format != "":
		return s.Type + " (" + s.Format + ")", ""
	}
	return s.Type, ""
}
