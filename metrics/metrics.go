package metrics

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ringback/cases"
)

// Options say what is measured beside the events. Every function is called once per scrape, from the
// scrape's goroutine, possibly by two scrapes at once; a nil one leaves its metrics without samples.
type Options struct {
	Version  string // of the binary
	Revision string // of its source
	Logger   *slog.Logger

	Ready      func() bool // what /readyz says
	Feeds      func() []Feed
	Signalling func() Signalling
	Skews      func() []Skew
	Blind      func() Blind
	Lists      func() []List
	Decisions  func() map[cases.Why]uint64 // which rules of package cases decided
	Memory     func() Memory
	Streams    func() Streams
	Messages   func() Messages
	Phone      func() Phone
	// PendingHints is how many hints wait for a phone's answer.
	PendingHints func() int
	Webhooks     func() []Webhook
	// SearchLag is how old the oldest change of a case is that search does not know of.
	SearchLag func() time.Duration
	Told      func() []ToldFeed
	// Endpoint is false where nobody calls us and we call nobody.
	Endpoint func() (Endpoint, bool)
}

// Metrics holds all metrics of one process. Its methods may be called from any goroutine.
type Metrics struct {
	registry    *prometheus.Registry
	definitions []Definition
	logger      *slog.Logger
	observed
}

// New makes the metrics of a process, on a registry of their own.
func New(o Options) *Metrics {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &catalogue{registry: prometheus.NewRegistry()}
	m := &Metrics{registry: c.registry, logger: o.Logger}
	m.observed = newObserved(c)
	c.registry.MustRegister(
		newSampled(c, o),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.definitions = slices.Clone(c.definitions)
	return m
}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: scrapeLog{m.logger},
		// A metric that cannot be gathered must not hide all others.
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Registry:            m.registry,
	})
}

// Gatherer is the registry, for what reads it without HTTP.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Definitions describe every metric of ours, in the order they were made.
func (m *Metrics) Definitions() []Definition { return slices.Clone(m.definitions) }

// scrapeLog hands what goes wrong in a scrape to the log.
type scrapeLog struct{ logger *slog.Logger }

// Println is called by promhttp with a phrase and an error.
func (l scrapeLog) Println(v ...any) {
	for _, part := range v {
		if err, ok := part.(error); ok {
			l.logger.Error("metrics not gathered", "err", err)
			return
		}
	}
	l.logger.Error("metrics not gathered")
}
