package sip

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// trait is what is kept of an identity that a caller withheld (RFC 3323 §4.2): its hash, to know it
// again where a PBX shows it on other legs of his call. 0 is none.
type trait uint64

const (
	traitWhole = trait(1) << 63
	traitPart  = trait(1) << 24
)

// part is what is written down of a trait: so little that it fits dozens of numbers of one country.
func (x trait) part() trait {
	if x == 0 {
		return 0
	}
	return x&(traitPart-1) | traitPart
}

// traitOf is the trait of what a leg shows, by the key it seeks its call with.
func traitOf(k key) trait {
	switch k.kind() {
	case keyCaller, keyText:
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(k.in(inWaiting)))
		return trait(xxhash.Sum64(b[:])) | traitWhole
	default:
		return 0
	}
}

// withholders are the live calls with a trait.
type withholders struct {
	calls []*call // the oldest, no more than anybody would look at
	more  int
}

func (x *withholders) some() bool { return len(x.calls)+x.more > 0 }

// withholding is the calls whose callers withheld what a leg shows: those of this process, and those
// that were taken back after a restart, of which only a part of the trait is known.
func (t *Tracker) withholding(k key) (found [2]withholders) {
	if len(t.withheld) == 0 {
		return found
	}
	x := traitOf(k)
	return [2]withholders{t.withheld[x], t.withheld[x.part()]}
}

// isWithheld says whether a leg shows of its caller what that of another call at a PBX withheld.
func (t *Tracker) isWithheld(k key, at *pbx, but *call) bool {
	for _, w := range t.withholding(k) {
		if w.more > 0 || slices.ContainsFunc(w.calls, func(o *call) bool { return o != but && samePBX(o.pbx, at) }) {
			return true
		}
	}
	return false
}

// identities are the keys of whom a message shows as its caller, whether or not he may be shown.
func identities(m *Message, n *Numbering) (keys [3]key) {
	for i, u := range [...]*URI{&m.From.URI, &m.PAssertedIdentity, &m.RemotePartyID} {
		if len(u.User) == 0 || withheldURI(u) {
			continue
		}
		keys[i] = keyOf(keyText, hash(u.User))
		if num := n.Parse(u.User, u.PhoneContext); num != 0 {
			keys[i] = keyOf(keyCaller, uint64(num))
		}
	}
	return keys
}

// withhold makes a call's caller anonymous.
func (c *call) withhold() {
	c.flags |= callWithheld
	c.from, c.text = 0, ""
	if c.extra != nil {
		c.extra.from = ""
	}
}

// traitsOf are the traits of several keys, each once.
func traitsOf(keys [3]key) (traits [3]trait) {
	for i, k := range keys {
		if x := traitOf(k); !slices.Contains(traits[:i], x) {
			traits[i] = x
		}
	}
	return traits
}

// another says whether it was certainly another caller who withheld what has these traits.
func (c *call) another(traits [3]trait) bool {
	known := false
	for _, x := range c.traits() {
		for _, y := range traits {
			switch {
			case x == 0 || y == 0:
			case x == y, x.part() == y.part():
				return false
			default:
				known = true
			}
		}
	}
	return known
}

// hide makes the caller of a call that shows him anonymous, also on the legs that are still to come.
func (t *Tracker) hide(c *call) {
	k := c.key
	c.withhold()
	t.remember(c, [3]key{k})
	if c.caller != nil {
		t.enlist(c, keyOf(keyWithheld, 0).in(k.list()))
	}
	t.tell(CallUpdated, c, nil, t.now, 0, "")
}

// remember keeps the traits of what a call's caller withheld, in place of those kept before.
func (t *Tracker) remember(c *call, keys [3]key) {
	t.unremember(c)
	if traits := traitsOf(keys); traits != [3]trait{} {
		c.more().traits = traits
		t.relate(c)
	}
}

// relate enters a call under its traits.
func (t *Tracker) relate(c *call) {
	for _, x := range c.traits() {
		if x == 0 {
			continue
		}
		w := t.withheld[x]
		if len(w.calls) < maxCandidates {
			w.calls = append(w.calls, c)
		} else {
			w.more++
		}
		t.withheld[x] = w
	}
}

// unremember takes a call off its traits.
func (t *Tracker) unremember(c *call) {
	for i, x := range c.traits() {
		if x == 0 {
			continue
		}
		c.extra.traits[i] = 0
		w := t.withheld[x]
		if i := slices.Index(w.calls, c); i >= 0 {
			w.calls = slices.Delete(w.calls, i, i+1)
		} else {
			w.more--
		}
		if w.some() {
			t.withheld[x] = w
		} else {
			delete(t.withheld, x)
		}
	}
}

func (c *call) traits() [3]trait {
	if c.extra == nil {
		return [3]trait{}
	}
	return c.extra.traits
}

// withholds says whether a call's caller withheld what a leg shows.
func (c *call) withholds(k key) bool {
	x, traits := traitOf(k), c.traits()
	return x != 0 && (slices.Contains(traits[:], x) || slices.Contains(traits[:], x.part()))
}
