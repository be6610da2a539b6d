package daemon

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringback/cti/hook"
	"ringback/web"
)

// trialCaller is who calls in a test.
const trialCaller = "+358401234567"

// testCallHook sends all that a sender may send to its address, as a test, and says what became of each.
func (d *Daemon) testCallHook(ctx context.Context, id string) ([]web.HookTrial, error) {
	var h *callHook
	for _, x := range d.callHooks {
		if x.config.ID == id {
			h = x
		}
	}
	if h == nil {
		return nil, fmt.Errorf("no call hook in the configuration in force is called %q", id)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", reachable(d.api.Addr()))
	}}
	if d.apiTLS != nil {
		var err error
		if transport.TLSClientConfig, err = trusting(d.apiTLS); err != nil {
			return nil, err
		}
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: transport}
	defer client.CloseIdleConnections()
	var out []web.HookTrial
	for _, form := range []string{"form", "json", "cloudevents"} {
		call := "test-" + strings.ToLower(rand.Text()[:10])
		for _, kind := range []hook.Kind{hook.Started, hook.Answered, hook.Ended} {
			t, err := d.sendTrial(ctx, client, h, form, call, kind)
			if err != nil {
				return out, err
			}
			out = append(out, t)
		}
	}
	return out, nil
}

// reachable is an address that leads to a listener of ours.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func (d *Daemon) sendTrial(ctx context.Context, client *http.Client, h *callHook, form, call string, kind hook.Kind) (web.HookTrial, error) {
	body, contentType := d.trialBody(form, call, kind)
	t := web.HookTrial{Form: form, Event: kind.String()}
	scheme := "http"
	if d.apiTLS != nil {
		scheme = "https"
	}
	path := "/hooks/" + h.config.ID
	if h.Token != nil {
		token, err := h.Token()
		if err != nil {
			return t, err
		}
		path += "/" + url.PathEscape(token)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://localhost"+path, bytes.NewReader(body))
	if err != nil {
		return t, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set(hook.TestHeader, "1")
	if h.Token == nil {
		secrets, err := h.Secrets()
		if err != nil {
			return t, err
		}
		hook.Sign(req.Header, rand.Text(), secrets[0], body, time.Now())
	}
	res, err := client.Do(req)
	if err != nil {
		return t, fmt.Errorf("sending to %s: %w", d.api.Addr(), err)
	}
	defer res.Body.Close()
	t.Status = res.StatusCode
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return t, err
	}
	var a hook.Answer
	if json.Unmarshal(answer, &a) == nil && len(a.Events) > 0 {
		t.Became, t.Calls = a.Events[0].Became, a.Events[0].Calls
	} else {
		t.Became = strings.TrimSpace(string(answer))
	}
	return t, nil
}

// trialBody writes an event about a call to the directory's first service, whom its first agent answers.
func (d *Daemon) trialBody(form, call string, kind hook.Kind) (body []byte, contentType string) {
	p := d.directory().Plan()
	to, agent := "+35893100100", "101"
	for i := range p.Services {
		if n := p.Services[i].Numbers; len(n) > 0 {
			to = n[0].String()
			break
		}
	}
	for i := range p.Agents {
		if x := p.Agents[i].Extensions; len(x) > 0 {
			agent = x[0]
			break
		}
	}
	words := map[hook.Kind]string{hook.Started: "newCall", hook.Answered: "answer", hook.Ended: "hangup"}
	generic := map[string]string{"event": words[kind], "callId": call, "from": trialCaller[1:], "to": to[1:], "direction": "in"}
	switch kind {
	case hook.Answered:
		generic["user"] = agent
	case hook.Ended:
		generic["cause"] = "normalClearing"
	default:
	}
	switch form {
	case "form":
		v := url.Values{}
		for k, s := range generic {
			v.Set(k, s)
		}
		return []byte(v.Encode()), "application/x-www-form-urlencoded"
	case "json":
		body, _ = json.Marshal(generic) // texts alone
		return body, "application/json"
	}
	body, _ = json.Marshal(map[string]any{
		"specversion": "1.0", "id": rand.Text(), "source": "ringback/test", "type": kind.String(),
		"data": map[string]any{"call": call, "direction": "in", "from": trialCaller, "to": to, "agents": []string{agent}, "by": "caller", "cause": 16},
	})
	return body, "application/cloudevents+json"
}
