package client

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// pages yields what is on all pages, one after the other. It ends with an error when there is one.
func pages[T any](ctx context.Context, query url.Values, read func(context.Context, url.Values) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{}
		maps.Copy(q, query)
		for {
			items, next, err := read(ctx, q)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range items {
				if !yield(items[i], nil) {
					return
				}
			}
			if next == "" {
				return
			}
			q.Set("cursor", next)
		}
	}
}

// query builds a query of what is not zero.
type query url.Values

func (q query) text(name, value string) {
	if value != "" {
		url.Values(q).Set(name, value)
	}
}

func (q query) texts(name string, values []string) {
	for i, v := range values {
		if i == 0 {
			url.Values(q).Set(name, v)
			continue
		}
		url.Values(q).Set(name, url.Values(q).Get(name)+","+v)
	}
}

func (q query) number(name string, n int) {
	if n != 0 {
		url.Values(q).Set(name, strconv.Itoa(n))
	}
}

func (q query) yes(name string, set bool) {
	if set {
		url.Values(q).Set(name, "true")
	}
}

func (q query) time(name string, t time.Time) {
	if !t.IsZero() {
		url.Values(q).Set(name, t.UTC().Format(time.RFC3339Nano))
	}
}
