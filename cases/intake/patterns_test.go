package intake_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/export"
	"ringback/cases/intake"
	"ringback/cases/sheet"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/sip"
	"ringback/store"
)

// numberLists are lists of numbers on a store of their own.
func numberLists(t *testing.T) *calling.Lists {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	audit.New(st)
	return calling.New(st)
}

func bringNumbers(t *testing.T, l *calling.Lists, kind calling.Kind, text string, partial bool) (intake.Report, []sip.Number) {
	t.Helper()
	var put []sip.Number
	report, err := intake.Patterns(t.Context(), l, intake.File{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, intake.PatternsOptions{
		Act:   calling.Act{By: audit.Who{Kind: audit.Person, ID: "sara"}, At: time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)},
		Place: calling.Place{Kind: kind}, Country: "FI", Partial: partial, Put: func(n []sip.Number) { put = append(put, n...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return report, put
}

func TestAFileOfNumbersGoesInAndOutAndInAgain(t *testing.T) {
	l := numberLists(t)
	report, put := bringNumbers(t, l, calling.Blocked, "Numero;Huom\n040 123 4567;kysyi\n+358600*;kallis\n0700 *;\n", false)
	if report.Made != 3 || !report.Written || len(put) != 3 {
		t.Fatalf("%+v, %v", report, put)
	}
	var out bytes.Buffer
	if err := export.Numbers(t.Context(), &out, l, calling.Place{Kind: calling.Blocked}, export.Options{Format: sheet.CSV}); err != nil {
		t.Fatal(err)
	}
	want := []string{"number,note,added,by", "+358401234567,kysyi,2026-07-01T08:00:00Z,person sara", "'+358600*,kallis,2026-07-01T08:00:00Z,person sara", "'+358700*,,2026-07-01T08:00:00Z,person sara"}
	got := strings.Split(strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(out.String(), "\r", ""), "\ufeff")), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the export (-want +got)\n%s", diff)
	}
	report, _ = bringNumbers(t, l, calling.Blocked, out.String(), false)
	if report.There != 3 || report.Made+report.Changed+report.Bad != 0 {
		t.Errorf("imported again: %+v", report)
	}
}

func TestAFileOfNumbersWithABadRowIsRefused(t *testing.T) {
	l := numberLists(t)
	const file = "number\n+358401234567\n+358600*\nhello\n"
	report, put := bringNumbers(t, l, calling.DoNotCall, file, false)
	if report.Written || report.Bad != 2 || len(put) != 0 {
		t.Errorf("%+v, %v", report, put)
	}
	var rows []string
	for _, p := range report.Problems {
		rows = append(rows, fmt.Sprint(p.Row, " ", p.Reason))
	}
	want := []string{"3 the do-not-call list holds whole numbers", `4 "hello" is no telephone number`}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if report, put = bringNumbers(t, l, calling.DoNotCall, file, true); !report.Written || report.Made != 1 || len(put) != 1 {
		t.Errorf("in part: %+v, %v", report, put)
	}
}

func TestAFileOfBeginningsNeedsNoHeader(t *testing.T) {
	report, _ := bringNumbers(t, numberLists(t), calling.Allowed, "+35840*\n+35850*\n", false)
	if report.Made != 2 {
		t.Errorf("%+v", report)
	}
}
