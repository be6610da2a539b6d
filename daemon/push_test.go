package daemon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/daemon"
	"ringback/web"
	"ringback/web/push"
	"ringback/web/push/pushtest"
)

// carrier is a push service that browsers subscribe at.
type carrier struct {
	*httptest.Server

	t        *testing.T
	mu       sync.Mutex
	status   int
	browsers map[string]*pushtest.Browser
	came     map[string][]push.Message // by the last part of the endpoint
	key      string
}

func newCarrier(t *testing.T) *carrier {
	t.Helper()
	c := &carrier{t: t, status: http.StatusCreated, browsers: map[string]*pushtest.Browser{}, came: map[string][]push.Message{}}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP takes a message, which must be encrypted for its browser and signed.
func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := path.Base(r.URL.Path)
	if c.status == http.StatusCreated {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.t.Error(err)
		}
		plain, err := c.browsers[who].Open(body)
		if err != nil {
			c.t.Error(err)
		}
		if claims, err := pushtest.Verify(r.Header.Get("Authorization"), c.key, time.Now()); err != nil || claims.Audience != c.URL {
			c.t.Errorf("%+v, %v", claims, err)
		}
		var m push.Message
		if err := json.Unmarshal(plain, &m); err != nil {
			c.t.Error(err)
		}
		c.came[who] = append(c.came[who], m)
	}
	w.WriteHeader(c.status)
}

func (c *carrier) of(who string) []push.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.came[who]
}

func (c *carrier) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// subscribe lets a person be told at the carrier, and returns his headers and the subscription.
func (x *centre) subscribe(c *carrier, person string) (header []string, made web.PushSubscription) {
	x.t.Helper()
	header = append(x.enter(person), "Content-Type", "application/json")
	var known struct{ Key string }
	res, body := x.send(http.MethodGet, "/v1/session/push-subscriptions", "", header...)
	if err := json.Unmarshal([]byte(body), &known); err != nil || known.Key == "" {
		x.t.Fatal(res.Status, body)
	}
	b, err := pushtest.NewBrowser()
	if err != nil {
		x.t.Fatal(err)
	}
	c.mu.Lock()
	c.browsers[person], c.key = b, known.Key
	c.mu.Unlock()
	p256dh, auth := b.Keys()
	res, body = x.send(http.MethodPost, "/v1/session/push-subscriptions",
		fmt.Sprintf(`{"endpoint":"%s/send/%s","expirationTime":null,"keys":{"p256dh":"%s","auth":"%s"}}`, c.URL, person, p256dh, auth), header...)
	if err := json.Unmarshal([]byte(body), &made); err != nil || res.StatusCode != http.StatusCreated {
		x.t.Fatal(res.Status, body)
	}
	return header, made
}

func TestThoseWhoAreToBeToldOfAMissAre(t *testing.T) {
	t.Parallel()
	c, service := settings(t), newCarrier(t)
	c.Push.AllowNetworks, c.Push.Contact = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "ops@example.com"
	know(t, c, kamailio)
	x := runWith(t, c, func(o *daemon.Options) { o.PushHTTP = service.Client() })
	x.subscribe(service, "151")
	other, _ := x.subscribe(service, "152")
	for _, list := range []string{"callbacks", "support"} {
		x.send(http.MethodPut, "/v1/lists/"+list+"/active", `{"active":false}`, other...)
		if res, body := x.send(http.MethodPatch, "/v1/lists/"+list, `{"notifications":true}`, "Authorization", "Bearer "+token, "Content-Type", "application/json"); res.StatusCode != http.StatusOK {
			t.Fatal(res.Status, body)
		}
	}
	mirror(t, x.dial(), "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)
	x.await("a message on the phone", func() bool { return len(service.of("151")) > 0 })
	m := service.of("151")[0]
	if m.Kind != push.NewCase || m.Case != x.opened[0].ID || m.List != x.opened[0].List || m.Reason != "abandoned_ringing" || m.Path != "/cases/"+m.Case || m.Number != "" {
		t.Errorf("%+v", m)
	}
	// What people do about it is no news.
	x.post("/v1/cases/"+m.Case+"/comments", `{"text":"looks urgent"}`)
	x.await("the count of the other's message", func() bool {
		_, text := x.get("/metrics")
		return strings.Contains(text, `ringback_push_total{kind="case",result="not_active"} 1`) && strings.Contains(text, `ringback_push_total{kind="case",result="delivered"} 1`)
	})
	if n, n2 := len(service.of("151")), len(service.of("152")); n != 1 || n2 != 0 {
		t.Errorf("%d messages to who is active, %d to who is not", n, n2)
	}
}

func TestABrowserThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	c, service := settings(t), newCarrier(t)
	c.Push.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	know(t, c, kamailio)
	x := runWith(t, c, func(o *daemon.Options) { o.PushHTTP = service.Client() })
	header, made := x.subscribe(service, "151")
	try := "/v1/session/push-subscriptions/" + made.ID + "/test"
	if res, body := x.send(http.MethodPost, try, "", header...); res.StatusCode != http.StatusNoContent || len(service.of("151")) != 1 || service.of("151")[0].Kind != push.Trial {
		t.Errorf("%s %s", res.Status, body)
	}
	service.answer(http.StatusServiceUnavailable)
	if res, body := x.send(http.MethodPost, try, "", header...); res.StatusCode != http.StatusBadGateway {
		t.Errorf("%s %s", res.Status, body)
	}
	service.answer(http.StatusGone)
	if res, body := x.send(http.MethodPost, try, "", header...); res.StatusCode != http.StatusConflict {
		t.Errorf("%s %s", res.Status, body)
	}
	if res, body := x.send(http.MethodPost, try, "", header...); res.StatusCode != http.StatusNotFound {
		t.Errorf("%s %s", res.Status, body)
	}
}

func TestTheKeysOfPushOutliveTheDaemon(t *testing.T) {
	t.Parallel()
	c, service := settings(t), newCarrier(t)
	c.Push.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	know(t, c, kamailio)
	x := run(t, c)
	header, made := x.subscribe(service, "151")
	first := service.key
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	y := run(t, c)
	res, body := y.send(http.MethodGet, "/v1/session/push-subscriptions", "", header...)
	if !strings.Contains(body, first) || !strings.Contains(body, made.ID) {
		t.Errorf("%s %s", res.Status, body)
	}
}
