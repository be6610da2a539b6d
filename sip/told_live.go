package sip

// ToldCall is a live call that a PBX told of, as far as whoever hears the PBX must know it to go on after a
// restart.
type ToldCall struct {
	Outgoing bool
	From, To string // numbers, E.164 where they are known; of a call out From is the agent who dialled, empty where it is withheld
	Withheld bool
	Service  string    // directory id
	Legs     []ToldLeg // that are not over; the caller's first
}

// ToldLeg is one of its legs.
type ToldLeg struct {
	CallID string
	Agent  string // directory id of whose phone it goes to; empty: it goes to a carrier, or is the caller's
	Rung   bool
	Up     bool
}

// ToldCalls are the live calls at a PBX whose signalling was told and not seen.
func (t *Tracker) ToldCalls(pbx string) []ToldCall {
	var all []ToldCall
	for i := range t.timers {
		c := t.timers[i].call
		if c.caller == nil || c.caller.flags&legTold == 0 || c.pbx == nil || c.pbx.ID != pbx || c.flags&callTentative != 0 {
			continue
		}
		var s Call
		t.snapshot(c, &s)
		x := ToldCall{Outgoing: c.dir == Outbound, From: s.CallerID, To: s.CalleeID, Withheld: s.Withheld, Service: s.Service}
		switch {
		case s.Withheld:
			x.From = ""
		case x.Outgoing && s.DialledBy != "":
			x.From = s.DialledBy
		}
		first, live := toldLeg(c.caller)
		if !live {
			continue
		}
		x.Legs = append(x.Legs, first)
		for l := c.first; l != nil; l = l.next {
			if l == c.caller || l.flags&legTold == 0 {
				continue
			}
			if y, live := toldLeg(l); live {
				x.Legs = append(x.Legs, y)
			}
		}
		all = append(all, x)
	}
	return all
}

// toldLeg is a told leg as it is, and whether it is not over.
func toldLeg(l *leg) (x ToldLeg, live bool) {
	h := l.toldHop()
	if h.end != endNone {
		return x, false
	}
	x = ToldLeg{CallID: l.callID, Rung: h.alerted != 0, Up: h.state == confirmed}
	if h.role == roleAgent && h.agent != nil {
		x.Agent = h.agent.id
	}
	return x, true
}
