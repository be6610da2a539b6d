package web

import (
	"context"

	"ringback/cases/callback"
)

// phoneless is a dialler of a centre where nobody has a telephone; daemon's tests call.
type phoneless struct{}

func (phoneless) Offer(string) callback.Offer {
	return callback.Offer{Devices: []callback.Choice{}, Code: "no_device", Reason: "You have no telephone here."}
}

func (phoneless) Begin(context.Context, *callback.Order) (callback.Call, error) {
	return callback.Call{}, callback.ErrDevice
}

func (phoneless) Of(string) (callback.Call, error) { return callback.Call{}, callback.ErrNone }
func (phoneless) Cancel(string) error              { return callback.ErrNone }
