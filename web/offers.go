package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases/callback"
	"ringback/directory"
)

// Offer is a callback that is offered to an agent.
type Offer struct {
	Case   string    `json:"case" doc:"The case's id."`
	List   string    `json:"list" doc:"Its list."`
	Agent  string    `json:"agent" doc:"To whom."`
	Device string    `json:"device" doc:"Which of his devices rings when he takes it and names no other."`
	Number string    `json:"number" doc:"The customer's."`
	Asked  time.Time `json:"asked" doc:"Since when the customer waits."`
	Since  time.Time `json:"since" doc:"When it was offered."`
	Until  time.Time `json:"until" doc:"When it goes to the next agent."`
}

func offerOf(o *callback.Offering) Offer {
	return Offer{o.Case, o.List, o.Agent, o.Device, o.Number.String(), o.Asked, o.Since, o.Until}
}

// WaitingCallback is a callback that waits for an agent to be free.
type WaitingCallback struct {
	Case   string    `json:"case" doc:"The case's id."`
	List   string    `json:"list" doc:"Its list."`
	Agent  string    `json:"agent,omitempty" doc:"The only one who may have it; absent: any of the list."`
	Number string    `json:"number" doc:"The customer's."`
	Asked  time.Time `json:"asked" doc:"Since when the customer waits."`
	Held   string    `json:"held" enum:"next,nobody_free,live_callers" doc:"Why it waits: it is offered next; no agent is free, there or willing; callers on the line go first."`
}

func (s *Server) registerOffers(api huma.API) {
	if s.o.Dialler == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/offers", "list-offers", "calls", "What is offered to you, and what waits?",
		"The callbacks that are offered to you just now, and those of your lists that wait for somebody to be free, in the order in which they will be offered. With a token: those offered to anybody. "+
			"Lists whose setting offer is on have them.", http.StatusForbidden), s.offers)
	accept := withBody(operation(http.MethodPost, "/v1/offers/{id}/accept", "accept-offer", "calls", "Take an offer",
		"Assigns the case to you and calls, as POST /v1/cases/{id}/call does. 409 with the code offer_gone: it has lapsed, went to another, or you are on a call.",
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed))
	accept.DefaultStatus = http.StatusAccepted
	handle(s, api, accept, s.acceptOffer)
	decline := withBody(operation(http.MethodPost, "/v1/offers/{id}/decline", "decline-offer", "calls", "Decline an offer",
		"The next agent is asked; the callback keeps its place.", http.StatusForbidden, http.StatusNotFound, http.StatusConflict))
	decline.DefaultStatus = http.StatusNoContent
	handle(s, api, decline, s.declineOffer)
}

// Offers are the callbacks that are offered and those that wait.
type Offers struct {
	Offers  []Offer           `json:"offers" nullable:"false" doc:"Before you now."`
	Waiting []WaitingCallback `json:"waiting" nullable:"false" doc:"That wait, of lists you see, the first first."`
}

type offersOutput struct {
	Body Offers
}

func (s *Server) offers(ctx context.Context, _ *struct{}) (*offersOutput, error) {
	out := &offersOutput{Offers{[]Offer{}, []WaitingCallback{}}}
	lists := s.listsFor(ctx, nil)
	c := callerOf(ctx)
	for _, o := range s.o.Dialler.Offers(c.Agent()) {
		if slices.Contains(lists, o.List) {
			out.Body.Offers = append(out.Body.Offers, offerOf(&o))
		}
	}
	for _, w := range s.o.Dialler.Waiting(time.Now(), lists) {
		if w.Agent != "" && c.Agent() != "" && w.Agent != c.Agent() && c.Right(s.o.Lists(), w.List) < directory.Supervise {
			continue
		}
		out.Body.Waiting = append(out.Body.Waiting, WaitingCallback{w.Case, w.List, w.Agent, w.Number.String(), w.Asked, w.Held.String()})
	}
	return out, nil
}

func (s *Server) acceptOffer(ctx context.Context, in *callInput) (*callbackOutput, error) {
	return s.call(ctx, in, true)
}

func (s *Server) declineOffer(ctx context.Context, in *actInput) (*struct{}, error) {
	b := in.Body
	if b == nil {
		b = &ActBody{}
	}
	a, err := s.actOn(ctx, &in.ActHead, b)
	if err != nil {
		return nil, err
	}
	return nil, s.o.Dialler.Decline(in.ID, a.Agent)
}

const kindOffer = "offer"

// OfferEvent is that a callback is offered to an agent, or no longer.
type OfferEvent struct {
	Type  string    `json:"type" enum:"offer" doc:"Always offer."`
	Event string    `json:"event" enum:"offered,accepted,declined,lapsed,withdrawn" doc:"What happened. Withdrawn: the agent is on a call, callers on the line go first, or the case is somebody else's."`
	At    time.Time `json:"at" doc:"When."`
	Case  string    `json:"case" doc:"The case's id."`
	Agent string    `json:"agent" doc:"To whom it is, or was, offered."`
	Now   Offer     `json:"now" doc:"The offer."`
}

// Offered publishes what became of an offer: to its agent at once, and to all who see the list.
func (e *Events) Offered(o *callback.Offering, at time.Time) {
	if e.pass() {
		return
	}
	offer := *o
	e.announce(kindOffer, o.Number, about{lists: []string{o.List}, agents: []string{o.Agent}}, func() any {
		return OfferEvent{Type: kindOffer, Event: string(offer.Step), At: at, Case: offer.Case, Agent: offer.Agent, Now: offerOf(&offer)}
	})
}
