package push

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ErrSubscription is the error of a subscription that cannot be used.
var ErrSubscription = errors.New("push: unusable subscription")

// Subscription is a browser of a person that takes messages, as its PushSubscription says (W3C Push API).
type Subscription struct {
	ID       string // of the endpoint: the same browser, subscribing again, keeps it
	Person   string
	Endpoint string // at the push service; whoever has it can annoy, so it is shown to nobody
	P256dh   string // the browser's public key (RFC 8291 §3.1), base64url
	Auth     string // its authentication secret, base64url
	Device   string // what the browser calls itself
	Created  time.Time
}

// Limits of what a subscription may hold, in bytes.
const (
	maxEndpoint = 1024
	maxDevice   = 200
	authSize    = 16 // RFC 8291 §3.2
)

// Subscribe makes a person's subscription out of what his browser gave. The error wraps ErrSubscription and
// says what is wrong. Allow are networks that an endpoint may be in though they are not public.
func Subscribe(s Subscription, allow []netip.Prefix) (Subscription, error) {
	refuse := func(what string) (Subscription, error) {
		return Subscription{}, fmt.Errorf("%w: %s", ErrSubscription, what)
	}
	u, err := url.Parse(s.Endpoint)
	switch {
	case len(s.Endpoint) > maxEndpoint:
		return refuse("its endpoint is too long")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.Opaque != "" || u.Fragment != "":
		return refuse("its endpoint is no https address") // RFC 8030 §8
	case u.User != nil:
		return refuse("its endpoint holds a user or password")
	}
	if a, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil && !reachable(a, allow) {
		return refuse("its endpoint is not on the public internet")
	}
	key, err := bytesOf(s.P256dh)
	if err != nil {
		return refuse("p256dh is no base64")
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return refuse("p256dh is no point of P-256")
	}
	auth, err := bytesOf(s.Auth)
	if err != nil || len(auth) != authSize {
		return refuse("auth is no secret of 16 bytes")
	}
	s.P256dh, s.Auth = base64.RawURLEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(auth)
	s.ID = idOf(s.Endpoint)
	if len(s.Device) > maxDevice {
		s.Device = strings.ToValidUTF8(s.Device[:maxDevice], "")
	}
	return s, nil
}

// idOf is the id of an endpoint, from which nobody can tell the endpoint.
func idOf(endpoint string) string {
	sum := sha256.Sum256([]byte(endpoint))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
}

// bytesOf reads base64, of either alphabet and with padding or without, as browsers and libraries write it.
func bytesOf(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

// Host is where the push service is, for people.
func (s *Subscription) Host() string {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
