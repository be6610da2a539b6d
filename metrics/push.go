package metrics

import "github.com/prometheus/client_golang/prometheus"

func newPushObserved(c *catalogue) *prometheus.CounterVec {
	c.group = Web
	return c.counters("ringback_push_total", "Messages to people's phones and browsers by kind (case, hint, due), and what became of each: delivered, failed, "+
		"refused or gone of one browser; else why a person was not told, as assigned, quiet or not_active.", "kind", "result")
}

// Push counts what became of a message by web push.
func (m *Metrics) Push(kind, result string) { m.push.WithLabelValues(kind, result).Inc() }
