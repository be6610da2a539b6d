package daemon

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/metrics"
	"ringback/sip"
)

// printer writes what a replay found: JSON lines in the fixed form that docs/replay.md gives, or a
// table. It is called from one goroutine.
type printer struct {
	out  io.Writer
	json bool
	line []byte
	err  error

	calls, served, missed, dropped, inferred, opened, closed, hints int
	services                                                        int            // calls that rang one
	dialled                                                         map[string]int // numbers of inbound calls that rang none

	named func(sip.Number) string // what to call whoever has a number
}

func newPrinter(out io.Writer, json bool) *printer {
	return &printer{out: out, json: json, named: func(sip.Number) string { return "" }}
}

func (p *printer) told(t told) {
	if t.err != nil && p.err == nil {
		p.err = t.err
	}
	if t.ev.Kind == sip.CallEnded {
		p.call(t.ev)
	}
	for i := range t.changes {
		p.change(&t.changes[i])
	}
	for i := range t.hints {
		p.hint(&t.hints[i])
	}
}

func (p *printer) write() {
	p.line = append(p.line, '\n')
	if _, err := p.out.Write(p.line); err != nil && p.err == nil {
		p.err = err
	}
}

// object begins a JSON line; field and its kin append to it.
func (p *printer) object(kind string) {
	p.line = append(p.line[:0], `{"type":`...)
	p.line = appendText(p.line, kind)
}

func (p *printer) field(name, value string) {
	p.name(name)
	p.line = appendText(p.line, value)
}

func (p *printer) name(name string) {
	p.line = append(append(append(p.line, ',', '"'), name...), '"', ':')
}

func (p *printer) time(name string, at time.Time) {
	p.name(name)
	p.line = appendTime(p.line, at)
}

func (p *printer) texts(name string, values []string) {
	p.name(name)
	p.line = append(p.line, '[')
	for i, v := range values {
		if i > 0 {
			p.line = append(p.line, ',')
		}
		p.line = appendText(p.line, v)
	}
	p.line = append(p.line, ']')
}

func (p *printer) end() {
	p.line = append(p.line, '}')
	p.write()
}

// appendTime is RFC 3339 with nanoseconds; null for no time.
func appendTime(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, "null"...)
	}
	b = at.UTC().AppendFormat(append(b, '"'), time.RFC3339) // which takes a fifth of the time of a format of our own
	b[len(b)-1] = '.'                                       // and not Z yet
	for ns, unit := at.Nanosecond(), int(time.Second)/10; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(ns/unit%10))
	}
	return append(b, 'Z', '"')
}

// appendText is a JSON string (RFC 8259 §7).
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			q, _ := json.Marshal(s) // a string always marshals
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func (p *printer) call(e *sip.Event) {
	c := e.Call
	if len(c.CallIDs) == 0 {
		return // all its legs turned out to be another call's
	}
	p.calls++
	switch c.Verdict {
	case sip.Served:
		p.served++
	case sip.Missed:
		p.missed++
	case sip.Dropped:
		p.dropped++
	default:
	}
	if c.Confidence == sip.Inferred && c.Verdict != sip.VerdictNone {
		p.inferred++
	}
	p.tally(c)
	if !p.json {
		p.callRow(c)
		return
	}
	p.object("call")
	p.texts("call_ids", c.CallIDs)
	p.field("direction", c.Direction.String())
	p.field("service", c.Service)
	p.field("caller", c.CallerID)
	p.field("callee", c.CalleeID)
	p.field("agent", c.Agent)
	p.field("verdict", c.Verdict.String())
	p.field("reason", c.Reason.String())
	p.field("confidence", c.Confidence.String())
	p.time("started", c.Started)
	p.time("ended", c.Ended)
	p.customer(customerOf(c))
	p.end()
}

// maxDialled bounds the numbers counted for the summary.
const maxDialled = 1000

func (p *printer) tally(c *sip.Call) {
	switch {
	case c.Service != "":
		p.services++
	case c.Direction == sip.Inbound && len(p.dialled) < maxDialled:
		if p.dialled == nil {
			p.dialled = map[string]int{}
		}
		p.dialled[c.CalleeID]++
	}
}

// unserved is a sentence for a directory that does not fit the captures, empty when it does.
func (p *printer) unserved() string {
	if p.calls == 0 {
		return "no call was found; does the capture hold SIP or HEP3 in the clear?"
	}
	if p.services > 0 {
		return ""
	}
	most := ""
	for n, times := range p.dialled {
		if most == "" || times > p.dialled[most] || times == p.dialled[most] && n < most {
			most = n
		}
	}
	if most == "" {
		return "no call rang a service of this directory; do its PBX addresses and service numbers fit the capture?"
	}
	return fmt.Sprintf("no call rang a service of this directory; the number most customers dialled was %s", most)
}

func (p *printer) change(ch *cases.Change) {
	switch ch.Event {
	case cases.Opened:
		p.opened++
	case cases.CaseClosed:
		p.closed++
	case cases.MissAdded, cases.Attempted, cases.Reopened:
	default:
		return
	}
	if !p.json {
		p.row(ch.At, "  case", fmt.Sprintf("%-10s %-16s %-18s list %s  %s %s", ch.Event, ch.Case.ID, ch.Case.Caller, ch.Case.List, ch.Reason, by(ch.Agent))+p.called(ch.Case.Number))
		return
	}
	p.object("case")
	p.field("event", ch.Event.String())
	p.field("case", ch.Case.ID)
	p.field("list", ch.Case.List)
	p.field("number", ch.Case.Caller)
	p.customer(ch.Case.Number)
	p.field("reason", ch.Reason)
	p.field("agent", ch.Agent)
	p.time("at", ch.At)
	p.texts("call_ids", ch.CallIDs)
	p.end()
}

// called is what to call whoever has a number, for the end of a row.
func (p *printer) called(n sip.Number) string {
	if name := p.named(n); name != "" {
		return "  (" + name + ")"
	}
	return ""
}

// customer is what to call whoever has a number, where somebody is known by it.
func (p *printer) customer(n sip.Number) {
	if name := p.named(n); name != "" {
		p.field("name", name)
	}
}

// customerOf is the number of a call's customer.
func customerOf(c *sip.Call) sip.Number {
	if c.Direction == sip.Outbound {
		return c.Callee
	}
	return c.Caller
}

func by(agent string) string {
	if agent == "" {
		return ""
	}
	return "by " + agent
}

func (p *printer) hint(h *assist.Hint) {
	if h.Event == assist.Raised {
		p.hints++
	}
	if !p.json {
		p.row(h.At, "  hint", fmt.Sprintf("%-10s %-16s %-18s agent %s", h.Event, h.Cases[0].ID, h.Number, h.Agent)+p.called(h.Number))
		return
	}
	p.object("hint")
	p.field("event", h.Event.String())
	p.field("agent", h.Agent)
	p.field("number", h.Number.String())
	p.customer(h.Number)
	p.field("case", h.Cases[0].ID)
	p.time("at", h.At)
	p.end()
}

func (p *printer) callRow(c *sip.Call) {
	end := "     -"
	if !c.Ended.IsZero() {
		end = fmt.Sprintf("%5.1fs", c.Ended.Sub(c.Started).Seconds())
	}
	what := c.Verdict.String()
	switch {
	case c.Direction == sip.Outbound:
		what = "call " + c.Result.String()
	case c.Verdict == sip.VerdictNone:
		what = "-"
	}
	if r := c.Reason.String(); r != "" {
		what += " " + r
	}
	if c.Confidence == sip.Inferred && c.Verdict != sip.VerdictNone {
		what += " (inferred)"
	}
	who := ""
	if c.Agent != "" {
		who = "agent " + c.Agent
	}
	p.row(c.Started, fmt.Sprintf("%-8s", c.Direction), fmt.Sprintf("%-16s > %-16s %s %-12s %-36s %s", c.CallerID, c.CalleeID, end, c.Service, what, who)+p.called(customerOf(c)))
}

func (p *printer) row(at time.Time, kind, text string) {
	p.line = at.Local().AppendFormat(p.line[:0], "2006-01-02 15:04:05.000 ")
	p.line = append(p.line, kind...)
	p.line = append(p.line, ' ')
	p.line = append(p.line, text...)
	for len(p.line) > 0 && p.line[len(p.line)-1] == ' ' {
		p.line = p.line[:len(p.line)-1]
	}
	p.write()
}

// summary ends a table.
func (p *printer) summary(s metrics.Signalling) {
	if p.json {
		return
	}
	p.line = append(p.line[:0], '\n')
	for _, x := range [...]struct {
		n         int
		one, many string
	}{
		{int(s.Messages), "message", "messages"},
		{p.calls, "call", "calls"},
		{p.served, "served", "served"},
		{p.missed, "missed", "missed"},
		{p.dropped, "dropped", "dropped"},
		{p.inferred, "inferred", "inferred"},
		{p.opened, "case opened", "cases opened"},
		{p.closed, "closed", "closed"},
		{p.hints, "hint", "hints"},
	} {
		p.line = strconv.AppendInt(p.line, int64(x.n), 10)
		what := x.many
		if x.n == 1 {
			what = x.one
		}
		p.line = append(append(p.line, ' '), what...)
		p.line = append(p.line, "   "...)
	}
	for _, e := range s.ScanErrors {
		p.line = append(p.line, fmt.Sprintf("%d dropped: %s   ", e.N, e.Name)...)
	}
	for len(p.line) > 0 && p.line[len(p.line)-1] == ' ' {
		p.line = p.line[:len(p.line)-1]
	}
	p.write()
}
