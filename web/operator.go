package web

import (
	"context"

	"ringback/directory/audit"
)

type operatorKey struct{}

// Operator is who makes a request over the admin socket, as the audit trail names him: the user whom the
// listener gives as the connection's remote address.
func Operator(ctx context.Context) audit.Who {
	name, _ := ctx.Value(operatorKey{}).(string)
	return audit.Who{Kind: audit.Socket, ID: name}
}
