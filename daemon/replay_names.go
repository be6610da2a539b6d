package daemon

import (
	"context"
	"fmt"
	"os"
	"time"

	"ringback/cases/intake"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/contacts"
	"ringback/sip"
	"ringback/store"
)

// readContacts reads a file of contacts into the store of a replay, and gives what to call whoever has a
// number. Rows that are wrong are an error, as the names of a report should be whole.
func readContacts(ctx context.Context, st *store.Store, dir *directory.Directory, path string) (func(sip.Number) string, error) {
	if path == "" { // to look nobody up would take a fifth of a replay
		return func(sip.Number) string { return "" }, nil
	}
	known := contacts.New(st)
	named := func(n sip.Number) string {
		c, _ := known.NameOf(n) // a store in memory always reads
		return c.Name
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the contacts: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the contacts: %w", err)
	}
	report, err := intake.Contacts(ctx, known, intake.File{ReaderAt: f, Size: info.Size()}, intake.ContactsOptions{
		Act: contacts.Act{Act: audit.Act{By: audit.Who{Kind: audit.System}, At: time.Now()}}, Country: dir.File().Country,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the contacts: %w", err)
	}
	if report.Bad > 0 {
		return nil, fmt.Errorf("reading the contacts: %s: %s, and %d more rows", path, report.Problems[0], report.Bad-1)
	}
	return named, nil
}
