package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Webhook is the state of one program that is told of events.
type Webhook struct {
	Endpoint string        // its name in the configuration
	Pending  int           // messages that wait
	Age      time.Duration // how long the first of them has waited; 0: none waits
	Dead     int           // messages that were given up and are kept
	Disabled bool          // it answered 410
}

// webhooksObserved are the metrics of webhooks, message by message.
type webhooksObserved struct {
	attempts *prometheus.HistogramVec
	dead     *prometheus.CounterVec
}

func newWebhooksObserved(c *catalogue) webhooksObserved {
	c.group = Webhooks
	return webhooksObserved{
		attempts: c.histograms("ringback_webhook_request_seconds", "Time of one try to deliver a message to a webhook, by result: delivered or failed.", quickly, "endpoint", "result"),
		dead:     c.counters("ringback_webhook_dead_total", "Messages to a webhook that were given up, by reason: too_old, refused, stale, overflow.", "endpoint", "reason"),
	}
}

// Webhook counts one try to deliver a message.
func (m *Metrics) Webhook(endpoint string, delivered bool, elapsed time.Duration) {
	result := "failed"
	if delivered {
		result = "delivered"
	}
	m.webhooks.attempts.WithLabelValues(endpoint, result).Observe(elapsed.Seconds())
}

// WebhookDead counts a message that was given up.
func (m *Metrics) WebhookDead(endpoint, reason string) {
	m.webhooks.dead.WithLabelValues(endpoint, reason).Inc()
}

// webhooksSampled are the metrics of how webhooks fare.
type webhooksSampled struct{ pending, age, dead, disabled sample }

func newWebhooksSampled(c *catalogue) webhooksSampled {
	c.group = Webhooks
	return webhooksSampled{
		pending:  c.sampledGauge("ringback_webhook_pending", "Messages that wait to be delivered.", "endpoint"),
		age:      c.sampledGauge("ringback_webhook_oldest_seconds", "How long the first message that waits has done so; 0 when none waits.", "endpoint"),
		dead:     c.sampledGauge("ringback_webhook_dead_letters", "Messages given up that are kept: ringback webhook dead lists them.", "endpoint"),
		disabled: c.sampledGauge("ringback_webhook_disabled", "1 while a webhook is disabled because it answered 410.", "endpoint"),
	}
}

func (w *webhooksSampled) all() []sample { return []sample{w.pending, w.age, w.dead, w.disabled} }

func (w *webhooksSampled) collect(out chan<- prometheus.Metric, hooks func() []Webhook) {
	if hooks == nil {
		return
	}
	for _, h := range distinct(hooks(), func(h Webhook) string { return h.Endpoint }) {
		w.pending.emit(out, float64(h.Pending), h.Endpoint)
		w.age.emit(out, h.Age.Seconds(), h.Endpoint)
		w.dead.emit(out, float64(h.Dead), h.Endpoint)
		w.disabled.emit(out, flag(h.Disabled), h.Endpoint)
	}
}
