package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync/atomic"
	"time"

	"ringback/configs"
	"ringback/sip/capture"
	"ringback/sip/hep"
)

// feed is one socket of the mirror.
type feed struct {
	*hep.Server

	name string // as metrics and readiness call it: hep_udp, hep_tcp, hep_tls
	take hep.Handler
	last atomic.Int64 // arrival of the last packet
}

func (f *feed) handle(batch []hep.Received) {
	if len(batch) > 0 {
		f.last.Store(batch[len(batch)-1].Arrival.UnixNano())
	}
	f.take(batch)
}

// openFeeds opens the sockets that the mirror comes in by, the tap, and the ways to PBXs that tell.
func (d *Daemon) openFeeds(ctx context.Context) error {
	c := d.config.Load()
	if err := d.openTellers(ctx); err != nil {
		return err
	}
	keys, err := authKeys(c)
	if err != nil {
		return err
	}
	var tlsConfig *tls.Config
	if len(c.HEP.TLS) > 0 {
		if tlsConfig, err = serverTLS(c.HEP.TLSCertFile, c.HEP.TLSKeyFile, c.HEP.TLSClientCAFile); err != nil {
			return err
		}
	}
	for network, list := range map[string][]configs.Address{"udp": c.HEP.UDP, "tcp": c.HEP.TCP, "tls": c.HEP.TLS} {
		for _, a := range list {
			f := &feed{name: "hep_" + network, take: d.watch.handle}
			f.Server, err = hep.Listen(ctx, hep.Options{
				Network: network, Addr: string(a), Handler: f.handle, TLS: tlsConfig,
				Senders: c.HEP.Allow, Keys: keys, ReadBuffer: int(c.HEP.ReceiveBuffer),
				IdleTimeout: c.HEP.IdleTimeout, MaxConns: c.HEP.MaxConnections, Logger: d.log,
			})
			if err != nil {
				return err
			}
			d.feeds = append(d.feeds, f)
		}
	}
	if c.Tap.Interface == "" {
		return nil
	}
	o := capture.TapOptions{
		Ports: c.Tap.Ports, Handler: d.watch.handle, Logger: d.log,
		OnEncrypted: func(e capture.Encrypted) { d.watch.unreadable(e.Src, e.Dst) },
	}
	if c.Tap.Interface != anyInterface {
		o.Interface, o.Promiscuous = c.Tap.Interface, true
	}
	d.tap, err = capture.OpenTap(o)
	return err
}

// anyInterface stands for all interfaces.
const anyInterface = "any"

func authKeys(c *configs.Config) ([][]byte, error) {
	secrets, err := configs.Secrets(c.HEP.AuthKeysFile)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys, nil
}

// serverTLS is the TLS of a listener. The certificate is read again when its file changes, at most
// once a second.
func serverTLS(certFile, keyFile, clientCAFile string) (*tls.Config, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile}
	if _, err := k.get(); err != nil {
		return nil, err
	}
	c := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.get() },
	}
	if clientCAFile != "" {
		pool, err := certPool(clientCAFile)
		if err != nil {
			return nil, err
		}
		c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// clientTLS is the TLS of connections to PBXs; nil where nothing of it is configured.
func clientTLS(certFile, keyFile, caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate for hints: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if caFile != "" {
		pool, err := certPool(caFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	return c, nil
}

func certPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificate authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// openSocket listens on the admin socket. A file left by a daemon that was killed is taken away; one
// that answers belongs to a daemon that runs.
func openSocket(path string) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("admin socket %s: another ringback is running there; stop it or set another admin.socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w; set admin.socket to a path whose folder exists and may be written", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	return peers{l}, nil
}
