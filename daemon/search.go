package daemon

import (
	"context"
	"path/filepath"
	"time"

	"ringback/cases"
	"ringback/cases/search"
	"ringback/directory/contacts"
	"ringback/sip"
	"ringback/store"
)

// changesAtOnce is how many changes of cases the search index is given at once.
const changesAtOnce = 2000

// openSearch opens the search index, which stands beside the store. Without an API nobody searches.
func (d *Daemon) openSearch(context.Context) (err error) {
	c := d.config.Load()
	if c.Web.Listen == "" {
		return nil
	}
	d.search, err = search.Open(search.Options{
		Dir: filepath.Join(c.DataDir, "search"), Cases: d.cases, Directory: d.directory, Named: d.numbersOf, Logger: d.log,
		Changes: d.changesFrom, End: d.endOfChanges,
	})
	if err != nil {
		return err
	}
	d.indexed = d.changes.follow("search", func() (store.Position, error) { return store.Position(d.search.Position()), nil })
	return nil
}

// searching is what the API searches with; nil: nobody can.
func (d *Daemon) searching() func(context.Context, search.Query) (search.Page, error) {
	if d.search == nil {
		return nil
	}
	return d.search.Search
}

// runSearch keeps the index as the cases are until ctx ends.
func (d *Daemon) runSearch(ctx context.Context) error {
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-d.indexed.wake:
				d.search.Changed()
			}
		}
	}()
	return d.search.Run(ctx)
}

// changesFrom reads the log of changes for the search index.
func (d *Daemon) changesFrom(from uint64) (c search.Changes, err error) {
	if d.pace.waits(time.Now()) {
		return search.Changes{Next: from}, nil
	}
	err = d.store.View(func(r *store.Snapshot) error {
		at := store.Position(from)
		// A log that ends before is of another store, as after restoring a backup.
		if store.StartOfLog(r, cases.Log) > at || store.EndOfLog(r, cases.Log) < at {
			c.Trimmed = true
			return nil
		}
		for p, entry := range store.ReadLog(r, cases.Log, at) {
			l, err := cases.DecodeLogged(entry)
			if err != nil {
				return err
			}
			c.Cases, c.Erased, at = append(c.Cases, l.Case), c.Erased || l.Event == cases.Erased, p+1
			if len(c.Cases) == changesAtOnce {
				break
			}
		}
		c.Next = uint64(at)
		return nil
	})
	return c, err
}

// searchLag is how old the oldest change is that the search index does not have yet; 0 when it has all.
func (d *Daemon) searchLag() (lag time.Duration) {
	_ = d.store.View(func(r *store.Snapshot) error { // a store that cannot be read says so by itself
		for _, entry := range store.ReadLog(r, cases.Log, store.Position(d.search.Position())) {
			if l, err := cases.DecodeLogged(entry); err == nil {
				lag = max(0, time.Since(l.At))
			}
			break
		}
		return nil
	})
	return lag
}

func (d *Daemon) endOfChanges() (end uint64, err error) {
	err = d.store.View(func(r *store.Snapshot) error {
		end = uint64(store.EndOfLog(r, cases.Log))
		return nil
	})
	return end, err
}

// namedAtOnce is how many contacts of a name are looked for in cases.
const namedAtOnce = 300

// numbersOf are the numbers of contacts of a name.
func (d *Daemon) numbersOf(text string) ([]sip.Number, error) {
	page, err := d.contacts.Page(contacts.Query{Text: text, Limit: namedAtOnce})
	if err != nil {
		return nil, err
	}
	var all []sip.Number
	for i := range page.Contacts {
		all = append(all, page.Contacts[i].Numbers...)
	}
	return all, nil
}
