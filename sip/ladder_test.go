package sip_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"ringback/sip"
)

var update = flag.Bool("update", false, "rewrite the events that the ladders expect")

// TestLadders plays every ladder in testdata/ladder: messages in, events out. A ladder is a txtar
// file of three sections:
//
//	-- plan --      lines added to the plan of plan_test.go
//	-- messages --  one a line, in the words of ladder_script_test.go
//	-- events --    one a line, exactly
//
// Several pairs of messages and events may follow each other, each with a fresh tracker.
func TestLadders(t *testing.T) {
	files, err := filepath.Glob("testdata/ladder/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no ladders", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { playFile(t, f) })
	}
}

func playFile(t *testing.T, file string) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plans := map[string]string{}
	for _, s := range a.Files {
		if name, ok := strings.CutPrefix(s.Name, "plan"); ok {
			plans[strings.TrimSpace(name)] = string(s.Data)
		}
	}
	changed := false
	for i, s := range a.Files {
		name, ok := strings.CutPrefix(s.Name, "messages")
		if !ok {
			continue
		}
		got := playLadder(t, file+name, plans, string(s.Data))
		if i+1 == len(a.Files) || !strings.HasPrefix(a.Files[i+1].Name, "events") {
			t.Fatalf("%s: no events after %q", file, s.Name)
		}
		want := &a.Files[i+1].Data
		if string(*want) == got {
			continue
		}
		if *update {
			*want, changed = []byte(got), true
			continue
		}
		t.Errorf("%s (-want +got)\n%s", strings.TrimSpace(name), cmp.Diff(strings.Split(string(*want), "\n"), strings.Split(got, "\n")))
	}
	if changed {
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// ladder is one play: a tracker, the script's memory and the events so far.
type ladder struct {
	t       *testing.T
	where   string
	plans   map[string]string
	script  *script
	tracker *sip.Tracker
	scanner *sip.Scanner
	options sip.Options
	shown   map[string]bool // what else of an ended call is shown

	calls map[string]int // by Call.ID, in order of appearance
	out   strings.Builder
}

func playLadder(t *testing.T, where string, plans map[string]string, text string) string {
	t.Helper()
	l := &ladder{t: t, where: where, plans: plans, script: newScript(), calls: map[string]int{}, shown: map[string]bool{}}
	lines := strings.Split(text, "\n")
	for _, line := range lines { // options come before the tracker is made
		if words := strings.Fields(line); len(words) > 0 && words[0] == "option" {
			l.option(words[1:])
		}
	}
	l.tracker, l.scanner = l.fresh("")
	for i, line := range lines {
		l.where = fmt.Sprintf("%s, line %d of its messages", where, i+1)
		words := splitWords(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") || words[0] == "option" {
			continue
		}
		l.line(words)
	}
	l.tracker.Finish(l.emit)
	if s := l.tracker.Stats(); s.LiveCalls != 0 || s.LiveLegs != 0 {
		t.Errorf("%s: %d calls and %d legs left at the end", where, s.LiveCalls, s.LiveLegs)
	}
	if l.shown["stats"] {
		s := l.tracker.Stats()
		fmt.Fprintf(&l.out, "stats %d unrelated, %d duplicates, %d own, %d refused, %d challenged\n", s.Unrelated, s.Duplicates, s.OwnMessages, s.LegsRefused, s.Challenged)
	}
	return l.out.String()
}

func (l *ladder) option(words []string) {
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		d := parseSpan(l.t, v)
		switch k {
		case "settle":
			l.options.Settle = d
		case "served_after":
			l.options.ServedAfter = d
		case "drop127":
			l.options.Drop127 = true
		case "evidence", "device", "stats", "trunk":
			l.shown[k] = true
		default:
			l.t.Fatalf("%s: no option %q", l.where, k)
		}
	}
}

func (l *ladder) fresh(plan string) (*sip.Tracker, *sip.Scanner) {
	p := ladderPlan(l.t, l.plans[plan])
	tr, err := sip.NewTracker(p, l.options)
	if err != nil {
		l.t.Fatal(err)
	}
	return tr, scannerOf(p)
}

func scannerOf(p *sip.Plan) *sip.Scanner {
	var headers []string
	for i := range p.PBXs {
		headers = append(headers, p.PBXs[i].LinkHeaders...)
	}
	return sip.NewScanner(headers)
}

// line plays one line: "time src > dst message…" or "time ! command…".
func (l *ladder) line(words []string) {
	at := ladderStart + int64(parseSpan(l.t, words[0]))
	if words[1] == "!" {
		l.command(at, words[2], words[3:])
		return
	}
	if len(words) < 6 || words[2] != ">" {
		l.t.Fatalf("%s: want time src > dst message leg", l.where)
	}
	l.play(at, words[1:])
}

// play sends one message: "src > dst message leg options".
func (l *ladder) play(at int64, words []string) {
	m, err := l.script.message(words[0], words[2], words[3], words[4], words[5:])
	if err != nil {
		l.t.Fatalf("%s: %v", l.where, err)
	}
	var msg sip.Message
	n, err := l.scanner.Skim(m.text, &msg)
	if err != nil || n != len(m.text) {
		l.t.Fatalf("%s: %v after %d of %d bytes\n%s", l.where, err, n, len(m.text), m.text)
	}
	msg.Time, msg.Src, msg.Dst, msg.Transport = at, m.src, m.dst, sip.UDP
	l.tracker.Expire(max(at, l.script.latest), l.emit)
	l.script.latest = max(l.script.latest, at)
	l.tracker.Handle(&msg, l.emit)
}

func (l *ladder) command(at int64, command string, args []string) {
	l.tracker.Expire(at, l.emit)
	switch command {
	case "expire":
	case "served": // leg, caller, agent: a call to the hotline that an agent answers at once
		carrier := "carrier"
		if len(args) > 3 {
			carrier = args[3]
		}
		for _, line := range []string{
			carrier + " > pbx INVITE %[1]s from=%[2]s to=+35893100100", "pbx > " + carrier + " 200 %[1]s", carrier + " > pbx ACK %[1]s",
			"pbx > %[3]s INVITE %[1]sb from=%[2]s h=X-Service-Call-ID:%[1]s", "%[3]s > pbx 180 %[1]sb", "%[3]s > pbx 200 %[1]sb", "pbx > %[3]s ACK %[1]sb",
		} {
			l.play(at, strings.Fields(fmt.Sprintf(line, args[0], args[1], args[2])))
			at += 1e6
		}
	case "over": // leg, agent, who hangs up, options: such a call ends
		peer := "pbx"
		if args[2] == "pbx" {
			peer = "carrier"
		}
		l.play(at, append([]string{args[2], ">", peer, "BYE", args[0]}, args[3:]...))
		l.play(at+1e6, []string{"pbx", ">", args[1], "BYE", args[0] + "b"})
	case "link":
		l.tracker.Link(args[0], args[1], l.emit)
	case "plan":
		if err := l.tracker.SetPlan(ladderPlan(l.t, l.plans[args[0]])); err != nil {
			l.t.Fatal(err)
		}
	case "restart":
		tr, _ := l.fresh("")
		l.tracker.Changes(func(id, record []byte) {
			if record == nil {
				return
			}
			if err := tr.Restore(string(id), slices.Clone(record)); err != nil {
				l.t.Fatalf("%s: %v", l.where, err)
			}
		})
		l.tracker = tr
	case "tell": // what, leg
		kinds := map[string]sip.FactKind{"voicemail": sip.FactVoicemail, "media_stopped": sip.FactMediaStopped, "withheld": sip.FactWithheld}
		l.tracker.Tell(&sip.Fact{Kind: kinds[args[0]], At: at, CallID: args[1]}, l.emit)
	case "board":
		l.board(at)
	case "unreadable":
		l.tracker.Unreadable(hostOf(args[0], ""), hostOf(args[1], ""))
	default:
		l.t.Fatalf("%s: no command %q", l.where, command)
	}
}

// emit writes an event as a line.
func (l *ladder) emit(e *sip.Event) {
	c := e.Call
	if l.calls[c.ID] == 0 {
		l.calls[c.ID] = len(l.calls) + 1
	}
	fmt.Fprintf(&l.out, "%s #%d %s", clock(e.At), l.calls[c.ID], strings.TrimPrefix(e.Kind.String(), "agent_"))
	switch e.Kind {
	case sip.CallStarted, sip.CallUpdated:
		l.call(c)
	case sip.CallEnded:
		l.call(c)
		l.verdict(c)
	default:
		fmt.Fprintf(&l.out, " %s %s", orDash(e.Agent), orDash(e.Number.String()))
		if l.shown["device"] {
			fmt.Fprintf(&l.out, " at %s", orDash(e.Device))
		}
	}
	l.out.WriteByte('\n')
	if e.Kind == sip.CallEnded && l.shown["evidence"] {
		for _, x := range c.Evidence {
			fmt.Fprintf(&l.out, "      %s %s %s", clock(x.At), x.CallID, x.What)
			l.field("status", number(int(x.Status), 0))
			l.field("cause", number(x.Cause, -1))
			l.field("agent", x.Agent)
			l.out.WriteByte('\n')
		}
	}
}

func (l *ladder) call(c *sip.Call) {
	fmt.Fprintf(&l.out, " %s %s %s > %s", c.Direction, orDash(c.Service), orDash(c.CallerID), orDash(c.CalleeID))
	if c.Withheld && c.Caller != 0 {
		l.t.Errorf("%s: a withheld caller's number is shown", l.where)
	}
	if l.shown["trunk"] {
		l.field("pbx", c.PBX)
		l.field("trunk", c.Trunk)
		l.field("list", c.List)
	}
}

func (l *ladder) verdict(c *sip.Call) {
	fmt.Fprintf(&l.out, ": %s", c.Verdict)
	if c.Reason != sip.ReasonNone {
		fmt.Fprintf(&l.out, " %s", c.Reason)
	}
	fmt.Fprintf(&l.out, " %s", c.Confidence)
	if c.Short {
		l.out.WriteString(" short")
	}
	if c.Direction == sip.Outbound {
		fmt.Fprintf(&l.out, " %s by %s", c.Result, orDash(c.DialledBy))
	}
	l.field("status", number(int(c.StatusCode), 0))
	l.field("agent", c.Agent)
	l.field("answered", clock(c.Answered))
	l.field("ended", clock(c.Ended))
	l.field("rang", strings.Join(c.Rang, ","))
	l.field("legs", strings.Join(c.CallIDs, ","))
}

func (l *ladder) field(name, value string) {
	if value != "" {
		fmt.Fprintf(&l.out, " %s=%s", name, value)
	}
}

func number(n, none int) string {
	if n == none {
		return ""
	}
	return strconv.Itoa(n)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// clock is a moment in seconds since the ladder's start, nothing when unknown.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%.3f", time.Duration(t.UnixNano()-ladderStart).Seconds())
}

// parseSpan reads seconds, or a duration with its units.
func parseSpan(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return time.Duration(f*1e6+0.5) * time.Microsecond
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// splitWords splits a line at blanks that stand in no double quotes.
func splitWords(line string) []string {
	var words []string
	quoted, open := false, false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted || c == '\t':
			open = false
		case open:
			words[len(words)-1] += string(c)
		default:
			words, open = append(words, string(c)), true
		}
	}
	return words
}

// board writes who is on the line as lines.
func (l *ladder) board(at int64) {
	now := clock(time.Unix(0, at))
	b := l.tracker.Board(100)
	for _, id := range slices.Sorted(maps.Keys(b.Services)) {
		s := b.Services[id]
		fmt.Fprintf(&l.out, "%s board %s: %d waiting, %d ringing, %d talking, %d voicemail", now, id, s.Waiting, s.Ringing, s.Talking, s.Voicemail)
		l.field("since", clock(s.Since))
		l.out.WriteByte('\n')
	}
	for _, line := range b.Lines {
		fmt.Fprintf(&l.out, "%s board #%d %s since %s\n", now, l.calls[line.Call.ID], line.Stage, clock(line.Since))
	}
	for _, id := range slices.Sorted(maps.Keys(b.Desks)) {
		d := b.Desks[id]
		fmt.Fprintf(&l.out, "%s board %s %s since %s #%d\n", now, id, d.Stage, clock(d.Since), l.calls[d.Call.ID])
	}
}
