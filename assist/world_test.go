package assist

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// The centre of these tests: Anna and Bertil work on Support and Billing, Cecilia on Support only, David
// on no list. Claims stands alone: its cases are never grouped with others.
const centre = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - {id: asterisk, addresses: 10.20.0.10}
  - {id: kamailio, addresses: 10.20.0.20, domains: sip.example.com}
services:
  - {id: hotline, name: Hotline, list: support, numbers: "+35893100100"}
agents:
  - {id: anna, name: Anna Agent, extensions: "101"}
  - {id: bertil, name: Bertil, extensions: "102", aors: 152@sip.example.com}
  - {id: cecilia, extensions: "103"}
  - {id: david, extensions: "104"}
lists:
  - {id: support, name: Support, members: [anna, bertil, cecilia]}
  - {id: billing, name: Billing, members: [anna, bertil]}
  - {id: claims, name: Claims, members: [anna], group_by_number: false}
`

func newDirectory(tb testing.TB, text string) *directory.Directory {
	tb.Helper()
	f, err := directory.Parse("centre.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func newAssist(tb testing.TB, o Options) *Assist {
	tb.Helper()
	d := newDirectory(tb, centre)
	o.Directory = func() *directory.Directory { return d }
	return New(o)
}

var start = time.Date(2026, 11, 20, 8, 42, 0, 0, time.UTC)

func at(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

const (
	matti  sip.Number = 358401234567
	teppo  sip.Number = 358401234568
	almost sip.Number = 46401234567 // the same last nine digits as matti's
)

func event(s float64, kind sip.EventKind, call, agent string, n sip.Number) *sip.Event {
	dir := sip.Inbound
	if kind == sip.AgentDialled || strings.HasPrefix(call, "out") {
		dir = sip.Outbound
	}
	return &sip.Event{Kind: kind, At: at(s), Call: &sip.Call{ID: call, Direction: dir, PBX: "asterisk"}, Agent: agent, Number: n}
}

func open(id, list string, n sip.Number) cases.Case {
	return cases.Case{ID: id, List: list, Number: n, MissedCount: 2, Opened: at(-720), Due: at(2880)}
}

// story writes hints as "2.5 raised anna matti support-1+billing-1".
func story(hints []Hint) string {
	var b strings.Builder
	for _, h := range hints {
		ids := make([]string, len(h.Cases))
		for i, c := range h.Cases {
			ids[i] = c.ID
		}
		who := map[sip.Number]string{matti: "matti", teppo: "teppo"}[h.Number]
		fmt.Fprintf(&b, "%g %s %s %s %s\n", h.At.Sub(start).Seconds(), h.Event, h.Agent, who, strings.Join(ids, "+"))
	}
	return b.String()
}
