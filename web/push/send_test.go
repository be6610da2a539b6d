package push_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"ringback/web/push"
	"ringback/web/push/pushtest"
)

func newBrowser(t *testing.T) *pushtest.Browser {
	t.Helper()
	b, err := pushtest.NewBrowser()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func subscription(b *pushtest.Browser, endpoint string) push.Subscription {
	s := push.Subscription{Person: "anna", Endpoint: endpoint, Device: "Test"}
	s.P256dh, s.Auth = b.Keys()
	return s
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func sender(t *testing.T, client *http.Client) *push.Sender {
	t.Helper()
	keys, err := push.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	s := push.NewSender(push.Options{Keys: keys, Contact: "ops@example.com", HTTP: client, Timeout: 5 * time.Second})
	t.Cleanup(s.Close)
	return s
}

func TestOnlyTheBrowserCanReadAMessageAndKnowsWhoSentIt(t *testing.T) {
	var header http.Header
	body := make([]byte, 8192)
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		n := 0
		for {
			m, err := r.Body.Read(body[n:])
			if n += m; err != nil {
				break
			}
		}
		body = body[:n]
		w.WriteHeader(http.StatusCreated)
	}))
	defer service.Close()
	b, s := newBrowser(t), sender(t, service.Client())
	sub := subscription(b, service.URL+"/send/secret-path")
	want := push.Message{Kind: push.NewCase, Case: "c1", List: "support", ListName: "Support", Reason: "busy", Path: "/cases/c1", Tag: "case-c1", At: time.Now().UTC().Truncate(time.Second)}
	if err := s.Send(t.Context(), &sub, &want); err != nil {
		t.Fatal(err)
	}
	plain, err := b.Open(body)
	if err != nil {
		t.Fatal(err)
	}
	var got push.Message
	if err := json.Unmarshal(plain, &got); err != nil || got != want {
		t.Errorf("%s, %v", plain, err)
	}
	if strings.Contains(string(plain), "number") {
		t.Errorf("a number in %s", plain)
	}
	claims, err := pushtest.Verify(header.Get("Authorization"), s.Public(), time.Now())
	if err != nil || claims.Audience != service.URL || claims.Subject != "mailto:ops@example.com" {
		t.Errorf("%+v, %v", claims, err)
	}
	if _, err := pushtest.Verify(header.Get("Authorization"), sender(t, nil).Public(), time.Now()); err == nil {
		t.Error("it is proved by another key")
	}
	ttl, err := strconv.Atoi(header.Get("TTL"))
	if topic := header.Get("Topic"); err != nil || ttl != 3600 || header.Get("Urgency") != "high" || topic == "" || len(topic) > 32 || strings.Contains(topic, "c1") ||
		header.Get("Content-Encoding") != "aes128gcm" {
		t.Errorf("%v", header)
	}
	if _, err := newBrowser(t).Open(body); err == nil {
		t.Error("another browser reads it")
	}
}

func TestWhatAPushServiceAnswersSaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		status int
		after  string
		is     error
		wait   time.Duration
	}{
		{201, "", nil, 0},
		{200, "", nil, 0},
		{404, "", push.ErrGone, 0},
		{410, "", push.ErrGone, 0},
		{400, "", push.ErrRefused, 0},
		{403, "", push.ErrRefused, 0},
		{413, "", push.ErrRefused, 0},
		{302, "", push.ErrRefused, 0},
		{429, "7", push.ErrLater, 7 * time.Second},
		{503, "99999999", push.ErrLater, time.Hour},
		{500, "-3", push.ErrLater, 0},
		{502, "soon", push.ErrLater, 0},
	} {
		service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			if tt.after != "" {
				w.Header().Set("Retry-After", tt.after)
			}
			w.WriteHeader(tt.status)
		}))
		sub := subscription(newBrowser(t), service.URL+"/secret-path")
		err := sender(t, service.Client()).Send(t.Context(), &sub, &push.Message{Kind: push.Trial})
		later, _ := errors.AsType[*push.LaterError](err)
		if !errors.Is(err, tt.is) || tt.wait > 0 && (later == nil || later.Wait != tt.wait) {
			t.Errorf("%d: %v", tt.status, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret-path") {
			t.Errorf("the error tells the endpoint: %v", err)
		}
		service.Close()
	}
}

func TestNoEndpointLeadsIntoOurNetwork(t *testing.T) {
	b := newBrowser(t)
	for _, endpoint := range []string{
		"", "x", "http://push.example.net/x", "https://", "https://user:pass@push.example.net/", "https://push.example.net/#x", "ftp://push.example.net/",
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://192.168.1.1:8443/",
		"https://[fd00::1]/", "https://0.0.0.0/", "https://push.example.net/" + strings.Repeat("x", 1100),
	} {
		if s, err := push.Subscribe(subscription(b, endpoint), nil); !errors.Is(err, push.ErrSubscription) {
			t.Errorf("%s: %+v, %v", endpoint, s, err)
		}
	}
	if _, err := push.Subscribe(subscription(b, "https://10.1.2.3/x"), []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}); err != nil {
		t.Error(err)
	}
	// A name that leads there is refused when it is connected to.
	service := httptest.NewTLSServer(http.NotFoundHandler())
	defer service.Close()
	keys, err := push.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	sub := subscription(b, strings.Replace(service.URL, "127.0.0.1", "localhost", 1))
	err = push.NewSender(push.Options{Keys: keys}).Send(t.Context(), &sub, &push.Message{Kind: push.Trial})
	if !errors.Is(err, push.ErrLater) || !strings.Contains(err.Error(), "not public") {
		t.Error(err)
	}
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	good := subscription(newBrowser(t), "https://push.example.net/x")
	if s, err := push.Subscribe(good, nil); err != nil || s.ID == "" || strings.Contains(s.ID, "push") || s.Host() != "push.example.net" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, change := range []func(*push.Subscription){
		func(s *push.Subscription) { s.P256dh = "" }, func(s *push.Subscription) { s.P256dh = "%%%" },
		func(s *push.Subscription) { s.P256dh = text(make([]byte, 65)) }, func(s *push.Subscription) { s.Auth = "" },
		func(s *push.Subscription) { s.Auth = text(make([]byte, 15)) }, func(s *push.Subscription) { s.Auth = "***" },
	} {
		s := good
		change(&s)
		if _, err := push.Subscribe(s, nil); !errors.Is(err, push.ErrSubscription) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
