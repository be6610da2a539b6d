package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/queue"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func request(id string, seconds int) queue.Request {
	return queue.Request{Case: id, Customer: "c" + id, Service: "hotline", List: "support", At: at(seconds)}
}

func free(id string) queue.Agent {
	return queue.Agent{ID: id, Lists: []string{"support"}, Services: []string{"hotline"}, Device: id, Free: true}
}

// said are offers as tests write them.
func said(offers []queue.Offer) []string {
	var all []string
	for _, o := range offers {
		all = append(all, o.Case+" to "+o.Agent+" at "+o.Device)
	}
	return all
}

func TestWhoIsOfferedWhat(t *testing.T) {
	anna, bertil := free("anna"), free("bertil")
	busy := anna
	busy.Free = false
	other := anna
	other.Lists = []string{"billing"}
	bare := anna
	bare.Device = ""
	elsewhere := anna
	elsewhere.Services = []string{"press"}
	for _, row := range []struct {
		name   string
		adds   []queue.Request
		agents []queue.Agent
		live   []queue.Caller
		want   []string
	}{
		{"nobody waits", nil, []queue.Agent{anna}, nil, nil},
		{"the one who waited longest goes first", []queue.Request{request("b", 20), request("a", 10)}, []queue.Agent{anna}, nil, []string{"a to anna at anna"}},
		{"each gets another", []queue.Request{request("b", 20), request("a", 10)}, []queue.Agent{anna, bertil}, nil, []string{"a to anna at anna", "b to bertil at bertil"}},
		{"nobody is free", []queue.Request{request("a", 10)}, []queue.Agent{busy}, nil, nil},
		{"another list", []queue.Request{request("a", 10)}, []queue.Agent{other}, nil, nil},
		{"no device", []queue.Request{request("a", 10)}, []queue.Agent{bare}, nil, nil},
		{"a live caller goes first", []queue.Request{request("a", 10)}, []queue.Agent{anna}, []queue.Caller{{"hotline", at(30)}}, nil},
		{"one who has just come does not", []queue.Request{request("a", 10)}, []queue.Agent{anna}, []queue.Caller{{"hotline", at(50)}}, []string{"a to anna at anna"}},
		{"exactly as long as that does not", []queue.Request{request("a", 10)}, []queue.Agent{anna}, []queue.Caller{{"hotline", at(40)}}, []string{"a to anna at anna"}},
		{"one of a service of others does not", []queue.Request{request("a", 10)}, []queue.Agent{elsewhere}, []queue.Caller{{"hotline", at(0)}}, []string{"a to anna at anna"}},
		{"only for one agent", []queue.Request{{Case: "a", List: "support", At: at(10), Agent: "bertil", Device: "desk"}, request("b", 20)}, []queue.Agent{anna, bertil}, nil, []string{"a to bertil at desk", "b to anna at anna"}},
	} {
		q := queue.New(queue.Options{LiveFirst: 20 * time.Second})
		for _, r := range row.adds {
			if got := q.Add(r); got != queue.Queued {
				t.Errorf("%s: %s is %s", row.name, r.Case, got)
			}
		}
		if diff := cmp.Diff(row.want, said(q.Next(at(60), row.agents, row.live))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", row.name, diff)
		}
	}
}

func TestOfRepeatedRequestsTheFirstIsKept(t *testing.T) {
	q := queue.New(queue.Options{})
	q.Add(request("a", 10))
	again := request("b", 20)
	again.Customer = "ca"
	if got := q.Add(again); got != queue.Again || q.Again("a") != 1 {
		t.Errorf("%s, %d", got, q.Again("a"))
	}
	q.Next(at(30), []queue.Agent{free("anna")}, nil)
	if got := q.Add(again); got != queue.Again || q.Again("a") != 2 || len(q.Waiting()) != 0 {
		t.Errorf("while it is offered: %s", got)
	}
	q.Done("a")
	if got := q.Add(again); got != queue.Queued {
		t.Errorf("afterwards: %s", got)
	}
}

func TestADeviceTakesTwoAndTheThirdIsMissed(t *testing.T) {
	q := queue.New(queue.Options{})
	for i, want := range []queue.Result{queue.Queued, queue.Queued, queue.Missed} {
		r := request(fmt.Sprint(i), i)
		r.Agent, r.Device = "anna", "desk"
		if got := q.Add(r); got != want {
			t.Errorf("request %d: %s, want %s", i, got, want)
		}
	}
	r := request("other", 9)
	r.Agent, r.Device = "anna", "mobile"
	if got := q.Add(r); got != queue.Queued {
		t.Errorf("for another device: %s", got)
	}
	offers := said(q.Next(at(10), []queue.Agent{free("anna")}, nil))
	if !slices.Equal(offers, []string{"0 to anna at desk"}) {
		t.Errorf("%v", offers)
	}
	if more := said(q.Next(at(11), []queue.Agent{free("anna")}, nil)); more != nil {
		t.Errorf("a second offer at once: %v", more)
	}
	q.Begin("0", "anna")
	q.Done("0")
	r = request("third", 20)
	r.Agent, r.Device = "anna", "desk"
	if got := q.Add(r); got != queue.Queued {
		t.Errorf("after the first is over: %s", got)
	}
}

func TestAnOfferThatNobodyTakesGoesToTheNext(t *testing.T) {
	q := queue.New(queue.Options{OfferFor: 10 * time.Second, AskAgain: 5 * time.Second})
	q.Add(request("a", 0))
	q.Next(at(0), []queue.Agent{free("anna")}, nil)
	if wake := q.Wake(); !wake.Equal(at(10)) {
		t.Errorf("asked again at %s", wake)
	}
	if got := said(q.Next(at(9), []queue.Agent{free("bertil")}, nil)); got != nil {
		t.Errorf("too early: %v", got)
	}
	if got := said(q.Next(at(10), []queue.Agent{free("bertil")}, nil)); !slices.Equal(got, []string{"a to bertil at bertil"}) {
		t.Errorf("%v", got)
	}
	if q.Begin("a", "anna") || !q.Begin("a", "bertil") {
		t.Error("anna takes what is bertil's")
	}
	if gone := q.Decline(at(10), "a", "bertil"); gone || len(q.Waiting()) != 1 || q.Under("bertil") != 0 {
		t.Errorf("declined: gone %v, %v", gone, q.Waiting())
	}
	own := request("own", 5)
	own.Agent = "anna"
	q.Done("a")
	q.Add(own)
	q.Next(at(20), []queue.Agent{free("anna")}, nil)
	if !q.Decline(at(20), "own", "anna") || len(q.Waiting()) != 0 {
		t.Error("what was for her alone waits on")
	}
}

func TestWhoDidNotWantItIsNotAskedAgainAtOnce(t *testing.T) {
	q := queue.New(queue.Options{OfferFor: 10 * time.Second, AskAgain: time.Minute})
	q.Add(request("a", 0))
	q.Add(request("b", 5))
	both := []queue.Agent{free("anna"), free("bertil")}
	if got := said(q.Next(at(10), both, nil)); !slices.Equal(got, []string{"a to anna at anna", "b to bertil at bertil"}) {
		t.Fatalf("%v", got)
	}
	q.Decline(at(11), "a", "anna") // bertil has an offer: it waits, and where it stood
	if got := said(q.Next(at(11), both, nil)); got != nil || q.Waiting()[0].Case != "a" {
		t.Errorf("%v", got)
	}
	lapsed := q.Lapse(at(20)) // he is not there: neither is offered to him
	if !slices.Equal(said(lapsed), []string{"b to bertil at bertil"}) {
		t.Errorf("lapsed: %v", said(lapsed))
	}
	if got := said(q.Next(at(20), both, nil)); !slices.Equal(got, []string{"b to anna at anna"}) {
		t.Errorf("%v", got)
	}
	q.Withdraw("b") // a call came in for her: no fault of hers
	if got := said(q.Next(at(21), both, nil)); !slices.Equal(got, []string{"b to anna at anna"}) {
		t.Errorf("%v", got)
	}
	q.Return("bertil")
	if got := said(q.Next(at(22), both, nil)); !slices.Equal(got, []string{"a to bertil at bertil"}) {
		t.Errorf("%v", got)
	}
}

func TestWhyACallbackWaits(t *testing.T) {
	anna, busy := free("anna"), free("bertil")
	busy.Free = false
	own := free("cecilia")
	own.Own = true
	long := []queue.Caller{{Service: "hotline", Since: at(0)}}
	for _, row := range []struct {
		agents []queue.Agent
		live   []queue.Caller
		want   string
	}{
		{nil, nil, "nobody_free"},
		{[]queue.Agent{busy, own}, nil, "nobody_free"},
		{[]queue.Agent{busy, own}, long, "nobody_free"},
		{[]queue.Agent{anna, busy}, long, "live_callers"},
		{[]queue.Agent{busy, anna}, nil, "next"},
	} {
		q := queue.New(queue.Options{LiveFirst: 20 * time.Second})
		q.Add(request("a", 0))
		if got := q.Held(at(60), q.Waiting()[0], row.agents, row.live); got.String() != row.want {
			t.Errorf("%+v: %s, want %s", row.agents, got, row.want)
		}
		if offers := q.Next(at(60), row.agents, row.live); (len(offers) > 0) != (row.want == "next") {
			t.Errorf("%s, and %v", row.want, said(offers))
		}
	}
}

// TestNoDeviceHasMoreThanItTakesAndNobodyIsForgotten lets things happen at random.
func TestNoDeviceHasMoreThanItTakesAndNobodyIsForgotten(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	agents := []string{"anna", "bertil", "cecilia"}
	for range 200 {
		q := queue.New(queue.Options{LiveFirst: 5 * time.Second, OfferFor: 8 * time.Second})
		in := map[string]bool{} // customers in the queue
		live := map[string]string{}
		for now := range 200 {
			switch r.IntN(5) {
			case 0, 1:
				x := request(fmt.Sprint(r.IntN(30)), now)
				if r.IntN(3) == 0 {
					x.Agent = agents[r.IntN(3)]
					x.Device = x.Agent
				}
				was := in[x.Case]
				got := q.Add(x)
				if (got == queue.Again) != was {
					t.Fatalf("second %d: %s of %s, who was in the queue: %v", now, got, x.Case, was)
				}
				if got == queue.Queued {
					in[x.Case] = true
				}
			case 2:
				for id, agent := range live {
					if r.IntN(2) == 0 {
						q.Begin(id, agent)
					} else if q.Decline(at(now), id, agent) {
						delete(in, id)
					}
				}
			case 3:
				for id := range in {
					q.Done(id)
					delete(in, id)
					delete(live, id)
					break
				}
			}
			var callers []queue.Caller
			if r.IntN(3) == 0 {
				callers = append(callers, queue.Caller{Service: "hotline", Since: at(now - r.IntN(10))})
			}
			for _, o := range q.Next(at(now), []queue.Agent{free("anna"), free("bertil"), free("cecilia")}, callers) {
				if len(callers) > 0 && at(now).Sub(callers[0].Since) > 5*time.Second {
					t.Fatalf("second %d: %s is offered while a caller waits", now, o.Case)
				}
				live[o.Case] = o.Agent
			}
			for _, a := range agents {
				if n := q.Under(a); n > 2 || n < 0 {
					t.Fatalf("second %d: %s has %d", now, a, n)
				}
			}
			if !slices.IsSortedFunc(q.Waiting(), func(a, b queue.Request) int { return a.At.Compare(b.At) }) {
				t.Fatal("they do not wait by time")
			}
		}
		for id := range in {
			if got := q.Add(request(id, 500)); got != queue.Again {
				t.Fatalf("%s was forgotten", id)
			}
		}
	}
}
