package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory/people"
	"ringback/web/push"
)

// Push is what people can do to be told by web push.
type Push struct {
	Key         string // the public VAPID key
	Of          func(person string) ([]push.Subscription, error)
	Subscribe   func(ctx context.Context, s push.Subscription) (push.Subscription, error)
	Unsubscribe func(ctx context.Context, person, id string) error
	// Try sends a message of no meaning at once; ErrNoSubscription when there is no such subscription.
	Try func(ctx context.Context, person, id string) error
}

// ErrNoSubscription is returned for a subscription that is none, or none any more.
var ErrNoSubscription = errors.New("web: no such subscription")

// PushSubscription is a browser that is told.
type PushSubscription struct {
	ID      string    `json:"id" doc:"The same for the same endpoint."`
	Host    string    `json:"host" doc:"Where the push service of the browser is."`
	Device  string    `json:"device,omitempty" doc:"What the browser calls itself."`
	Created time.Time `json:"created" doc:"When it subscribed."`
}

// NewPushSubscription is what a browser's PushSubscription.toJSON() gives.
type NewPushSubscription struct {
	Endpoint       string   `json:"endpoint" minLength:"1" maxLength:"1024" doc:"At the push service of the browser."`
	ExpirationTime *float64 `json:"expirationTime,omitempty" nullable:"true" doc:"Not looked at: an ended subscription says so by itself."`
	Keys           struct {
		P256dh string `json:"p256dh" minLength:"1" maxLength:"200" doc:"The browser's public key, base64url."`
		Auth   string `json:"auth" minLength:"1" maxLength:"100" doc:"Its secret, base64url."`
	} `json:"keys" doc:"What messages are encrypted with (RFC 8291)."`
}

// Notify is what a person wants to be told of.
type Notify struct {
	Muted     []string `json:"muted" nullable:"false" maxItems:"1000" doc:"Lists of whose new cases he is not told."`
	Hints     bool     `json:"hints" doc:"Told of a case of the customer he is on a call with."`
	Reminders bool     `json:"reminders" doc:"Told when a case of his is due."`
	QuietFrom string   `json:"quiet_from,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" example:"22:00" doc:"Not told of cases from this time of day on."`
	QuietTo   string   `json:"quiet_to,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" example:"07:00" doc:"Until this one, maybe of the next day."`
	Zone      string   `json:"zone,omitempty" maxLength:"64" example:"Europe/Helsinki" doc:"The time zone of these; absent: UTC."`
}

func notifyOf(n *people.Notify) *Notify {
	return &Notify{someOf(n.Muted), !n.NoHints, !n.NoReminders, n.QuietFrom, n.QuietTo, n.Zone}
}

func (n *Notify) stored() people.Notify {
	return people.Notify{Muted: n.Muted, NoHints: !n.Hints, NoReminders: !n.Reminders, QuietFrom: n.QuietFrom, QuietTo: n.QuietTo, Zone: n.Zone}
}

type pushOutput struct {
	Body struct {
		Key           string             `json:"key" doc:"The applicationServerKey to subscribe with (RFC 8292)."`
		Subscriptions []PushSubscription `json:"subscriptions" nullable:"false" doc:"Your browsers that are told, the newest first."`
	}
}

type subscribedOutput struct {
	Status int
	Body   PushSubscription
}

type subscriptionID struct {
	ID string `path:"id" maxLength:"64" doc:"The subscription's id."`
}

func (s *Server) registerPush(api huma.API) {
	if s.o.Push == nil {
		return
	}
	const path = "/v1/session/push-subscriptions"
	handle(s, api, operation(http.MethodGet, path, "list-push-subscriptions", "session", "Browsers of yours that are told, and the key to subscribe with",
		"By Web Push (RFC 8030). A message has kind (case, hint, due or test), case, list, list_name, reason, path, tag and at, and number where the daemon is set so.",
		http.StatusForbidden), s.pushSubscriptions)
	subscribe := withBody(operation(http.MethodPost, path, "push-subscribe", "session", "Be told in a browser",
		"Takes what PushSubscription.toJSON() gives. Subscribing again changes nothing; on a browser that somebody else had subscribed, he is told no more.", http.StatusForbidden))
	subscribe.DefaultStatus = http.StatusCreated
	handle(s, api, subscribe, s.pushSubscribe)
	gone := operation(http.MethodDelete, path+"/{id}", "push-unsubscribe", "session", "Be told in a browser no more", "It is no error when it was not told.", http.StatusForbidden)
	gone.DefaultStatus = http.StatusNoContent
	handle(s, api, gone, s.pushUnsubscribe)
	try := operation(http.MethodPost, path+"/{id}/test", "push-test", "session", "Try whether a browser is told", "Sends a message of the kind test at once.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusBadGateway)
	try.DefaultStatus = http.StatusNoContent
	handle(s, api, try, s.pushTest)
}

func (s *Server) pushSubscriptions(ctx context.Context, _ *struct{}) (*pushOutput, error) {
	all, err := s.o.Push.Of(callerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	out := &pushOutput{}
	out.Body.Key, out.Body.Subscriptions = s.o.Push.Key, []PushSubscription{}
	slices.SortFunc(all, func(a, b push.Subscription) int { return b.Created.Compare(a.Created) })
	for i := range all {
		out.Body.Subscriptions = append(out.Body.Subscriptions, subscriptionOf(&all[i]))
	}
	return out, nil
}

func subscriptionOf(x *push.Subscription) PushSubscription {
	return PushSubscription{x.ID, x.Host(), x.Device, x.Created}
}

func (s *Server) pushSubscribe(ctx context.Context, in *struct{ Body NewPushSubscription }) (*subscribedOutput, error) {
	b := &in.Body
	made, err := s.o.Push.Subscribe(ctx, push.Subscription{
		Person: callerOf(ctx).ID, Endpoint: b.Endpoint, P256dh: b.Keys.P256dh, Auth: b.Keys.Auth, Device: originOf(ctx).device, Created: time.Now().UTC(),
	})
	if errors.Is(err, push.ErrSubscription) {
		return nil, invalid("body", sentence(err, push.ErrSubscription))
	}
	if err != nil {
		return nil, err
	}
	return &subscribedOutput{http.StatusCreated, subscriptionOf(&made)}, nil
}

func (s *Server) pushUnsubscribe(ctx context.Context, in *subscriptionID) (*struct{}, error) {
	return nil, s.o.Push.Unsubscribe(ctx, callerOf(ctx).ID, in.ID)
}

func (s *Server) pushTest(ctx context.Context, in *subscriptionID) (*struct{}, error) {
	err := s.o.Push.Try(ctx, callerOf(ctx).ID, in.ID)
	switch {
	case errors.Is(err, ErrNoSubscription):
		return nil, huma.Error404NotFound("You have no such subscription.")
	case errors.Is(err, push.ErrGone):
		return nil, huma.Error409Conflict("The browser takes no messages any more: subscribe again.")
	case errors.Is(err, push.ErrRefused), errors.Is(err, push.ErrLater):
		return nil, newProblem(http.StatusBadGateway, "The push service did not take the message.")
	}
	return nil, err
}
