package app

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestLinksToGiveAwayBeginWithTheConfiguredAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, url, proxied string
		tls                bool
		want               string
	}{
		{name: "configured", url: "https://ringback.example.com/", want: "https://ringback.example.com"},
		{name: "configured, whatever a proxy says", url: "https://ringback.example.com", proxied: "http", tls: true, want: "https://ringback.example.com"},
		{name: "as he asked", want: "http://named.example.com:8080"},
		{name: "as he asked, by TLS", tls: true, want: "https://named.example.com:8080"},
		{name: "as he asked a proxy, by TLS", proxied: "https", want: "https://named.example.com:8080"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://named.example.com:8080/people", http.NoBody)
		if r.Header.Set("X-Forwarded-Proto", tt.proxied); tt.tls {
			r.TLS = new(tls.ConnectionState)
		}
		v := &visit{app: &App{o: Options{URL: tt.url}}, r: r}
		if got := v.server(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
