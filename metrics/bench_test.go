package metrics_test

import (
	"testing"

	"ringback/metrics"
	"ringback/sip"
)

// BenchmarkCall is what the end of a service call costs.
func BenchmarkCall(b *testing.B) {
	m := metrics.New(metrics.Options{})
	ev := ended("support", sip.Missed, sip.AbandonedWaiting, sip.Seen)
	b.ReportAllocs()
	for b.Loop() {
		m.Call(ev)
	}
}

// BenchmarkScrape is what one scrape of a process in which everything is in use costs.
func BenchmarkScrape(b *testing.B) {
	m := metrics.New(busy())
	exercise(m)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Gatherer().Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
