package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

const centreYAML = `
country: FI
time_zone: Europe/Helsinki
pbxs:
  - {id: asterisk, addresses: 10.20.0.10}
services:
  - {id: hotline, name: Hotline, list: support, numbers: "+35893100100"}
  - {id: invoices, name: Invoices, list: billing, numbers: "+35893100200"}
agents:
  - {id: anna, name: Anna Agent, extensions: "101"}
  - {id: bertil, extensions: "102"}
lists:
  - {id: support, name: Support, members: [anna, bertil]}
  - {id: billing, name: Billing, members: [anna]}
`

// centre is a contact centre with a store of its own, in memory.
type centre struct {
	t         *testing.T
	directory *directory.Directory
	cases     *cases.Cases
	calls     int
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	file, err := directory.Parse("centre.yaml", []byte(centreYAML))
	if err != nil {
		t.Fatal(err)
	}
	d, err := directory.New(file)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error("closing the store:", err)
		}
	})
	c, err := cases.New(st, func() *directory.Directory { return d }, cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &centre{t: t, directory: d, cases: c}
}

// options show this centre.
func (c *centre) options(o Options) Options {
	o.Cases, o.Lists = c.cases, func() *directory.Directory { return c.directory }
	return o
}

// missed lets a customer ring a list in vain, and returns the case.
func (c *centre) missed(list string, n sip.Number, at time.Time) cases.Case {
	c.t.Helper()
	c.calls++
	id := fmt.Sprintf("missed-%d@pbx", c.calls)
	changes, err := c.cases.Apply(c.t.Context(), &sip.Event{Kind: sip.CallEnded, At: at, Call: &sip.Call{
		ID: id, PBX: "asterisk", Direction: sip.Inbound, Service: map[string]string{"support": "hotline", "billing": "invoices"}[list],
		List: list, Caller: n, CallerID: n.String(), CallIDs: []string{id},
		Started: at.Add(-time.Minute), Ended: at.Add(-2 * time.Second),
		Verdict: sip.Missed, Reason: sip.AbandonedWaiting, StatusCode: 487,
		Evidence: []sip.Evidence{{At: at.Add(-2 * time.Second), CallID: id, What: "caller BYE", Cause: 16}},
	}})
	if err != nil || len(changes) != 1 {
		c.t.Fatalf("%d changes, %v", len(changes), err)
	}
	return changes[0].Case
}

// dialled lets an agent call a number, which closes its cases.
func (c *centre) dialled(agent string, n sip.Number, at time.Time) {
	c.t.Helper()
	c.calls++
	id := fmt.Sprintf("dialled-%d@pbx", c.calls)
	_, err := c.cases.Apply(c.t.Context(), &sip.Event{Kind: sip.AgentDialled, At: at, Agent: agent, Number: n, Call: &sip.Call{
		ID: id, Direction: sip.Outbound, Callee: n, CalleeID: n.String(), DialledBy: agent, Agent: agent, CallIDs: []string{id}, Started: at,
	}})
	if err != nil {
		c.t.Fatal(err)
	}
}

// page reads a page of cases.
func (f *front) page(query string) (ids []string, next string) {
	f.t.Helper()
	var p struct {
		Cases, Maybe []Case
		Next         string
	}
	f.get("/v1/cases"+query, &p)
	for _, c := range p.Cases {
		ids = append(ids, c.ID)
	}
	return ids, p.Next
}

// get reads what has to be there into v.
func (f *front) get(path string, v any) {
	f.t.Helper()
	answer, body := f.do(http.MethodGet, path, "")
	if answer.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %s %s", path, answer.Status, body)
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		f.t.Fatalf("%s: %v in %s", path, err, body)
	}
}
