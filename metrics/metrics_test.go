package metrics_test

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"ringback/assist"
	"ringback/cases"
	"ringback/metrics"
	"ringback/sip"
)

var update = flag.Bool("update", false, "write docs/metrics.md")

// busy is a process in which everything is in use.
func busy() metrics.Options {
	return metrics.Options{
		Version: "1.2.3", Revision: "abc",
		Ready: func() bool { return true },
		Feeds: func() []metrics.Feed {
			return []metrics.Feed{{
				Name: "hep_udp", Bound: true, Packets: 1000, Bytes: 500_000, Last: time.Unix(1_800_000_000, 5e8),
				Discarded: []metrics.Count{{Name: "wrong_key", N: 3}}, KernelDrops: 7, Backlog: 4096,
			}, {
				Name: "hep_tcp", Bound: true, Connections: 2, Closed: []metrics.Count{{Name: "idle", N: 1}},
			}}
		},
		Signalling: func() metrics.Signalling {
			return metrics.Signalling{
				Messages: 990, ScanErrors: []metrics.Count{{Name: "no_call_id", N: 4}}, LiveCalls: 12, Bindings: 5,
				GivenUp: []metrics.Count{{Name: "calls", N: 1}, {Name: "bindings", N: 0}}, Own: 9,
			}
		},
		Skews:     func() []metrics.Skew { return []metrics.Skew{{CaptureAgent: 2001, Offset: -1500 * time.Millisecond}} },
		Blind:     func() metrics.Blind { return metrics.Blind{Total: 90 * time.Second} },
		Lists:     func() []metrics.List { return []metrics.List{{ID: "support", Open: 4, Overdue: 1}} },
		Decisions: func() map[cases.Why]uint64 { return map[cases.Why]uint64{"withheld": 3} },
		Memory: func() metrics.Memory {
			return metrics.Memory{Writable: true, Queued: 3, Refused: 2, Sizes: []metrics.Count{{Name: "lsm", N: 100}, {Name: "values", N: 200}}}
		},
		SearchLag: func() time.Duration { return 3 * time.Second },
		Endpoint: func() (metrics.Endpoint, bool) {
			return metrics.Endpoint{
				Accounts: []metrics.Account{{PBX: "main", Up: true}}, Live: 2, Came: 7, Refused: 1, Dialled: 3,
				Ended: []metrics.Count{{Name: "hung_up", N: 6}}, Sessions: 2, Full: 1, MediaDropped: []metrics.Count{{Name: "source", N: 4}},
			}, true
		},
		Messages: func() metrics.Messages {
			return metrics.Messages{All: 5, Unheard: 2, Bytes: 100_000, Recording: 1, Failed: 3}
		},
		Streams:      func() metrics.Streams { return metrics.Streams{Open: 3, Events: 500, Dropped: 1, Resets: 2} },
		PendingHints: func() int { return 1 },
		Told: func() []metrics.ToldFeed {
			return []metrics.ToldFeed{{Name: "main/ari", Up: true, Events: 3, Last: time.Unix(1_800_000_000, 0), Lag: time.Millisecond}}
		},
		Webhooks: func() []metrics.Webhook { return []metrics.Webhook{{Endpoint: "crm", Pending: 2, Age: time.Minute}} },
		Phone: func() metrics.Phone {
			return metrics.Phone{
				Requests: 10, Responses: []metrics.Count{{Name: "2xx", N: 8}}, Failures: []metrics.Count{{Name: "timeout", N: 2}},
				Answered: 1, Discarded: []metrics.Count{{Name: "stray", N: 1}},
			}
		},
	}
}

// ended is the end of a service call.
func ended(service string, v sip.Verdict, r sip.Reason, c sip.Confidence) *sip.Event {
	return &sip.Event{Kind: sip.CallEnded, Call: &sip.Call{
		ID: "1@pbx", Direction: sip.Inbound, Service: service, Caller: 358401234567, CallerID: "+358401234567", Agent: "101",
		Verdict: v, Reason: r, Confidence: c, CallIDs: []string{"1@pbx"},
	}}
}

// scrape reads what Prometheus would read.
func scrape(t *testing.T, m *metrics.Metrics) (families map[string]*dto.MetricFamily, text string) {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err = parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return families, string(body)
}

// has checks that the scrape holds a line.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			t.Errorf("no line %s; there is:", line)
			for l := range strings.SplitSeq(text, "\n") {
				if strings.HasPrefix(l, strings.Fields(name)[0]) {
					t.Log(l)
				}
			}
		}
	}
}

func TestEveryMetricKeepsTheConventionsOfPrometheus(t *testing.T) {
	m := metrics.New(busy())
	exercise(m)
	problems, err := testutil.GatherAndLint(m.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEveryMetricIsDefinedAndEveryDefinitionIsAMetric(t *testing.T) {
	m := metrics.New(busy())
	exercise(m)
	families, _ := scrape(t, m)
	type described struct {
		Type, Help string
		Labels     []string
	}
	defined, scraped := map[string]described{}, map[string]described{}
	for _, d := range m.Definitions() {
		defined[d.Name] = described{d.Type, d.Help, d.Labels}
	}
	for name, f := range families {
		if !strings.HasPrefix(name, "ringback_") {
			continue
		}
		d := described{Type: strings.ToLower(f.GetType().String()), Help: f.GetHelp()}
		for _, l := range f.GetMetric()[0].GetLabel() {
			d.Labels = append(d.Labels, l.GetName())
		}
		scraped[name] = d
	}
	sorted := cmp.Transformer("set", func(labels []string) map[string]bool {
		set := map[string]bool{}
		for _, l := range labels {
			set[l] = true
		}
		return set
	})
	if diff := cmp.Diff(defined, scraped, sorted); diff != "" {
		t.Error("defined (-) and scraped (+):", diff)
	}
}

func TestMetricsAreDocumented(t *testing.T) {
	const path = "../docs/metrics.md"
	want := metrics.Markdown(metrics.New(metrics.Options{}).Definitions())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error("docs/metrics.md is not what the code says; write it with -update:", diff)
	}
}

func TestNoLabelTellsANumberACallIDOrAnAgent(t *testing.T) {
	m := metrics.New(busy())
	exercise(m)
	_, text := scrape(t, m)
	for _, secret := range []string{"1234567", "@pbx", `"101"`} {
		if strings.Contains(text, secret) {
			t.Errorf("the scrape tells %s", secret)
		}
	}
}

func TestCallsAreCountedAtTheirVerdict(t *testing.T) {
	m := metrics.New(metrics.Options{})
	m.Call(&sip.Event{Kind: sip.CallStarted, Call: &sip.Call{}})
	m.Call(&sip.Event{Kind: sip.AgentRinging, Agent: "101", Call: &sip.Call{}})
	m.Call(ended("support", sip.Missed, sip.AbandonedWaiting, sip.Seen))
	m.Call(ended("support", sip.Missed, sip.AbandonedWaiting, sip.Inferred))
	m.Call(ended("support", sip.Served, sip.ReasonNone, sip.Seen))
	short := ended("support", sip.Missed, sip.AbandonedRinging, sip.Seen)
	short.Call.Short = true
	m.Call(short)
	m.Call(&sip.Event{Kind: sip.CallEnded, Call: &sip.Call{Direction: sip.Outbound, Result: sip.Answered}})
	_, text := scrape(t, m)
	has(t, text,
		`ringback_calls_started_total 1`,
		`ringback_calls_total{direction="inbound"} 4`,
		`ringback_calls_total{direction="outbound"} 1`,
		`ringback_calls_total{direction="internal"} 0`,
		`ringback_verdicts_total{confidence="seen",reason="abandoned_waiting",service="support",verdict="missed"} 1`,
		`ringback_verdicts_total{confidence="inferred",reason="abandoned_waiting",service="support",verdict="missed"} 1`,
		`ringback_verdicts_total{confidence="seen",reason="",service="support",verdict="served"} 1`,
		`ringback_short_abandons_total{service="support"} 1`,
	)
}

func TestPreparedCountersStartAtZero(t *testing.T) {
	m := metrics.New(metrics.Options{})
	m.Prepare([]string{"support"}, []string{"callbacks"})
	_, text := scrape(t, m)
	has(t, text,
		`ringback_verdicts_total{confidence="seen",reason="outage",service="support",verdict="dropped"} 0`,
		`ringback_verdicts_total{confidence="seen",reason="voicemail",service="support",verdict="missed"} 0`,
		`ringback_cases_closed_total{list="callbacks",reason="agent_called"} 0`,
	)
	m.Call(ended("support", sip.Dropped, sip.Outage, sip.Seen))
	m.Prepare([]string{"support", "sales"}, []string{"callbacks"})
	_, text = scrape(t, m)
	has(t, text,
		`ringback_verdicts_total{confidence="seen",reason="outage",service="support",verdict="dropped"} 1`,
		`ringback_verdicts_total{confidence="seen",reason="outage",service="sales",verdict="dropped"} 0`,
	)
}

func TestCountersOfOthersAreReadAtTheScrape(t *testing.T) {
	packets := uint64(0)
	o := busy()
	o.Feeds = func() []metrics.Feed {
		packets += 100
		return []metrics.Feed{{Name: "hep_udp", Packets: packets}}
	}
	m := metrics.New(o)
	if packets != 0 {
		t.Errorf("the feeds were asked before the first scrape")
	}
	_, text := scrape(t, m)
	has(t, text,
		`ringback_feed_packets_total{feed="hep_udp"} 100`,
		`ringback_feed_bound{feed="hep_udp"} 0`,
		`ringback_capture_clock_skew_seconds{capture_agent="2001"} -1.5`,
		`ringback_cases_overdue{list="support"} 1`,
		`ringback_store_writable 1`,
		`ringback_blind_seconds_total 90`,
		`ringback_blind 0`,
		`ringback_ready 1`,
	)
	if strings.Contains(text, "ringback_feed_last_packet_timestamp_seconds{") {
		t.Error("a feed that got no packet tells when the last one came")
	}
	_, text = scrape(t, m)
	has(t, text, `ringback_feed_packets_total{feed="hep_udp"} 200`)
}

func TestCaptureAgentsAreBounded(t *testing.T) {
	o := metrics.Options{Skews: func() []metrics.Skew {
		var skews []metrics.Skew
		for n := range 10_000 {
			skews = append(skews, metrics.Skew{CaptureAgent: uint32(math.MaxUint32 - n), Offset: time.Duration(n) * time.Millisecond})
		}
		return skews
	}}
	families, text := scrape(t, metrics.New(o))
	if got := len(families["ringback_capture_clock_skew_seconds"].GetMetric()); got != metrics.MaxCaptureAgents {
		t.Errorf("%d series", got)
	}
	has(t, text, `ringback_capture_agents 10000`, `ringback_capture_clock_skew_seconds{capture_agent="4294957296"} 9.999`)
}

func TestBadNamesDoNotSpoilTheScrape(t *testing.T) {
	o := metrics.Options{
		Lists: func() []metrics.List {
			return []metrics.List{{ID: "a\xffb", Open: 1}, {ID: "c", Open: 2}, {ID: "c", Open: 3}, {ID: "line\n\"end", Open: 4}}
		},
		Feeds: func() []metrics.Feed {
			return []metrics.Feed{{Name: "x", Discarded: []metrics.Count{{Name: "r", N: 1}, {Name: "r", N: 2}}}}
		},
	}
	_, text := scrape(t, metrics.New(o))
	has(t, text,
		"ringback_cases_open{list=\"a\uFFFDb\"} 1",
		`ringback_cases_open{list="c"} 2`,
		`ringback_cases_open{list="line\n\"end"} 4`,
		`ringback_feed_discarded_total{feed="x",reason="r"} 1`,
	)
}

func TestCasesAreCountedByListAndReason(t *testing.T) {
	m := metrics.New(metrics.Options{Decisions: func() map[cases.Why]uint64 { return map[cases.Why]uint64{"withheld": 3} }})
	opened := time.Unix(1_800_000_000, 0)
	change := func(event cases.ChangeEvent, reason string, attempts int, after time.Duration) {
		m.Case(cases.Change{Event: event, Reason: reason, Case: cases.Case{List: "support", Opened: opened, Attempts: attempts, Attempted: opened.Add(after)}})
	}
	change(cases.Opened, "abandoned_waiting", 0, 0)
	change(cases.MissAdded, "busy", 0, 0)
	change(cases.Attempted, "no_answer", 1, 50*time.Minute)
	change(cases.Reopened, "no_answer", 1, 50*time.Minute)
	change(cases.Attempted, "answered", 2, 90*time.Minute)
	change(cases.CaseClosed, "agent_called", 2, 90*time.Minute)
	change(cases.Attempted, "answered", 1, -time.Minute) // dialled before the case was open
	_, text := scrape(t, m)
	has(t, text,
		`ringback_cases_opened_total{list="support",reason="abandoned_waiting"} 1`,
		`ringback_case_misses_added_total{list="support",reason="busy"} 1`,
		`ringback_cases_reopened_total{list="support",reason="no_answer"} 1`,
		`ringback_cases_closed_total{list="support",reason="agent_called"} 1`,
		`ringback_case_attempts_total{list="support"} 3`,
		`ringback_case_time_to_callback_seconds_bucket{list="support",le="60"} 1`,
		`ringback_case_time_to_callback_seconds_bucket{list="support",le="3600"} 2`,
		`ringback_case_time_to_callback_seconds_sum{list="support"} 3000`,
		`ringback_case_time_to_callback_seconds_count{list="support"} 2`,
		`ringback_case_decisions_total{rule="withheld"} 3`,
	)
}

func TestAHintIsCountedOncePerPhoneByWhatBecameOfIt(t *testing.T) {
	m := metrics.New(metrics.Options{})
	_, text := scrape(t, m)
	for _, outcome := range []string{"delivered", "unknown", "refused", "gave_up", "full", "withdrawn", "no_phone", "stopped"} {
		has(t, text, `ringback_hint_deliveries_total{outcome="`+outcome+`"} 0`)
	}
	for _, o := range []assist.Outcome{
		{State: assist.Sent},
		{State: assist.Unknown},
		{State: assist.Unknown, Final: true},
		{State: assist.Delivered, Final: true},
		{State: assist.Refused, Final: true, StatusCode: 486},
		{State: assist.Expired, Final: true, Err: assist.ErrGaveUp},
		{State: assist.Expired, Final: true, Err: io.EOF},
		{State: assist.Expired, Final: true, Err: fmt.Errorf("x: %w", assist.ErrWithdrawn)},
		{State: assist.Expired, Final: true, Err: assist.ErrNoPhone},
		{State: assist.Expired, Final: true, Err: assist.ErrFull},
		{State: assist.Expired, Final: true, Err: assist.ErrStopped},
	} {
		m.Outcome(o)
	}
	_, text = scrape(t, m)
	for outcome, n := range map[string]int{"delivered": 1, "unknown": 1, "refused": 1, "gave_up": 2, "full": 1, "withdrawn": 1, "no_phone": 1, "stopped": 1} {
		has(t, text, fmt.Sprintf("ringback_hint_deliveries_total{outcome=%q} %d", outcome, n))
	}
	m.Outcome(assist.Outcome{State: assist.Refused, Way: "message", StatusCode: 405})
	m.Outcome(assist.Outcome{State: assist.Sent, Way: "send_text"})
	m.Outcome(assist.Outcome{State: assist.Unknown, Way: "send_text"})
	m.Outcome(assist.Outcome{State: assist.Delivered, Final: true, Way: "send_text"})
	_, text = scrape(t, m)
	has(t, text,
		`ringback_hint_deliveries_total{outcome="refused"} 1`, `ringback_hint_deliveries_total{outcome="delivered"} 2`,
		`ringback_hint_ways_total{outcome="refused",way="message"} 1`, `ringback_hint_ways_total{outcome="delivered",way="send_text"} 1`,
		`ringback_hint_ways_total{outcome="unknown",way="send_text"} 0`,
	)
}

func TestReloadsAreCountedByResult(t *testing.T) {
	m := metrics.New(metrics.Options{})
	m.Reloaded(time.Unix(1000, 0), nil)
	m.Reloaded(time.Unix(2000, 0), io.EOF)
	_, text := scrape(t, m)
	has(t, text,
		`ringback_reloads_total{result="success"} 1`,
		`ringback_reloads_total{result="failure"} 1`,
		`ringback_last_reload_success_timestamp_seconds 1000`,
	)
}
