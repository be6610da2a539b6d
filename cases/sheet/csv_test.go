package sheet_test

import (
	"errors"
	"strings"
	"testing"

	"ringback/cases/sheet"
)

func TestQuotationMarkThatIsNotClosedIsNoRow(t *testing.T) {
	for text, whole := range map[string]bool{
		"a,b\n1,\"open\n":            false,
		"a,b\n1,\"open\n2,3\n4,5\n":  false,
		"a,b\n1,\"open":              false,
		"a,b\n\"1,2\n":               false,
		"a,b\n1,\"closed\"\n":        true,
		"a,b\n1,\"closed\"":          true,
		"a,b\n1,\"with \"\"it\"\"\"": true,
		"a,b\n1,5\" pipe\n":          true,
		"a,b\n1,\"5\" pipe\"\n":      true,
		"a;b\n1;\"two\nlines\"\r\n":  true,
	} {
		table, err := sheet.Open(strings.NewReader(text), int64(len(text)), sheet.Limits{})
		for _, rowErr := range rowsOf(table, err) {
			err = errors.Join(err, rowErr)
		}
		if whole != (err == nil) || !whole && !errors.Is(err, sheet.ErrDamaged) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// rowsOf are the errors of a table's rows.
func rowsOf(table *sheet.Table, err error) (errs []error) {
	if err != nil {
		return nil
	}
	for _, err := range table.Rows() {
		errs = append(errs, err)
	}
	return errs
}
