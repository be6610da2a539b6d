package web

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ringback/directory"
	"ringback/directory/people"
)

// How many event streams are open at once: of all, and of one person.
const (
	maxStreams      = 20_000
	maxStreamsOfOne = 50
)

const eventsDescription = `A stream of server-sent events (WHATWG HTML §9.2): one event per change, its kind in event, its JSON in data.

To show a list and keep it right: open the stream first, then read the list, then apply the events. After a lost ` +
	`connection come back with the last id seen, as Last-Event-ID or last_event_id; ` +
	`the stream goes on where it was left. When it cannot, it begins with a reset event: read the list again. ` +
	`Ids grow, also over restarts of the server. A comment comes every 15 seconds; a client that takes nothing for 10 seconds is cut off and may come back.`

type eventsInput struct {
	Kind        []string `query:"kind" enum:"call,case,hint,scheduled,callback,offer,message" nullable:"false" doc:"Only events of these kinds, separated by commas."`
	LastID      string   `query:"last_event_id" maxLength:"64" doc:"Go on after this event. The header goes before it."`
	LastEventID string   `header:"Last-Event-ID" maxLength:"64" doc:"Go on after this event."`
}

func (s *Server) registerEvents(api huma.API) {
	op := operation(http.MethodGet, "/v1/events", "stream-events", "events", "What happens, as it happens", eventsDescription, http.StatusForbidden, http.StatusTooManyRequests)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events until the client leaves",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: eventSchema(api.OpenAPI().Components.Schemas)}},
	}}
	handle(s, api, op, s.stream)
}

// eventSchema describes what data of an event may be.
func eventSchema(r huma.Registry) *huma.Schema {
	schema := &huma.Schema{Description: "What the data of an event is, by its kind."}
	for _, t := range []reflect.Type{reflect.TypeFor[CallEvent](), reflect.TypeFor[CaseEvent](), reflect.TypeFor[HintEvent](), reflect.TypeFor[ScheduledEvent](), reflect.TypeFor[CallbackEvent](), reflect.TypeFor[OfferEvent](), reflect.TypeFor[MessageEvent](), reflect.TypeFor[Reset]()} {
		schema.OneOf = append(schema.OneOf, r.Schema(t, true, ""))
	}
	return schema
}

func (s *Server) stream(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	if s.events.of(callerOf(ctx).Agent()) >= maxStreamsOfOne {
		return nil, tryLater(heartbeat, "You have too many event streams open.")
	}
	if !s.events.open(maxStreams) {
		return nil, huma.Error503ServiceUnavailable("Too many event streams are open, or the server stops.")
	}
	lastID := cmp.Or(strings.TrimSpace(in.LastEventID), strings.TrimSpace(in.LastID))
	kinds := slices.Clone(in.Kind)
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		noteStream(r.Context())
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
		s.serveStream(w, r, &stream{events: s.events, kinds: kinds, prompt: make(chan struct{}, 1)}, lastID)
	}}, nil
}

// serveStream runs a stream until it ends: in the handler where the connection is shared, else on its
// own, so that what the server keeps for a request is free again.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, out *stream, lastID string) {
	c := callerOf(r.Context())
	out.look = s.lookout(c)
	s.events.enter(c.Agent(), out)
	over := func() {
		s.events.leave(c.Agent(), out)
		s.events.gone()
	}
	if r.ProtoMajor > 1 {
		conn := http.NewResponseController(w)
		defer over()
		// The request has been read; what bounds its reading must not end the stream.
		if err := conn.SetReadDeadline(time.Time{}); err != nil {
			writeProblem(w, http.StatusInternalServerError, "This connection cannot stream.")
			return
		}
		out.to = &response{w, conn}
		out.run(r.Context().Done(), lastID)
		return
	}
	t, err := take(w)
	if err != nil {
		over()
		panic(http.ErrAbortHandler) // the connection is gone, or half written to
	}
	noteStatus(r.Context(), http.StatusOK)
	out.to = t
	go func() {
		defer over()
		defer t.conn.Close()
		out.run(t.gone(), lastID)
	}()
}

// lookout tells what a caller may see just now. Whether he may still see anything is asked anew with
// every heartbeat, what that is also when the directory changes.
func (s *Server) lookout(c *caller) func() (*sight, bool) {
	var (
		seen  *sight
		of    *directory.Directory
		asked time.Time
	)
	return func() (*sight, bool) {
		d := s.o.Lists()
		if now := time.Now(); of != d || now.Sub(asked) >= heartbeat {
			if !s.still(c) || !c.May(d, people.EventsRead) {
				return nil, false
			}
			seen, of, asked = sightOf(c, d), d, now
		}
		return seen, true
	}
}
