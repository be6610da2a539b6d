package metrics_test

import (
	"io"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/metrics"
	"ringback/sip"
)

// exercise lets everything happen that can be observed.
func exercise(m *metrics.Metrics) {
	m.Call(&sip.Event{Kind: sip.CallStarted, Call: &sip.Call{}})
	m.Call(ended("support", sip.Missed, sip.AbandonedWaiting, sip.Seen))
	short := ended("support", sip.Missed, sip.AbandonedRinging, sip.Seen)
	short.Call.Short = true
	m.Call(short)
	opened := time.Unix(1_800_000_000, 0)
	for event, reason := range map[cases.ChangeEvent]string{
		cases.Opened: "busy", cases.MissAdded: "busy", cases.Attempted: "no_answer", cases.CaseClosed: "agent_called",
		cases.Reopened: "by_hand", cases.CallingNow: "", cases.CallingOver: "", cases.Edited: "keep_open",
	} {
		m.Case(cases.Change{Event: event, Reason: reason, Agent: "101", CallIDs: []string{"1@pbx"}, Case: cases.Case{
			ID: "c1", List: "support", Number: 358401234567, Opened: opened, Attempts: 1, Attempted: opened.Add(20 * time.Minute),
		}})
	}
	m.Hint(assist.Hint{Key: assist.Key{Agent: "101"}, Event: assist.Raised, Number: 358401234567})
	m.Outcome(assist.Outcome{State: assist.Delivered, Final: true, To: "sip:101@pbx"})
	m.Decided(3 * time.Millisecond)
	m.HintSent(2 * time.Millisecond)
	m.Webhook("crm", true, time.Millisecond)
	m.WebhookDead("crm", "refused")
	m.Push("case", "delivered")
	m.Committed(3, time.Millisecond, nil)
	m.Committed(1, time.Millisecond, io.ErrShortWrite)
	m.Request("GET /v1/cases", 200, time.Millisecond)
	m.Reloaded(time.Now(), nil)
}
