package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"ringback/configs"
	"ringback/daemon"
	"ringback/daemon/simulate"
	"ringback/sip"
	"ringback/sip/hep"
	"ringback/web"
	webclient "ringback/web/client"
)

// Options of a demo.
type Options struct {
	For     time.Duration // all of it, summary included; 0: until ctx is done
	Seed    uint64        // of the play; the same seed gives the same customers
	Out     io.Writer
	Color   bool // Out is a terminal that wants colours
	Version string
}

// ErrBroken is the error of a demo in which Ringback did not do what the simulation says it should.
var ErrBroken = errors.New("demo: the promise did not hold")

// The demo's own times.
const (
	settle    = 2 * time.Second         // of the tracker, after which a verdict falls
	lastWords = 1500 * time.Millisecond // at most, for what is owed after that
	lastCalls = 8 * time.Second         // before the end no customer comes any more
	shortest  = 15 * time.Second        // a demo that shows anything
)

// Run plays until o.For is over or ctx is done, and tells on o.Out what happens. It needs nothing
// installed and leaves nothing behind. It returns ErrBroken, after saying why, when what Ringback made
// of the play is not what it should have made of it.
func Run(ctx context.Context, o Options) (err error) {
	if o.For != 0 && o.For < shortest {
		return fmt.Errorf("a demo of %s shows nothing; give it at least %s", o.For, shortest)
	}
	folder, err := os.MkdirTemp("", "ringback-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	set := newStage()
	screen := &screen{out: o.Out, color: o.Color, began: time.Now()}
	ledger := newLedger(set, screen)
	phones, err := openPhones(set, ledger)
	defer func() {
		for _, p := range phones {
			err = errors.Join(err, p.Close())
		}
	}()
	if err != nil {
		return err
	}

	// The daemon outlives ctx: it has to tell what the last calls came to.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	token := newToken()
	d, err := open(life, o, folder, token, screen)
	if err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() { stopped <- d.Run(life) }()
	defer func() {
		end()
		err = errors.Join(err, <-stopped)
	}()

	api := &client{base: "http://" + d.API().String(), token: token}
	following, err := api.follow(life, ledger.event)
	if err != nil {
		return err
	}
	password := newPassword()
	if err := admit(ctx, api, password); err != nil {
		return err
	}
	screen.opening(set, d, token, password, o.Seed)
	if err := play(ctx, o, set, d, ledger); err != nil {
		return err
	}
	ledger.wait(time.Now().Add(settle+lastWords), following)
	var open []web.Case
	for _, service := range set.services {
		cases, err := api.openCases(life, service.List)
		if err != nil {
			return err
		}
		open = append(open, cases...)
	}
	return ledger.close(open)
}

// open prepares the daemon's folder, with the demo's directory in it, and opens the daemon.
func open(ctx context.Context, o Options, folder, token string, screen *screen) (*daemon.Daemon, error) {
	tokens := filepath.Join(folder, "tokens")
	if err := os.WriteFile(tokens, []byte("demo:"+token+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("writing the demo's token: %w", err)
	}
	c := configs.Default()
	c.DataDir = folder
	c.HEP.UDP = []configs.Address{"127.0.0.1:0"}
	c.Hints.UDP = []configs.Address{"127.0.0.1:0"}
	c.Web.Listen, c.Web.TokensFile = "127.0.0.1:0", tokens
	c.Admin = configs.Admin{Listen: "127.0.0.1:0"}
	c.Store.DiskReserve = 0
	if err := c.Validate(); err != nil {
		return nil, err
	}
	keeper, err := daemon.OpenKeeper(ctx, c)
	if err != nil {
		return nil, err
	}
	_, err = keeper.SetDirectory(ctx, []byte(directoryYAML), "0")
	if err := errors.Join(err, keeper.Close()); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(screen, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return daemon.New(ctx, daemon.Options{Config: c, Version: o.Version, Logger: log})
}

// admit lets the visitors log in.
func admit(ctx context.Context, api *client, password string) error {
	manager, err := webclient.New(api.base, webclient.Options{Token: api.token})
	if err != nil {
		return err
	}
	for _, id := range visitors {
		invitation, err := manager.Invite(ctx, id)
		if err != nil {
			return err
		}
		visitor, err := webclient.New(api.base, webclient.Options{})
		if err != nil {
			return err
		}
		if _, err := visitor.AcceptInvitation(ctx, invitation.Code, password); err != nil {
			return err
		}
	}
	return nil
}

// openPhones opens a phone for each agent.
func openPhones(set *stage, ledger *ledger) ([]*simulate.Phone, error) {
	var phones []*simulate.Phone
	for _, a := range set.agents {
		p, err := simulate.NewPhone(netip.MustParseAddr("127.0.0.1"), func(s simulate.Shown) { ledger.shown(a, s) })
		if err != nil {
			return phones, err
		}
		phones = append(phones, p)
		a.Contact = p.Addr()
	}
	return phones, nil
}

// play runs the contact centre against the daemon's HEP socket.
func play(ctx context.Context, o Options, set *stage, d *daemon.Daemon, ledger *ledger) (err error) {
	feed, err := net.Dial("udp", d.Feeds()["hep_udp"].String())
	if err != nil {
		return fmt.Errorf("opening the mirror: %w", err)
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	var lost error
	var packet []byte
	mirror := func(p sip.Packet) {
		packet = hep.Append(packet[:0], hep.Packet{Packet: p})
		if _, err := feed.Write(packet); err != nil {
			lost = fmt.Errorf("sending the mirror: %w", err)
		}
	}
	centre := simulate.NewCentre(simulate.CentreOptions{
		PBX:      simulate.NewPBX(simulate.Options{Addr: pbxAddr, Carrier: carrierAddr, CaptureID: 1, Seed: o.Seed, Mirror: mirror}),
		Services: set.services, Agents: set.agents, Seed: o.Seed, Pace: 2 * time.Second,
		Number: numberOf, Typed: typed, Owed: ledger.owed, Tell: ledger.played,
	})
	if o.For == 0 {
		centre.Play(ctx, math.MaxInt64)
		return lost
	}
	ctx, closing := context.WithTimeout(ctx, o.For-settle-lastWords)
	defer closing()
	centre.Play(ctx, o.For-lastCalls)
	return lost
}
