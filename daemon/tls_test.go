package daemon_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/configs"
	"ringback/daemon"
)

// authority signs the certificates of a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.file = filepath.Join(a.dir, "ca.crt")
	put(t, a.file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
	return a
}

func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = serial, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed, key
}

// pair writes a certificate, for this machine's address and the hosts, and its key to files of the name.
func (a *authority) pair(name string, hosts ...string) (certFile, keyFile string) {
	a.t.Helper()
	cert, key := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: hosts,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	put(a.t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})))
	put(a.t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	return certFile, keyFile
}

// client is the TLS of a sender that shows a certificate of signer's, and trusts a.
func (a *authority) client(signer *authority) *tls.Config {
	a.t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AddCert(a.cert)
	if signer != nil {
		pair, err := tls.LoadX509KeyPair(signer.pair("sender"))
		if err != nil {
			a.t.Fatal(err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c
}

// TestTheTLSFeedTakesOnlySendersOfItsAuthority also renews the daemon's own certificate while it runs.
func TestTheTLSFeedTakesOnlySendersOfItsAuthority(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	c := settings(t)
	c.HEP.UDP, c.HEP.TLS = nil, []configs.Address{"127.0.0.1:0"}
	c.HEP.TLSCertFile, c.HEP.TLSKeyFile = ours.pair("ringback")
	c.HEP.TLSClientCAFile = ours.file
	know(t, c, kamailio)
	x := run(t, c)
	to := x.Feeds()["hep_tls"].String()

	for name, signer := range map[string]*authority{"none": nil, "a stranger's": theirs} {
		conn, err := tls.Dial("tcp", to, ours.client(signer))
		if err == nil { // TLS 1.3 learns of it with the first read
			_, err = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
		if err == nil {
			t.Errorf("a sender with %s certificate is taken", name)
		}
	}
	conn, err := tls.Dial("tcp", to, ours.client(ours))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mirror(t, conn, "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)

	shown := conn.ConnectionState().PeerCertificates[0].SerialNumber
	ours.pair("ringback")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(c.HEP.TLSCertFile, later, later); err != nil {
		t.Fatal(err)
	}
	x.await("the renewed certificate", func() bool {
		again, err := tls.Dial("tcp", to, ours.client(ours))
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		return again.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(shown) != 0
	})
}

// TestAClientOfOursTrustsOurCertificateAlone lets it meet another of the same authority, for the same names.
func TestAClientOfOursTrustsOurCertificateAlone(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ours")
	load := func(name string) *tls.Config {
		pair, err := tls.LoadX509KeyPair(a.pair(name, "ringback.example.com"))
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	ours, other := load("ours"), load("other")
	client, err := daemon.Trusting(ours)
	if err != nil {
		t.Fatal(err)
	}
	for name, server := range map[string]*tls.Config{"ours": ours, "other": other} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", server)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := l.Accept(); err == nil {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		}()
		conn, err := tls.Dial("tcp", l.Addr().String(), client)
		if _, refused := errors.AsType[*tls.CertificateVerificationError](err); refused != (name == "other") || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = conn.Close()
		}
		_ = l.Close()
	}
}
