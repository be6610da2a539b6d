package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"ringback/cases"
	"ringback/cases/voicemail"
	"ringback/configs"
	"ringback/daemon/line"
	"ringback/directory/audit"
	"ringback/metrics"
	"ringback/sip"
	"ringback/sip/rtp"
	"ringback/web"
)

// newVoicemail makes the room of what callers said. It is called before anything is put into the store.
func (d *Daemon) newVoicemail() *voicemail.Voicemail {
	c := d.config.Load()
	return voicemail.New(d.store, voicemail.Options{
		Dir: messagesDir(c), Header: rtp.WAVHeader, Attach: d.attach,
		Shortest: c.Voicemail.Shortest, Space: int64(c.Voicemail.Space), AtOnce: c.Voicemail.AtOnce, Logger: d.log,
	})
}

// messagesDir is the folder of messages in the data folder.
func messagesDir(c *configs.Config) string { return filepath.Join(c.DataDir, "messages") }

// openVoicemail opens the files of messages.
func (d *Daemon) openVoicemail(context.Context) error {
	keys, err := messageKeys(d.config.Load())
	if err != nil {
		return err
	}
	d.voicemail.SetKeys(keys)
	return d.voicemail.Open()
}

// messageKeys are those of messages; nil where no file of them is configured: nobody leaves messages then.
func messageKeys(c *configs.Config) (keys *voicemail.Keys, err error) {
	if file := c.Voicemail.KeyFile; file != "" {
		keys, err = voicemail.LoadKeys(file)
	}
	return keys, err
}

// message begins what a caller of the line wants to leave.
func (d *Daemon) message(ctx context.Context, r line.Request) (line.Message, error) {
	rec, err := d.voicemail.Begin(ctx, voicemail.Draft{
		List: r.List, Service: r.Service, Call: r.Call, Number: r.Number, Language: r.Language, At: r.At,
	})
	if err != nil {
		return nil, err
	}
	// The watch sees the same call, and knows by this what it ended in.
	(&teller{w: d.watch, arrival: r.At}).Fact(sip.Fact{Kind: sip.FactVoicemail, At: r.At.UnixNano(), CallID: r.Call})
	return &leaving{rec, d}, nil
}

// leaving is a message that is being left.
type leaving struct {
	*voicemail.Recording
	d *Daemon
}

// Keep implements line.Message.
func (l *leaving) Keep(ctx context.Context, why line.End) (bool, error) {
	m, err := l.Recording.Keep(ctx, voicemail.End(why))
	switch {
	case errors.Is(err, voicemail.ErrShort):
		return false, nil
	case err != nil:
		return false, err
	}
	l.d.tellLeft(ctx, &m)
	return true, nil
}

// tellLeft tells of a message that was left.
func (d *Daemon) tellLeft(ctx context.Context, m *voicemail.Message) {
	d.tellMessage(web.MessageLeft, m, time.Now())
	d.log.InfoContext(ctx, "a customer left a message", "call_id", m.Call, "case_id", m.Case, "service", m.Service, "number", m.Number, "elapsed", m.Duration())
}

// tellMessage publishes what happened to a message by itself.
func (d *Daemon) tellMessage(what web.MessageNews, m *voicemail.Message, at time.Time) {
	c, err := d.cases.Case(m.Case)
	if err != nil {
		c = cases.Case{ID: m.Case, List: m.List, Number: m.Number}
	}
	d.web.Events().Message(what, m, &c, "", at)
}

// attach says which case a message is of: that which the customer's call made or was counted at, or makes now.
func (d *Daemon) attach(ctx context.Context, m *voicemail.Message) (string, error) {
	done, _, err := d.cases.Request(ctx, lineAct(m.Call, m.At), cases.Draft{List: m.List, Number: m.Number, Voicemail: true})
	if err != nil {
		return "", err
	}
	d.journeys.asked(m.Call, done.Case.ID)
	d.tellByLine(done)
	return done.Case.ID, nil
}

// recoverMessages brings in order what a crash, or a failure since, left of messages.
func (d *Daemon) recoverMessages(ctx context.Context, now time.Time) {
	found, err := d.voicemail.Recover(ctx, now, func(id string) (bool, error) {
		_, err := d.cases.Case(id)
		if errors.Is(err, cases.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	for i := range found.Kept {
		d.tellLeft(ctx, &found.Kept[i])
	}
	for _, n := range []struct {
		text  string
		count int
	}{
		{"messages that were cut off are kept", len(found.Kept)},
		{"recordings that were cut off had nothing in them", found.Dropped},
		{"recordings that were cut off wait for their key or for room", found.Left},
		{"files of no message were deleted", found.Orphans},
		{"messages of cases that are gone were deleted", found.Erased},
		{"messages have no file: nobody can hear them", found.Missing},
	} {
		if n.count > 0 {
			d.log.WarnContext(ctx, "messages were looked through", "reason", n.text, "count", n.count)
		}
	}
	if err != nil && ctx.Err() == nil && !unwritable(err) {
		d.complaints.log(d.log, "messages could not be looked through", err) // what is left is tried again
	}
}

// tidyMessages deletes messages that are kept no longer, and tries again what failed.
func (d *Daemon) tidyMessages(ctx context.Context, now time.Time) error {
	c := d.config.Load()
	days := map[string]int{}
	for _, l := range c.Line.Lists {
		if l.MessageDays > 0 {
			days[l.List] = l.MessageDays
		}
	}
	gone, err := d.voicemail.Expire(ctx, now, func(list string) int {
		if keep, own := days[list]; own {
			return keep
		}
		return c.Voicemail.Days
	})
	for i := range gone {
		d.tellMessage(web.MessageDeleted, &gone[i], now)
	}
	if len(gone) > 0 {
		d.log.InfoContext(ctx, "messages are kept no longer", "count", len(gone))
	}
	d.recoverMessages(ctx, now)
	return err
}

// eraseMessages deletes what customers said whose cases were deleted.
func (d *Daemon) eraseMessages(ctx context.Context, changes []cases.Change, now time.Time) {
	var gone []string
	for i := range changes {
		if changes[i].Event == cases.Erased && d.voicemail.State(changes[i].Case.ID) != voicemail.None {
			gone = append(gone, changes[i].Case.ID)
		}
	}
	if len(gone) == 0 {
		return
	}
	if _, err := d.voicemail.Erase(ctx, audit.Act{By: audit.Who{Kind: audit.System}, At: now}, gone, nil); err != nil {
		d.complaints.log(d.log, "messages of cases that are gone are not deleted yet", err)
	}
}

// messageCounts are figures of messages.
func (d *Daemon) messageCounts() metrics.Messages {
	s := d.voicemail.Stats()
	return metrics.Messages{All: s.Messages, Unheard: s.Unheard, Bytes: s.Bytes, Recording: s.Recording, Failed: s.Failed}
}
