package metrics

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// sampled collects what others count, at the moment of the scrape.
type sampled struct {
	o Options

	listOpen, listOverdue, decisions sample

	feedBound, feedPackets, feedBytes, feedLast   sample
	feedDiscarded, feedKernelDrops, feedConnected sample
	blindSeconds, blindNow                        sample
	captureAgents, captureSkew                    sample
	messages, scanErrors, ownMessages             sample
	liveCalls, bindings, givenUp                  sample
	feedBacklog, feedClosed                       sample
	hintsPending, phoneRequests, phoneResponses   sample
	phoneFailures, phoneAnswered, phoneDiscarded  sample
	writable, queued, refused, size               sample
	streams, published, dropped, resets           sample
	said, saidBytes, recording, unrecorded        sample
	searchLag                                     sample
	webhooks                                      webhooksSampled
	endpoint                                      endpointSampled
	told                                          toldSampled
	build, ready                                  sample
}

func newSampled(c *catalogue, o Options) *sampled {
	s := &sampled{o: o}

	c.group = Promise
	s.listOpen = c.sampledGauge("ringback_cases_open", "Cases open now.", "list")
	s.listOverdue = c.sampledGauge("ringback_cases_overdue", "Open cases past their due time.", "list")
	s.decisions = c.sampledCounter("ringback_case_decisions_total", "What the rules of case life decided, by the rule; misses that made no case are here.", "rule")

	c.group = Feeds
	s.feedBound = c.sampledGauge("ringback_feed_bound", "1 while the feed listens or captures.", "feed")
	s.feedPackets = c.sampledCounter("ringback_feed_packets_total", "Packets that arrived, of all kinds.", "feed")
	s.feedBytes = c.sampledCounter("ringback_feed_bytes_total", "Bytes of the packets that arrived.", "feed")
	s.feedLast = c.sampledGauge("ringback_feed_last_packet_timestamp_seconds", "When the last packet arrived; absent before the first.", "feed")
	s.feedDiscarded = c.sampledCounter("ringback_feed_discarded_total", "Packets not handed on, by reason.", "feed", "reason")
	s.feedKernelDrops = c.sampledCounter("ringback_feed_kernel_drops_total", "Datagrams the kernel dropped before they could be read: the socket buffer was full.", "feed")
	s.feedConnected = c.sampledGauge("ringback_feed_connections", "Open connections of a stream feed.", "feed")
	s.feedBacklog = c.sampledGauge("ringback_feed_backlog_bytes", "Bytes that wait in the socket's buffer, by the kernel's own accounting.", "feed")
	s.feedClosed = c.sampledCounter("ringback_feed_connections_closed_total", "Connections that ended or were refused, by reason.", "feed", "reason")
	s.captureAgents = c.sampledGauge("ringback_capture_agents", "Capture agents (HEP chunk 0x0c) heard of.")
	s.captureSkew = c.sampledGauge("ringback_capture_clock_skew_seconds", "How far the capture agent's clock is ahead of ours. Judgement corrects for it.", "capture_agent")
	s.blindSeconds = c.sampledCounter("ringback_blind_seconds_total", "Time in which calls could not be watched.")
	s.blindNow = c.sampledGauge("ringback_blind", "1 while calls cannot be watched.")

	s.told = newToldSampled(c)

	c.group = Watch
	s.messages = c.sampledCounter("ringback_sip_messages_total", "SIP messages scanned.")
	s.scanErrors = c.sampledCounter("ringback_sip_scan_errors_total", "SIP messages dropped as malformed, by reason.", "reason")
	s.ownMessages = c.sampledCounter("ringback_sip_own_messages_total", "Our own messages seen coming back in a feed.")
	s.liveCalls = c.sampledGauge("ringback_live_calls", "Calls watched now.")
	s.bindings = c.sampledGauge("ringback_learnt_bindings", "Registrations learnt from REGISTER requests.")
	s.givenUp = c.sampledCounter("ringback_given_up_total", "Live calls, legs, registrations, what PBXs told and their channels, forgotten or not taken because their limit was reached.", "what")

	c.group = Hints
	s.hintsPending = c.sampledGauge("ringback_hints_pending", "Hints that wait for the answer of a phone.")
	s.phoneRequests = c.sampledCounter("ringback_phone_requests_total", "SIP requests sent by our own user agent; retransmissions do not count.")
	s.phoneResponses = c.sampledCounter("ringback_phone_responses_total", "Final responses to our messages, by class.", "class")
	s.phoneFailures = c.sampledCounter("ringback_phone_failures_total", "Messages without a final response, by reason.", "reason")
	s.phoneAnswered = c.sampledCounter("ringback_phone_answered_total", "Requests of others that our user agent answered.")
	s.phoneDiscarded = c.sampledCounter("ringback_phone_discarded_total", "What others sent our user agent and it did not take, by reason.", "reason")

	s.webhooks = newWebhooksSampled(c)
	s.endpoint = newEndpointSampled(c)

	c.group = Store
	s.writable = c.sampledGauge("ringback_store_writable", "1 while the store takes writes.")
	s.queued = c.sampledGauge("ringback_store_queued_commands", "Commands that wait for their commit.")
	s.refused = c.sampledCounter("ringback_store_refused_commands_total", "Commands refused because the store could not write.")
	s.size = c.sampledGauge("ringback_store_size_bytes", "Size on disk, by part.", "part")

	c.group = Web
	s.said = c.sampledGauge("ringback_voicemail_messages", "Messages that callers left and that are kept, by whether they were heard.", "heard")
	s.saidBytes = c.sampledGauge("ringback_voicemail_bytes", "Space that the files of messages take.")
	s.recording = c.sampledGauge("ringback_voicemail_recording", "Messages that are being recorded.")
	s.unrecorded = c.sampledCounter("ringback_voicemail_failures_total", "Messages that could not be begun or kept.")
	s.streams = c.sampledGauge("ringback_event_streams", "Open event streams.")
	s.published = c.sampledCounter("ringback_events_published_total", "Events published to the streams.")
	s.dropped = c.sampledCounter("ringback_event_streams_dropped_total", "Event streams ended because their reader was too slow.")
	s.resets = c.sampledCounter("ringback_event_stream_resets_total", "Readers of event streams told to read everything again, as what they missed is no longer kept.")
	s.searchLag = c.sampledGauge("ringback_search_lag_seconds", "Age of the oldest change of a case that search does not know of yet; 0 when it knows of all.")
	s.build = c.sampledGauge("ringback_build_info", "Always 1; the labels say what runs.", "version", "revision", "goversion")
	s.ready = c.sampledGauge("ringback_ready", "1 while everything needed to keep the promise works (/readyz).")
	return s
}

// Describe implements prometheus.Collector. A collector whose label values vary is told apart from
// others by its metrics' descriptions.
func (s *sampled) Describe(out chan<- *prometheus.Desc) {
	for _, m := range append(slices.Concat(s.webhooks.all(), s.endpoint.all(), s.told.all()),
		s.listOpen, s.listOverdue, s.decisions,
		s.feedBound, s.feedPackets, s.feedBytes, s.feedLast, s.feedDiscarded, s.feedKernelDrops, s.feedConnected,
		s.captureAgents, s.captureSkew, s.blindSeconds, s.blindNow,
		s.messages, s.scanErrors, s.ownMessages, s.liveCalls, s.bindings, s.givenUp,
		s.feedBacklog, s.feedClosed,
		s.hintsPending, s.phoneRequests, s.phoneResponses, s.phoneFailures, s.phoneAnswered, s.phoneDiscarded,
		s.writable, s.queued, s.refused, s.size,
		s.said, s.saidBytes, s.recording, s.unrecorded,
		s.streams, s.published, s.dropped, s.resets, s.searchLag, s.build, s.ready,
	) {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s *sampled) Collect(out chan<- prometheus.Metric) {
	s.build.emit(out, 1, s.o.Version, s.o.Revision, runtime.Version())
	if s.o.Ready != nil {
		s.ready.emit(out, flag(s.o.Ready()))
	}
	s.collectPromise(out)
	s.collectFeeds(out)
	s.collectWatch(out)
	s.collectHints(out)
	s.webhooks.collect(out, s.o.Webhooks)
	s.endpoint.collect(out, s.o.Endpoint)
	s.told.collect(out, s.o.Told)
	if s.o.Memory != nil {
		m := s.o.Memory()
		s.writable.emit(out, flag(m.Writable))
		s.queued.emit(out, float64(m.Queued))
		s.refused.emit(out, float64(m.Refused))
		s.size.emitCounts(out, m.Sizes)
	}
	if s.o.SearchLag != nil {
		s.searchLag.emit(out, s.o.SearchLag().Seconds())
	}
	if s.o.Messages != nil {
		m := s.o.Messages()
		s.said.emit(out, float64(m.Unheard), "no")
		s.said.emit(out, float64(m.All-m.Unheard), "yes")
		s.saidBytes.emit(out, float64(m.Bytes))
		s.recording.emit(out, float64(m.Recording))
		s.unrecorded.emit(out, float64(m.Failed))
	}
	if s.o.Streams != nil {
		e := s.o.Streams()
		s.streams.emit(out, float64(e.Open))
		s.published.emit(out, float64(e.Events))
		s.dropped.emit(out, float64(e.Dropped))
		s.resets.emit(out, float64(e.Resets))
	}
}

func (s *sampled) collectPromise(out chan<- prometheus.Metric) {
	if s.o.Decisions != nil {
		for rule, n := range s.o.Decisions() {
			s.decisions.emit(out, float64(n), string(rule))
		}
	}
	if s.o.Lists == nil {
		return
	}
	for _, l := range distinct(s.o.Lists(), func(l List) string { return l.ID }) {
		s.listOpen.emit(out, float64(l.Open), l.ID)
		s.listOverdue.emit(out, float64(l.Overdue), l.ID)
	}
}

func (s *sampled) collectFeeds(out chan<- prometheus.Metric) {
	if s.o.Feeds != nil {
		for _, f := range distinct(s.o.Feeds(), func(f Feed) string { return f.Name }) {
			s.feedBound.emit(out, flag(f.Bound), f.Name)
			s.feedPackets.emit(out, float64(f.Packets), f.Name)
			s.feedBytes.emit(out, float64(f.Bytes), f.Name)
			s.feedKernelDrops.emit(out, float64(f.KernelDrops), f.Name)
			s.feedConnected.emit(out, float64(f.Connections), f.Name)
			s.feedBacklog.emit(out, float64(f.Backlog), f.Name)
			s.feedDiscarded.emitCounts(out, f.Discarded, f.Name)
			s.feedClosed.emitCounts(out, f.Closed, f.Name)
			if !f.Last.IsZero() {
				s.feedLast.emit(out, float64(f.Last.UnixNano())/1e9, f.Name)
			}
		}
	}
	if s.o.Skews != nil {
		s.collectSkews(out, s.o.Skews())
	}
	if s.o.Blind != nil {
		b := s.o.Blind()
		s.blindSeconds.emit(out, b.Total.Seconds())
		s.blindNow.emit(out, flag(b.Now))
	}
}

func (s *sampled) collectSkews(out chan<- prometheus.Metric, skews []Skew) {
	skews = distinct(skews, func(k Skew) string { return captureAgent(k.CaptureAgent) })
	s.captureAgents.emit(out, float64(len(skews)))
	if len(skews) > MaxCaptureAgents {
		slices.SortStableFunc(skews, func(a, b Skew) int { return cmp.Compare(b.Offset.Abs(), a.Offset.Abs()) })
		skews = skews[:MaxCaptureAgents]
	}
	for _, k := range skews {
		s.captureSkew.emit(out, k.Offset.Seconds(), captureAgent(k.CaptureAgent))
	}
}

func (s *sampled) collectWatch(out chan<- prometheus.Metric) {
	if s.o.Signalling == nil {
		return
	}
	w := s.o.Signalling()
	s.messages.emit(out, float64(w.Messages))
	s.ownMessages.emit(out, float64(w.Own))
	s.liveCalls.emit(out, float64(w.LiveCalls))
	s.bindings.emit(out, float64(w.Bindings))
	s.scanErrors.emitCounts(out, w.ScanErrors)
	s.givenUp.emitCounts(out, w.GivenUp)
}

func (s *sampled) collectHints(out chan<- prometheus.Metric) {
	if s.o.PendingHints != nil {
		s.hintsPending.emit(out, float64(s.o.PendingHints()))
	}
	if s.o.Phone == nil {
		return
	}
	p := s.o.Phone()
	s.phoneRequests.emit(out, float64(p.Requests))
	s.phoneAnswered.emit(out, float64(p.Answered))
	s.phoneResponses.emitCounts(out, p.Responses)
	s.phoneFailures.emitCounts(out, p.Failures)
	s.phoneDiscarded.emitCounts(out, p.Discarded)
}

// emitCounts sends one sample per count, with its name as the last label.
func (s sample) emitCounts(out chan<- prometheus.Metric, counts []Count, labels ...string) {
	for _, c := range distinct(counts, func(c Count) string { return c.Name }) {
		s.emit(out, float64(c.N), append(slices.Clone(labels), c.Name)...)
	}
}

// distinct keeps the first item of each key: two samples of one series would spoil the whole scrape.
func distinct[T any](items []T, key func(T) string) []T {
	seen := make(map[string]bool, len(items))
	kept := make([]T, 0, len(items))
	for _, item := range items {
		if k := key(item); !seen[k] {
			seen[k] = true
			kept = append(kept, item)
		}
	}
	return kept
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func captureAgent(id uint32) string { return strconv.FormatUint(uint64(id), 10) }
