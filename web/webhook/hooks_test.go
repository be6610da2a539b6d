package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/daemon/outbox"
	"ringback/store"
	"ringback/web/webhook"
)

var (
	secret = []byte("a secret of twenty-seven by")
	older  = []byte("another of twenty-four b")
	here   = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
)

// receiver is a program that is told of events, and what it was told.
type receiver struct {
	*httptest.Server

	t      *testing.T
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request, n int) // nil: 204
	got    []delivery
	more   chan struct{}
}

type delivery struct {
	ID, Body, Signature, Timestamp string
	header                         http.Header
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, more: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(func() { r.CloseClientConnections(); r.Close() })
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.got = append(r.got, delivery{
		req.Header.Get("webhook-id"), string(body), req.Header.Get("webhook-signature"), req.Header.Get("webhook-timestamp"), req.Header,
	})
	n, answer := len(r.got), r.answer
	r.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
	} else {
		answer(w, req, n)
	}
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// first waits for so many deliveries.
func (r *receiver) first(n int) []delivery {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		got := slices.Clone(r.got)
		r.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-r.more:
		case <-deadline:
			r.t.Fatalf("got %d deliveries, want %d", len(got), n)
		}
	}
}

func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, d := range r.got {
		ids = append(ids, d.ID)
	}
	return ids
}

func (r *receiver) endpoint(id string) webhook.Endpoint {
	return webhook.Endpoint{ID: id, URL: r.URL + "/hooks", Secrets: [][]byte{secret}, Allow: here}
}

// post is hooks with their outbox, in a store in memory.
type post struct {
	*webhook.Hooks

	t   *testing.T
	out *outbox.Outbox
}

func scrub(m webhook.Message) []byte { return []byte(`{"erased":"` + m.ID + `"}`) }

func deliver(t *testing.T, o webhook.Options, endpoints ...webhook.Endpoint) *post {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	out := outbox.New(st, outbox.Options{Scrub: scrub})
	o.Outbox, o.Version = out, "1.2.3"
	if o.FirstPause == 0 {
		o.FirstPause, o.LongestPause = time.Millisecond, 10*time.Millisecond
	}
	h := webhook.New(o)
	h.Set(endpoints)
	t.Cleanup(func() {
		if err := errors.Join(h.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return &post{h, t, out}
}

// put puts messages in for an endpoint.
func (p *post) put(endpoint string, ids ...string) {
	p.t.Helper()
	p.putAt(time.Now(), endpoint, ids...)
}

func (p *post) putAt(at time.Time, endpoint string, ids ...string) {
	p.t.Helper()
	var b outbox.Batch
	for _, id := range ids {
		m := webhook.Message{ID: id, Type: "case.opened", Cases: []string{"C-" + id}, At: at, Queued: at, Body: []byte(`{"id":"` + id + `"}`)}
		b.Items = append(b.Items, outbox.Item{Endpoint: endpoint, Message: m})
	}
	if err := p.out.Put(p.t.Context(), b); err != nil {
		p.t.Fatal(err)
	}
	p.Wake(endpoint)
}

// await waits until the state of an endpoint is as wanted.
func (p *post) await(endpoint, what string, ok func(webhook.Status) bool) {
	p.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		all, err := p.List()
		if err != nil {
			p.t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(s webhook.Status) bool { return s.Endpoint == endpoint })
		if i >= 0 && ok(all[i]) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s did not come: %+v", what, all)
		}
	}
}

func (p *post) empty(endpoint string) {
	p.t.Helper()
	p.await(endpoint, "an empty queue", func(s webhook.Status) bool { return s.Pending == 0 })
}

func several(prefix string, n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%03d", prefix, i))
	}
	return ids
}

func TestMessagesArriveInOrderAndSigned(t *testing.T) {
	r := receive(t)
	e := r.endpoint("crm")
	e.Secrets = [][]byte{secret, older}
	p := deliver(t, webhook.Options{}, e)
	ids := several("e", 40)
	p.put("crm", ids...)
	got := r.first(len(ids))
	if diff := cmp.Diff(ids, r.ids()); diff != "" {
		t.Errorf("ids (-sent +received)\n%s", diff)
	}
	for _, d := range got {
		at, err := strconv.ParseInt(d.Timestamp, 10, 64)
		if err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
			t.Errorf("timestamp %q", d.Timestamp)
		}
		var want []string
		for _, s := range [][]byte{secret, older} {
			mac := hmac.New(sha256.New, s)
			fmt.Fprintf(mac, "%s.%s.%s", d.ID, d.Timestamp, d.Body)
			want = append(want, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		}
		if d.Signature != strings.Join(want, " ") {
			t.Errorf("signature %q, want %q", d.Signature, want)
		}
		if d.Body != `{"id":"`+d.ID+`"}` || d.header.Get("Content-Type") != "application/json" || d.header.Get("User-Agent") != "Ringback/1.2.3" {
			t.Errorf("got %q with %v", d.Body, d.header)
		}
	}
	p.empty("crm")
}

// TestTheSignatureOfTheSpecification signs the example of Standard Webhooks.
func TestTheSignatureOfTheSpecification(t *testing.T) {
	s, err := webhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := webhook.Sign([][]byte{s}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFailureIsTriedAgainWithTheSameIDAndBody(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
		switch n {
		case 1, 2:
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 4:
			http.Redirect(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), "/elsewhere", http.StatusPermanentRedirect)
		case 5:
			hijack(w)
		}
	}
	var mu sync.Mutex
	var outcomes []int
	p := deliver(t, webhook.Options{Observe: func(a webhook.Attempt) {
		mu.Lock()
		defer mu.Unlock()
		outcomes = append(outcomes, a.Status)
	}}, r.endpoint("crm"))
	p.put("crm", "one", "two")
	got := r.first(7)
	if diff := cmp.Diff([]string{"one", "one", "one", "one", "one", "one", "two"}, r.ids()); diff != "" {
		t.Errorf("ids (-want +got)\n%s", diff)
	}
	for _, d := range got[:6] {
		if d.Body != got[0].Body {
			t.Errorf("the body changed to %q", d.Body)
		}
	}
	p.empty("crm")
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]int{500, 500, 429, 308, 0, 200, 200}, outcomes); diff != "" {
		t.Errorf("answers (-want +got)\n%s", diff)
	}
}

// hijack breaks the connection.
func hijack(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// TestDeadEndpointsDelayNoOther has one that never answers, one that nobody listens at, one that answers
// without end, and one that works.
func TestDeadEndpointsDelayNoOther(t *testing.T) {
	works := receive(t)
	silent := receive(t)
	silent.answer = func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }
	endless := receive(t)
	endless.answer = func(w http.ResponseWriter, r *http.Request, _ int) {
		w.WriteHeader(http.StatusOK)
		block := make([]byte, 1<<16)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	away := receive(t)
	away.Close()
	slow := silent.endpoint("silent")
	slow.Timeout = 50 * time.Millisecond
	p := deliver(t, webhook.Options{}, works.endpoint("works"), slow, endless.endpoint("endless"), away.endpoint("away"))
	ids := several("e", 100)
	for _, id := range ids {
		for _, e := range []string{"away", "silent", "endless", "works"} {
			p.put(e, id)
		}
	}
	works.first(len(ids))
	if diff := cmp.Diff(ids, works.ids()); diff != "" {
		t.Errorf("ids (-sent +received)\n%s", diff)
	}
	endless.first(len(ids)) // a 200 counts, however long the body
	p.await("away", "a failure", func(s webhook.Status) bool {
		return s.Pending == 100 && s.Attempts > 2 && s.Failure != "" && s.Delivered.IsZero()
	})
	p.await("silent", "a time-out", func(s webhook.Status) bool {
		return s.Pending == 100 && strings.Contains(s.Failure, "no answer in time")
	})
}

func TestAMessageThatIsRefusedDoesNotHoldUpTheOthers(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, req *http.Request, _ int) {
		if req.Header.Get("webhook-id") == "poison" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}
	p := deliver(t, webhook.Options{}, r.endpoint("crm"))
	p.put("crm", "one", "poison", "two")
	p.empty("crm")
	if diff := cmp.Diff([]string{"one", "poison", "poison", "poison", "poison", "poison", "two"}, r.ids()); diff != "" {
		t.Errorf("ids (-want +got)\n%s", diff)
	}
	dead, err := p.Dead("crm", 0, 10)
	if err != nil || len(dead) != 1 {
		t.Fatalf("%d dead letters, %v", len(dead), err)
	}
	if d := dead[0]; d.ID != "poison" || d.Reason != webhook.Refused || d.Status != 422 || d.Attempts != 5 {
		t.Errorf("dead letter %+v", d)
	}
}

func TestDeadLettersAreSentAgain(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }
	e := r.endpoint("crm")
	e.GiveUp = 20 * time.Millisecond
	p := deliver(t, webhook.Options{}, e)
	ids := several("e", 5)
	p.put("crm", ids...)
	p.await("crm", "dead letters", func(s webhook.Status) bool { return s.Dead == 5 && s.Pending == 0 })
	r.mu.Lock()
	r.answer, r.got = nil, nil
	r.mu.Unlock()
	if n, err := p.Resend(t.Context(), "crm", []string{ids[3], ids[1], "other"}); n != 2 || err != nil {
		t.Errorf("resent %d, %v", n, err)
	}
	r.first(2)
	if n, err := p.Resend(t.Context(), "crm", nil); n != 3 || err != nil {
		t.Errorf("resent %d, %v", n, err)
	}
	r.first(5)
	if diff := cmp.Diff([]string{ids[1], ids[3], ids[0], ids[2], ids[4]}, r.ids()); diff != "" {
		t.Errorf("ids (-want +got)\n%s", diff)
	}
	p.await("crm", "nothing left", func(s webhook.Status) bool { return s.Dead == 0 && s.Pending == 0 && s.Failure == "" })
	if _, err := p.Resend(t.Context(), "other", nil); !errors.Is(err, webhook.ErrUnknown) {
		t.Errorf("an unknown endpoint gave %v", err)
	}
}

func TestAnEndpointThatIsGoneIsDisabledUntilSaidOtherwise(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 2 {
			w.WriteHeader(http.StatusGone)
		}
	}
	p := deliver(t, webhook.Options{}, r.endpoint("crm"))
	p.put("crm", "one", "two", "three")
	p.await("crm", "being disabled", func(s webhook.Status) bool { return !s.Disabled.IsZero() })
	if got := p.Wanting("case.opened", "callbacks"); len(got) != 0 {
		t.Errorf("%v want more", got)
	}
	p.put("crm", "four")
	if got := r.ids(); len(got) != 2 {
		t.Errorf("it was told %v", got)
	}
	if err := p.Enable(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	r.first(5)
	if diff := cmp.Diff([]string{"one", "two", "two", "three", "four"}, r.ids()); diff != "" {
		t.Errorf("ids (-want +got)\n%s", diff)
	}
}

func TestAnotherURLIsTriedThoughTheOldOneIsGone(t *testing.T) {
	old, fresh := receive(t), receive(t)
	old.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusGone) }
	p := deliver(t, webhook.Options{}, old.endpoint("crm"))
	p.put("crm", "one")
	p.await("crm", "being disabled", func(s webhook.Status) bool { return !s.Disabled.IsZero() })
	p.Set([]webhook.Endpoint{fresh.endpoint("crm")})
	fresh.first(1)
	p.empty("crm")
}

func TestWhatTellsNothingAnyMoreIsNotSent(t *testing.T) {
	r := receive(t)
	p := deliver(t, webhook.Options{}, r.endpoint("crm"))
	now := time.Now()
	b := outbox.Batch{Items: []outbox.Item{
		{Endpoint: "crm", Message: webhook.Message{ID: "old", Type: "hint.raised", Queued: now, Stale: now.Add(-time.Second), Body: []byte("{}")}},
		{Endpoint: "crm", Message: webhook.Message{ID: "new", Type: "hint.raised", Queued: now, Stale: now.Add(time.Hour), Body: []byte("{}")}},
	}}
	if err := p.out.Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	p.Wake("crm")
	r.first(1)
	p.empty("crm")
	if diff := cmp.Diff([]string{"new"}, r.ids()); diff != "" {
		t.Errorf("ids (-want +got)\n%s", diff)
	}
	if dead, err := p.Dead("crm", 0, 10); err != nil || len(dead) != 1 || dead[0].Reason != webhook.Stale {
		t.Errorf("dead letters %+v, %v", dead, err)
	}
}

// TestNoRequestGoesToAPrivateAddress names a server of this machine in several ways.
func TestNoRequestGoesToAPrivateAddress(t *testing.T) {
	r := receive(t)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0", "[::]"} {
		e := webhook.Endpoint{ID: "crm", URL: "http://" + host + ":" + u.Port(), Secrets: [][]byte{secret}}
		for what, allow := range map[string][]netip.Prefix{"nothing": nil, "another network": {netip.MustParsePrefix("10.0.0.0/8")}} {
			e.Allow = allow
			p := deliver(t, webhook.Options{}, e)
			a, err := p.Test(t.Context(), "crm", webhook.Message{ID: "t", Type: "webhook.test", Body: []byte("{}")})
			if err != nil || a.Err == nil || a.Status != 0 {
				t.Errorf("%s with %s allowed: %+v, %v", host, what, a, err)
			}
			if host != "127.1" && !errors.Is(a.Err, webhook.ErrForbidden) { // some resolvers do not know the latter
				t.Errorf("%s with %s allowed: %v", host, what, a.Err)
			}
		}
	}
	if got := r.ids(); len(got) > 0 {
		t.Errorf("it was told %v", got)
	}
}

func TestATestIsSentPastTheQueue(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, req *http.Request, _ int) {
		if req.Header.Get("webhook-id") != "test" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}
	p := deliver(t, webhook.Options{}, r.endpoint("crm"))
	p.put("crm", "one")
	a, err := p.Test(t.Context(), "crm", webhook.Message{ID: "test", Type: "webhook.test", Body: []byte("{}")})
	if err != nil || a.Err != nil || a.Status != 200 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := p.Test(t.Context(), "other", webhook.Message{}); !errors.Is(err, webhook.ErrUnknown) {
		t.Errorf("an unknown endpoint gave %v", err)
	}
}

// TestErrorsDoNotShowTheURL has a secret in the path, as many receivers want it.
func TestErrorsDoNotShowTheURL(t *testing.T) {
	r := receive(t)
	r.Close()
	e := r.endpoint("crm")
	e.URL = r.URL + "/tell-nobody?key=nor-this"
	p := deliver(t, webhook.Options{}, e)
	p.put("crm", "one")
	p.await("crm", "a failure", func(s webhook.Status) bool {
		if strings.Contains(fmt.Sprint(s.Host, s.Failure), "tell-nobody") || strings.Contains(s.Failure, "nor-this") {
			t.Errorf("shown are %q and %q", s.Host, s.Failure)
		}
		return s.Failure != ""
	})
}
