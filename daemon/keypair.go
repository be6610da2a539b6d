package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// keyPair is a certificate and key in files that a renewal may replace at any time.
type keyPair struct {
	certFile, keyFile string

	mu       sync.Mutex
	pair     *tls.Certificate
	looked   time.Time
	modified time.Time
}

// get is the certificate of now. One that cannot be read any more is kept as it was.
func (k *keyPair) get() (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair != nil && time.Since(k.looked) < time.Second {
		return k.pair, nil
	}
	k.looked = time.Now()
	info, err := os.Stat(k.certFile)
	if err == nil && k.pair != nil && info.ModTime().Equal(k.modified) {
		return k.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	switch {
	case err == nil:
		k.pair = &pair
		if info != nil {
			k.modified = info.ModTime()
		}
	case k.pair == nil:
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	return k.pair, nil
}

// trusting is the TLS of a client to a listener of ours: it takes the certificate that the listener shows at the
// moment, under the first name that it is for, and no other.
func trusting(listener *tls.Config) (*tls.Config, error) {
	pair, err := listener.GetCertificate(nil)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(pair.Leaf)
	switch {
	case len(pair.Leaf.DNSNames) > 0:
		c.ServerName = strings.Replace(pair.Leaf.DNSNames[0], "*", "ringback", 1)
	case len(pair.Leaf.IPAddresses) > 0:
		c.ServerName = pair.Leaf.IPAddresses[0].String()
	}
	return c, nil
}
