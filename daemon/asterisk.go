package daemon

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"ringback/assist"
	"ringback/configs"
	"ringback/cti"
	"ringback/cti/asterisk"
)

// toldFeed is one connection on which a PBX tells of its calls by itself.
type toldFeed struct {
	*cti.Feed

	serve func(context.Context) error
}

// toldPBX is a PBX that tells, and what the directory has to say of it.
type toldPBX struct {
	pbx    string // directory id
	trunks map[string]string
	ways   []assist.Way // of hints to its phones
	*asterisk.PBX
}

// openAsterisks makes the feeds of the configuration's asterisks.
func (d *Daemon) openAsterisks(context.Context) error {
	list := d.config.Load().Asterisks
	for i := range list {
		if err := d.openAsterisk(&list[i]); err != nil {
			return fmt.Errorf("asterisks[%d]: %w", i, err)
		}
	}
	d.placeAsterisks()
	return nil
}

// placeAsterisks tells the asterisks what the directory in force says of them. What one tells that the
// directory does not know is left out.
func (d *Daemon) placeAsterisks() {
	for _, p := range d.asterisks {
		site, err := cti.NewSite(d.plan(), p.pbx, p.trunks)
		if err != nil {
			d.log.Warn("what an asterisk of the configuration tells is left out", "err", err)
		}
		p.SetSite(site)
	}
}

func (d *Daemon) openAsterisk(c *configs.Asterisk) (err error) {
	trunks := map[string]string{}
	for _, pair := range c.Trunks {
		endpoint, trunk, _ := strings.Cut(pair, "=")
		trunks[endpoint] = trunk
	}
	var clientConfig *tls.Config
	if c.AMITLS || strings.HasPrefix(c.ARIURL, "https:") {
		if clientConfig, err = clientTLS("", "", c.CAFile); err != nil {
			return err
		}
		if clientConfig == nil {
			clientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	tell := &teller{w: d.watch}
	var offset clock
	p := asterisk.NewPBX(asterisk.Options{Sink: tell, CallIDs: c.ARIURL != "", Clock: offset.at}, tell.begin, d.log)
	d.asterisks = append(d.asterisks, toldPBX{c.PBX, trunks, d.waysOf(c, p), p})
	gap := func(from, to time.Time) { d.unheard(c.PBX, from, to) }
	now := time.Now()
	if c.ARIURL != "" {
		feed := cti.NewFeed(c.PBX+"/ari", "ari", c.PBX, c.ARIURL, now)
		tell.feed = feed
		d.tellers = append(d.tellers, &toldFeed{feed, func(ctx context.Context) error {
			return p.ServeARI(ctx, asterisk.ARIOptions{
				URL: c.ARIURL, User: c.ARIUser, Password: secretOf(c.ARIPasswordFile), TLS: clientConfig, Feed: feed, Gap: gap,
			})
		}})
	}
	if c.AMIAddress != "" {
		o := asterisk.AMIOptions{Address: c.AMIAddress, User: c.AMIUser, Secret: secretOf(c.AMISecretFile), Gap: gap}
		if c.AMITLS {
			o.TLS = clientConfig
		}
		o.Feed = cti.NewFeed(c.PBX+"/ami", "ami", c.PBX, c.AMIAddress, now)
		if tell.feed == nil {
			tell.feed = o.Feed
		}
		d.tellers = append(d.tellers, &toldFeed{o.Feed, func(ctx context.Context) error { return p.ServeAMI(ctx, o) }})
	}
	return nil
}

// secretOf reads the secret in a file when it is needed, so that it can be changed without a restart.
func secretOf(path string) func() (string, error) {
	return func() (string, error) {
		secrets, err := configs.Secrets(path)
		if err != nil {
			return "", err
		}
		return secrets[0], nil
	}
}

// unheard records that a PBX told nothing for a while, where its signalling was not seen either.
func (d *Daemon) unheard(pbx string, from, to time.Time) {
	if d.watch.mirroredSince(pbx, from) {
		return
	}
	d.queue.then(func() {
		if err := d.behind.blind(context.Background(), from, to); err != nil && !unwritable(err) {
			d.log.Error("a blind interval was not recorded", "err", err)
		}
	})
}

// mirroredSince says whether a leg was seen in the mirror of a PBX since a time, or shortly before.
func (w *watch) mirroredSince(pbx string, t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tracker.Mirrored(pbx).After(t.Add(-mirrorPatience))
}

// mirrorPatience is how long a mirror may show no new leg and still be alive.
const mirrorPatience = 10 * time.Minute
