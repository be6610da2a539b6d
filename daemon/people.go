package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/cases/journey"
	"ringback/cases/schedule"
	"ringback/cases/voicemail"
	"ringback/configs"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/directory/contacts"
	"ringback/directory/people"
	"ringback/sip"
	"ringback/web"
)

// rooms are those of the directory beside the file: who may come in, who is known, and who did what.
type rooms struct {
	audit    *audit.Trail
	people   *people.People
	contacts *contacts.Contacts
	calling  *calling.Lists
	schedule *schedule.Schedule
	journeys *journeys
	erasures *erasures
	receipts *receipts

	voicemail *voicemail.Voicemail

	imports *keptImports
	push    *pusher
}

// openPeople makes the rooms. It is called before anything is put into the store.
func (d *Daemon) openPeople() {
	c := d.config.Load().Web
	d.audit = audit.New(d.store)
	d.people = people.New(d.store, people.Options{
		Directory: d.directory, SessionIdle: c.SessionIdle, SessionLifetime: c.SessionLifetime, InvitationFor: c.InvitationFor,
	})
	d.contacts = contacts.New(d.store)
	d.calling = calling.New(d.store)
	d.schedule = schedule.New(d.store)
	d.journeys = newJourneys(journey.New(d.store), func() string { return d.config.Load().Store.Journeys })
	d.erasures = newErasures(d.store)
	d.receipts = newReceipts(d.store)
	d.voicemail = d.newVoicemail()
	d.imports = newKeptImports(d.store)
	d.push = &pusher{pushes: newPushes(d.store)}
	d.push.follow = d.changes.follow("push", d.push.cursor)
}

// nameOf is what to call the customer who has a number.
func (d *Daemon) nameOf(n sip.Number) string {
	named, err := d.contacts.NameOf(n)
	if err != nil {
		d.complaints.log(d.log, "the name of a number cannot be read", err)
	}
	return named.Name
}

// sweepEvery is how often what has ended is dropped: sessions, invitations, failed logins.
const sweepEvery = time.Hour

// sweep drops what has ended.
func (d *Daemon) sweep(ctx context.Context, now time.Time) error {
	err := errors.Join(d.people.Sweep(ctx, now), d.receipts.forget(ctx, now), d.schedule.Sweep(ctx, now.Add(-scheduleKept), now), d.trimJourneys(ctx, now), d.tidyMessages(ctx, now))
	if keep := d.config.Load().Store.AuditDays; keep > 0 {
		_, trimmed := d.audit.Trim(ctx, audit.Who{Kind: audit.System}, now.AddDate(0, 0, -keep), now)
		err = errors.Join(err, trimmed)
	}
	if err != nil && ctx.Err() == nil {
		d.complaints.log(d.log, "what has ended cannot be dropped", err)
	}
	return nil
}

// editDirectory changes a copy of the directory in force and puts it in force, with who did it in the trail. An
// error of change is given back as it is.
func (d *Daemon) editDirectory(ctx context.Context, by people.Act, change func(*directory.File) error) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	in := d.dir.Load()
	f, err := directory.Parse("directory", directory.Format(in.File())) // a copy that shares nothing
	if err != nil {
		return fmt.Errorf("copying the directory: %w", err)
	}
	if err := change(f); err != nil {
		return err
	}
	_, err = d.putInForce(ctx, directory.Update{File: f, Base: in.version, Who: by.By, Peer: by.Peer, At: by.At})
	return err
}

// putInForce puts a new directory in force: on the disk first, then at work. What is wrong with the file
// wraps web.ErrInvalid, a base that is no longer in force web.ErrStale. The caller holds reloading.
func (d *Daemon) putInForce(ctx context.Context, u directory.Update) (directory.Version, error) {
	v, err := d.versions.Save(ctx, u)
	if _, wrong := errors.AsType[*directory.InvalidError](err); wrong {
		return v, fmt.Errorf("%w: %w", web.ErrInvalid, err)
	}
	if errors.Is(err, directory.ErrStale) {
		return v, fmt.Errorf("%w: %w", web.ErrStale, err)
	}
	if err != nil {
		return v, err
	}
	dir, err := directory.New(u.File)
	if err != nil {
		return v, err
	}
	d.dir.Store(&inForce{dir, v.Number})
	if err := d.watch.setPlan(d.plan()); err != nil {
		return v, err
	}
	d.placeTellers()
	d.prepareMetrics()
	d.log.Info("directory replaced", "version", v.Number)
	return v, nil
}

// InvitationLink is where a person who is invited gives himself a password.
func InvitationLink(c *configs.Config, code string) string {
	site := strings.TrimSuffix(c.Web.URL, "/")
	if site == "" {
		scheme := "http://"
		if c.Web.TLSCertFile != "" {
			scheme = "https://"
		}
		site = scheme + string(c.Web.Listen)
	}
	return site + web.InvitationPath + code
}

// opensToNobody says whether no token and no person could use the API, as on the first day.
func (d *Daemon) opensToNobody() bool {
	if d.tokens != nil {
		return false
	}
	if tokens, err := d.people.Tokens(); err != nil || len(tokens) > 0 {
		return false
	}
	all, err := d.people.Accounts(time.Now())
	return err == nil && !slices.ContainsFunc(all, func(a people.Account) bool { return a.State == people.Active })
}
