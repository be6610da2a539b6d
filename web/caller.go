package web

import (
	"context"
	"crypto/sha256"
	"slices"

	"ringback/directory"
	"ringback/directory/people"
)

// caller is who a request comes from.
type caller struct {
	people.Principal
	digest  [sha256.Size]byte // of a token of the tokens file
	address string            // where it comes from
}

// nobody may do nothing; requests on the admin address come from him.
var nobody = &caller{}

type callerKey struct{}

// callerOf returns who made the request that ctx belongs to.
func callerOf(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return nobody
}

// may says whether the caller has on a list the right that the route asks for; seen is false when he
// must not learn that the list is there.
func (s *Server) may(ctx context.Context, list string) (seen, ok bool) {
	right := callerOf(ctx).Right(s.o.Lists(), list)
	return right >= directory.See, right >= permissionOf(ctx).right
}

// lists are those that a request is about: those it names, of those on which the caller has the right
// that the route asks for; all of these when it names none. What he must not know of is not there.
func (s *Server) listsFor(ctx context.Context, named []string) []string {
	all := callerOf(ctx).ListsFor(s.o.Lists(), permissionOf(ctx).right)
	if len(named) == 0 {
		return all
	}
	var some []string
	for _, list := range all {
		if slices.Contains(named, list) {
			some = append(some, list)
		}
	}
	return some
}

// sightOf is what a caller may see of what happens, at this moment.
func sightOf(c *caller, d *directory.Directory) *sight {
	seen := &sight{all: c.All(d), agent: c.Agent(), lists: map[string]bool{}}
	for _, list := range c.ListsFor(d, directory.See) {
		seen.lists[list] = c.Right(d, list) >= directory.Supervise
	}
	return seen
}
