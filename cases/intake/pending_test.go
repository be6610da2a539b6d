package intake_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/store"
)

// TestAnImportThatIsCutOffIsFinishedAtTheNextStart lets every one of the first commits of an import fail,
// before it is written and after, and looks whether what is finished afterwards is the whole list, once.
func TestAnImportThatIsCutOffIsFinishedAtTheNextStart(t *testing.T) {
	var file strings.Builder
	file.WriteString("id,phone\n")
	const rows = 2500
	for i := range rows {
		fmt.Fprintf(&file, "%d,04012%05d\n", i, i)
	}
	cut := errors.New("the power is gone")
	finished := 0
	for stage := range 2 {
		for commit := 2; commit < 14; commit += 3 {
			t.Run(fmt.Sprintf("commit %d, stage %d", commit, stage), func(t *testing.T) {
				dir, n, off := t.TempDir(), 0, false
				d := openDesk(t, dir, func(at store.Stage) error {
					if at == store.Stage(stage) {
						n++
					}
					off = off || n >= commit && at == store.Stage(stage)
					if off {
						return cut
					}
					return nil
				})
				r, err := d.take("spring", file.String())
				if err == nil {
					t.Fatalf("nothing failed: %s", summary(&r))
				}
				if err := d.store.Close(); err != nil && !errors.Is(err, cut) {
					t.Log(err)
				}
				d = openDesk(t, dir, nil)
				reports, err := d.intake.Resume(nil)(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				finished += len(reports)
				want := rows
				if len(reports) == 0 {
					want = 0 // it was cut off before it wrote anything
				}
				if got := len(d.all()); got != want {
					t.Errorf("%d cases, want %d; %+v", got, want, reports)
				}
				if left, err := os.ReadDir(d.intake.Dir); err == nil && len(left) > 0 {
					t.Errorf("files are left: %v", left)
				}
			})
		}
	}
	if finished < 6 {
		t.Errorf("only %d imports were cut off while they were written", finished)
	}
}

func TestAFileThatWasNotWrittenIsForgotten(t *testing.T) {
	d := openDesk(t, t.TempDir(), nil)
	if err := os.MkdirAll(d.intake.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"import-1.table", "import-2.json~"} {
		if err := os.WriteFile(filepath.Join(d.intake.Dir, name), []byte("0401234567\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if reports, err := d.intake.Resume(nil)(t.Context()); err != nil || len(reports) != 0 || d.all() != nil {
		t.Errorf("%v, %v, %v", reports, err, d.all())
	}
	if left, _ := os.ReadDir(d.intake.Dir); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}

// openDesk opens a desk in a folder, over a disk that fails as told.
func openDesk(t *testing.T, dir string, fault func(store.Stage) error) *desk {
	t.Helper()
	st, err := store.Open(store.Options{Dir: filepath.Join(dir, "store"), Reserve: -1, Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d := deskOn(t, st)
	d.intake.Dir = filepath.Join(dir, "imports")
	return d
}
