package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
	"ringback/web"
)

// serving is what the serving process is told to do.
type serving struct {
	Lists int
	Rate  float64
}

// opened is what it says when it can be connected to.
type opened struct {
	Addr   string
	Tokens []string // one for each list, which sees that list alone
}

// publication is what it says in the end.
type publication struct {
	PerList []int64       // events published, by list
	CPU     time.Duration // until all clients had them
	PeakRSS int64         // bytes
	Dropped uint64        // streams that were too slow
	Resets  uint64
}

// ServeEvents serves event streams and publishes events, as the process that in belongs to says.
func ServeEvents(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	hear, say := json.NewDecoder(in), json.NewEncoder(out)
	var o serving
	if err := hear.Decode(&o); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	s, tokens, err := eventServer(st, dir, o.Lists)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- s.ServeAPI(l) }()
	if err := say.Encode(opened{l.Addr().String(), tokens}); err != nil {
		return err
	}
	var during time.Duration
	if err := hear.Decode(&during); err != nil {
		return err
	}
	r := publication{PerList: make([]int64, o.Lists)}
	before := used()
	publish(ctx, s, &r, o.Rate, during)
	if err := say.Encode(r); err != nil {
		return err
	}
	if err := hear.Decode(&during); err != nil { // the clients have all of it, or wait no longer
		return err
	}
	r.CPU, r.PeakRSS = used()-before, ownPeak()
	stats := s.Events().Stats()
	r.Dropped, r.Resets = stats.Dropped, stats.Resets
	if err := say.Encode(r); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // until the clients are gone
	return errors.Join(s.Shutdown(ctx), <-done)
}

// eventServer is an API with so many lists and a token for each.
func eventServer(st *store.Store, dir string, lists int) (*web.Server, []string, error) {
	var text, file strings.Builder
	text.WriteString("lists:\n")
	var tokens []string
	for i := range lists {
		fmt.Fprintf(&text, "  - {id: list%03d}\n", i)
		token := fmt.Sprintf("a-token-of-the-benchmark-for-list-%03d", i)
		fmt.Fprintf(&file, "client%03d:%s lists=list%03d\n", i, token, i)
		tokens = append(tokens, token)
	}
	f, err := directory.Parse("bench", []byte(text.String()))
	if err != nil {
		return nil, nil, err
	}
	d, err := directory.New(f)
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, "tokens")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		return nil, nil, err
	}
	t, err := web.OpenTokens(path)
	if err != nil {
		return nil, nil, err
	}
	inForce := func() *directory.Directory { return d }
	c, err := cases.New(st, inForce, cases.Options{})
	if err != nil {
		return nil, nil, err
	}
	unlimited := web.Rate{PerSecond: 1e6, Burst: 1e6}
	return web.New(web.Options{Tokens: t, Cases: c, Lists: inForce, Limits: web.Limits{Caller: unlimited, Stranger: unlimited}}), tokens, nil
}

// publish publishes events of the lists in turn, at the rate.
func publish(ctx context.Context, s *web.Server, r *publication, rate float64, during time.Duration) {
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := 0; time.Since(began) < during && ctx.Err() == nil; {
		<-tick.C
		for due := int(time.Since(began).Seconds() * rate); n < due; n++ {
			list := n % len(r.PerList)
			r.PerList[list]++
			now := time.Now()
			s.Events().Case(cases.Change{
				Event: cases.Opened, At: now, Reason: sip.AbandonedWaiting.String(), Call: fmt.Sprint(n), CallIDs: []string{"3b9aca07-5c1e@bench.example"},
				Case: cases.Case{
					ID: fmt.Sprintf("case-%d", n), List: fmt.Sprintf("list%03d", list), Number: sip.Number(358_400_000_000 + n),
					Caller: "+358400000000", State: cases.Open, Service: "hotline", MissedCount: 1, Opened: now, Missed: now, Due: now.Add(time.Hour), Version: 1,
					CallIDs: []string{"3b9aca07-5c1e@bench.example"},
				},
			})
		}
	}
}

// used is the CPU time of this process, user and system.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
