package search

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/cases"
)

func TestTheIndexFollowsTheCases(t *testing.T) {
	c := desk()
	x := opened(t, c, filepath.Join(t.TempDir(), "search"))
	moved, err := c.Case("1A")
	if err != nil {
		t.Fatal(err)
	}
	moved.List, moved.Name, moved.State = "support", "Teppo Uusi", cases.Closed
	c.put(moved)
	c.put(cases.Case{ID: "1H", List: "sales", Number: 358501234567, State: cases.Open})
	c.erase("1B")
	if err := x.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"matti": "", "teppo": "1A name", "4567": "1H number 1C number 1A number", "1239": "", "88123": "", "sales": "1H",
	} {
		if got := strings.Join(finds(t, x, Query{Text: text}), " "); got != want && (text != "4567" || len(got) != len(want)) {
			t.Errorf("%q found %q, want %q", text, got, want)
		}
	}
	if _, n := x.Size(); n != 7 {
		t.Errorf("%d cases are in the index, want 7", n)
	}
}

func TestWhatIsNotInTheStoreAnyMoreIsNotFoundEvenBeforeTheIndexKnows(t *testing.T) {
	c := desk()
	x := opened(t, c, "")
	c.erase("1A")
	moved, err := c.Case("1B")
	if err != nil {
		t.Fatal(err)
	}
	moved.List = "invoices"
	c.put(moved)
	page, err := x.Search(t.Context(), Query{Text: "040 123", Lists: []string{"sales"}})
	if err != nil || len(page.Hits) != 0 || page.Total != 0 {
		t.Errorf("found %+v, %v", page, err)
	}
}

func TestTheIndexGoesOnWhereItWas(t *testing.T) {
	c, dir := desk(), filepath.Join(t.TempDir(), "search")
	x := opened(t, c, dir)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	c.put(cases.Case{ID: "1I", List: "sales", Name: "Later", State: cases.Open})
	var log bytes.Buffer
	y, err := Open(Options{Dir: dir, Cases: c, Directory: centre(t), Changes: c.changes, End: c.end, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	if y.Building() || y.Position() != 7 {
		t.Errorf("it begins at %d, building %t", y.Position(), y.Building())
	}
	if err := y.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := finds(t, y, Query{Text: "later"}); len(got) != 1 || log.Len() > 0 {
		t.Errorf("found %v; log:\n%s", got, log.String())
	}
}

func TestTheIndexIsMadeAnewWhereItCannotGoOn(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, c *crowd, dir string){
		"it missed changes": func(_ *testing.T, c *crowd, _ string) { c.trimmed = 100 },
		"a file is damaged": func(t *testing.T, _ *crowd, dir string) {
			t.Helper()
			files, err := filepath.Glob(filepath.Join(dir, "*.zap"))
			if err != nil || len(files) == 0 {
				t.Fatal("no segments", err)
			}
			for _, f := range files {
				if err := os.Truncate(f, 10); err != nil {
					t.Fatal(err)
				}
			}
		},
		"a file is missing": func(t *testing.T, _ *crowd, dir string) {
			t.Helper()
			files, _ := filepath.Glob(filepath.Join(dir, "*.zap"))
			for _, f := range files {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		},
		"its root is damaged": func(t *testing.T, _ *crowd, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, "root.bolt"), []byte("no bolt"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"all is gone": func(t *testing.T, _ *crowd, dir string) {
			t.Helper()
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, dir := desk(), filepath.Join(t.TempDir(), "search")
			if err := opened(t, c, dir).Close(); err != nil {
				t.Fatal(err)
			}
			harm(t, c, dir)
			c.mu.Lock()
			trimmed := c.trimmed
			c.mu.Unlock()
			for range int(trimmed) {
				c.put(cases.Case{ID: "1J", List: "sales", Name: "Another", State: cases.Open})
			}
			x := opened(t, c, dir)
			if got := finds(t, x, Query{Text: "mäkinen"}); len(got) != 2 {
				t.Errorf("found %v", got)
			}
			if x.Building() {
				t.Error("still building")
			}
		})
	}
}

func TestErasedWordsLeaveTheFiles(t *testing.T) {
	c, dir := desk(), filepath.Join(t.TempDir(), "search")
	x := opened(t, c, dir)
	if !keeps(t, x, "358401239999") {
		t.Fatal("the number is not in the index, so this test looks for it in the wrong way")
	}
	c.erase("1B")
	if err := x.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x.purgeAt.IsZero() || !keeps(t, x, "358401239999") {
		t.Fatal("nothing is to be purged")
	}
	x.purgeAt = time.Now()
	if err := x.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keeps(t, x, "358401239999") {
		t.Error("the number is still in the index")
	}
	// Files that are not needed any more go in the background, and with the next write.
	tick, late := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for segments(t, dir) > 2 {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("there are still %d files", segments(t, dir))
		}
		c.put(cases.Case{ID: "1A", List: "sales", Number: 358401234567, State: cases.Open})
		if err := x.catchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := finds(t, x, Query{Text: "040 123"}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

// keeps says whether a number is in any segment, be it of a case that is marked as gone.
func keeps(tb testing.TB, x *Index, digits string) bool {
	tb.Helper()
	v, err := x.view()
	if err != nil {
		tb.Fatal(err)
	}
	defer v.close()
	for _, s := range v.segments {
		if s.term(fieldWhole, digits) != nil {
			return true
		}
	}
	return false
}

// segments counts the files of an index.
func segments(tb testing.TB, dir string) int {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	if err != nil {
		tb.Fatal(err)
	}
	return len(files)
}

func TestRunIndexesSoonAfterItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := desk()
		x, err := Open(Options{Cases: c, Directory: centre(t), Changes: c.changes, End: c.end})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- x.Run(ctx) }()
		synctest.Wait()
		c.put(cases.Case{ID: "1L", List: "sales", Name: "Prompt", State: cases.Open})
		x.Changed()
		time.Sleep(251 * time.Millisecond)
		synctest.Wait()
		if got := finds(t, x, Query{Text: "prompt"}); len(got) != 1 {
			t.Errorf("found %v", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestKilledAtAnyMomentItGoesOn kills a process that indexes, looks whether what it left goes on, and
// that each case is in the index once.
func TestKilledAtAnyMomentItGoesOn(t *testing.T) {
	const size = 14_000
	if child := os.Getenv("RINGBACK_TEST_INDEX"); child != "" {
		x := opened(t, &crowd{size: size}, child)
		_ = x
		return
	}
	dir := filepath.Join(t.TempDir(), "search") // not in the child, which cannot clean up
	for round := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "RINGBACK_TEST_INDEX="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(300+500*round)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or faster than that
		timer.Stop()
	}
	x := opened(t, &crowd{size: size}, dir)
	if _, n := x.Size(); n != size {
		t.Errorf("%d cases are in the index, want %d", n, size)
	}
	for _, i := range []int{0, size / 2, size - 1} {
		id := fmt.Sprintf("1N%05d-%06d", i/1000, i)
		if got := finds(t, x, Query{Text: strconv.Quote(id)}); len(got) != 1 {
			t.Errorf("%s: found %v", id, got)
		}
	}
}
