package dialogevent

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// notified answers a NOTIFY and takes in what it tells.
func (s *Subscriber) notified(req *sip.Request, tx sip.ServerTransaction) {
	status, reason := s.take(req, time.Now())
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	if status == statusBadEvent {
		res.AppendHeader(sip.NewHeader("Allow-Events", "dialog")) // RFC 6665 §4.1.3
	}
	_ = tx.Respond(res) // a PBX that is gone needs no answer
}

func (s *Subscriber) take(req *sip.Request, arrival time.Time) (status int, reason string) {
	if event, _, _ := strings.Cut(eventOf(req), ";"); !strings.EqualFold(strings.TrimSpace(event), "dialog") {
		return statusBadEvent, "Bad Event"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.of(req)
	if x == nil {
		return sip.StatusCallTransactionDoesNotExists, "Subscription Does Not Exist" // RFC 6665 §4.1.3
	}
	if cseq := req.CSeq(); cseq != nil {
		if x.told && cseq.SeqNo <= x.remoteCSeq {
			return sip.StatusInternalServerError, "Out of Order" // RFC 3261 §12.2.2
		}
		x.remoteCSeq = cseq.SeqNo
	}
	x.told = true
	if c := req.Contact(); c != nil {
		x.target = c.Address
	}
	defer x.wake()
	status, reason = sip.StatusOK, "OK"
	if body := req.Body(); len(body) > 0 {
		if kind, _, _ := strings.Cut(header(req, "Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/dialog-info+xml") {
			s.o.Told(arrival, fmt.Errorf("%w: it is of type %q", ErrDocument, short(kind)), false)
			return 415, "Unsupported Media Type"
		}
		d, err := Parse(body)
		if err != nil {
			s.o.Told(arrival, err, false)
			return sip.StatusBadRequest, "Bad Document"
		}
		changes, gap := x.table.Apply(d)
		x.stale = x.stale || gap
		s.o.Told(arrival, nil, gap)
		s.o.Notify(arrival, x.raw, changes)
	} else {
		s.o.Told(arrival, nil, false) // Kamailio's first is empty
	}
	x.subscriptionState(header(req, "Subscription-State"))
	return status, reason
}

// eventOf is the Event header, in its short form too.
func eventOf(req *sip.Request) string {
	if v := header(req, "Event"); v != "" {
		return v
	}
	return header(req, "o") // RFC 6665 §8.4
}

// of is the subscription that a NOTIFY belongs to, nil when there is none (any more). mu is held.
func (s *Subscriber) of(req *sip.Request) *subscription {
	callID, to, from := req.CallID(), req.To(), req.From()
	if callID == nil || to == nil || from == nil {
		return nil
	}
	x := s.subs[callID.Value()]
	if x == nil {
		return nil
	}
	if tag, _ := to.Params.Get("tag"); tag != x.tag {
		return nil
	}
	tag, _ := from.Params.Get("tag")
	if x.remoteTag == "" {
		x.remoteTag = tag // it came before the answer to our SUBSCRIBE (RFC 6665 §4.1.2.4)
	}
	// Deviation: RFC 4235 §3.9 because no PBX forks a SUBSCRIBE to itself: a second notifier is a stranger.
	if tag != x.remoteTag {
		return nil
	}
	return x
}

// subscriptionState takes what a NOTIFY says of its subscription (RFC 6665 §4.1.3). mu is held.
func (x *subscription) subscriptionState(value string) {
	state, params, _ := strings.Cut(value, ";")
	if !strings.EqualFold(strings.TrimSpace(state), "terminated") {
		return
	}
	reason := ""
	for p := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(name) {
		case "reason":
			reason = strings.ToLower(short(v))
		case "retry-after":
			if n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 16); err == nil {
				x.retryAfter = time.Duration(n) * time.Second
			}
		}
	}
	switch reason {
	case "rejected", "noresource", "invariant":
		x.ended = fmt.Errorf("%w: it ended the subscription: %s", ErrRefused, reason)
	default: // deactivated, timeout, probation, giveup: subscribe anew
		x.ended = fmt.Errorf("dialogevent: it ended the subscription: %s", reason)
	}
}
