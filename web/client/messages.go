package client

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"ringback/web"
)

// Messages are what a case's customer said on the callback line, the oldest first.
func (c *Client) Messages(ctx context.Context, id string) ([]web.Message, error) {
	out, err := get[struct{ Messages []web.Message }](ctx, c, "/v1/cases/"+url.PathEscape(id)+"/messages", nil)
	return out.Messages, err
}

// MessageWaveform is the waveform of a message.
func (c *Client) MessageWaveform(ctx context.Context, id string) (web.Waveform, error) {
	return get[web.Waveform](ctx, c, "/v1/messages/"+url.PathEscape(id)+"/waveform", nil)
}

// SetHeard notes that a message was heard, or that it is to be heard again.
func (c *Client) SetHeard(ctx context.Context, id string, heard bool) (web.Message, error) {
	return ask[web.Message](ctx, c, http.MethodPut, "/v1/messages/"+url.PathEscape(id)+"/heard", web.HeardBody{Heard: heard})
}

// DeleteMessage deletes a message.
func (c *Client) DeleteMessage(ctx context.Context, id string) error {
	return c.tell(ctx, http.MethodDelete, "/v1/messages/"+url.PathEscape(id), nil)
}

// MessageAudio is the WAV file of a message; the caller closes it.
func (c *Client) MessageAudio(ctx context.Context, id string) (io.ReadCloser, error) {
	r, err := c.request(http.MethodGet, "/v1/messages/"+url.PathEscape(id)+"/audio", nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.answer(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}
