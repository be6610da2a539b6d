package web

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// certificate makes a certificate for the name ringback that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"ringback"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestAStreamOverHTTP2LivesLongerThanAllTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, err := OpenTokens(tokensFile(t, "wallboard:"+secret))
		if err != nil {
			t.Fatal(err)
		}
		cert, pool := certificate(t)
		server := New(Options{Tokens: tokens})
		l := newPipes()
		served := make(chan error, 1)
		go func() {
			served <- server.ServeAPI(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}))
		}()
		transport := &http.Transport{DialContext: l.dial, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "ringback"}, ForceAttemptHTTP2: true}
		ctx, leave := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://ringback/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.ProtoMajor != 2 {
			t.Fatalf("spoke %s", answer.Proto)
		}
		stream := &reader{t: t, answer: answer, lines: bufio.NewScanner(answer.Body), leave: leave}
		stream.must()
		for range 20 {
			if m := stream.must(); m.Comment != "heartbeat" {
				t.Fatalf("got %+v", m)
			}
		}
		stopped := make(chan error, 1)
		go func() { stopped <- server.Shutdown(context.WithoutCancel(t.Context())) }()
		if m := stream.must(); m.Comment != "the server stops" {
			t.Errorf("got %+v", m)
		}
		if m, ok := stream.next(); ok {
			t.Errorf("after the end comes %+v", m)
		}
		stream.close()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
}
