package sip

import (
	"cmp"
	"slices"
)

// evidence lists the facts of a call that its verdict rests on, in order of time.
func (t *Tracker) evidence(c *call) []Evidence {
	var out []Evidence
	c.eachHop(func(l *leg, h *hop) {
		who := ""
		switch {
		case h.role == roleAgent:
			who = "agent "
		case h.role == roleEndpoint:
			who = "endpoint "
		case h.role == roleOut:
			who = "far end "
		case l == c.caller && h == c.callerHop():
			who = "caller "
		default:
			return
		}
		add := func(at int64, what string, status, cause uint16) {
			if at == 0 {
				return
			}
			e := Evidence{At: stamp(at), CallID: l.callID, What: who + what, Status: status, Cause: int(cause) - 1}
			if h.agent != nil {
				e.Agent = h.agent.id
			}
			out = append(out, e)
		}
		if h.flags&hopNoInvite == 0 {
			add(h.invited, "INVITE", 0, 0)
		}
		add(h.alerted, "alerted", 0, 0)
		up := "answered"
		if h.flags&hopNo2xx != 0 {
			up = "answered, 2xx not seen"
		}
		add(h.up, up, 0, 0)
		add(h.held, "on hold", 0, 0)
		switch h.end {
		case endFinal:
			add(h.down, "failed", h.status, h.cause)
		case endUnknownFinal:
			add(h.down, "failed, response not seen", 0, 0)
		case endCancel:
			add(h.down, "CANCEL", h.status, h.cause)
		case endByeCaller:
			add(h.down, "BYE from its caller", h.sip, h.cause)
		case endByeCallee:
			add(h.down, "BYE from its callee", h.sip, h.cause)
		default:
		}
	})
	slices.SortStableFunc(out, func(a, b Evidence) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return out[:min(len(out), maxEvidence)]
}

// maxEvidence bounds what is kept of one call.
const maxEvidence = 200
