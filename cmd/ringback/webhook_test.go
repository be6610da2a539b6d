package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestWebhooksAreSeenToFromTheCommandLine(t *testing.T) {
	var status atomic.Int64
	status.Store(http.StatusGone)
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer r.Close()
	path := program(t)
	dir := t.TempDir()
	config, secret := filepath.Join(dir, "ringback.yaml"), filepath.Join(dir, "secret")
	write(t, secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	write(t, config, fmt.Sprintf("data_dir: %[1]s/data\nhep: {udp: ['127.0.0.1:0']}\nhints: {enabled: false}\nweb: {listen: ''}\n"+
		"admin: {listen: '', socket: %[1]s/admin.sock}\nwebhooks: [{id: crm, url: '%[2]s/a-secret-path', secret_files: [%[3]s], allow_networks: [127.0.0.0/8], events: [case.closed]}]\n", dir, r.URL, secret))
	if out, err := (&service{t: t, path: path, config: config}).run("webhook", "list"); err == nil || !strings.Contains(out, "no ringback runs here") {
		t.Errorf("without a daemon: %v\n%s", err, out)
	}
	s := serve(t, path, config)
	s.told("READY=1")
	try := func(want string, ok bool, args ...string) {
		t.Helper()
		out, err := s.run(append([]string{"webhook"}, args...)...)
		if (err == nil) != ok || !strings.Contains(out, want) {
			t.Errorf("%v: %v, want %q\n%s", args, err, want, out)
		}
		if strings.Contains(out, "a-secret-path") {
			t.Errorf("%v shows the path\n%s", args, out)
		}
	}
	try("nothing sent yet", true, "list")
	try("case.closed", true, "list")
	try("crm did not take the test: webhook: the endpoint answered 410", false, "test", "crm")
	status.Store(http.StatusOK)
	try("crm took the test in", true, "test", "crm")
	try("There is no webhook of this name", false, "test", "other")
	try("nothing was given up", true, "dead", "crm")
	try("0 messages sent again", true, "resend", "crm")
	try("0 messages sent again", true, "resend", "crm", "evt_1", "evt_2")
	try("crm is told of events again", true, "enable", "crm")
	try("There is no webhook of this name", false, "enable", "../reload")
	s.stop(syscall.SIGTERM)
}
