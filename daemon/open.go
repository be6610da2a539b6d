package daemon

import (
	"context"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cases/intake"
	"ringback/configs"
	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
	"ringback/sip/phone"
	"ringback/store"
)

func (d *Daemon) openStore(context.Context) (err error) {
	c := d.config.Load()
	d.store, err = store.Open(store.Options{
		Dir: filepath.Join(c.DataDir, "store"), Window: c.Store.CommitWindow, Reserve: int64(c.Store.DiskReserve), Logger: d.log, Fault: d.o.Fault,
		Observe: func(done store.Commit) {
			d.changes.told()
			if d.metrics != nil {
				d.metrics.Committed(done.Commands, done.Elapsed, done.Err)
			}
		},
	})
	if err != nil {
		return err
	}
	d.openPeople()
	d.versions = directory.NewVersions(d.store)
	d.behind = newBehind(d.store, liveDir(c))
	d.assist = assist.New(assist.Options{Directory: d.directory, Note: d.lastNote, Name: d.nameOf, MaxCall: c.Tracker.MaxCall + time.Hour})
	d.behind.assist = d.assist
	d.intake = intake.Cases{Directory: d.directory, Memory: intake.NewMemory(d.store), Dir: filepath.Join(c.DataDir, "imports")}
	o := cases.Options{Logger: d.log, DoNotCall: calling.OnDoNotCall}
	if c.Line.Enabled {
		o.RequestOf = lineActID
	}
	d.cases, err = cases.New(d.store, d.directory, o)
	d.intake.Cases = d.cases
	d.resumeImports = d.intake.Resume(d.tellCases)
	return err
}

func (d *Daemon) openDirectory(context.Context) error {
	f, v, err := d.versions.Load()
	if err != nil {
		return err
	}
	dir, err := directory.New(f)
	if err != nil {
		return err
	}
	d.dir.Store(&inForce{dir, v.Number})
	if v.Number == 0 {
		d.log.Warn("the directory is empty: no service is known, so no case can open; import one with `ringback directory import FILE.yaml`")
	}
	return nil
}

func (d *Daemon) openPhone(context.Context) error {
	c := d.config.Load().Hints
	if !c.Enabled {
		return nil
	}
	tlsConfig, err := clientTLS(c.TLSCertFile, c.TLSKeyFile, c.TLSCAFile)
	if err != nil {
		return err
	}
	d.phone, err = phone.New(phone.Options{
		ListenUDP: addresses(c.UDP), ListenTCP: addresses(c.TCP), ListenTLS: addresses(c.TLS),
		From: c.From, DisplayName: c.DisplayName, OutboundProxy: c.Proxy,
		Username: c.User, PasswordFile: c.PasswordFile, Timeout: c.Timeout,
		UserAgent: "Ringback/" + d.o.Version, TLS: tlsConfig, Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.delivery = assist.NewDelivery(assist.DeliveryOptions{
		Directory: d.directory, Ways: d.hintWays,
		GiveUp: c.Deadline, Outcome: d.outcome, Logger: d.log,
	})
	return nil
}

func addresses(list []configs.Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = string(a)
	}
	return out
}

// plan is the directory's plan with our own addresses: what comes from those of hints is our own traffic, not
// calls; those of calls are an endpoint.
func (d *Daemon) plan() *sip.Plan {
	p := *d.directory().Plan()
	own := func(a netip.AddrPort) {
		if a.IsValid() && !a.Addr().IsUnspecified() {
			p.Own = append(p.Own, sip.Host{Net: netip.PrefixFrom(a.Addr(), a.Addr().BitLen()), Port: a.Port()})
		}
	}
	for _, a := range d.config.Load().OwnAddresses {
		own(a)
	}
	if d.phone != nil {
		for _, a := range d.phone.Addrs() {
			own(a)
		}
	}
	if hosts := d.callAddresses(); len(hosts) > 0 {
		// Our own calls are followed like any others; who answers them here is no agent.
		p.Endpoints = append(slices.Clip(p.Endpoints), sip.Endpoint{ID: "ringback", Kind: sip.EndpointIVR, Addresses: hosts})
	}
	return &p
}

func (d *Daemon) openWatch(ctx context.Context) error {
	var err error
	d.watch, err = newWatch(d.plan(), TrackerOptions(d.config.Load().Tracker), d.queue.put)
	if err != nil {
		return err
	}
	d.watch.told = d.queue.wake
	if d.delivery != nil {
		d.watch.mirrored = func(m *sip.Message) { d.delivery.Mirrored(m) }
	}
	d.flow = &flow{cases: d.cases, assist: d.assist, tell: d.told}
	records, bad, seen, err := d.behind.restore(d.watch)
	if err != nil {
		return err
	}
	if bad > 0 {
		d.log.Warn("live calls of before could not be read and are lost", "count", bad)
	}
	left, err := d.readWaiting()
	if err != nil {
		return err
	}
	if d.left = left.Events; left.Seen.After(seen) {
		seen = left.Seen
	}
	if now := time.Now(); !seen.IsZero() && now.After(seen) {
		// A disk that is full is no reason not to watch: agents get their hints, and cases wait.
		if err := d.behind.blind(ctx, seen, now); err != nil && !unwritable(err) {
			return err
		}
		d.log.Info("watch resumed; nothing was seen in between", "count", records-bad, "from", seen, "to", now)
	}
	return d.blind.load(d.behind)
}

// resume puts in the verdicts that waited when the daemon stopped, and tells the cases which calls of before are
// still on the line; it runs before any feed does.
func (d *Daemon) resume(ctx context.Context) error {
	now := time.Now()
	if err := d.putWaiting(ctx); err != nil {
		return err
	}
	changes, err := d.cases.Resume(ctx, d.watch.live(math.MaxInt), now)
	d.tellCases(changes)
	if err != nil && !unwritable(err) {
		return err
	}
	d.resumeHints(now)
	return nil
}

// resumeHints lets hints stand that agents had before them, and withdraws those of calls that are not on the line.
func (d *Daemon) resumeHints(now time.Time) {
	on := map[string]bool{}
	for _, call := range d.watch.live(math.MaxInt) {
		on[call.ID] = true
	}
	d.tellHints(d.assist.Resume(
		func(id string) bool { return on[id] },
		func(id string) (cases.Case, bool) {
			c, err := d.cases.Case(id)
			return c, err == nil
		},
		now), now)
}

// TrackerOptions are the tracker's times and limits as configured.
func TrackerOptions(c configs.Tracker) sip.Options {
	return sip.Options{
		Settle: c.Settle, ServedAfter: c.ServedAfter, HoldDrop: c.HoldDrop, ShortAfter: c.ShortAfter,
		Lost: c.Lost, MaxWait: c.MaxWait, MaxCall: c.MaxCall, Drop127: c.Drop127,
		MaxCalls: c.MaxCalls, MaxBindings: c.MaxBindings,
	}
}
