package web

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory/audit"
	"ringback/directory/people"
	"ringback/sip"
)

// World is a world for tests from outside.
type World struct {
	*world

	contract *contract
	mu       sync.Mutex
	seen     map[string]bool // operations answered 2xx
}

// Whole serves everything, and holds every answer against the description.
func Whole(t *testing.T) *World {
	t.Helper()
	w := whole(t)
	return &World{world: w, contract: readContract(t, w.f), seen: map[string]bool{}}
}

// URL is where it serves.
func (w *World) URL() string { return w.f.url }

// Secret is the token of the tokens file.
func (w *World) Secret() string { return secret }

// Password will do for anybody.
func (w *World) Password() string { return password }

// Missed lets a customer ring a list in vain.
func (w *World) Missed(list string, n sip.Number, at time.Time) cases.Case {
	w.t.Helper()
	return w.centre.missed(list, n, at)
}

// Happened keeps a missed call of a customer, with the id "happened".
func (w *World) Happened(n sip.Number, list string) {
	w.t.Helper()
	w.happened(missedCall("happened", "hotline", list, n, time.Now().Add(-time.Minute)), "")
}

// Leave leaves a message of two seconds on a case.
func (w *World) Leave(id string) {
	w.t.Helper()
	w.leave(id, time.Now(), tone(2*time.Second))
}

// Dialled lets an agent call a customer.
func (w *World) Dialled(agent string, n sip.Number, at time.Time) { w.centre.dialled(agent, n, at) }

// Invite makes a code for somebody to log in with.
func (w *World) Invite(id string) string {
	w.t.Helper()
	i, err := w.people.Invite(w.t.Context(), people.Act{By: audit.Who{Kind: audit.System}, At: time.Now()}, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return i.Secret
}

// HTTP is a client whose answers are held against the description.
func (w *World) HTTP() *http.Client { return &http.Client{Transport: w} }

// RoundTrip implements http.RoundTripper.
func (w *World) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.Header.Get("Content-Type") == "text/event-stream" {
		if err == nil {
			w.note("stream-events")
		}
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	path := w.contract.route(r.Method, r.URL)
	for _, fault := range w.contract.faults(r.Method, path, answer, body) {
		w.t.Errorf("%s %s: %d: %s in %.500s", r.Method, path, answer.StatusCode, fault, body)
	}
	if answer.StatusCode < http.StatusMultipleChoices {
		w.note(w.contract.Paths[path][strings.ToLower(r.Method)].OperationID)
	}
	return answer, nil
}

func (w *World) note(operation string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[operation] = true
}

// Unseen are the operations that were not answered 2xx yet.
func (w *World) Unseen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.contract.routes() {
		if !w.seen[r.OperationID] {
			all = append(all, r.OperationID)
		}
	}
	slices.Sort(all)
	return all
}

// route is the path in the description that an address is of.
func (c *contract) route(method string, u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	best := ""
	for _, path := range slices.Sorted(maps.Keys(c.Paths)) {
		if _, ok := c.Paths[path][strings.ToLower(method)]; !ok {
			continue
		}
		named := strings.Split(path, "/")
		if len(named) != len(parts) {
			continue
		}
		fits := true
		for i := range named {
			fits = fits && (named[i] == parts[i] || strings.HasPrefix(named[i], "{"))
		}
		if fits && (best == "" || strings.Count(path, "{") < strings.Count(best, "{")) {
			best = path
		}
	}
	return best
}

// Publish publishes events of cases.
func (w *World) Publish(changes ...cases.Change) {
	for _, ch := range changes {
		w.f.server.Events().Case(ch)
	}
}

// Desk is a server in the bubble that a test runs in.
type Desk struct{ *desk }

// OpenDesk starts one.
func OpenDesk(t *testing.T) *Desk {
	t.Helper()
	return &Desk{open(t, Options{})}
}

// HTTP is a client that is connected to it.
func (d *Desk) HTTP() *http.Client { return d.client }

// Secret is a token of its.
func (d *Desk) Secret() string { return secret }

// Publish publishes the start of calls with these ids.
func (d *Desk) Publish(ids ...string) { d.publish(ids...) }

// Cut breaks all connections to it.
func (d *Desk) Cut() { d.cut() }

// Forget lets it keep no more than n past events.
func (d *Desk) Forget(n int) { d.server.events.maxEvents = n }
