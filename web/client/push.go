package client

import (
	"context"
	"net/http"
	"net/url"

	"ringback/web"
)

const pushPath = "/v1/session/push-subscriptions"

// PushSubscriptions are one's browsers that are told, and the key to subscribe with.
func (c *Client) PushSubscriptions(ctx context.Context) (key string, all []web.PushSubscription, err error) {
	out, err := get[struct {
		Key           string
		Subscriptions []web.PushSubscription
	}](ctx, c, pushPath, nil)
	return out.Key, out.Subscriptions, err
}

// PushSubscribe lets a browser be told.
func (c *Client) PushSubscribe(ctx context.Context, s web.NewPushSubscription) (web.PushSubscription, error) {
	return ask[web.PushSubscription](ctx, c, http.MethodPost, pushPath, s)
}

// PushUnsubscribe lets a browser be told no more.
func (c *Client) PushUnsubscribe(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, pushPath+"/"+url.PathEscape(id), nil)
}

// PushTest sends a message to a browser, to see whether it comes.
func (c *Client) PushTest(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodPost, pushPath+"/"+url.PathEscape(id)+"/test", nil)
}
