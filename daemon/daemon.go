package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ringback/assist"
	"ringback/cases"
	"ringback/cases/intake"
	"ringback/cases/search"
	"ringback/configs"
	"ringback/daemon/dialer"
	"ringback/daemon/line"
	"ringback/directory"
	"ringback/metrics"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/sip/phone"
	"ringback/sip/rtp"
	"ringback/store"
	"ringback/web"
)

// Options say how a Daemon runs. Config is required.
type Options struct {
	Config *configs.Config
	// Load reads the configuration again, for Reload; nil: only files it names are read again.
	Load              func() (*configs.Config, error)
	Version, Revision string
	Logger            *slog.Logger
	Level             *slog.LevelVar // the logger's, so that Reload can change it
	// Observe, when set, is told of every event and what came of it, in order. It must not block, and keeps no
	// event, only a clone of it.
	Observe func(ev *sip.Event, changes []cases.Change, hints []assist.Hint)
	// PushHTTP sends web push instead of a client that connects to public addresses only.
	PushHTTP *http.Client
	// Outcome, when set, is told of every hint's way to a phone. It must not block.
	Outcome func(assist.Outcome)
	// Fault, when set, is the store's: an error it returns counts as the disk's.
	Fault func(store.Stage) error
}

// Daemon is a running Ringback: everything New opened, until Run returns.
type Daemon struct {
	o       Options
	log     *slog.Logger
	config  atomic.Pointer[configs.Config]
	began   time.Time
	running chan struct{} // closed when Run begins

	store    *store.Store
	versions *directory.Versions
	rooms
	behind   *behind
	dir      atomic.Pointer[inForce]
	cases    *cases.Cases
	assist   *assist.Assist
	phone    *phone.Phone    // nil: hints do not go to phones
	endpoint *phone.Endpoint // nil: calls are neither taken nor made
	media    *rtp.Host       // the sound of its calls
	line     *line.Line      // nil: callers cannot ask to be called
	taken    sync.WaitGroup  // calls to it whose journey is not kept yet
	dialer   *dialer.Dialer  // nil: nobody is called from here
	dial     dialler         // of scheduled calls; nil likewise
	delivery *assist.Delivery
	metrics  *metrics.Metrics
	web      *web.Server
	tokens   *web.Tokens
	changes  changes
	hooks    *hooks

	search  *search.Index // nil: nobody can search
	indexed *follower     // of the log, for search
	pace    pace          // of that
	intake  intake.Cases

	resumeImports func(context.Context) ([]intake.Report, error) // those that a crash cut off

	watch *watch
	queue *eventQueue
	flow  *flow
	left  []*sip.Event // that waited for the store when the daemon stopped
	feeds []*feed
	tap   *capture.Tap

	asterisks  []toldPBX
	dialogPBXs []*dialogPBX
	tellers    []*toldFeed
	callHooks  []*callHook

	api, admin, socket net.Listener
	apiTLS             *tls.Config // nil: the API is in the clear
	reloading          sync.Mutex
	blind              blindness
	complaints         complaints
	latency            latency
}

// inForce is the directory in force and its version.
type inForce struct {
	*directory.Directory
	version uint64
}

// New opens all that a daemon needs: store, directory, live calls of before, phones, feeds, sockets.
// When it fails, what it had opened is closed again.
func New(ctx context.Context, o Options) (_ *Daemon, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{o: o, log: o.Logger, began: time.Now(), queue: newEventQueue(), running: make(chan struct{})}
	d.config.Store(o.Config)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	for _, open := range []func(context.Context) error{
		d.openStore, d.openVoicemail, d.openHooks, d.openDirectory, d.openPhone, d.openCalls, d.openMedia, d.openLine, d.openWatch, d.openDialer, d.openSearch, d.openPush, d.openWeb, d.openFeeds, d.startHooks,
	} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Daemon) directory() *directory.Directory { return d.dir.Load().Directory }

// The daemon's own times.
const (
	tickEvery   = 50 * time.Millisecond // how late a timer of the watch may be
	behindEvery = time.Second           // how much of the live calls a crash may forget
	expireEvery = time.Second           // how late a case may fall due or expire
	mendedEvery = time.Second           // how often a disk is tried on which a write failed
	drainTime   = 10 * time.Second      // what a stop waits for requests under way
)

// Run works until ctx ends, then stops in order: feeds first, then what they brought is applied, live
// calls are written, and everything is closed. It returns nil after an orderly stop.
func (d *Daemon) Run(ctx context.Context) error {
	d.sayWhere()
	if err := errors.Join(d.resume(ctx), d.finishErasures(ctx), d.finishPlans(ctx, time.Now())); err != nil {
		return errors.Join(err, d.close())
	}
	d.recoverMessages(ctx, time.Now())
	// Everything that was live is written anew now, while no feed has to wait for it.
	if err := d.behind.write(d.watch, time.Now()); err != nil {
		d.complaints.log(d.log, "live calls are not written behind", err)
	}
	applied := make(chan struct{})
	go func() {
		defer close(applied)
		d.applyAll()
	}()
	close(d.running)
	g, gctx := errgroup.WithContext(ctx)
	for _, f := range d.feeds {
		g.Go(func() error {
			if err := f.Serve(gctx); err != nil {
				return fmt.Errorf("feed %s: %w", f.name, err)
			}
			return nil
		})
	}
	if d.tap != nil {
		g.Go(func() error { return d.tap.Serve(gctx) })
	}
	for _, f := range d.tellers {
		g.Go(func() error { return f.serve(gctx) })
	}
	g.Go(func() error {
		return every(gctx, tickEvery, func(now time.Time) error { d.watch.tick(now); return nil })
	})
	g.Go(func() error {
		return every(gctx, behindEvery, func(now time.Time) error { return d.writeBehind(now) })
	})
	g.Go(func() error {
		return every(gctx, sweepEvery, func(now time.Time) error { return d.sweep(gctx, now) })
	})
	g.Go(func() error {
		return every(gctx, expireEvery, func(now time.Time) error { return d.expire(gctx, now) })
	})
	g.Go(func() error {
		return every(gctx, mendedEvery, func(time.Time) error { return d.mended() })
	})
	g.Go(func() error {
		<-gctx.Done()
		d.stopDialer()
		return nil
	})
	g.Go(func() error { return d.runDialer(gctx) })
	g.Go(func() error { return d.tellHooks(gctx) })
	g.Go(func() error { return d.tellPushes(gctx) })
	if d.search != nil {
		g.Go(func() error { return d.runSearch(gctx) })
	}
	g.Go(func() error { return d.finishImports(gctx) })
	g.Go(func() error {
		return every(gctx, trimEvery, func(now time.Time) error { return d.trim(gctx, now) })
	})
	if d.api != nil {
		g.Go(func() error { return d.web.ServeAPI(d.api) })
	}
	for _, l := range []net.Listener{d.admin, d.socket} {
		if l != nil {
			g.Go(func() error { return d.web.ServeAdmin(l) })
		}
	}
	g.Go(func() error {
		<-gctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		return d.web.Shutdown(stop)
	})
	err := g.Wait()
	d.watch.hearAll()
	d.queue.close()
	<-applied
	d.flushJourneys(ctx, time.Now())
	err = errors.Join(err, d.leave(time.Now()), d.close())
	if err == nil {
		d.log.Info("ringback has stopped", "elapsed", time.Since(d.began))
	}
	return err
}

func (d *Daemon) applyAll() {
	d.queue.serve(d.flow.apply)
}

// sayWhere logs what an operator wants to know first.
func (d *Daemon) sayWhere() {
	c := d.config.Load()
	for _, f := range d.feeds {
		d.log.Info("feed is open", "feeds", f.name, "addr", f.Addr().String())
	}
	if d.tap != nil {
		d.log.Info("feed is open", "feeds", "tap", "addr", c.Tap.Interface)
	}
	if d.api != nil {
		d.log.Info("api is open", "addr", addr(d.api))
		if d.opensToNobody() {
			d.log.Warn("nobody can use the api yet: invite people with `ringback people invite`, make tokens with `ringback token create`")
		}
	}
	if d.admin != nil {
		d.log.Info("metrics and health are open", "addr", addr(d.admin))
	}
	d.log.Info("services are watched", "count", len(d.directory().Plan().Services))
	d.log.Info("ringback is running", "version", d.o.Version, "path", c.DataDir)
}

// every calls f at an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(now time.Time) error) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if err := f(now); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// writeBehind keeps the live calls. It goes behind the events told so far: a call must not leave the disk
// before its verdict is there. A store that cannot write says so by itself; the watch goes on.
func (d *Daemon) writeBehind(now time.Time) error {
	applied := make(chan struct{})
	d.watch.mu.Lock()
	d.behind.collect(d.watch, now)
	d.queue.then(func() { close(applied) })
	d.watch.mu.Unlock()
	<-applied
	if d.flow.waiting() > 0 {
		return nil
	}
	d.flushJourneys(context.Background(), now)
	if err := d.behind.flush(now); err != nil {
		d.complaints.log(d.log, "live calls are not written behind", err)
	}
	return nil
}

// expire lets cases expire, and events go on that waited for a store that can write.
func (d *Daemon) expire(ctx context.Context, now time.Time) error {
	d.pace.look(now, d.watch.scanned())
	d.fire(ctx, now)
	changed, err := d.cases.Expire(ctx, now)
	if err != nil && ctx.Err() == nil {
		d.complaints.log(d.log, "cases cannot expire", err)
	}
	d.tellCases(changed)
	d.eraseMessages(ctx, changed, now)
	for i := range changed {
		d.tellHints(d.assist.Changed(changed[i]), now)
	}
	if held := d.flow.waiting(); held > 0 && d.store.Err() == nil {
		d.log.Info("events that waited for the store go on", "count", held)
		d.queue.then(d.flow.release)
	}
	return nil
}

// close closes what is open, in the order of the flow.
func (d *Daemon) close() error {
	var errs []error
	d.stopDialer()
	if d.endpoint != nil { // first, so that the mirror still shows how our calls ended
		errs = append(errs, d.endpoint.Close())
	}
	if d.line != nil { // what callers asked for is written
		d.line.Wait()
		d.taken.Wait()
		d.flushJourneys(context.Background(), time.Now())
	}
	if d.media != nil {
		errs = append(errs, d.media.Close())
	}
	for _, f := range d.feeds {
		errs = append(errs, f.Close())
	}
	if d.tap != nil {
		errs = append(errs, d.tap.Close())
	}
	for _, l := range []net.Listener{d.api, d.admin, d.socket} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if d.voicemail != nil {
		errs = append(errs, d.voicemail.Close())
	}
	if d.hooks != nil {
		errs = append(errs, d.hooks.Close())
	}
	if d.search != nil {
		errs = append(errs, d.search.Close())
	}
	if d.delivery != nil {
		d.delivery.Close()
	}
	if d.phone != nil {
		errs = append(errs, d.phone.Close())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	return errors.Join(errs...)
}

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// API is the address of the API, nil when there is none.
func (d *Daemon) API() net.Addr { return listening(d.api) }

// Admin is the address of metrics and health, nil when there is none.
func (d *Daemon) Admin() net.Addr { return listening(d.admin) }

func listening(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// Signalling is what was seen so far.
func (d *Daemon) Signalling() metrics.Signalling {
	s := d.watch.signalling()
	channels := uint64(0)
	for _, p := range d.asterisks {
		channels += p.Stats().Evicted
	}
	s.GivenUp = append(s.GivenUp, metrics.Count{Name: "channels", N: channels})
	return s
}

// Feeds are the addresses of the HEP listeners by feed name, as "hep_udp".
func (d *Daemon) Feeds() map[string]net.Addr {
	out := map[string]net.Addr{}
	for _, f := range d.feeds {
		if _, ok := out[f.name]; !ok {
			out[f.name] = f.Addr()
		}
	}
	return out
}
