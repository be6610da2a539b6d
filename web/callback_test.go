package web

import (
	"context"
	"time"

	"ringback/cases/callback"
)

// answering is a dialler of a centre where every telephone is answered at once; daemon's tests call for real.
type answering struct{}

func (answering) Offer(string) callback.Offer {
	return callback.Offer{Devices: []callback.Choice{{ID: "101", Kind: "extension"}}}
}

func (a answering) Begin(_ context.Context, o *callback.Order) (callback.Call, error) {
	c, err := a.Of(o.Case)
	c.Agent = o.Agent
	return c, err
}

func (answering) Of(id string) (callback.Call, error) {
	return callback.Call{ID: "call-" + id, Case: id, Agent: "anna", Device: "101", Number: matti, State: callback.Connected, Begun: time.Now()}, nil
}

func (answering) Cancel(string) error { return nil }
