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

func (answering) Offers(agent string) []callback.Offering {
	return []callback.Offering{{Case: "none", List: "support", Agent: agent, Number: matti, Step: callback.Offered}}
}

func (answering) Waiting(_ time.Time, lists []string) (all []callback.Waiting) {
	for _, list := range lists {
		all = append(all, callback.Waiting{Case: "none", List: list, Number: matti})
	}
	return all
}

func (answering) Decline(string, string) error { return nil }
