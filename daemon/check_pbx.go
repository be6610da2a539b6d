package daemon

import (
	"fmt"
	"time"

	"ringback/cti"
	"ringback/metrics"
	"ringback/sip"
	"ringback/web"
)

// checkPBX says how a PBX looks to us, or each for no id. No call is made for it.
func (d *Daemon) checkPBX(id string) ([]web.PBXCheck, error) {
	p := d.directory().Plan()
	var out []web.PBXCheck
	for i := range p.PBXs {
		if id == "" || p.PBXs[i].ID == id {
			out = append(out, d.checksOf(&p.PBXs[i], time.Now())...)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the directory knows no PBX %q", id)
	}
	return out, nil
}

// checkup collects what is seen of one PBX.
type checkup struct {
	pbx string
	all []web.PBXCheck
}

func (c *checkup) see(name string, ok bool, says, mend string) {
	x := web.PBXCheck{PBX: c.pbx, Name: name, OK: ok, Says: says}
	if !ok {
		x.Mend = mend
	}
	c.all = append(c.all, x)
}

// Limits of a sound connection.
const (
	quiet   = time.Hour       // a PBX at work shows a call within
	skewed  = 2 * time.Second // clocks may differ by
	lagging = 5 * time.Second
)

func (d *Daemon) checksOf(p *sip.PBX, now time.Time) []web.PBXCheck {
	c := &checkup{pbx: p.ID}
	told := d.toldOf(p.ID)
	mirror := len(d.feeds) > 0 || d.tap != nil
	if mirror {
		d.checkMirror(c, now, len(told) > 0)
	}
	for _, h := range told {
		says := fmt.Sprintf("%s is %s", h.Name, h.State)
		if !h.LastEvent.IsZero() {
			says += ", last event " + ago(h.LastEvent, now)
		}
		mend := h.Err
		if mend == "" {
			mend = "wait a moment and ask again"
		}
		c.see(h.Kind, h.State == cti.Up, says+".", mend+".")
		if h.State == cti.Up {
			c.see(h.Kind+"_lag", h.Lag.Abs() < lagging, lagSays(&h),
				"Set the PBX's clock by NTP.")
			c.see(h.Kind+"_agrees", h.Disagreements == 0, fmt.Sprintf("%s told otherwise than the mirror %d times.", h.Name, h.Disagreements),
				"Look at the evidence of the calls; the mirror or the feed misses messages.")
		}
	}
	if !mirror && len(told) == 0 {
		c.see("feeds", false, "Nothing tells of this PBX.", "Send its signalling as HEP, or name it in asterisks, dialog_events or call_hooks.")
	}
	return c.all
}

// toldOf is the health of what a PBX tells by.
func (d *Daemon) toldOf(pbx string) []cti.Health {
	var all []cti.Health
	for _, h := range d.toldHealth() {
		if h.PBX == pbx {
			all = append(all, h)
		}
	}
	return all
}

func (d *Daemon) checkMirror(c *checkup, now time.Time, told bool) {
	d.watch.mu.Lock()
	sent, received := d.watch.tracker.Sighted(c.pbx)
	bindings := d.watch.tracker.Stats().Bindings
	skews := d.watch.clocks.skews()
	d.watch.mu.Unlock()

	seen := received
	if sent.After(seen) {
		seen = sent
	}
	var last time.Time
	var drops, discarded uint64
	for _, f := range d.feedCounts() {
		if f.Last.After(last) {
			last = f.Last
		}
		drops, discarded = drops+f.KernelDrops, discarded+sum(f.Discarded)
	}
	switch {
	case !seen.IsZero():
		c.see("mirror", now.Sub(seen) < quiet || told, "The mirror showed a call "+ago(seen, now)+".", "See that the PBX still sends its signalling.")
	case last.IsZero():
		c.see("mirror", told, "Nothing has come by any mirror.", "Let the PBX send HEP to the addresses in hep.udp or hep.tcp, and let firewalls pass it.")
	default:
		c.see("mirror", told, fmt.Sprintf("Packets come, the last %s, but no call of this PBX; %d were discarded.", ago(last, now), discarded),
			"Compare the PBX's addresses in the directory with those it has, and hep.allow with where it sends from.")
	}
	if !seen.IsZero() {
		c.see("direction_in", !received.IsZero(), directionSays("to", received, now), "Mirror what the PBX receives, from carriers and from phones.")
		c.see("direction_out", !sent.IsZero(), directionSays("from", sent, now), "Mirror what the PBX sends, to phones and to carriers.")
	}
	if !received.IsZero() && !sent.IsZero() { // else nobody could have seen phones register, and why is said above
		c.see("registrations", bindings > 0 || told, fmt.Sprintf("%d phones were seen to register.", bindings),
			"Mirror the phones' side too, or give agents addresses or extensions in the directory.")
	}
	c.clock(skews)
	c.see("lost", drops == 0, fmt.Sprintf("%d datagrams were lost here.", drops), "Raise net.core.rmem_max, or let the PBX send HEP over TCP.")
}

// clock says how wrong the clocks are of those who mirror, of the worst of them where one is.
func (c *checkup) clock(skews []metrics.Skew) {
	if len(skews) == 0 {
		return
	}
	worst := skews[0]
	for _, k := range skews {
		if k.Offset.Abs() > worst.Offset.Abs() {
			worst = k
		}
	}
	off := worst.Offset.Abs().Seconds()
	if off < skewed.Seconds() {
		c.see("clock", true, fmt.Sprintf("Capture agents' clocks are at most %.1f s from ours.", off), "")
		return
	}
	way := "ahead of"
	if worst.Offset < 0 {
		way = "behind"
	}
	c.see("clock", false, fmt.Sprintf("The clock of capture agent %d is %.1f s %s ours.", worst.CaptureAgent, off, way),
		"Set the PBX's clock by NTP; verdicts are corrected for it.")
}

// lagSays says how late a feed's events come by their own clock; one that is ahead of ours has them come early.
func lagSays(h *cti.Health) string {
	if h.Lag < 0 {
		return fmt.Sprintf("The clock of %s is %s ahead of ours.", h.Name, (-h.Lag).Round(time.Millisecond))
	}
	return fmt.Sprintf("%s is %s behind its own clock.", h.Name, h.Lag.Round(time.Millisecond))
}

func directionSays(way string, t, now time.Time) string {
	if t.IsZero() {
		return "No call " + way + " the PBX was seen."
	}
	return "A call " + way + " the PBX was seen " + ago(t, now) + "."
}
