package dialogevent

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"time"
)

// Errors of a subscription.
var (
	ErrOptions = errors.New("dialogevent: bad option")
	// ErrRefused is returned for a subscription that the PBX does not take, which asking again does not mend.
	ErrRefused = errors.New("dialogevent: the subscription was refused")
	ErrTimeout = errors.New("dialogevent: no answer")
)

// Options are what a Subscriber is made of. URIs and Notify are required; zero fields take the defaults
// named beside them.
type Options struct {
	URIs   []string // whose dialogs are asked for
	Server string   // URI of the PBX that all requests go to; empty: each to its URI's host

	// Listen is the address that NOTIFYs are taken at, as "10.0.0.9:5068": a free port. A fixed one lets a PBX
	// that still knows an earlier subscription be told that it is over.
	Listen string

	From      string                 // our URI: sip:ringback@ our address
	User      string                 // for digest authentication: the user of From
	Password  func() (string, error) // asked for at every challenge; nil: challenges are not answered
	Expires   time.Duration          // of a subscription: 10 min
	TLS       *tls.Config            // nil: the system's roots
	UserAgent string                 // Ringback
	Logger    *slog.Logger           // discards

	// Notify takes what an entity's dialogs became, when the NOTIFY arrived. It is called one at a time and
	// does not wait.
	Notify func(arrival time.Time, uri string, changes []Change)
	// Told, when set, is called for every NOTIFY of a subscription of ours; err says why it could not be read,
	// missed that one before it was.
	Told func(arrival time.Time, err error, missed bool)
	// Changed, when set, is told how a subscription is: nil when it is up.
	Changed func(uri string, err error)
}

func (o *Options) setDefaults() {
	if o.Listen == "" {
		o.Listen = ":0"
	}
	if o.Expires <= 0 {
		o.Expires = 10 * time.Minute
	}
	if o.UserAgent == "" {
		o.UserAgent = "Ringback"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Told == nil {
		o.Told = func(time.Time, error, bool) {}
	}
	if o.Changed == nil {
		o.Changed = func(string, error) {}
	}
}
