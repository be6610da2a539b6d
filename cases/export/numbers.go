package export

import (
	"context"
	"fmt"
	"io"

	"ringback/directory/calling"
)

// numberColumns are those of a list of numbers; what is written so can be imported again.
var numberColumns = []string{"number", "note", "added", "by"}

// Numbers writes a list of numbers that are called or not, by number.
func Numbers(ctx context.Context, w io.Writer, l *calling.Lists, p calling.Place, o Options) error {
	t, err := o.begin(w, numberColumns)
	if err != nil {
		return err
	}
	for cursor := ""; ; {
		page, err := l.Page(p, "", 1000, cursor)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("export: reading numbers: %w", err)
		}
		for i := range page.Entries {
			e := &page.Entries[i]
			if err := t.Write(e.Pattern.String(), e.Note, e.Added, e.By.String()); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return t.Close()
		}
	}
}
