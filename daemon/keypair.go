package daemon

import (
	"crypto/tls"
	"fmt"
	"os"
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
