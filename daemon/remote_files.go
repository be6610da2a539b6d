package daemon

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"ringback/web"
)

// ImportWish says what a file is to be taken as.
type ImportWish struct {
	List    string            // the cases' list; empty: the file is of contacts, or of numbers
	Numbers string            // the list of numbers that are called or not: do-not-call, blocked, allowed or personal
	Agent   string            // whose personal list
	Columns map[string]string // what columns are, by their names
	Partial bool              // the rows that are right, whatever the others are
	DryRun  bool              // only tell
}

// Import sends a file to the daemon, which goes on with it by itself: ask how with ImportState.
func (r *Remote) Import(ctx context.Context, file io.Reader, w ImportWish) (web.Import, error) {
	path := "/v1/contacts/imports"
	if w.List != "" {
		path = "/v1/lists/" + url.PathEscape(w.List) + "/imports"
	}
	query := url.Values{}
	if w.Numbers != "" {
		path = "/v1/numbers/" + url.PathEscape(w.Numbers) + "/imports"
	}
	if w.Agent != "" {
		query.Set("agent", w.Agent)
	}
	for name, field := range w.Columns {
		query.Add("column", name+":"+field)
	}
	if w.Partial {
		query.Set("partial", "true")
	}
	if w.DryRun {
		query.Set("dry_run", "true")
	}
	var out web.Import
	res, err := r.transfer(ctx, http.MethodPost, path+"?"+query.Encode(), file)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	return out, decode(res, &out)
}

// ImportState is how an import goes.
func (r *Remote) ImportState(ctx context.Context, id string) (web.Import, error) {
	var out web.Import
	err := r.exchange(ctx, http.MethodGet, "/v1/imports/"+url.PathEscape(id), nil, &out)
	return out, err
}

// CancelImport stops an import.
func (r *Remote) CancelImport(ctx context.Context, id string) error {
	return r.exchange(ctx, http.MethodDelete, "/v1/imports/"+url.PathEscape(id), nil, nil)
}

// Export fetches what the API exports under a name: cases, history, statistics, contacts or numbers.
func (r *Remote) Export(ctx context.Context, what string, query url.Values, w io.Writer) error {
	res, err := r.transfer(ctx, http.MethodGet, "/v1/exports/"+url.PathEscape(what)+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := refusal(res); err != nil {
		return err
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("receiving the export: %w", err)
	}
	return nil
}

// transfer sends a request that may take as long as it takes; ctx ends it.
func (r *Remote) transfer(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://ringback"+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the daemon: %w", err)
	}
	if body != http.NoBody {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	patient := *r.client
	patient.Timeout = 0
	res, err := patient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the daemon at %s: %w", r.socket, err)
	}
	return res, nil
}
