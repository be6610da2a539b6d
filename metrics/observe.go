package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ringback/sip"
)

// Bucket bounds in seconds. The promises have a bound of their own: 20 ms and 1 s for a hint, 1 s for
// a case.
var (
	quickly  = []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10}
	callback = []float64{60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 86400, 3 * 86400}
)

// observed are the metrics of what happens event by event.
type observed struct {
	calls    *prometheus.CounterVec
	started  prometheus.Counter
	verdicts *prometheus.CounterVec
	short    *prometheus.CounterVec

	opened     *prometheus.CounterVec
	missAdded  *prometheus.CounterVec
	reopened   *prometheus.CounterVec
	attempted  *prometheus.CounterVec
	closed     *prometheus.CounterVec
	toCallback *prometheus.HistogramVec
	told       prometheus.Histogram

	hints       *prometheus.CounterVec
	deliveries  *prometheus.CounterVec
	ways        *prometheus.CounterVec
	hintLatency prometheus.Histogram

	commits  prometheus.Histogram
	commands prometheus.Counter
	failed   prometheus.Counter

	requests *prometheus.HistogramVec
	reloads  *prometheus.CounterVec
	reloaded prometheus.Gauge

	webhooks webhooksObserved
	push     *prometheus.CounterVec
}

func newObserved(c *catalogue) observed {
	var o observed
	c.group = Promise
	o.verdicts = c.counters("ringback_verdicts_total", "Service calls judged, by service, verdict, reason and confidence.", "service", "verdict", "reason", "confidence")
	o.short = c.counters("ringback_short_abandons_total", "Missed calls abandoned so early that they make no case by themselves.", "service")
	o.opened = c.counters("ringback_cases_opened_total", "Cases opened, by list and the reason of the miss.", "list", "reason")
	o.missAdded = c.counters("ringback_case_misses_added_total", "Further misses added to a case that was open.", "list", "reason")
	o.reopened = c.counters("ringback_cases_reopened_total", "Cases opened again, by list and why.", "list", "reason")
	o.attempted = c.counters("ringback_case_attempts_total", "Tries to reach the customer of a case.", "list")
	o.closed = c.counters("ringback_cases_closed_total", "Cases closed, by list and why.", "list", "reason")
	o.toCallback = c.histograms("ringback_case_time_to_callback_seconds", "From the opening of a case to the first try to reach the customer.", callback, "list")
	o.told = c.histogram("ringback_case_decision_seconds", "From the verdict or dial that concerns a case until the case is stored and told.", quickly)

	c.group = Watch
	o.started = c.counter("ringback_calls_started_total", "Calls whose first INVITE was seen.")
	o.calls = c.counters("ringback_calls_total", "Calls ended, by direction.", "direction")

	c.group = Hints
	o.hints = c.counters("ringback_hints_total", "What happened to hints: raised, confirmed, withdrawn.", "event")
	o.deliveries = c.counters("ringback_hint_deliveries_total", "Hints meant for phones, by what became of them: delivered; unknown (the PBX took it and nothing showed the phone's answer); failed: refused, gave_up, full; not needed any more or not possible: withdrawn, no_phone, stopped.", "outcome")
	o.ways = c.counters("ringback_hint_ways_total", "Ways that hints to phones were tried by (message, send_text, message_send), by what came of each: as ringback_hint_deliveries_total; where one failed, the next was taken.", "way", "outcome")
	o.hintLatency = c.histogram("ringback_hint_latency_seconds", "From the arrival of the packet that raised a hint until its first MESSAGE went out.", quickly)

	o.webhooks = newWebhooksObserved(c)
	o.push = newPushObserved(c)

	c.group = Store
	o.commits = c.histogram("ringback_store_commit_seconds", "Time of one synced commit, which many commands share.", quickly)
	o.commands = c.counter("ringback_store_commands_total", "Commands committed.")
	o.failed = c.counter("ringback_store_failed_commits_total", "Commits that the disk refused.")

	c.group = Web
	o.requests = c.histograms("ringback_http_request_seconds", "Time to answer a request, by route and status, without event streams.", quickly, "route", "status_code")
	o.reloads = c.counters("ringback_reloads_total", "Reloads of configuration, tokens and directory, by result.", "result")
	o.reloaded = c.gauge("ringback_last_reload_success_timestamp_seconds", "When configuration, tokens or directory were last read with success.")

	for _, result := range []string{"success", "failure"} {
		o.reloads.WithLabelValues(result)
	}
	for _, event := range hintEvents {
		o.hints.WithLabelValues(event.String())
	}
	for _, outcome := range outcomes {
		o.deliveries.WithLabelValues(outcome)
		for _, way := range []string{"message", "send_text", "message_send"} {
			o.ways.WithLabelValues(way, outcome)
		}
	}
	for _, direction := range []sip.Direction{sip.DirectionUnknown, sip.Inbound, sip.Outbound, sip.Internal} {
		o.calls.WithLabelValues(direction.String())
	}
	return o
}

// judgements are the verdicts a service call can get, with their reasons.
var judgements = map[sip.Verdict][]sip.Reason{
	sip.Served:  {sip.ReasonNone},
	sip.Dropped: {sip.Outage, sip.MediaLost, sip.SessionExpired, sip.Signalling, sip.TransferFailed, sip.OnHold},
	sip.Missed: {
		sip.Voicemail, sip.AbandonedWaiting, sip.Timeout, sip.NoAgent, sip.Lost, sip.AbandonedRinging,
		sip.Busy, sip.Declined, sip.Failed,
	},
}

// Prepare starts the counters of these services and lists at zero. A counter that appears with its first
// event has no rise that an alert could see, and the first outage is the one to be told of.
func (m *Metrics) Prepare(services, lists []string) {
	for _, service := range services {
		m.short.WithLabelValues(service)
		for verdict, reasons := range judgements {
			for _, reason := range reasons {
				m.verdicts.WithLabelValues(service, verdict.String(), reason.String(), sip.Seen.String())
			}
		}
	}
	for _, list := range lists {
		m.attempted.WithLabelValues(list)
		m.toCallback.WithLabelValues(list)
		for _, reason := range closeReasons {
			m.closed.WithLabelValues(list, reason.String())
		}
	}
}

// Call counts what an event says of its call. Only the first and the last event of a call count.
func (m *Metrics) Call(ev *sip.Event) {
	switch ev.Kind {
	case sip.CallStarted:
		m.started.Inc()
	case sip.CallEnded:
		m.calls.WithLabelValues(ev.Call.Direction.String()).Inc()
		if ev.Call.Verdict == sip.VerdictNone {
			return
		}
		m.verdicts.WithLabelValues(ev.Call.Service, ev.Call.Verdict.String(), ev.Call.Reason.String(), ev.Call.Confidence.String()).Inc()
		if ev.Call.Short {
			m.short.WithLabelValues(ev.Call.Service).Inc()
		}
	default:
	}
}

// Decided tells how long it took from an event to its case being stored and told.
func (m *Metrics) Decided(elapsed time.Duration) { m.told.Observe(elapsed.Seconds()) }

// HintSent tells, when the first MESSAGE of a hint goes out, how long it took since the packet that
// raised it.
func (m *Metrics) HintSent(elapsed time.Duration) { m.hintLatency.Observe(elapsed.Seconds()) }

// Committed counts one synced commit of some commands, or its failure.
func (m *Metrics) Committed(commands int, elapsed time.Duration, err error) {
	if err != nil {
		m.failed.Inc()
		return
	}
	m.commits.Observe(elapsed.Seconds())
	m.commands.Add(float64(commands))
}

// Request counts an answered HTTP request by its route's pattern.
func (m *Metrics) Request(route string, status int, elapsed time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(elapsed.Seconds())
}

// Reloaded counts a reload that ended at now.
func (m *Metrics) Reloaded(now time.Time, err error) {
	if err != nil {
		m.reloads.WithLabelValues("failure").Inc()
		return
	}
	m.reloads.WithLabelValues("success").Inc()
	m.reloaded.Set(float64(now.UnixNano()) / 1e9)
}
