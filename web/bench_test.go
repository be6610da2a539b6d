package web

import (
	"fmt"
	"testing"
	"time"

	"ringback/sip"
)

// BenchmarkPublish is what every event of a call costs whoever applies it, with nobody listening.
func BenchmarkPublish(b *testing.B) {
	e := newEvents(time.Now(), maxEvents, maxEventBytes)
	ev := &sip.Event{Kind: sip.CallEnded, At: time.Now(), Call: liveCall(true)}
	b.ReportAllocs()
	for b.Loop() {
		e.Call(ev)
	}
}

// BenchmarkRead is what an event costs one of many readers that keep up: it is made into JSON once.
func BenchmarkRead(b *testing.B) {
	for _, readers := range []int{1, 100} {
		b.Run(fmt.Sprint(readers, " readers"), func(b *testing.B) {
			e := newEvents(time.Now(), maxEvents, maxEventBytes)
			ev := &sip.Event{Kind: sip.CallEnded, At: time.Now(), Call: liveCall(true)}
			batch := make([]*event, 0, batchSize)
			b.ReportAllocs()
			for b.Loop() {
				e.Call(ev)
				for range readers {
					events, _, _ := e.after(e.last()-1, batch, true)
					if len(events) != 1 || events[0].frame() == nil {
						b.Fatal("no event")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*readers), "ns/read")
		})
	}
}
