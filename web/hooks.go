package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Hook is how an endpoint of webhooks fares.
type Hook struct {
	ID         string     `json:"id" doc:"As the configuration names it."`
	Host       string     `json:"host,omitempty" doc:"Where it is; its path may be a secret."`
	Configured bool       `json:"configured" doc:"False: what is left of one that was."`
	Events     []string   `json:"events" nullable:"false" doc:"What it wants to be told of; none: everything."`
	Lists      []string   `json:"lists" nullable:"false" doc:"Of which lists; none: all."`
	Pending    int        `json:"pending" doc:"Messages that wait."`
	Dead       int        `json:"dead" doc:"Messages that were given up and can be sent again."`
	Dropped    uint64     `json:"dropped" doc:"Messages given up and no longer kept."`
	Disabled   *time.Time `json:"disabled,omitempty" doc:"Since when it is not told any more: it answered 410."`
	Oldest     *time.Time `json:"oldest,omitempty" doc:"When the first message that waits was put there."`
	Attempts   int        `json:"attempts" doc:"To deliver that one."`
	Next       *time.Time `json:"next,omitempty" doc:"When it is tried again; absent: now."`
	Delivered  *time.Time `json:"delivered,omitempty" doc:"The last success since the start."`
	Failed     *time.Time `json:"failed,omitempty" doc:"The last failure, while it fails."`
	Failure    string     `json:"failure,omitempty" doc:"What went wrong then."`
}

// DeadLetter is a message to an endpoint that was given up.
type DeadLetter struct {
	ID       string    `json:"id" doc:"Of the event, the same for all endpoints and at every try."`
	Type     string    `json:"type" doc:"Of the event, as case.closed."`
	At       time.Time `json:"at" doc:"When the event was."`
	Died     time.Time `json:"died" doc:"When it was given up."`
	Reason   string    `json:"reason" enum:"too_old,refused,stale,overflow" doc:"Why."`
	Status   int       `json:"status,omitempty" doc:"The last answer's; absent: there was none."`
	Attempts int       `json:"attempts" doc:"To deliver it."`
	Body     any       `json:"body,omitempty" doc:"What is sent."`
}

func (s *Server) registerHooks(api huma.API) {
	if s.o.Hooks == nil {
		return
	}
	op := func(method, path, id, summary, description string, errs ...int) huma.Operation {
		return operation(method, path, id, "webhooks", summary, description, append(errs, http.StatusForbidden)...)
	}
	handle(s, api, op(http.MethodGet, "/v1/webhooks", "list-webhooks", "Webhooks", "How the endpoints that are told by webhooks fare."), s.hooks)
	handle(s, api, op(http.MethodGet, "/v1/webhooks/{id}/dead", "list-dead-letters", "Messages given up", "The oldest first.", http.StatusNotFound), s.deadLetters)
	handle(s, api, withBody(op(http.MethodPost, "/v1/webhooks/{id}/resend", "resend-dead-letters", "Send messages again",
		"Puts messages that were given up behind those that wait: those named, or all.", http.StatusNotFound)), s.resend)
	handle(s, api, op(http.MethodPost, "/v1/webhooks/{id}/test", "test-webhook", "Try an endpoint",
		"Sends a message of the type webhook.test at once, and says how that went.", http.StatusNotFound), s.testHook)
	enable := op(http.MethodPost, "/v1/webhooks/{id}/enable", "enable-webhook", "Tell an endpoint again",
		"Goes on with an endpoint that answered 410, and tries what waits at once.", http.StatusNotFound)
	enable.DefaultStatus = http.StatusNoContent
	handle(s, api, enable, func(ctx context.Context, in *HookID) (*struct{}, error) { return nil, s.o.Hooks.Enable(ctx, in.ID) })
}

type hooksOutput struct {
	Body struct {
		Hooks []Hook `json:"hooks" nullable:"false"`
	}
}

func (s *Server) hooks(context.Context, *struct{}) (*hooksOutput, error) {
	all, err := s.o.Hooks.List()
	if err != nil {
		return nil, err
	}
	out := &hooksOutput{}
	out.Body.Hooks = []Hook{}
	for i := range all {
		h := &all[i]
		out.Body.Hooks = append(out.Body.Hooks, Hook{
			ID: h.Endpoint, Host: h.Host, Configured: h.Configured, Events: someOf(h.Events), Lists: someOf(h.Lists),
			Pending: h.Pending, Dead: h.Dead, Dropped: h.Dropped, Disabled: timeOf(h.Disabled), Oldest: timeOf(h.Oldest), Attempts: h.Attempts,
			Next: timeOf(h.Next), Delivered: timeOf(h.Delivered), Failed: timeOf(h.Failed), Failure: h.Failure,
		})
	}
	return out, nil
}

// HookID is what a request about one endpoint has in its path. Huma reads embedded structs only when
// they are exported.
type HookID struct {
	ID string `path:"id" maxLength:"64" doc:"As the configuration names it."`
}

type deadOutput struct {
	Body struct {
		Dead []DeadLetter `json:"dead" nullable:"false" doc:"The oldest first."`
		Next string       `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) deadLetters(_ context.Context, in *struct {
	HookID
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"20" doc:"The next of the page before."`
},
) (*deadOutput, error) {
	var after uint64
	if in.Cursor != "" {
		var err error
		if after, err = strconv.ParseUint(in.Cursor, 10, 64); err != nil {
			return nil, invalid("query.cursor", "not a cursor of these messages")
		}
	}
	all, err := s.o.Hooks.Dead(in.ID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &deadOutput{}
	out.Body.Dead = []DeadLetter{}
	for i := range all {
		d := &all[i]
		shown := DeadLetter{ID: d.ID, Type: d.Type, At: d.At, Died: d.Died, Reason: string(d.Reason), Status: d.Status, Attempts: d.Attempts}
		if json.Valid(d.Body) {
			shown.Body = json.RawMessage(d.Body)
		}
		out.Body.Dead = append(out.Body.Dead, shown)
	}
	if len(all) == in.Limit {
		out.Body.Next = strconv.FormatUint(all[len(all)-1].Seq, 10)
	}
	return out, nil
}

type resendOutput struct {
	Body struct {
		Resent int `json:"resent" doc:"How many messages wait again."`
	}
}

func (s *Server) resend(ctx context.Context, in *struct {
	HookID
	Body *struct {
		IDs []string `json:"ids,omitempty" maxItems:"1000" nullable:"false" doc:"Those of these ids; absent: all."`
	}
},
) (*resendOutput, error) {
	var ids []string
	if in.Body != nil {
		ids = in.Body.IDs
	}
	n, err := s.o.Hooks.Resend(ctx, in.ID, ids)
	if err != nil {
		return nil, err
	}
	out := &resendOutput{}
	out.Body.Resent = n
	return out, nil
}

type testHookOutput struct {
	Body HookTest
}

func (s *Server) testHook(ctx context.Context, in *HookID) (*testHookOutput, error) {
	a, err := s.o.Hooks.Test(ctx, in.ID, testMessage(newAct(), time.Now()))
	if err != nil {
		return nil, err
	}
	out := &testHookOutput{HookTest{Delivered: a.Err == nil, Status: a.Status, Elapsed: a.Elapsed.Seconds()}}
	if a.Err != nil {
		out.Body.Failure = a.Err.Error()
	}
	return out, nil
}
