package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"

	"ringback/store"
)

// Some tests need a process of their own: one to be killed, one with a small disk. It is this test
// binary again, told by the environment what to be.
const childEnv = "RINGBACK_STORE_CHILD"

var background = context.Background() // of children, which have no test

var children = map[string]func(dir string) error{
	"under load": childUnderLoad,
	"small disk": childOnSmallDisk,
	"verify":     childVerify,
	"file limit": childWithFileLimit,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := children[name](os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, dir)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	return cmd
}

// crashes is how often a test kills a process under load; RINGBACK_CRASHES=100 for the long run.
func crashes(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("RINGBACK_CRASHES"))
	if err != nil {
		return 5
	}
	return n
}

// childUnderLoad gives commands from several goroutines, all from the first one again, and prints the
// id of each that was acknowledged or known to be applied.
func childUnderLoad(dir string) error {
	s, err := openTry(store.Options{Dir: dir, MemTable: 1 << 20})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	next := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				mu.Lock()
				id := ids(next)
				next++
				mu.Unlock()
				_, err := s.Do(background, store.Command{ID: id, Kind: "add", Once: true})
				if err == nil || errors.Is(err, store.ErrApplied) {
					fmt.Println(id)
				} else {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestAKilledProcessLosesNothingAcknowledgedAndDoublesNothing kills a process under load again and
// again, each time after a random number of acknowledgements, with signal 9.
func TestAKilledProcessLosesNothingAcknowledgedAndDoublesNothing(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range crashes(t) {
		cmd := child(t, "under load", dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		fresh, kill := 0, 1+rand.IntN(2000)
		for lines.Scan() {
			if !acknowledged[lines.Text()] && len(lines.Text()) == 6 {
				acknowledged[lines.Text()] = true
				fresh++
			}
			if fresh == kill {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if fresh < kill {
			t.Fatalf("round %d: the process ended by itself", round)
		}

		s, err := openTry(store.Options{Dir: dir, MemTable: 1 << 20})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		n, ids := counted(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n != len(ids) {
			t.Errorf("round %d: %d commands counted, %d noted", round, n, len(ids))
		}
		for id := range acknowledged {
			if _, there := slices.BinarySearch(ids, id); !there {
				t.Errorf("round %d: %s was acknowledged and is lost", round, id)
			}
		}
	}
}
