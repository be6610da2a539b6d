package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cases/callback"
	"ringback/cases/voicemail"
	"ringback/sip"
)

// contract is the OpenAPI document as a client sees it.
type contract struct {
	t       *testing.T
	Paths   map[string]map[string]promise
	Schemas map[string]schema
	Tags    []string // in the order of the document
	seen    map[string]bool
}

type promise struct {
	OperationID string
	Summary     string
	Tags        []string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  map[string]struct {
			Schema  schema
			Example any
		}
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema schema }
		Headers map[string]any
	}
}

type parameter struct {
	Name, In string
	Required bool
	Explode  bool
	Schema   schema
}

type schema struct {
	Type                 any
	Format               string
	Ref                  string `json:"$ref"`
	Enum                 []any
	Properties           map[string]schema
	Required             []string
	Items                *schema
	OneOf                []schema
	AdditionalProperties json.RawMessage
	Examples             []any
	MinLength, MaxLength *int
	MinItems, MaxItems   *int
	Minimum, Maximum     *float64
}

// values is the schema of a map's values, nil for an object with named members.
func (s schema) values() *schema {
	var of schema
	if len(s.AdditionalProperties) == 0 || s.AdditionalProperties[0] != '{' || json.Unmarshal(s.AdditionalProperties, &of) != nil {
		return nil
	}
	return &of
}

// is reports whether a value of this kind is allowed.
func (s schema) is(kind string) bool {
	kinds, several := s.Type.([]any)
	return s.Type == kind || several && slices.Contains(kinds, any(kind))
}

func readContract(t *testing.T, f *front) *contract {
	t.Helper()
	_, body := f.do(http.MethodGet, "/v1/openapi.json", "")
	var doc struct {
		Paths      map[string]map[string]promise
		Components struct{ Schemas map[string]schema }
		Tags       []struct{ Name string }
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	c := &contract{t: t, Paths: doc.Paths, Schemas: doc.Components.Schemas, seen: map[string]bool{}}
	for _, tag := range doc.Tags {
		c.Tags = append(c.Tags, tag.Name)
	}
	return c
}

// holds checks an answer against what the document promises of it.
func (c *contract) holds(method, path string, answer *http.Response, body []byte) {
	c.t.Helper()
	p, ok := c.Paths[path][strings.ToLower(method)]
	if !ok {
		c.t.Errorf("%s %s is not in the document", method, path)
		return
	}
	status := fmt.Sprint(answer.StatusCode)
	c.seen[p.OperationID+" "+status] = true
	response, ok := p.Responses[status]
	if !ok {
		c.t.Errorf("%s answers %s, which the document does not know", p.OperationID, status)
		return
	}
	for name := range response.Headers {
		if answer.Header.Get(name) == "" {
			c.t.Errorf("%s %s lacks the header %s", p.OperationID, status, name)
		}
	}
	contentType, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	media, ok := response.Content[contentType]
	if !ok {
		if len(response.Content) > 0 || len(body) > 0 {
			c.t.Errorf("%s %s answers with %s, promised: %v", p.OperationID, status, contentType, slices.Collect(maps.Keys(response.Content)))
		}
		return
	}
	if media.Schema.Format == "binary" {
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		c.t.Errorf("%s %s: %v", p.OperationID, status, err)
		return
	}
	for _, fault := range c.check(media.Schema, value, "") {
		c.t.Errorf("%s %s: %s", p.OperationID, status, fault)
	}
}

// check lists how a value differs from its schema. Members that the schema does not name are faults
// too: clients would not know of them.
func (c *contract) check(s schema, v any, at string) (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, at+": "+fmt.Sprintf(format, args...))
	}
	if s.Ref != "" {
		s = c.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if s.Type == nil && len(s.OneOf) == 0 {
		return nil // anything
	}
	if len(s.OneOf) > 0 {
		for _, one := range s.OneOf {
			if len(c.check(one, v, at)) == 0 {
				return nil
			}
		}
		fault("is none of the alternatives: %v", v)
		return faults
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		fault("%v is none of %v", v, s.Enum)
	}
	switch v := v.(type) {
	case map[string]any:
		if !s.is("object") {
			fault("is an object, not %v", s.Type)
		}
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				fault("lacks %s", name)
			}
		}
		for name, member := range v {
			inner, ok := s.Properties[name]
			if of := s.values(); !ok && of != nil {
				inner, ok = *of, true
			}
			if !ok {
				fault("has %s", name)
				continue
			}
			faults = append(faults, c.check(inner, member, at+"."+name)...)
		}
	case []any:
		if !s.is("array") || s.Items == nil {
			fault("is a list, not %v", s.Type)
			return faults
		}
		for i, item := range v {
			faults = append(faults, c.check(*s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		if !s.is("string") {
			fault("%q is not %v", v, s.Type)
		}
		if _, err := time.Parse(time.RFC3339Nano, v); s.Format == "date-time" && err != nil {
			fault("%q is no time", v)
		}
	case float64:
		if !s.is("number") && (!s.is("integer") || v != float64(int64(v))) {
			fault("%v is not %v", v, s.Type)
		}
	case bool:
		if !s.is("boolean") {
			fault("%v is not %v", v, s.Type)
		}
	default:
		fault("is %v", v)
	}
	return faults
}

// liveCall is a call with every member.
func liveCall(ended bool) *sip.Call {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	c := &sip.Call{
		ID: "c1", PBX: "asterisk", Trunk: "carrier", Direction: sip.Outbound, Service: "hotline", List: "support",
		Caller: teppo, Callee: matti, CallerID: "101", CalleeID: "+358401234567", Agent: "anna", Rang: []string{"anna"}, CallIDs: []string{"1@pbx", "2@pbx"},
		Started: at, Answered: at.Add(time.Second), DialledBy: "anna",
	}
	if ended {
		c.Ended, c.Verdict, c.Reason, c.Confidence, c.Short = at.Add(time.Minute), sip.Dropped, sip.MediaLost, sip.Inferred, true
		c.Result, c.StatusCode = sip.Answered, 200
		c.Evidence = []sip.Evidence{{At: at, CallID: "1@pbx", What: "caller BYE", Status: 200, Cause: 44, Agent: "anna"}, {At: at, Cause: -1}}
	}
	return c
}

func TestEveryAnswerIsAsTheDocumentPromises(t *testing.T) {
	centre := newCentre(t)
	now := time.Now()
	id := centre.missed("support", matti, now).ID
	centre.missed("support", almost, now)
	centre.missed("billing", teppo, now)
	open, err := centre.cases.Case(id)
	if err != nil {
		t.Fatal(err)
	}
	hint := assist.Hint{Key: assist.Key{Agent: "anna", CallID: "c1"}, Event: assist.Confirmed, At: now, Number: matti, Cases: []cases.Case{open}}
	end := now
	f := api(t, centre.options(Options{
		LiveCalls: func() []*sip.Call { return []*sip.Call{liveCall(false), {ID: "c2", Started: now}} },
		LiveHints: func(string) []assist.Hint { return []assist.Hint{hint} },
		Blind: func(context.Context) ([]Blind, error) {
			return []Blind{{From: now, To: &end, Reason: "x"}, {From: now}}, nil
		},
	}))
	c := readContract(t, f)
	try := func(method, path, request, body string, header ...string) {
		t.Helper()
		answer, b := f.do(method, request, body, header...)
		c.holds(method, path, answer, b)
	}
	try("GET", "/v1/cases", "/v1/cases?list=support", "")
	try("GET", "/v1/cases", "/v1/cases?list=support&limit=1", "")
	try("GET", "/v1/cases", "/v1/cases?number=%2B358401234567", "")
	try("GET", "/v1/cases", "/v1/cases", "")
	try("GET", "/v1/cases/{id}", "/v1/cases/"+id, "")
	try("GET", "/v1/cases/{id}", "/v1/cases/none", "")
	answer, _ := f.do("GET", "/v1/cases/"+id, "")
	try("GET", "/v1/cases/{id}", "/v1/cases/"+id, "", "If-None-Match", answer.Header.Get("ETag"))
	json := []string{"Content-Type", "application/json"}
	for _, step := range [][2]string{
		{"close", `{"reason":"successful","note":"n"}`},
		{"close", `{"reason":"successful"}`},
		{"close", `{}`},
		{"reopen", `{}`},
		{"reopen", `{}`},
		{"keep-open", `{"keep":true}`},
		{"keep-open", `{"keep":false}`},
		{"undo", `{}`},
	} {
		try("POST", "/v1/cases/{id}/"+step[0], "/v1/cases/"+id+"/"+step[0], step[1], json...)
	}
	centre.dialled("anna", matti, time.Now())
	try("GET", "/v1/cases", "/v1/cases?list=support&state=closed", "")
	try("GET", "/v1/cases/{id}", "/v1/cases/"+id, "")
	try("POST", "/v1/cases/{id}/undo", "/v1/cases/"+id+"/undo", `{}`, json...)
	for _, verb := range []string{"close", "reopen", "undo", "keep-open"} {
		body := map[string]string{"close": `{"reason":"successful"}`, "keep-open": `{"keep":true}`}[verb]
		try("POST", "/v1/cases/{id}/"+verb, "/v1/cases/none/"+verb, body, json...)
		try("POST", "/v1/cases/{id}/"+verb, "/v1/cases/"+id+"/"+verb, body, append(json, "If-Match", `"999"`)...)
	}
	try("GET", "/v1/lists", "/v1/lists", "")
	try("GET", "/v1/calls/live", "/v1/calls/live?limit=1", "")
	try("GET", "/v1/calls/live", "/v1/calls/live?limit=0", "")
	try("GET", "/v1/hints/live", "/v1/hints/live", "")
	try("GET", "/v1/blind", "/v1/blind", "")
	try("GET", "/v1/feeds", "/v1/feeds", "")
	try("GET", "/v1/events", "/v1/events?kind=x", "")
	for path, item := range c.Paths {
		for method := range item {
			try(strings.ToUpper(method), path, strings.Replace(path, "{id}", "x", 1), "", "Authorization", "")
		}
	}
	for path, item := range c.Paths {
		for method, p := range item {
			for _, status := range []string{"401"} {
				if _, promised := p.Responses[status]; promised && !c.seen[p.OperationID+" "+status] && path != "/v1/events" {
					t.Errorf("%s %s was never seen to answer %s", strings.ToUpper(method), path, status)
				}
			}
		}
	}
}

func TestEveryEventIsAsTheDocumentPromises(t *testing.T) {
	centre := newCentre(t)
	f := api(t, centre.options(Options{}))
	c := readContract(t, f)
	promised := c.Paths["/v1/events"]["get"].Responses["200"].Content["text/event-stream"].Schema
	if len(promised.OneOf) != 8 {
		t.Fatalf("the document promises %+v", promised)
	}
	e := newEvents(time.Now(), 100, 1<<20)
	for kind := sip.CallStarted; kind <= sip.CallEnded; kind++ {
		e.Call(&sip.Event{Kind: kind, At: time.Now(), Agent: "anna", Number: matti, Call: liveCall(kind == sip.CallEnded)})
	}
	open := centre.missed("support", matti, time.Now())
	for event := cases.Opened; event <= cases.Edited; event++ {
		e.Case(cases.Change{Event: event, Case: open, At: time.Now(), Reason: "busy", Agent: "anna", Call: "c1", CallIDs: []string{"1@pbx"}})
	}
	for _, event := range []assist.Event{assist.Raised, assist.Confirmed, assist.Withdrawn} {
		e.Hint(assist.Hint{Event: event, At: time.Now(), Number: matti, Cases: []cases.Case{open}})
	}
	e.Offered(&callback.Offering{Case: open.ID, List: open.List, Agent: "anna", Number: matti, Step: callback.Offered}, time.Now())
	for _, what := range []MessageNews{MessageLeft, MessageHeard, MessageUnheard, MessageDeleted} {
		e.Message(what, &voicemail.Message{ID: "m", Draft: voicemail.Draft{List: open.List, At: time.Now()}, Case: open.ID, Ended: voicemail.Hangup}, &open, "anna", time.Now())
	}
	events, _, _ := e.after(0, make([]*event, 0, 100), true)
	bodies := map[string][]byte{}
	for _, ev := range events {
		bodies[fmt.Sprint(ev.kind, ev.seq)] = dataOf(ev)
	}
	for _, reason := range []resetReason{resetRestarted, resetTooOld, resetUnknown} {
		bodies[string(reason)] = encode(Reset{Type: "reset", Reason: string(reason)})
	}
	if len(bodies) != 7+8+3+4+1+3 {
		t.Errorf("%d events", len(bodies))
	}
	for name, body := range bodies {
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			t.Fatal(err)
		}
		for _, fault := range c.check(promised, value, name) {
			t.Error(fault)
		}
	}
}

func TestEveryBodyHasAnExampleThatFits(t *testing.T) {
	c, left := readContract(t, whole(t).f), maps.Clone(exampleBodies)
	for _, r := range c.routes() {
		if r.RequestBody == nil {
			continue
		}
		media, ok := r.RequestBody.Content["application/json"]
		if !ok {
			continue // a file
		}
		if media.Example == nil {
			t.Errorf("%s has no example", r.OperationID)
		}
		for _, fault := range c.check(media.Schema, media.Example, r.OperationID) {
			t.Error(fault)
		}
		delete(left, r.OperationID)
	}
	for operation := range left {
		t.Errorf("%s has an example and no body", operation)
	}
	for name := range exampleValues {
		s, ok := c.Schemas[name]
		if !ok || len(s.Examples) != 1 {
			t.Errorf("%s has no example", name)
			continue
		}
		for _, fault := range c.check(s, s.Examples[0], name) {
			t.Error(fault)
		}
	}
}
