package cases

import (
	"strings"

	"ringback/directory/audit"
)

// doer is who a command is done by, for the audit trail; nobody for what a call or the time does, which
// the history tells.
type doer struct {
	by   audit.Who
	peer string
	many bool // cases of one kind are told of together
}

// doer is who does the act.
func (a *Act) doer() doer {
	d := doer{by: a.By, peer: a.Peer}
	if d.by == (audit.Who{}) {
		d.by = audit.Who{Kind: audit.Person, ID: a.Agent}
		if a.Agent == "" {
			d.by.Kind = audit.System
		}
	}
	return d
}

// idsTold are the bytes of case ids in one entry of the trail.
const idsTold = 1900

// audit writes what was done into the trail: which case, what and why, and nothing of the customer.
func (l *ledger) audit() error {
	if l.doer.by == (audit.Who{}) {
		return nil
	}
	changes := l.result.changes
	for i := 0; i < len(changes); {
		ch := &changes[i]
		e := audit.Entry{
			At: l.at, By: l.doer.by, Peer: l.doer.peer, Action: "case." + ch.Event.String(), Object: audit.On("case", ch.Case.ID),
			Detail: strings.TrimSpace("list " + ch.Case.List + " " + ch.Reason),
		}
		i++
		if l.doer.many {
			ids := ch.Case.ID
			for ; i < len(changes) && changes[i].Event == ch.Event && changes[i].Case.List == ch.Case.List && len(ids) < idsTold; i++ {
				ids += " " + changes[i].Case.ID
			}
			e.Object, e.Detail = audit.On("list", ch.Case.List), strings.TrimSpace(ch.Reason+" "+ids)
		}
		if err := audit.Write(l.tx, e); err != nil {
			return err
		}
	}
	return nil
}
