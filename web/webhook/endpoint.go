package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ErrEndpoint is the error of an endpoint that cannot be used as it is configured.
var ErrEndpoint = errors.New("webhook: unusable endpoint")

// Endpoint is an address that is told of events.
type Endpoint struct {
	ID      string
	URL     string
	Secrets [][]byte // every message is signed with each of them
	Events  []string // types wanted: a type, as case.closed, or case.*, or *; empty: all
	Lists   []string // callback lists whose events are wanted; empty: all

	// Allow are networks it may be in though they are not public. Only there plain HTTP is allowed.
	Allow []netip.Prefix

	Timeout time.Duration // of one request; 0: 10 s
	GiveUp  time.Duration // after which a message becomes a dead letter; 0: 3 days
}

// Defaults of an endpoint.
const (
	defaultTimeout = 10 * time.Second
	defaultGiveUp  = 72 * time.Hour
)

func (e Endpoint) withDefaults() Endpoint {
	if e.Timeout <= 0 {
		e.Timeout = defaultTimeout
	}
	if e.GiveUp <= 0 {
		e.GiveUp = defaultGiveUp
	}
	return e
}

// Check says why an endpoint cannot be used, as ErrEndpoint. types are those there are, as case.closed.
func (e *Endpoint) Check(types []string) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w %s: %s", ErrEndpoint, e.ID, fmt.Sprintf(format, args...))
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return refuse("its url is none; write it as https://crm.example.com/hooks")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("its url begins with %s://; write https://", u.Scheme)
	case u.Scheme == "http" && len(e.Allow) == 0:
		return refuse("its url is http, over which everybody on the way reads customers' numbers; write https, or name the network it is in in allow_networks")
	case u.User != nil:
		return refuse("its url holds a user or password; leave them out, the receiver checks the signature")
	case u.Fragment != "":
		return refuse("its url holds a #, which is not sent; leave it out")
	case len(e.Secrets) == 0:
		return refuse("it has no secret; name a file in secret_files")
	}
	for _, pattern := range e.Events {
		if !slices.ContainsFunc(types, func(t string) bool { return matches(pattern, t) }) {
			return refuse("no event is called %q; there are %s", pattern, strings.Join(types, " "))
		}
	}
	return nil
}

// Wants says whether an endpoint is to be told of an event of a type about things of these lists. It must
// want all of the lists.
func (e *Endpoint) Wants(typ string, lists ...string) bool {
	if len(e.Events) > 0 && !slices.ContainsFunc(e.Events, func(pattern string) bool { return matches(pattern, typ) }) {
		return false
	}
	if len(e.Lists) == 0 {
		return true
	}
	for _, list := range lists {
		if !slices.Contains(e.Lists, list) {
			return false
		}
	}
	return len(lists) > 0
}

func matches(pattern, typ string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok && (prefix == "" || strings.HasSuffix(prefix, ".")) {
		return strings.HasPrefix(typ, prefix)
	}
	return pattern == typ
}

// host is where an endpoint is, for people: its path may be a secret.
func (e *Endpoint) host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}
