package assist

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ringback/cases"
	"ringback/sip"
	"ringback/sip/phone"
)

// BenchmarkHandle is one call of an agent, of four events, while 10 000 others are live.
func BenchmarkHandle(b *testing.B) {
	for name, found := range map[string][]cases.Case{"no case": nil, "two cases": {open("S1", "support", matti), open("B1", "billing", matti)}} {
		b.Run(name, func(b *testing.B) {
			a := newAssist(b, Options{})
			for i := range 10_000 {
				a.Handle(event(0, sip.AgentAnswered, fmt.Sprint(i), fmt.Sprint("agent", i), teppo+sip.Number(i)), nil)
			}
			events := []*sip.Event{
				event(1, sip.AgentRinging, "in", "anna", matti), event(2, sip.AgentAnswered, "in", "anna", matti),
				event(3, sip.AgentLeft, "in", "anna", matti), event(3, sip.CallEnded, "in", "", 0),
			}
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, ev := range events {
					n += len(a.Handle(ev, found))
				}
				if (n != 0) != (found != nil) {
					b.Fatal(n, "hints")
				}
			}
		})
	}
}

// BenchmarkText is the line of one hint.
func BenchmarkText(b *testing.B) {
	d, h := newDirectory(b, centre), hintFor(Raised, "anna", "c1", "")
	b.ReportAllocs()
	for b.Loop() {
		if Text(d, &h) != text {
			b.Fatal(Text(d, &h))
		}
	}
}

// BenchmarkMirrored is a mirrored message that is no MESSAGE, as nearly all are.
func BenchmarkMirrored(b *testing.B) {
	d := NewDelivery(DeliveryOptions{})
	defer d.Close()
	m := sip.Message{Request: true, Method: sip.INVITE, CSeqMethod: sip.INVITE}
	for b.Loop() {
		if d.Mirrored(&m) {
			b.Fatal("ours")
		}
	}
}

// BenchmarkDeliverOne is the time from a hint to its message at the phone, for one hint at a time.
func BenchmarkDeliverOne(b *testing.B) {
	desk := newSoftphone(b, "200 OK")
	x := newOutbox(b, phone.Options{}, DeliveryOptions{})
	h := hintFor(Raised, "anna", "", desk.uri("101"))
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		h.CallID = fmt.Sprint(n)
		begun := time.Now()
		x.Deliver(h)
		desk.take(b)
		took = append(took, time.Since(begun))
		x.want("sent 0 after 1, not final", "delivered 200 after 1")
	}
	percentiles(b, took)
}

func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	for name, p := range map[string]int{"p50": 50, "p95": 95, "p99": 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, name+"-ms")
	}
}

// BenchmarkDeliver is the time from a hint to its message at the phone, for bursts of 200 hints of which
// some go to phones that are dead: as percentiles over the living.
func BenchmarkDeliver(b *testing.B) {
	const agents = 200
	for _, dead := range []int{0, 50, 150} {
		b.Run(fmt.Sprintf("%d of %d dead", dead, agents), func(b *testing.B) {
			var alive, silent [20]*softphone // ten agents at each: a burst must not overflow a socket
			for i := range alive {
				alive[i], silent[i] = newSoftphone(b, "200 OK"), newSoftphone(b, "")
			}
			x := newOutbox(b, phone.Options{}, DeliveryOptions{FirstRetry: 500 * time.Millisecond})
			go func() {
				for {
					select {
					case <-x.told:
					case <-b.Context().Done():
						return
					}
				}
			}()
			var took []time.Duration
			for round := 0; b.Loop(); round++ {
				begun, living := map[string]time.Time{}, []*softphone(nil)
				for i := range agents {
					desk, h := alive[i%20], hintFor(Raised, fmt.Sprint("agent", i), fmt.Sprint("c", round), "")
					if i%4 < dead*4/agents {
						desk = silent[i%20]
					}
					h.Device, h.Number = desk.uri(fmt.Sprint(i)), matti+sip.Number(i)
					if desk == alive[i%20] {
						begun[h.Number.String()] = time.Now()
						living = append(living, desk)
					}
					x.Deliver(h)
				}
				for _, desk := range living {
					body := desk.take(b)
					took = append(took, time.Since(begun[body[len("Callback "):len("Callback ")+13]]))
				}
				for i := range agents {
					x.Deliver(Hint{Key: Key{Agent: fmt.Sprint("agent", i), CallID: fmt.Sprint("c", round)}, Event: Withdrawn})
				}
			}
			percentiles(b, took)
		})
	}
}
