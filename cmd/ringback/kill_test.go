package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ringback/daemon/bench"
	"ringback/sip/hep"
)

var kills = flag.Int("kills", 3, "how often the daemon is killed under load")

const (
	killToken = "the-token-of-the-test"
	killRate  = 2000 // messages a second
	killSpeed = 3    // how much faster than the load says calls go by
)

// free is an address on this machine that nobody listens on.
func free(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// send sends load until ctx ends, whether somebody listens or not, and returns how many messages it
// were.
func send(ctx context.Context, to string) (int, error) {
	conn, err := net.Dial("udp", to)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	load := bench.NewLoad(1<<30, killRate/killSpeed)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	began, sent := time.Now(), 0
	var frame []byte
	for {
		p, _ := load.Next()
		due := began.Add(time.Duration(p.Time.UnixNano() / killSpeed))
		for time.Now().Before(due) {
			select {
			case <-ctx.Done():
				return sent, nil
			case <-tick.C:
			}
		}
		p.Time = time.Now()
		frame = hep.Append(frame[:0], hep.Packet{Packet: p})
		_, _ = conn.Write(frame) // nobody listens while the daemon is dead
		sent++
	}
}

// witness is a client of the API who remembers every case that he was told of.
type witness struct {
	t    *testing.T
	base string

	mu    sync.Mutex
	cases map[string]string // number by case id
	last  string            // id of the last event
	told  atomic.Int64
}

func (w *witness) get(ctx context.Context, path, last string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+killToken)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	return http.DefaultClient.Do(r)
}

// follow follows the event stream until ctx ends, over all deaths of the daemon.
func (w *witness) follow(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if res, err := w.get(ctx, "/v1/events?kind=case", w.last); err == nil {
			w.read(res)
			_ = res.Body.Close()
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (w *witness) read(res *http.Response) {
	if res.StatusCode != http.StatusOK {
		return
	}
	lines, id := bufio.NewScanner(res.Body), ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch field {
		case "id":
			id = value
		case "data":
			var e struct{ Type, Event, Case, Number string }
			if json.Unmarshal([]byte(value), &e) != nil || e.Type != "case" {
				continue
			}
			if e.Event != "opened" {
				w.t.Errorf("case %s was %s: each customer of the load rings once", e.Case, e.Event)
			}
			w.mu.Lock()
			if n, known := w.cases[e.Case]; known && n != e.Number {
				w.t.Errorf("case %s is of two numbers", e.Case)
			}
			w.cases[e.Case] = e.Number
			w.last = id
			w.mu.Unlock()
			w.told.Add(1)
		}
	}
}

// check reads all cases: whatever the witness was told of by now must be among them, and no customer
// may have two.
func (w *witness) check() int {
	w.t.Helper()
	w.mu.Lock()
	told := maps.Clone(w.cases)
	w.mu.Unlock()
	numbers := map[string]string{}
	for cursor := ""; ; {
		res, err := w.get(w.t.Context(), "/v1/cases?list=callbacks&limit=500&cursor="+cursor, "")
		if err != nil {
			w.t.Fatal(err)
		}
		var page struct {
			Cases []struct {
				ID, Number, State string
				MissedCount       int `json:"missed_count"`
			}
			Next string
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			w.t.Fatalf("listing cases: %s, %v", res.Status, err)
		}
		for _, c := range page.Cases {
			if other, double := numbers[c.Number]; double {
				w.t.Errorf("%s has two open cases: %s and %s", c.Number, other, c.ID)
			}
			numbers[c.Number] = c.ID
			if c.MissedCount != 1 {
				w.t.Errorf("case %s counts %d misses of one call", c.ID, c.MissedCount)
			}
			if n, known := told[c.ID]; known && n != c.Number {
				w.t.Errorf("case %s changed its number", c.ID)
			}
			delete(told, c.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(told) > 0 {
		w.t.Errorf("%d cases were told of and are gone: %v", len(told), slices.Sorted(maps.Keys(told)))
	}
	return len(numbers)
}

// await waits until f says so.
func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !f() {
		select {
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// again starts a service that has ended.
func again(t *testing.T, s *service) *service {
	t.Helper()
	socket := s.notify.LocalAddr().String()
	s.notify.Close()
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	s = serve(t, s.path, s.config)
	s.told("READY=1")
	return s
}

func TestAKillLosesAndDoublesNoCase(t *testing.T) {
	t.Parallel()
	path, dir := program(t), t.TempDir()
	config, centre, tokens := filepath.Join(dir, "ringback.yaml"), filepath.Join(dir, "centre.yaml"), filepath.Join(dir, "tokens")
	feed, api := free(t, "udp"), free(t, "tcp")
	write(t, config, fmt.Sprintf("data_dir: %[1]s/data\nhep: {udp: ['%[2]s']}\nhints: {enabled: false}\nlog: {level: warn}\n"+
		"web: {listen: '%[3]s', tokens_file: %[1]s/tokens}\nadmin: {listen: '', socket: %[1]s/admin.sock}\n"+
		"store: {disk_reserve: 16MiB}\ntracker: {settle: 200ms, short_after: 1ms, served_after: 100ms}\n", dir, feed, api))
	write(t, centre, bench.Directory())
	write(t, tokens, "test:"+killToken+"\n")

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := &witness{t: t, base: "http://" + api, cases: map[string]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	beside.Go(func() { w.follow(ctx) })
	var sent int
	sending, stop := context.WithCancel(ctx)
	var sender sync.WaitGroup

	s := serve(t, path, config)
	s.told("READY=1")
	if out, err := s.run("directory", "import", "--yes", centre); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sender.Go(func() {
		var err error
		if sent, err = send(sending, feed); err != nil {
			t.Error(err)
		}
	})
	for range *kills {
		before := w.told.Load()
		await(t, "a case", func() bool { return w.told.Load() > before })
		dies := time.Now().Add(time.Duration(random.Int64N(int64(time.Second))))
		await(t, "the moment to die", func() bool { return time.Now().After(dies) })
		if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		s = again(t, s)
		w.check()
	}
	stop()
	sender.Wait()
	s.stop(syscall.SIGTERM)
	s = again(t, s)
	found := w.check()
	s.stop(syscall.SIGTERM)
	cancel()
	beside.Wait()
	t.Logf("%d kills, %d messages, %d cases told of, %d found", *kills, sent, len(w.cases), found)
}
