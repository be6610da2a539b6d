package dialogevent

import "slices"

// Table keeps the dialogs of one entity. It is owned by one goroutine at a time. The zero Table knows
// nothing yet.
type Table struct {
	known   bool   // a full document came
	version uint32 // of the last document
	dialogs map[key]*entry
	ended   map[key]struct{} // told to be over: what else is told of them is a mistake
	order   []key            // of ended, for forgetting the oldest
}

// key is what a dialog is known by: proxies give all forks of a call one id, and PBXs that tell no Call-ID
// give all calls of a phone one.
type key struct{ id, callID string }

// entry is a dialog as the forks told of make it up.
type entry struct {
	Change

	told bool // by the full document at work
}

// Change is a dialog that is not any more what it was.
type Change struct {
	Dialog // of its forks the one that came furthest

	// Targets are the devices that its forks went to while they were early, as URIs.
	Targets []string
	// Vanished says that it was told of no more, and nobody told that it ended.
	Vanished bool
}

// maxEnded bounds what is remembered of dialogs that are over, maxTargets the forks of one.
const (
	maxEnded   = 8192
	maxTargets = 64
)

// Apply takes a document in and returns what changed by it. gap says that a document before it was missed,
// so that a full one must be asked for (RFC 4235 §4.3); a document that comes late changes nothing.
func (t *Table) Apply(d *Document) (changes []Change, gap bool) {
	switch {
	case d.Full:
	case !t.known:
		gap = true
	case d.Version <= t.version:
		return nil, false
	default:
		gap = d.Version != t.version+1
	}
	t.version, t.known = d.Version, t.known || d.Full
	if t.dialogs == nil {
		t.dialogs, t.ended = map[key]*entry{}, map[key]struct{}{}
	}
	for _, k := range t.merge(d) {
		x := t.dialogs[k]
		changes = append(changes, x.Change)
		x.Targets = slices.Clone(x.Targets)
		if x.State == Terminated {
			t.end(k)
		}
	}
	for k, x := range t.dialogs {
		if d.Full && !x.told {
			x.Vanished, x.State = true, Terminated
			changes = append(changes, x.Change)
			t.end(k)
		}
		x.told = false
	}
	return changes, gap
}

// merge takes the dialogs of a document in and returns which of them changed, in the document's order.
func (t *Table) merge(d *Document) []key {
	var changed []key
	fresh := map[key]bool{}
	for i := range d.Dialogs {
		now := &d.Dialogs[i]
		k := key{now.ID, now.CallID}
		if _, over := t.ended[k]; over && k.callID != "" {
			continue // a zombie
		}
		x := t.dialogs[k]
		if x == nil {
			if len(t.dialogs) >= maxDialogs {
				continue
			}
			x = &entry{}
			t.dialogs[k] = x
		}
		first := !x.told
		x.told = true
		if x.take(now, first && k.callID == "") && !fresh[k] {
			fresh[k] = true
			changed = append(changed, k)
		}
	}
	return changed
}

// take brings an entry up to date by one fork and says whether it changed. again allows a dialog without
// a Call-ID, which may be another one by now, to go back.
func (x *entry) take(now *Dialog, again bool) (changed bool) {
	if now.State == Early && now.Local.Target != "" && len(x.Targets) < maxTargets && !slices.Contains(x.Targets, now.Local.Target) {
		x.Targets = append(x.Targets, now.Local.Target)
		changed = true
	}
	if now.State < x.State && !again {
		return changed
	}
	changed = changed || now.State != x.State
	was := x.Dialog
	x.Dialog = *now
	if x.Remote == (Party{}) { // some tell it at the beginning only
		x.Remote = was.Remote
	}
	if x.Direction == NoDirection {
		x.Direction = was.Direction
	}
	return changed
}

// end forgets a dialog that is over, but for that it is.
func (t *Table) end(k key) {
	delete(t.dialogs, k)
	if _, known := t.ended[k]; known || k.callID == "" {
		return
	}
	t.ended[k] = struct{}{}
	t.order = append(t.order, k)
	if len(t.order) > maxEnded {
		delete(t.ended, t.order[0])
		t.order = t.order[1:]
	}
}
