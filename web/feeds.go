package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Feed is how one of the ways is by which calls become known.
type Feed struct {
	Name          string     `json:"name" doc:"Its name, unique among the feeds."`
	Kind          string     `json:"kind" enum:"hep,tap,ari,ami,dialog,hook" doc:"What it is."`
	PBX           string     `json:"pbx,omitempty" doc:"The PBX of the directory that it is of, where it is of one."`
	Peer          string     `json:"peer,omitempty" doc:"The other side, or where we listen."`
	State         string     `json:"state" enum:"unknown,connecting,up,refused,stopped" doc:"How it is."`
	Since         time.Time  `json:"since" doc:"It is so since then."`
	Problem       string     `json:"problem,omitempty" doc:"Why it is not up."`
	LastEvent     *time.Time `json:"last_event,omitempty" doc:"When the last event came; absent before the first."`
	Events        uint64     `json:"events" doc:"Events, or packets, that came."`
	Refused       uint64     `json:"refused" doc:"Those that could not be read or taken."`
	Lag           float64    `json:"lag" doc:"Seconds from the PBX's clock to ours, smoothed."`
	Gaps          uint64     `json:"gaps" doc:"Times something was missed."`
	Lost          uint64     `json:"lost" doc:"Datagrams that were lost for want of room."`
	Reconnects    uint64     `json:"reconnects" doc:"Times the connection was made anew."`
	Disagreements uint64     `json:"disagreements" doc:"Times it told otherwise than a stronger feed, which was believed."`
}

type feedsOutput struct {
	Body struct {
		Feeds []Feed `json:"feeds" nullable:"false"`
	}
}

func (s *Server) registerFeeds(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/feeds", "list-feeds", "live", "How the feeds are",
		"Every way by which calls become known: mirrors, and what PBXs tell by themselves.", http.StatusForbidden), s.feeds)
}

func (s *Server) feeds(context.Context, *struct{}) (*feedsOutput, error) {
	out := &feedsOutput{}
	out.Body.Feeds = []Feed{}
	if s.o.Feeds != nil {
		out.Body.Feeds = append(out.Body.Feeds, s.o.Feeds()...)
	}
	return out, nil
}

// PBXCheck is one thing looked at in how a PBX is connected.
type PBXCheck struct {
	PBX  string `json:"pbx"`
	Name string `json:"name"` // as "mirror"
	OK   bool   `json:"ok"`
	Says string `json:"says"`           // a sentence: what is seen
	Mend string `json:"mend,omitempty"` // a sentence: how to mend it
}

// HookTrial is what became of one event of a test of a sender.
type HookTrial struct {
	Form   string   `json:"form"`  // how it was sent
	Event  string   `json:"event"` // what was sent
	Status int      `json:"status"`
	Became string   `json:"became"`
	Calls  []string `json:"calls,omitempty"`
}

// adminFeeds is what `ringback check pbx` and `ringback hook test` ask for.
func (s *Server) adminFeeds(mux *http.ServeMux) {
	if check := s.o.Admin.CheckPBX; check != nil {
		mux.Handle("GET /admin/check/pbx", s.trusted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			checks, err := check(r.URL.Query().Get("id"))
			if err != nil {
				writeProblem(w, http.StatusNotFound, err.Error())
				return
			}
			writeJSON(w, http.StatusOK, checks)
		})))
	}
	if test := s.o.Admin.TestHook; test != nil {
		mux.Handle("POST /admin/call-hooks/{id}/test", s.trusted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			trials, err := test(r.Context(), r.PathValue("id"))
			if err != nil {
				writeProblem(w, http.StatusBadGateway, err.Error())
				return
			}
			writeJSON(w, http.StatusOK, trials)
		})))
	}
}
