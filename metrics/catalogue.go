package metrics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Group is the part of the product a metric speaks of; docs/metrics.md and the dashboard use the
// same groups.
type Group string

// The groups, in the order of importance to the person who is on call.
const (
	Promise Group = "The promise"
	Feeds   Group = "Feeds"
	Watch   Group = "The call watcher"
	Hints   Group = "Hints"
	Store   Group = "Store"
	Web     Group = "API and daemon"

	Webhooks Group = "Webhooks"
	OwnCalls Group = "Calls of our own"
)

// groups are all groups in reading order.
var groups = []Group{Promise, Feeds, Watch, Hints, OwnCalls, Webhooks, Store, Web}

// Definition is what a reader needs to know of one metric.
type Definition struct {
	Group  Group
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// catalogue makes metrics and remembers what it made, so that documents, dashboard and alert rules
// can be tested against it. It is used only while a Metrics is being made.
type catalogue struct {
	group       Group
	registry    *prometheus.Registry
	definitions []Definition
}

func (c *catalogue) define(kind, name, help string, labels []string) {
	c.definitions = append(c.definitions, Definition{Group: c.group, Name: name, Type: kind, Labels: slices.Clone(labels), Help: help})
}

func (c *catalogue) counter(name, help string) prometheus.Counter {
	c.define("counter", name, help, nil)
	m := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	c.registry.MustRegister(m)
	return m
}

func (c *catalogue) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c.define("counter", name, help, labels)
	m := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	c.registry.MustRegister(m)
	return m
}

func (c *catalogue) gauge(name, help string) prometheus.Gauge {
	c.define("gauge", name, help, nil)
	m := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	c.registry.MustRegister(m)
	return m
}

func (c *catalogue) histogram(name, help string, buckets []float64) prometheus.Histogram {
	c.define("histogram", name, help, nil)
	m := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	c.registry.MustRegister(m)
	return m
}

func (c *catalogue) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	c.define("histogram", name, help, labels)
	m := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	c.registry.MustRegister(m)
	return m
}

// sample is a metric whose value is read from elsewhere at every scrape.
type sample struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func (c *catalogue) sampledCounter(name, help string, labels ...string) sample {
	c.define("counter", name, help, labels)
	return sample{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

func (c *catalogue) sampledGauge(name, help string, labels ...string) sample {
	c.define("gauge", name, help, labels)
	return sample{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

// emit sends one value. Label values that are no UTF-8 are mended: one bad byte in a name must not
// cost the whole scrape.
func (s sample) emit(out chan<- prometheus.Metric, value float64, labels ...string) {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD")
	}
	out <- prometheus.MustNewConstMetric(s.desc, s.kind, value, labels...)
}

// Markdown is the reference of all metrics, as docs/metrics.md holds it.
func Markdown(definitions []Definition) string {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", g)
		for _, d := range definitions {
			if d.Group != g {
				continue
			}
			var labels string
			if len(d.Labels) > 0 {
				labels = "`" + strings.Join(d.Labels, "` `") + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, labels, d.Help)
		}
	}
	return b.String()
}

const markdownHead = `# Metrics

<!-- Written by ` + "`go test ./metrics -run Documented -update`" + `; change the code, not this file. -->

Served in the Prometheus text format at ` + "`/metrics`" + ` of the admin address. Besides these come Go's own
(` + "`go_…`" + `) and the process's (` + "`process_…`" + `). All times are in seconds. No label ever holds a telephone number, a
Call-ID or an agent. Counters start at zero with the process; ` + "`configs/prometheus/ringback.rules.yml`" + ` has alerts on
them and ` + "`configs/grafana/ringback.json`" + ` a dashboard.

A metric with a source that is not in use (no live tap, no store) has no samples.
`
