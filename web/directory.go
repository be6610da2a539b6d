package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory"
)

// DirectoryChange is one difference between two directories.
type DirectoryChange struct {
	Op     string `json:"op" enum:"added,removed,changed" doc:"What happened to it."`
	Object string `json:"object" example:"agent 101" doc:"The thing; file for the keys at the top."`
	Field  string `json:"field,omitempty" doc:"The key, where a thing was changed."`
	Old    string `json:"old,omitempty" doc:"What it was, as YAML on one line; of a list what went out of it."`
	New    string `json:"new,omitempty" doc:"What it is; of a list what came into it."`
	Text   string `json:"text" doc:"The change on one line, for people."`
}

// DirectoryProblem is one mistake in a directory.
type DirectoryProblem struct {
	Line   int    `json:"line,omitempty" doc:"Where, from 1."`
	Column int    `json:"column,omitempty" doc:"Where in the line, from 1."`
	Text   string `json:"text" doc:"What is wrong; how to mend it."`
}

// DirectoryCheck is what a directory would change, or what is wrong with it.
type DirectoryCheck struct {
	Right    bool               `json:"right" doc:"Whether it could be put in force."`
	Problems []DirectoryProblem `json:"problems" nullable:"false" doc:"All that is wrong, in the order of the lines."`
	Changes  []DirectoryChange  `json:"changes" nullable:"false" doc:"What it would change, when it is right."`
}

// DirectoryEdit is what an edit of the directory changed.
type DirectoryEdit struct {
	Changes []DirectoryChange `json:"changes" nullable:"false" doc:"What is another than before; nothing when it was so already."`
}

func (s *Server) registerDirectory(api huma.API) {
	if s.o.Edit == nil {
		return
	}
	errs := []int{http.StatusForbidden, http.StatusNotFound}
	edits := append([]int{http.StatusConflict, http.StatusPreconditionFailed}, errs...)
	whole := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{}, Description: "The keys are those of docs/directory.md."}
	text := &huma.Schema{Type: huma.TypeString, Description: "As docs/directory.md says."}
	both := map[string]*huma.MediaType{"application/json": {Schema: whole}, "application/yaml": {Schema: text}}
	one := map[string]*huma.MediaType{"application/json": {Schema: whole}}
	takes := func(op huma.Operation, content map[string]*huma.MediaType) huma.Operation {
		op = withBody(op)
		op.MaxBodyBytes, op.SkipValidateBody = maxDirectory, true // its own parser says more
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		for typ, media := range content {
			op.RequestBody.Content[typ] = &huma.MediaType{Schema: media.Schema}
		}
		return op
	}
	gives := func(op huma.Operation, content map[string]*huma.MediaType) huma.Operation {
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: content}}
		return op
	}
	const path = "/v1/directory/{kind}/{id}"
	handle(s, api, gives(operation(http.MethodGet, "/v1/directory", "get-directory", "directory", "The directory in force",
		"Who and what there is: PBXs, services, agents and their phones, lists. Numbers are written in full.", errs...), both), s.getDirectory)
	handle(s, api, takes(operation(http.MethodPost, "/v1/directory/check", "check-directory", "directory", "Say whether a directory is right, and what it would change",
		"Changes nothing. The directory is sent whole, as YAML or JSON.", errs...), both), s.checkDirectory)
	handle(s, api, takes(operation(http.MethodPut, "/v1/directory", "replace-directory", "directory", "Put a directory in force",
		"All of it or nothing. What is not in it goes. Needs If-Match, so that nobody's change is lost.", append(edits, http.StatusPreconditionRequired)...), both), s.replaceDirectory)
	handle(s, api, gives(operation(http.MethodGet, path, "get-directory-entry", "directory", "One thing of the directory",
		"An agent, a list, a service and so on, with the keys that it has in the directory.", errs...), one), s.getThing)
	handle(s, api, takes(operation(http.MethodPut, path, "put-directory-entry", "directory", "Make or replace one thing of the directory",
		"It takes the place of the thing with its id, or comes after the others. What it does not say is as the directory has it by default.", edits...), one), s.putThing)
	handle(s, api, operation(http.MethodDelete, path, "delete-directory-entry", "directory", "Take one thing out of the directory",
		"422 says what still needs it.", edits...), s.deleteThing)
}

// textOutput is a text of the directory.
type textOutput struct {
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag" doc:"Its version, for If-Match."`
	Body        []byte
}

// directoryTag is the version of a directory as a whole.
func directoryTag(f *directory.File) string {
	return entityTag(versionOfValue(string(directory.Format(f))))
}

func (s *Server) getDirectory(_ context.Context, in *struct {
	Format string `query:"format" enum:"json,yaml" default:"json" doc:"How it is written."`
},
) (*textOutput, error) {
	f := s.o.Lists().File()
	out := &textOutput{ETag: directoryTag(f)}
	if in.Format == "yaml" {
		out.ContentType, out.Body = "application/yaml", directory.Format(f) // RFC 9512
		return out, nil
	}
	var err error
	out.ContentType = "application/json"
	out.Body, err = directory.JSON(f)
	return out, err
}

type checkOutput struct{ Body DirectoryCheck }

func (s *Server) checkDirectory(_ context.Context, in *struct {
	RawBody []byte
},
) (*checkOutput, error) {
	out := &checkOutput{DirectoryCheck{Right: true, Problems: []DirectoryProblem{}, Changes: []DirectoryChange{}}}
	f, err := parsed(in.RawBody)
	if wrong, ok := errors.AsType[*directory.InvalidError](err); ok {
		out.Body.Right = false
		for _, p := range wrong.Problems {
			out.Body.Problems = append(out.Body.Problems, DirectoryProblem(p))
		}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Body.Changes = changesOf(directory.Diff(s.o.Lists().File(), f))
	return out, nil
}

// parsed reads a directory, and makes sure that it can be put in force.
func parsed(text []byte) (*directory.File, error) {
	f, err := directory.Parse("body", text)
	if err != nil {
		return nil, err
	}
	_, err = directory.New(f)
	return f, err
}

type editOutput struct {
	ETag string `header:"ETag" doc:"The new version."`
	Body DirectoryEdit
}

func (s *Server) replaceDirectory(ctx context.Context, in *struct {
	MatchHead
	RawBody []byte
},
) (*editOutput, error) {
	if in.IfMatch == "" {
		return nil, newProblem(http.StatusPreconditionRequired, "Name the version you read in If-Match, or * to replace whatever is there.") // RFC 6585 §3
	}
	f, err := parsed(in.RawBody)
	if wrong, ok := errors.AsType[*directory.InvalidError](err); ok {
		p := newProblem(http.StatusUnprocessableEntity, "The directory is not right.")
		for _, one := range wrong.Problems {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Location: fmt.Sprintf("body:%d:%d", one.Line, one.Column), Message: one.Text})
		}
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	return s.changeDirectory(ctx, func(now *directory.File) (*directory.File, error) {
		return f, in.mustMatch(directoryTag(now))
	}, directoryTag)
}

// changeDirectory puts what next makes of the directory in force, as one version with its changes in the
// trail. tag is the version of what was edited.
func (s *Server) changeDirectory(ctx context.Context, next func(*directory.File) (*directory.File, error), tag func(*directory.File) string) (*editOutput, error) {
	out := &editOutput{}
	err := s.o.Edit(ctx, actOf(callerOf(ctx)), func(f *directory.File) error {
		after, err := next(f)
		if err != nil {
			return err
		}
		out.Body.Changes = changesOf(directory.Diff(f, after))
		*f = *after
		out.ETag = tag(f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func changesOf(all []directory.Change) []DirectoryChange {
	ops := map[directory.Op]string{directory.Added: "added", directory.Removed: "removed", directory.Changed: "changed"}
	shown := []DirectoryChange{}
	for _, c := range all {
		shown = append(shown, DirectoryChange{ops[c.Op], c.Object, c.Field, c.Old, c.New, c.String()})
	}
	return shown
}

// ThingID names one thing of the directory. Huma reads embedded structs only when they are exported.
type ThingID struct {
	Kind string `path:"kind" enum:"pbxs,trunks,services,agents,endpoints,calendars,lists" doc:"The key it stands under."`
	ID   string `path:"id" maxLength:"64" doc:"Its id."`
}

// tag is the version of a thing; empty for none.
func (t *ThingID) tag(f *directory.File) string {
	thing, err := directory.Thing(f, t.Kind, t.ID)
	if err != nil {
		return ""
	}
	return entityTag(versionOfValue(string(thing)))
}

func (s *Server) getThing(_ context.Context, in *ThingID) (*textOutput, error) {
	f := s.o.Lists().File()
	thing, err := directory.Thing(f, in.Kind, in.ID)
	if err != nil {
		return nil, thingError(err)
	}
	return &textOutput{"application/json", in.tag(f), thing}, nil
}

func (s *Server) putThing(ctx context.Context, in *struct {
	ThingID
	MatchHead
	RawBody []byte
},
) (*editOutput, error) {
	return s.changeDirectory(ctx, func(f *directory.File) (*directory.File, error) {
		if err := in.mustMatch(in.tag(f)); err != nil {
			return nil, err
		}
		after, err := directory.With(f, in.Kind, in.ID, in.RawBody)
		return after, thingError(err)
	}, in.tag)
}

func (s *Server) deleteThing(ctx context.Context, in *struct {
	ThingID
	MatchHead
},
) (*editOutput, error) {
	return s.changeDirectory(ctx, func(f *directory.File) (*directory.File, error) {
		if err := in.mustMatch(in.tag(f)); err != nil {
			return nil, err
		}
		after, err := directory.Without(f, in.Kind, in.ID)
		return after, thingError(err)
	}, func(f *directory.File) string { return directoryTag(f) })
}

// thingError is how an error about one thing is answered.
func thingError(err error) error {
	switch {
	case errors.Is(err, directory.ErrNoThing):
		return huma.Error404NotFound("There is no such thing in the directory.")
	case errors.Is(err, directory.ErrThing):
		return invalid("body", strings.TrimPrefix(err.Error(), directory.ErrThing.Error()+": "))
	}
	return err
}
