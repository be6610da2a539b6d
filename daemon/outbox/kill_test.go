package outbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/store"
	"ringback/web/webhook"
)

// childEnv makes this test binary a process that puts messages in and delivers them, to be killed. Its
// value is the receiver's URL.
const childEnv = "RINGBACK_OUTBOX_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		if err := childThatDelivers(os.Args[1], url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childThatDelivers reads a log of its own as the daemon reads that of the cases: every entry becomes a
// message, put in with the place it was read at. It prints the entries acknowledged.
func childThatDelivers(dir, url string) error {
	st, err := store.Open(store.Options{Dir: dir, MemTable: 1 << 20, Reserve: -1})
	if err != nil {
		return err
	}
	st.Handle("append", func(tx *store.Tx, c store.Command) (any, error) {
		tx.Append("events", []byte(c.ID))
		return nil, nil
	})
	out := New(st, Options{Scrub: scrubbed})
	h := webhook.New(webhook.Options{Outbox: out, FirstPause: time.Millisecond, LongestPause: 20 * time.Millisecond})
	h.Set([]webhook.Endpoint{{
		ID: "crm", URL: url, Secrets: [][]byte{[]byte("a secret of twenty-seven by")}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() { failed = follow(ctx, st, out, h) })
	for i := 0; ctx.Err() == nil; i++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), i)
		if _, err := st.Do(ctx, store.Command{ID: id, Kind: "append"}); err != nil {
			break
		}
		fmt.Println(id)
		if line := make([]byte, 1); i%7 == 0 { // the parent says how long to go on, and when to stop
			if _, err := os.Stdin.Read(line); err != nil {
				break
			}
		}
	}
	// What was appended is delivered, and then this is over.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		s, err := out.State("crm")
		if err != nil {
			return err
		}
		at, _, err := out.Cursor()
		if err != nil {
			return err
		}
		var end store.Position
		if err := st.View(func(r *store.Snapshot) error { end = store.EndOfLog(r, "events"); return nil }); err != nil {
			return err
		}
		if s.Pending == 0 && store.RecordsBefore(end, 1) <= at {
			cancel()
			wg.Wait()
			return errors.Join(failed, h.Close(), st.Close())
		}
		<-tick.C
	}
	return errors.New("not all was delivered in time")
}

func follow(ctx context.Context, st *store.Store, out *Outbox, h *webhook.Hooks) error {
	at, _, err := out.Cursor()
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		b := Batch{Cursor: at}
		err := st.View(func(r *store.Snapshot) error {
			for p, entry := range store.ReadLog(r, "events", at) {
				m := webhook.Message{ID: string(entry), Type: "case.opened", Queued: time.Now(), Body: []byte("body of " + string(entry))}
				b.Items, b.Cursor = append(b.Items, Item{"crm", m}), p+1
				if len(b.Items) == 20 {
					break
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(b.Items) == 0 {
			<-tick.C
			continue
		}
		if err := out.Put(ctx, b); err != nil {
			return err
		}
		at = b.Cursor
		h.Wake("crm")
	}
	return nil
}

// crashes is how often the process is killed; RINGBACK_CRASHES=100 for the long run.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("RINGBACK_CRASHES")); err == nil {
		return n
	}
	return 6
}

// TestAKilledProcessLosesNoMessage kills a process that delivers with signal 9, again and again at any
// moment, and lets the receiver fail now and then.
func TestAKilledProcessLosesNoMessage(t *testing.T) {
	var mu sync.Mutex
	bodies, order, doubled := map[string]string{}, []string(nil), 0
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || rand.IntN(10) == 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		id := req.Header.Get("webhook-id")
		if was, again := bodies[id]; !again {
			order = append(order, id)
		} else if doubled++; was != string(body) {
			t.Errorf("%s came with two bodies", id)
		}
		bodies[id] = string(body)
	}))
	defer r.Close()

	dir := t.TempDir()
	var acknowledged []string
	for round := range crashes() + 1 {
		last := round == crashes()
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), exe, dir)
		cmd.Env = append(os.Environ(), childEnv+"="+r.URL)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		n, end := 0, 20+rand.IntN(400)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			acknowledged = append(acknowledged, lines.Text())
			if n++; n == end {
				if last {
					in.Close()
				} else if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			} else if n%7 == 1 && n < end {
				if _, err := in.Write([]byte("\n")); err != nil {
					break
				}
			}
		}
		if err := cmd.Wait(); last && err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, id := range acknowledged {
		if bodies[id] != "body of "+id {
			t.Errorf("%s was lost", id)
		}
	}
	// Of each process the messages come in the order in which it appended them.
	at := map[string]int{}
	for _, id := range order {
		process, number, _ := strings.Cut(id, "-")
		n, err := strconv.Atoi(number)
		if err != nil || n != at[process] {
			t.Errorf("%s came where %d should", id, at[process])
		}
		at[process] = n + 1
	}
	t.Logf("%d messages, %d of them twice", len(order), doubled)
}
