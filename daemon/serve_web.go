package daemon

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"ringback/cases"
	"ringback/metrics"
	"ringback/sip"
	"ringback/web"
	"ringback/web/app"
)

// maxLiveShown is how many live calls the API looks at.
const maxLiveShown = 10_000

// openWeb makes metrics, API and admin server, and opens their sockets.
func (d *Daemon) openWeb(ctx context.Context) error {
	c := d.config.Load()
	var lag func() time.Duration
	if d.search != nil {
		lag = d.searchLag
	}
	d.metrics = metrics.New(metrics.Options{
		Version: d.o.Version, Revision: d.o.Revision, Logger: d.log,
		Ready: func() bool { return d.web.Ready().Ready }, Feeds: d.feedCounts, Signalling: d.Signalling, Skews: d.watch.skews,
		Blind: d.blind.sum, Lists: d.listCounts, Decisions: d.cases.Decisions, Memory: d.memory, Streams: d.streams, Phone: d.phoneCounts, PendingHints: d.pendingHints, Webhooks: d.webhookCounts,
		SearchLag: lag, Messages: d.messageCounts, Endpoint: d.endpointCounts, Told: d.toldCounts,
	})
	d.prepareMetrics()
	var err error
	if c.Web.TokensFile != "" {
		if d.tokens, err = web.OpenTokens(c.Web.TokensFile); err != nil {
			return err
		}
	}
	d.web = web.New(web.Options{
		Version: d.o.Version, Logger: d.log, Tokens: d.tokens, Observe: d.metrics.Request,
		Cases: d.cases, Lists: d.directory,
		People: d.people, Trail: d.audit, Contacts: d.contacts, Edit: d.editDirectory, Erase: d.erase,
		Calling: d.calling, MayCall: d.mayCall(), Schedule: d.schedule, Journeys: d.journeys.to, Dialler: d.dialling(), Voicemail: d.voicemail, CalendarNumbers: c.Web.CalendarNumbers,
		LiveCalls: func() []*sip.Call { return d.watch.live(maxLiveShown) },
		Board:     d.watch.board, Registered: d.watch.registered,
		LiveHints: d.assist.Live, DismissHint: d.dismissHint, Recent: d.recentNumbers, Receipts: d.receipts, Imports: d.imports, Hooks: d.hooks.Hooks, Push: d.webPush(),
		Origins: c.Web.Origins, Proxies: c.Web.Proxies, Limits: limitsOf(&c.Web),
		Blind:   func(context.Context) ([]web.Blind, error) { return d.behind.intervals() },
		Changed: d.changedByHand, Refused: unwritable,
		Admin: web.Admin{
			Ready: d.checks, Metrics: d.metrics.Handler(), Reload: d.Reload,
			Directory: d.exportDirectory, SetDirectory: d.importDirectory, Backup: d.backup, CheckPBX: d.checkPBX, TestHook: d.testCallHook, Pprof: c.Admin.Pprof,
		},
		CallHooks: http.HandlerFunc(d.serveCallHook), Feeds: d.allFeeds,
		Intake: &d.intake, Search: d.searching(),
		Pages: func(api http.Handler) http.Handler {
			return app.New(app.Options{API: api, URL: c.Web.URL, Logger: d.log, Zone: time.Local}).Handler()
		},
	})
	if c.Web.Listen != "" {
		if d.api, err = listenTCP(ctx, "web.listen", string(c.Web.Listen)); err != nil {
			return err
		}
		if c.Web.TLSCertFile != "" {
			if d.apiTLS, err = serverTLS(c.Web.TLSCertFile, c.Web.TLSKeyFile, ""); err != nil {
				return err
			}
			d.api = tls.NewListener(d.api, d.apiTLS)
		}
	}
	if c.Admin.Listen != "" {
		if d.admin, err = listenTCP(ctx, "admin.listen", string(c.Admin.Listen)); err != nil {
			return err
		}
	}
	if c.Admin.Socket != "" {
		d.socket, err = openSocket(c.Admin.Socket)
	}
	return err
}

func listenTCP(ctx context.Context, key, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return l, nil
}

// changedByHand tells of what a client did to a case; the event streams know it already.
func (d *Daemon) changedByHand(ch cases.Change) {
	d.metrics.Case(ch)
	d.offerAnew(&ch)
	d.tellHints(d.assist.Changed(ch), time.Now())
}

// prepareMetrics lets the series of all services and lists start at zero.
func (d *Daemon) prepareMetrics() {
	var services, lists []string
	for _, s := range d.directory().Plan().Services {
		services = append(services, s.ID)
	}
	for _, l := range d.directory().Lists() {
		lists = append(lists, l.ID)
	}
	d.metrics.Prepare(services, lists)
}

// checks are what /readyz says: what must work for the promise to hold.
func (d *Daemon) checks() []web.Check {
	out := []web.Check{problem("store", d.store.Err())}
	for _, f := range d.feeds {
		out = append(out, web.Check{Name: f.name, Ready: true})
	}
	c := web.Check{Name: "directory", Ready: len(d.directory().Plan().Services) > 0}
	if !c.Ready {
		c.Problem = "the directory knows no service; import one with `ringback directory import FILE.yaml`"
	}
	return append(out, c)
}

func problem(name string, err error) web.Check {
	if err == nil {
		return web.Check{Name: name, Ready: true}
	}
	return web.Check{Name: name, Problem: err.Error()}
}

func (d *Daemon) feedCounts() []metrics.Feed {
	var out []metrics.Feed
	for _, s := range d.feeds {
		st, sock := s.Stats(), s.Socket()
		f := metrics.Feed{
			Name: s.name, Bound: true, Packets: st.Received.Load(), Bytes: st.Bytes.Load(),
			KernelDrops: sock.Drops, Backlog: sock.Queued, Connections: int(st.Connections.Load()),
		}
		f.Discarded, f.Closed = hepReasons(st)
		if n := s.last.Load(); n != 0 {
			f.Last = time.Unix(0, n)
		}
		out = append(out, f)
	}
	if d.tap != nil {
		out = append(out, tapCounts(d.tap))
	}
	return out
}

func (d *Daemon) memory() metrics.Memory {
	s := d.store.Stats()
	return metrics.Memory{
		Writable: d.store.Err() == nil, Queued: s.Queued, Refused: s.Refused,
		Sizes: []metrics.Count{{Name: "tables", N: uint64(s.Tables)}, {Name: "value_log", N: uint64(s.ValueLog)}},
	}
}

func (d *Daemon) streams() metrics.Streams {
	s := d.web.Events().Stats()
	return metrics.Streams{Open: s.Open, Events: s.Events, Dropped: s.Dropped, Resets: s.Resets}
}

func (d *Daemon) pendingHints() int {
	if d.delivery == nil {
		return 0
	}
	return d.delivery.Stats().Pending
}
