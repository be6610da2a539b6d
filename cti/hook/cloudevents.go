package hook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// cloudEvent is an event in structured mode (CloudEvents 1.0.2 §3, JSON format §2).
type cloudEvent struct {
	Version string          `json:"specversion"`
	ID      string          `json:"id"`
	Source  string          `json:"source"`
	Type    string          `json:"type"`
	Time    string          `json:"time"`
	Data    json.RawMessage `json:"data"`
}

// callData is the data of our events.
type callData struct {
	Call      string   `json:"call"`
	Parent    string   `json:"parent"`
	SIPCallID string   `json:"sip_call_id"`
	Direction string   `json:"direction"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	Withheld  bool     `json:"withheld"`
	Agents    []string `json:"agents"`
	By        string   `json:"by"`
	Cause     *int     `json:"cause"`
	Status    int      `json:"status"`
	Fact      string   `json:"fact"`
	Note      string   `json:"note"`
	Caller    string   `json:"caller"`
	Callee    string   `json:"callee"`
}

func batch(all []cloudEvent) ([]Event, error) {
	if len(all) > maxBatch {
		return nil, fmt.Errorf("%w: %d events at once are too many", ErrEvent, len(all))
	}
	var out []Event
	for i := range all {
		events, err := all[i].events()
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
	}
	return out, nil
}

func (x *cloudEvent) events() ([]Event, error) {
	e, err := x.event()
	if err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

func (x *cloudEvent) event() (Event, error) {
	wrong := func(format string, args ...any) (Event, error) {
		return Event{}, fmt.Errorf("%w: "+format, append([]any{ErrEvent}, args...)...)
	}
	if x.Version != "1.0" || x.ID == "" || x.Source == "" {
		return wrong("specversion 1.0, id and source are needed")
	}
	e := Event{ID: cut(x.Source) + "#" + cut(x.ID), Cause: -1}
	for k, name := range types {
		if name != "" && name == x.Type {
			e.Kind = Kind(k)
		}
	}
	if e.Kind == Unknown {
		return wrong("the type %q is none of %s", cut(x.Type), strings.Join(types[1:], ", "))
	}
	if x.Time != "" {
		at, err := time.Parse(time.RFC3339Nano, x.Time)
		if err != nil {
			return wrong("time %q is not as RFC 3339 has it", cut(x.Time))
		}
		e.At = at
	}
	var d callData
	if err := json.Unmarshal(x.Data, &d); err != nil {
		return wrong("data: %v", err)
	}
	e.take(&d)
	switch {
	case e.Kind == Linked && (e.Caller == "" || e.Callee == ""):
		return wrong("%s needs caller and callee", x.Type)
	case e.Kind == Linked:
	case e.Kind == Noted && e.Call == "" && e.CallID == "":
		return wrong("%s needs call or sip_call_id", x.Type)
	case e.Kind != Noted && e.Call == "":
		return wrong("%s needs call", x.Type)
	case e.Kind == Started && (!e.Directed || e.To == "" || e.From == "" && !e.Withheld):
		return wrong("%s needs direction, from and to", x.Type)
	}
	return e, nil
}

func (e *Event) take(d *callData) {
	e.Call, e.Parent, e.CallID = cut(d.Call), cut(d.Parent), cut(d.SIPCallID)
	e.From, e.To = cut(d.From), cut(d.To)
	e.Withheld = d.Withheld || isHidden(d.From)
	e.Directed, e.Outgoing = d.Direction == "in" || d.Direction == "out", d.Direction == "out"
	for _, a := range d.Agents[:min(len(d.Agents), maxAgents)] {
		e.Agents = append(e.Agents, cut(a))
	}
	e.ByCallee = d.By == "callee"
	if d.Cause != nil && *d.Cause >= 0 && *d.Cause <= 127 {
		e.Cause = *d.Cause
	}
	if d.Status >= 300 && d.Status <= 699 {
		e.Status = d.Status
	}
	e.Fact, e.Note, e.Caller, e.Callee = cut(d.Fact), cut(d.Note), cut(d.Caller), cut(d.Callee)
}
