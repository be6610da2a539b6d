package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"ringback/web/webhook"
)

// Keys prove to push services who sends (RFC 8292): a key pair of P-256, base64url.
type Keys struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}

// NewKeys makes a pair. It is made once: browsers subscribe to it.
func NewKeys() (Keys, error) {
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return Keys{}, fmt.Errorf("push: making keys: %w", err)
	}
	return Keys{public, private}, nil
}

// Message is what the app's service worker gets. There is nothing personal in it but a number, where
// that is wanted.
type Message struct {
	Kind     Kind      `json:"kind"`
	Case     string    `json:"case,omitempty"`
	List     string    `json:"list,omitempty"`      // its id
	ListName string    `json:"list_name,omitempty"` // for people
	Reason   string    `json:"reason,omitempty"`    // of the miss, as abandoned_waiting
	Number   string    `json:"number,omitempty"`    // E.164, only where the setting allows it
	Path     string    `json:"path"`                // where a tap leads
	Tag      string    `json:"tag"`                 // the same tag replaces what was shown
	At       time.Time `json:"at"`
}

// How long push services keep a message for a browser that is not there.
const (
	caseFor  = time.Hour
	hintFor  = 30 * time.Second
	trialFor = time.Minute
)

// urgency is that of every message: one of a lesser urgency waits until somebody picks his phone up (RFC 8030 §5.3).
const urgency = webpush.UrgencyHigh

// lifetime is that of a kind (RFC 8030 §5.2).
func (k Kind) lifetime() time.Duration {
	switch k {
	case Hint:
		return hintFor
	case Trial:
		return trialFor
	default:
		return caseFor
	}
}

// Options say how messages are sent. Keys are required.
type Options struct {
	Keys    Keys
	Contact string         // an e-mail address or https URL that push services may complain to (RFC 8292 §2.1)
	Allow   []netip.Prefix // networks that endpoints may be in though they are not public
	Timeout time.Duration  // of one request: 10 s

	// HTTP sends requests instead of a client that connects to public addresses only.
	HTTP *http.Client
}

// Sender sends messages. Its methods may be called from any goroutine.
type Sender struct {
	o    Options
	http *http.Client
}

// NewSender makes a Sender.
func NewSender(o Options) *Sender {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Contact == "" {
		o.Contact = "https://localhost/"
	}
	client := o.HTTP
	if client == nil {
		dialer := &net.Dialer{Timeout: o.Timeout, Control: webhook.Guard(o.Allow)}
		client = &http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: o.Timeout, // and no proxy, which would connect for us
				MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10,
			},
		}
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Sender{o, client}
}

// Public is the key that browsers subscribe to.
func (s *Sender) Public() string { return s.o.Keys.Public }

// Allow are the networks that endpoints may be in though they are not public.
func (s *Sender) Allow() []netip.Prefix { return s.o.Allow }

// Close gives connections back.
func (s *Sender) Close() { s.http.CloseIdleConnections() }

// Errors of sending.
var (
	// ErrGone is returned when a subscription has ended (RFC 8030 §7.3): forget it.
	ErrGone = errors.New("push: the subscription has ended")
	// ErrRefused is returned when the push service will not take the message, however often it is sent.
	ErrRefused = errors.New("push: the push service refuses the message")
	// ErrLater is wrapped by a *LaterError.
	ErrLater = errors.New("push: not just now")
)

// LaterError says that the message may be sent again. It wraps ErrLater.
type LaterError struct {
	Wait time.Duration // that the push service asked for; 0: it did not
	Err  error
}

// Error implements error.
func (e *LaterError) Error() string { return ErrLater.Error() + ": " + e.Err.Error() }

// Unwrap makes it an ErrLater.
func (e *LaterError) Unwrap() error { return ErrLater }

// Send encrypts a message for a browser and gives it to the push service. The error is ErrGone, ErrRefused
// or a *LaterError.
func (s *Sender) Send(ctx context.Context, sub *Subscription, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	ttl := m.Kind.lifetime()
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	res, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{
		Endpoint: sub.Endpoint, Keys: webpush.Keys{Auth: sub.Auth, P256dh: sub.P256dh},
	}, &webpush.Options{
		HTTPClient: s.http, Subscriber: s.o.Contact, Topic: idOf(m.Tag), TTL: int(ttl / time.Second), Urgency: urgency, // RFC 8030 §5.4: at most 32 of base64url
		VAPIDPublicKey: s.o.Keys.Public, VAPIDPrivateKey: s.o.Keys.Private,
	})
	if err != nil {
		return &LaterError{Err: plainly(err)}
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 16<<10)) // only its status counts
	switch answered := fmt.Errorf("the push service answered %d", res.StatusCode); {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return ErrGone
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode/100 == 5, res.StatusCode == http.StatusRequestTimeout:
		wait, err := strconv.Atoi(res.Header.Get("Retry-After")) // RFC 8030 §8.4
		if err != nil {
			wait = 0
		}
		return &LaterError{time.Duration(min(max(wait, 0), 3600)) * time.Second, answered}
	default:
		return fmt.Errorf("%w: %w", ErrRefused, answered)
	}
}

// plainly leaves the URL out of an error: whoever has it can send.
func plainly(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// reachable says whether an address may be connected to.
func reachable(a netip.Addr, allow []netip.Prefix) bool {
	return webhook.Guard(allow)("tcp", netip.AddrPortFrom(a, 443).String(), nil) == nil
}
