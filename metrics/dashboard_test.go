package metrics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"ringback/metrics"
)

const (
	dashboardFile = "../configs/grafana/ringback.json"
	rulesFile     = "../configs/prometheus/ringback.rules.yml"
	rulesTestFile = "../configs/prometheus/ringback.test.yml"
)

// query is a PromQL expression and where it stands.
type query struct{ at, expr string }

type panel struct {
	Title, Type string
	Targets     []struct{ Expr string }
	Panels      []panel
}

func (p panel) queries() []query {
	var found []query
	for _, t := range p.Targets {
		found = append(found, query{"panel " + p.Title, t.Expr})
	}
	for _, inner := range p.Panels {
		found = append(found, inner.queries()...)
	}
	return found
}

// dashboard reads the queries of the Grafana dashboard.
func dashboard(t *testing.T) []query {
	t.Helper()
	b, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels     []panel
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	var found []query
	for _, p := range d.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
		found = append(found, p.queries()...)
	}
	for _, v := range d.Templating.List {
		if inside, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			metric, _, _ := strings.Cut(inside, ", ")
			found = append(found, query{"variable " + v.Name, metric})
		}
	}
	for _, a := range d.Annotations.List {
		found = append(found, query{"annotation " + a.Name, a.Expr})
	}
	return found
}

type rule struct {
	Alert, Expr string
	Labels      map[string]string
	Annotations map[string]string
}

// rules reads the alert rules.
func rules(t *testing.T) []rule {
	t.Helper()
	b, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	var found []rule
	for _, g := range file.Groups {
		found = append(found, g.Rules...)
	}
	return found
}

func alerts(t *testing.T) []query {
	t.Helper()
	var found []query
	for _, r := range rules(t) {
		found = append(found, query{"alert " + r.Alert, r.Expr})
	}
	return found
}

var (
	metricWord = regexp.MustCompile(`\b(?:ringback|go|process)_[a-z0-9_]+`)
	labelWord  = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	groupWord  = regexp.MustCompile(`\bby \(([a-z_, ]*)\)`)
)

// known are the names a query may use: those of the registry, and what a histogram is made of.
func known(t *testing.T) map[string]metrics.Definition {
	t.Helper()
	m := metrics.New(busy())
	exercise(m)
	names := map[string]metrics.Definition{}
	for _, d := range m.Definitions() {
		if d.Type == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				names[d.Name+suffix] = d
			}
			continue
		}
		names[d.Name] = d
	}
	families, _ := scrape(t, m)
	for name := range families {
		if !strings.HasPrefix(name, "ringback_") {
			names[name] = metrics.Definition{Name: name}
		}
	}
	return names
}

func TestDashboardAndAlertsUseMetricsAndLabelsThatExist(t *testing.T) {
	names := known(t)
	// What Prometheus itself adds to every series, and to those of a histogram.
	always := map[string]bool{"instance": true, "job": true, "le": true}
	for _, q := range append(dashboard(t), alerts(t)...) {
		words := metricWord.FindAllString(q.expr, -1)
		if len(words) == 0 && !strings.Contains(q.expr, "up{") {
			t.Errorf("%s uses no metric: %s", q.at, q.expr)
		}
		labels := map[string]bool{}
		for _, word := range words {
			d, ok := names[word]
			if !ok {
				t.Errorf("%s uses %s, which does not exist", q.at, word)
			}
			for _, l := range d.Labels {
				labels[l] = true
			}
		}
		used := labelWord.FindAllStringSubmatch(q.expr, -1)
		for _, group := range groupWord.FindAllStringSubmatch(q.expr, -1) {
			for l := range strings.SplitSeq(group[1], ",") {
				used = append(used, []string{"", strings.TrimSpace(l)})
			}
		}
		for _, l := range used {
			if !labels[l[1]] && !always[l[1]] {
				t.Errorf("%s uses label %s, which its metrics do not have: %s", q.at, l[1], q.expr)
			}
		}
	}
}

func TestEveryMetricIsOnTheDashboard(t *testing.T) {
	shown := map[string]bool{}
	for _, q := range dashboard(t) {
		for _, word := range metricWord.FindAllString(q.expr, -1) {
			shown[word] = true
		}
	}
	for name, d := range known(t) {
		if strings.HasPrefix(name, "ringback_") && !shown[name] && d.Type != "histogram" {
			t.Errorf("%s is nowhere on the dashboard", name)
		}
		if d.Type == "histogram" && !shown[d.Name+"_bucket"] {
			t.Errorf("%s is nowhere on the dashboard", d.Name)
		}
	}
}

func TestEveryAlertSaysHowBadItIsAndWhatToDo(t *testing.T) {
	tests, err := os.ReadFile(rulesTestFile)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range rules(t) {
		if names[r.Alert] {
			t.Errorf("%s is there twice", r.Alert)
		}
		names[r.Alert] = true
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s lacks a summary or a description", r.Alert)
		}
		if !strings.Contains(string(tests), `ALERTS{alertname="`+r.Alert+`", alertstate="firing", severity="`+r.Labels["severity"]+`"`) {
			t.Errorf("no test sees %s fire", r.Alert)
		}
	}
}

// TestPrometheusUnderstandsEveryQuery has promtool read the dashboard's expressions as if they were
// rules, and run the tests of the alerts.
func TestPrometheusUnderstandsEveryQuery(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("install promtool (Debian: prometheus)")
	}
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, q := range dashboard(t) {
		expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h").Replace(q.expr)
		fmt.Fprintf(&b, "      - {record: 'query%d', expr: %q}\n", i, expr)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "rules", file}, {"check", "rules", rulesFile}, {"test", "rules", rulesTestFile}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
