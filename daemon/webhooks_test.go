package daemon_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/configs"
	"ringback/daemon"
	"ringback/store"
	"ringback/web"
	"ringback/web/webhook"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hooked is a program that is told of events.
type hooked struct {
	*httptest.Server

	mu     sync.Mutex
	status int
	got    []told
}

// told is a message as it came.
type told struct {
	id   string
	good bool // the signature
	Type string
	ID   string
	Data struct {
		Event, Case, List string
		Version           uint64
		Now               struct {
			ID, Number, State, Event string
			Cases                    []string
		}
	}
}

func hook(t *testing.T) *hooked {
	t.Helper()
	h := &hooked{status: http.StatusOK}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hooked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := told{id: r.Header.Get("webhook-id")}
	if err := json.Unmarshal(body, &m); err == nil && h.status == http.StatusOK {
		secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
		at, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		m.good = r.Header.Get("webhook-signature") == webhook.Sign([][]byte{secret}, m.id, time.Unix(at, 0), body)
		h.got = append(h.got, m)
	}
	w.WriteHeader(h.status)
}

func (h *hooked) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// of gives the messages of a type.
func (h *hooked) of(typ string) []told {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.got), func(m told) bool { return m.Type != typ })
}

func (h *hooked) config(t *testing.T, id string) configs.Webhook {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	put(t, file, hookSecret+"\n")
	return configs.Webhook{
		ID: id, URL: h.URL, SecretFiles: []string{file}, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
}

func TestWebhooksAreToldOfCasesAndHints(t *testing.T) {
	t.Parallel()
	all, some, down := hook(t), hook(t), hook(t)
	down.answer(http.StatusBadGateway)
	c := settings(t)
	know(t, c, kamailio)
	filtered := some.config(t, "some")
	filtered.Events = []string{"case.closed"}
	c.Webhooks = []configs.Webhook{all.config(t, "all"), filtered, down.config(t, "down")}
	x := run(t, c)
	feed := x.dial()
	mirror(t, feed, "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	opened := x.opened[0]
	x.await("a message of the case", func() bool { return len(all.of("case.opened")) > 0 })
	m := all.of("case.opened")[0]
	if !m.good || m.id != m.ID || m.Data.Case != opened.ID || m.Data.List != opened.List || m.Data.Now.ID != opened.ID || m.Data.Now.Number != opened.Number.String() {
		t.Errorf("message %+v", m)
	}

	// The customer calls again, and an agent's phone rings.
	again := captured(t, "kamailio/k3_cancel")
	for i := range again {
		again[i].Payload = bytes.ReplaceAll(again[i].Payload, []byte("\r\nCall-ID: "), []byte("\r\nCall-ID: again-"))
	}
	mirror(t, feed, "", again)
	x.await("a message of the hint", func() bool { return len(all.of("hint.raised")) > 0 })
	h := all.of("hint.raised")[0]
	if !h.good || h.id != h.ID || !slices.Contains(h.Data.Now.Cases, opened.ID) {
		t.Errorf("message %+v", h)
	}

	if status, body := x.post("/v1/cases/"+opened.ID+"/close", `{"reason":"unsuccessful"}`); status != http.StatusOK {
		t.Fatalf("closing: %d %s", status, body)
	}
	x.await("a message of the close", func() bool { return len(some.of("case.closed")) > 0 })
	if m := some.of("case.closed")[0]; m.Data.Now.State != "closed" || m.Data.Version == 0 {
		t.Errorf("message %+v", m)
	}
	if len(some.of("case.opened"))+len(some.of("hint.raised")) > 0 {
		t.Error("told of what it did not want")
	}

	// What one was not told while it was down comes after a restart, in order and with the same ids.
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	down.answer(http.StatusOK)
	run(t, c)
	x.await("what waited", func() bool { return len(down.of("case.closed")) > 0 })
	if was, is := all.of("case.opened"), down.of("case.opened"); len(is) == 0 || is[0].id != was[0].id {
		t.Errorf("got %+v, want %+v", is, was)
	}
	seen := map[string]bool{}
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, m := range all.got {
		if seen[m.id] {
			t.Errorf("told twice of %+v", m)
		}
		seen[m.id] = true
	}
}

// TestWhatIsErasedLeavesTheOutboxToo erases a customer while a message about him waits.
func TestWhatIsErasedLeavesTheOutboxToo(t *testing.T) {
	t.Parallel()
	down := hook(t)
	down.answer(http.StatusBadGateway)
	c := settings(t)
	know(t, c, kamailio)
	c.Webhooks = []configs.Webhook{down.config(t, "down")}
	x := run(t, c)
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	number := x.opened[0].Number.String()
	x.await("a message that waits", func() bool {
		_, m := x.get("/metrics")
		return regexp.MustCompile(`ringback_webhook_pending\{endpoint="down"\} [1-9]`).MatchString(m)
	})
	remote, err := daemon.Connect(t.Context(), c.Admin.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	if _, err := remote.Erase(t.Context(), number, web.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	down.answer(http.StatusOK)
	x.await("news of the erasure", func() bool { return len(down.of("case.erased")) > 0 })
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	down.mu.Lock()
	defer down.mu.Unlock()
	for _, m := range down.got {
		if m.Data.Now.Number != "" {
			t.Errorf("told after the erasure of %s: %+v", number, m)
		}
	}
	st, err := store.Open(store.Options{Dir: filepath.Join(c.DataDir, "store"), Reserve: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(func(r *store.Snapshot) error {
		for key, value := range r.Scan(store.Prefix("webhook")) {
			if bytes.Contains(value, []byte(number)) {
				t.Errorf("%q still holds the number", key)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestWebhooksAreReloaded(t *testing.T) {
	t.Parallel()
	first, second := hook(t), hook(t)
	c := settings(t)
	know(t, c, kamailio)
	c.Webhooks = []configs.Webhook{first.config(t, "crm")}
	x := run(t, c)
	bad := *c
	bad.Webhooks = []configs.Webhook{second.config(t, "crm")}
	bad.Webhooks[0].Events = []string{"case.opend"}
	x.config = &bad
	if err := x.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), `no event is called "case.opend"`) {
		t.Errorf("reloading a mistake gave %v", err)
	}
	good := *c
	good.Webhooks = []configs.Webhook{second.config(t, "crm")}
	x.config = &good
	if err := x.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.await("a message at the new place", func() bool { return len(second.of("case.opened")) > 0 })
	if len(first.of("case.opened")) > 0 {
		t.Error("the old place was told")
	}
}

func TestSecretsThatAreNoneKeepTheDaemonFromStarting(t *testing.T) {
	t.Parallel()
	h := hook(t)
	c := settings(t)
	w := h.config(t, "crm")
	put(t, w.SecretFiles[0], "too easy\n")
	c.Webhooks = []configs.Webhook{w}
	_, err := daemon.New(t.Context(), daemon.Options{Config: c})
	if err == nil || !strings.Contains(err.Error(), w.SecretFiles[0]) || strings.Contains(err.Error(), "too easy") {
		t.Errorf("got %v", err)
	}
	if err := daemon.CheckFiles(c); err == nil {
		t.Error("config check finds nothing")
	}
}
