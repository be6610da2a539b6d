package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// exchange sends a request with a JSON body, and reads the JSON of the answer into out; nil: there is none.
func (r *Remote) exchange(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("asking the daemon: %w", err)
		}
	}
	res, err := r.ask(ctx, method, path, "", body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return decode(res, out)
}

// decode reads the JSON of an answer into out; nil: there is none.
func decode(res *http.Response, out any) error {
	if err := refusal(res); err != nil || out == nil {
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	return nil
}
