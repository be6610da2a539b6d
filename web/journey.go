package web

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/journey"
	"ringback/directory"
	"ringback/sip"
)

// CallJourney is what became of a call.
type CallJourney struct {
	ID         string        `json:"id" doc:"The call's id."`
	Direction  string        `json:"direction" enum:"inbound,outbound" doc:"As the contact centre sees it."`
	Number     string        `json:"number,omitempty" doc:"The customer's, E.164; absent when unknown or withheld."`
	Contact    *Named        `json:"contact,omitempty" doc:"The contact that has the number."`
	PBX        string        `json:"pbx,omitempty" doc:"The PBX."`
	Trunk      string        `json:"trunk,omitempty" doc:"The trunk it came by or left by."`
	Service    string        `json:"service,omitempty" doc:"The called service."`
	List       string        `json:"list,omitempty" doc:"The service's list."`
	CallerID   string        `json:"caller_id" doc:"Who called, as it was shown."`
	CalleeID   string        `json:"callee_id" doc:"Who was called."`
	Agent      string        `json:"agent,omitempty" doc:"With whom the call was; of an outbound one who dialled."`
	Device     string        `json:"device,omitempty" doc:"The device of his that was used: its contact URI or, of a callback call where that is not known, the extension or address that Ringback rang."`
	Rang       []string      `json:"rang" nullable:"false" doc:"Agents whose phones alerted."`
	Started    time.Time     `json:"started" doc:"The first INVITE."`
	Answered   *time.Time    `json:"answered,omitempty" doc:"First time with an agent; of an outbound call when the customer answered."`
	Ended      *time.Time    `json:"ended,omitempty" doc:"End of the customer's leg."`
	Talking    float64       `json:"talking" doc:"How long they talked, in seconds."`
	Verdict    string        `json:"verdict" enum:"none,served,missed,dropped" doc:"What became of a service call."`
	Reason     string        `json:"reason,omitempty" doc:"The rule that decided that."`
	Confidence string        `json:"confidence" enum:"seen,inferred" doc:"How sure that is."`
	Result     string        `json:"result,omitempty" enum:"unknown,answered,busy,no_answer,wrong_number,network_failure,rejected" doc:"What became of the far end of an outbound call."`
	StatusCode uint16        `json:"status_code,omitempty" doc:"The final SIP status that decided."`
	HungUp     string        `json:"hung_up,omitempty" enum:"customer,agent,pbx" doc:"Who ended it; absent where that was not seen."`
	CallIDs    []string      `json:"call_ids" nullable:"false" doc:"SIP Call-IDs of its legs, the first few."`
	Steps      []Evidence    `json:"steps" nullable:"false" doc:"What happened, in order; of a long call the first and the last."`
	Cases      []string      `json:"cases" nullable:"false" doc:"Cases that it made, changed or closed, of those that you see."`
	Related    []RelatedCall `json:"related,omitempty" nullable:"false" doc:"In the journey of one call: others about the same cases, as the callback of a missed call."`
}

// RelatedCall is another call about the same case.
type RelatedCall struct {
	Call     string    `json:"call" doc:"Its id."`
	Case     string    `json:"case" doc:"The case that both are about."`
	Relation string    `json:"relation" enum:"missed,callback,served,other" doc:"What it was: a call of the customer that was missed or served; one by which he was called back."`
	At       time.Time `json:"at" doc:"When it began."`
	Result   string    `json:"result,omitempty" doc:"What became of it."`
}

// JourneyItem is something in a customer's journey: one of call, entry and scheduled is there.
type JourneyItem struct {
	At        time.Time      `json:"at" doc:"When."`
	Kind      string         `json:"kind" enum:"call,callback,case,note,scheduled" doc:"A call of his; one to him; something that happened to a case; something somebody wrote; a scheduled call."`
	Case      string         `json:"case,omitempty" doc:"The case that it is about."`
	List      string         `json:"list,omitempty" doc:"Its list."`
	Call      *CallJourney   `json:"call,omitempty" doc:"Of call and callback."`
	Entry     *JourneyEntry  `json:"entry,omitempty" doc:"Of case and note."`
	Scheduled *ScheduledCall `json:"scheduled,omitempty" doc:"Of scheduled."`

	key string // tells items of the same moment apart
}

// JourneyEntry is something that happened to a case.
type JourneyEntry struct {
	Event  string `json:"event" doc:"As in the case's history."`
	Reason string `json:"reason,omitempty" doc:"Why, or with what result."`
	Agent  string `json:"agent,omitempty" doc:"Who did it."`
	Note   string `json:"note,omitempty" doc:"What he wrote."`
	Call   string `json:"call,omitempty" doc:"The call that caused it."`
}

func (s *Server) registerJourneys(api huma.API) {
	if s.o.Journeys == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/calls/{id}/journey", "call-journey", "calls", "What became of a call",
		"When, who, with which device, what came of it, how long they talked, who hung up, and the steps on the way; with the other calls about the same cases. "+
			"Calls of lists that you see, and your own.", http.StatusForbidden, http.StatusNotFound), s.callJourney)
	handle(s, api, operation(http.MethodGet, "/v1/customers/{number}/journey", "customer-journey", "calls", "Everything with a customer",
		"All calls, callbacks, cases, notes and scheduled calls of a number, the latest first, as far as you see the lists they are of.", http.StatusForbidden), s.customerJourney)
}

func (s *Server) journeyOf(c *journey.Call, see map[string]bool) CallJourney {
	shown := CallJourney{
		ID: c.ID, Direction: c.Direction.String(), Number: c.Number.String(), Contact: s.known(c.Number), PBX: c.PBX, Trunk: c.Trunk, Service: c.Service, List: c.List,
		CallerID: c.CallerID, CalleeID: c.CalleeID, Agent: cmp.Or(c.DialledBy, c.Agent), Device: c.Device, Rang: someOf(c.Rang),
		Started: c.Started, Answered: timeOf(c.Answered), Ended: timeOf(c.Ended), Talking: c.Talking().Seconds(),
		Verdict: c.Verdict.String(), Reason: c.Reason.String(), Confidence: c.Confidence.String(), StatusCode: c.StatusCode,
		HungUp: c.HungUp(), CallIDs: someOf(c.CallIDs), Steps: []Evidence{}, Cases: []string{},
	}
	if c.Direction == sip.Outbound {
		shown.Result = c.Result.String()
	}
	for _, e := range c.Evidence {
		shown.Steps = append(shown.Steps, evidenceOf(e))
	}
	for _, id := range c.Cases {
		if see[id] {
			shown.Cases = append(shown.Cases, id)
		}
	}
	return shown
}

// known is the contact that has a number, nil when none has.
func (s *Server) known(n sip.Number) *Named {
	if s.o.Contacts == nil || n == 0 {
		return nil
	}
	return s.nameOf(n)
}

// seenCases says which cases of a call a caller sees.
func (s *Server) seenCases(ctx context.Context, c *journey.Call) (map[string]bool, error) {
	see := map[string]bool{}
	for _, id := range c.Cases {
		one, err := s.o.Cases.Case(id)
		if errors.Is(err, cases.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		see[id] = s.right(ctx, one.List) >= directory.See
	}
	return see, nil
}

// seesCall says whether a caller sees a call: of a list of his, about a case that he sees, or his own.
func (s *Server) seesCall(ctx context.Context, c *journey.Call, see map[string]bool) bool {
	caller := callerOf(ctx)
	if caller.All(s.o.Lists()) || c.List != "" && s.right(ctx, c.List) >= directory.See {
		return true
	}
	if agent := caller.Agent(); agent != "" && (agent == c.Agent || agent == c.DialledBy) {
		return true
	}
	for _, seen := range see {
		if seen {
			return true
		}
	}
	return false
}

type callJourneyOutput struct {
	Body CallJourney
}

func (s *Server) callJourney(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64" doc:"The call's id."`
},
) (*callJourneyOutput, error) {
	c, err := s.o.Journeys.Call(in.ID)
	if err != nil {
		return nil, err
	}
	see, err := s.seenCases(ctx, &c)
	if err != nil {
		return nil, err
	}
	if !s.seesCall(ctx, &c, see) {
		return nil, journey.ErrNotFound
	}
	shown := s.journeyOf(&c, see)
	for _, id := range shown.Cases {
		related, err := s.related(id, c.ID)
		if err != nil {
			return nil, err
		}
		shown.Related = append(shown.Related, related...)
	}
	return &callJourneyOutput{shown}, nil
}

// related are the other calls that a case's history tells of.
func (s *Server) related(id, but string) (all []RelatedCall, err error) {
	for e, err := range s.o.Cases.History(id) {
		if err != nil {
			return nil, err
		}
		if e.Call == nil || e.Call.ID == but || slices.ContainsFunc(all, func(r RelatedCall) bool { return r.Call == e.Call.ID }) {
			continue
		}
		r := RelatedCall{Call: e.Call.ID, Case: id, Relation: "other", At: e.Call.Started, Result: e.Call.Reason.String()}
		switch {
		case e.Call.Direction == sip.Outbound:
			r.Relation, r.Result = "callback", e.Call.Result.String()
		case e.Call.Verdict == sip.Missed || e.Call.Verdict == sip.Dropped:
			r.Relation = "missed"
		case e.Call.Verdict == sip.Served:
			r.Relation = "served"
		}
		all = append(all, r)
	}
	return all, nil
}

type customerJourneyOutput struct {
	Body struct {
		Number  string        `json:"number" doc:"E.164."`
		Contact *Named        `json:"contact,omitempty" doc:"The contact that has it."`
		Items   []JourneyItem `json:"items" nullable:"false" doc:"The latest first."`
		Next    string        `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	}
}

func (s *Server) customerJourney(ctx context.Context, in *struct {
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"As people write it."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"512" doc:"The next of the page before."`
},
) (*customerJourneyOutput, error) {
	n, err := s.numberIn(in.Number, "", "path.number")
	if err == nil && n == 0 {
		err = invalid("path.number", notNumber)
	}
	if err != nil {
		return nil, err
	}
	until, after, err := readCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	items, err := s.caseItems(ctx, n)
	if err != nil {
		return nil, err
	}
	items, whole, err := s.callItems(ctx, n, until, in.Limit, items)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, latestFirst)
	if !until.IsZero() {
		items = slices.DeleteFunc(items, func(i JourneyItem) bool { return latestFirst(i, JourneyItem{At: until, key: after}) <= 0 })
	}
	out := &customerJourneyOutput{}
	out.Body.Number, out.Body.Contact = n.String(), s.known(n)
	out.Body.Items = append([]JourneyItem{}, items[:min(len(items), in.Limit)]...)
	if last := len(out.Body.Items) - 1; last >= 0 && (len(items) > in.Limit || !whole) {
		out.Body.Next = writeCursor(&out.Body.Items[last])
	}
	return out, nil
}

// latestFirst orders items by time and, of one moment, by what they are.
func latestFirst(a, b JourneyItem) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.key, b.key)) }

// caseItems are what happened to the cases of a customer, as far as a caller sees them.
func (s *Server) caseItems(ctx context.Context, n sip.Number) (items []JourneyItem, err error) {
	all, err := s.o.Cases.OfCustomer(n)
	if err != nil {
		return nil, err
	}
	for i := range all {
		c := &all[i]
		if s.right(ctx, c.List) < directory.See {
			continue
		}
		k := 0
		for e, err := range s.o.Cases.History(c.ID) {
			if err != nil {
				return nil, err
			}
			k++
			item := JourneyItem{At: e.At, Kind: "case", Case: c.ID, List: c.List, key: fmt.Sprintf("case %s %08d", c.ID, k)}
			item.Entry = &JourneyEntry{Event: e.Event.String(), Reason: e.Reason, Agent: e.Agent, Note: e.Note}
			if e.Call != nil {
				item.Entry.Call = e.Call.ID
			}
			if e.Event == cases.Commented {
				item.Kind = "note"
			}
			items = append(items, item)
		}
		if s.o.Schedule == nil {
			continue
		}
		plans, err := s.o.Schedule.OfCase(c.ID)
		if err != nil {
			return nil, err
		}
		for j := range plans {
			shown := scheduledOf(&plans[j])
			items = append(items, JourneyItem{At: plans[j].Created, Kind: "scheduled", Case: c.ID, List: c.List, Scheduled: &shown, key: "scheduled " + shown.ID})
		}
	}
	return items, nil
}

// callItems adds as many calls as a page may need, and says whether those are all; of other items those before the
// last call are left for the next page.
func (s *Server) callItems(ctx context.Context, n sip.Number, until time.Time, limit int, items []JourneyItem) (_ []JourneyItem, whole bool, err error) {
	const slack = 50 // calls that began in the moment of the cursor, or are not seen
	calls, err := s.o.Journeys.OfNumber(n, until, limit+slack)
	if err != nil {
		return nil, false, err
	}
	whole = len(calls) < limit+slack
	for i := range calls {
		c := &calls[i]
		see, err := s.seenCases(ctx, c)
		if err != nil {
			return nil, false, err
		}
		if !s.seesCall(ctx, c, see) {
			continue
		}
		shown := s.journeyOf(c, see)
		kind := "call"
		if c.Direction == sip.Outbound {
			kind = "callback"
		}
		items = append(items, JourneyItem{At: c.Started, Kind: kind, List: c.List, Call: &shown, key: "call " + c.ID})
	}
	if !whole {
		first := calls[len(calls)-1].Started
		items = slices.DeleteFunc(items, func(i JourneyItem) bool { return i.At.Before(first) })
	}
	return items, whole, nil
}

func writeCursor(i *JourneyItem) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(i.At.UnixNano(), 36) + "/" + i.key))
}

// readCursor reads what writeCursor wrote; no text is the beginning.
func readCursor(text string) (at time.Time, key string, err error) {
	if text == "" {
		return at, "", nil
	}
	wrong := invalid("query.cursor", "not a cursor of this journey")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return at, "", wrong
	}
	nanos, key, ok := strings.Cut(string(b), "/")
	n, err := strconv.ParseInt(nanos, 36, 64)
	if !ok || err != nil {
		return at, "", wrong
	}
	return time.Unix(0, n).UTC(), key, nil
}
