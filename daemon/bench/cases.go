package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
	"ringback/store/peer"
)

// CaseOptions say how to measure case work.
type CaseOptions struct {
	Program string // this binary
	Dir     string // where, on the disk to be measured; empty: where temporary files are
	Cases   int    // open ones there are
	Writers int    // that create cases at once
	Turns   int    // of a second each, for the store and its peer by turns
	Pages   int    // pages read of each kind
	Races   int    // agents that ask for a case, 2000 at most
	Out     io.Writer
}

// caseLists are the lists the cases are on; all on one would be kinder to the memory.
const caseLists = 20

// caseRun is one measurement.
type caseRun struct {
	o     CaseOptions
	cases *cases.Cases
	lists []string
	next  atomic.Uint64 // number of the next customer
}

// CaseWork measures what people do with cases where there are many: reading pages, creating, taking.
// Creating is compared with a program that gives Badger a synced transaction each, by turns. The cases
// are made by a process of its own, so that the memory is that of a daemon that finds them there.
func CaseWork(ctx context.Context, o CaseOptions) (err error) {
	dir, err := os.MkdirTemp(o.Dir, "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(o.Out, "making %d cases on %d lists …\n", o.Cases, caseLists)
	began := time.Now()
	if err := o.part(ctx, "fill", dir); err != nil {
		return fmt.Errorf("making cases: %w", err)
	}
	fmt.Fprintf(o.Out, "… in %v\n", time.Since(began).Round(time.Second))
	err = o.with(dir, func(r *caseRun) error {
		r.next.Store(uint64(o.Cases))
		if err := r.pages(); err != nil {
			return err
		}
		if err := r.create(ctx, filepath.Join(dir, "peer")); err != nil {
			return err
		}
		return r.race(ctx)
	})
	if err != nil {
		return err
	}
	return o.part(ctx, "weigh", dir)
}

// part runs a part of the measurement in a process of its own.
func (o *CaseOptions) part(ctx context.Context, name, dir string) error {
	cmd := exec.CommandContext(ctx, o.Program, "bench", "cases", "--part", name, //nolint:gosec // ourselves
		"--cases", strconv.Itoa(o.Cases), "--writers", strconv.Itoa(o.Writers), "--dir", dir)
	cmd.Stdout, cmd.Stderr = o.Out, os.Stderr
	return cmd.Run()
}

// CasePart is a part of CaseWork: fill makes the cases, weigh tells how much memory a process needs that
// finds them there and goes on with them.
func CasePart(ctx context.Context, o CaseOptions, name string) error {
	out := o.Out
	o.Out = nil
	return o.with(o.Dir, func(r *caseRun) error {
		if name == "fill" {
			return r.fill(ctx)
		}
		r.next.Store(uint64(10 * o.Cases))
		found := memoryNow()
		_, err := turn(ctx, o.Writers, func() error {
			if _, err := r.cases.List(cases.Query{Lists: r.lists, State: cases.Open, ShowAll: true}); err != nil {
				return err
			}
			_, err := r.cases.Create(ctx, cases.Act{Agent: extension(0), At: time.Now()}, r.draft())
			return err
		})
		fmt.Fprintf(out, "memory with %d open cases, resident: %v when they are found there, %v after creating and reading more; %d MiB at most\n",
			o.Cases, found, memoryNow(), ownPeak()>>20)
		return err
	})
}

// with opens the store in a folder.
func (o *CaseOptions) with(dir string, do func(*caseRun) error) (err error) {
	st, err := store.Open(store.Options{Dir: filepath.Join(dir, "store")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r := &caseRun{o: *o}
	d, err := r.directory()
	if err != nil {
		return err
	}
	began := time.Now()
	if r.cases, err = cases.New(st, func() *directory.Directory { return d }, cases.Options{}); err != nil {
		return err
	}
	if o.Out != nil {
		fmt.Fprintf(o.Out, "what is open is read in %v\n\n", time.Since(began).Round(10*time.Millisecond))
	}
	return do(r)
}

func (r *caseRun) directory() (*directory.Directory, error) {
	text := []byte(Directory())
	r.lists = []string{"callbacks"}
	for i := range caseLists - 1 {
		id := fmt.Sprintf("list%02d", i)
		text = fmt.Appendf(text, "  - {id: %s, members: [\"*\"]}\n", id)
		r.lists = append(r.lists, id)
	}
	f, err := directory.Parse("bench", text)
	if err != nil {
		return nil, err
	}
	return directory.New(f)
}

// draft is the next customer's case.
func (r *caseRun) draft() cases.Draft {
	n := r.next.Add(1)
	return cases.Draft{
		List: r.lists[n%caseLists], Number: sip.Number(358_400_000_000 + n), Name: fmt.Sprintf("Customer %d", n), Topic: "invoice",
	}
}

// fill makes the cases there are, in commands of many, opened over the last two hours: half of them are
// overdue.
func (r *caseRun) fill(ctx context.Context) error {
	now := time.Now()
	atOnce := min(5000, max(1, r.o.Cases/100))
	for made := 0; made < r.o.Cases; made += atOnce {
		var rows []cases.Draft
		for range min(atOnce, r.o.Cases-made) {
			rows = append(rows, r.draft())
		}
		ago := time.Duration(float64(2*time.Hour) * float64(r.o.Cases-made) / float64(r.o.Cases))
		outcomes, err := r.cases.Import(ctx, cases.Act{Agent: extension(0), At: now.Add(-ago)}, rows, false, nil)
		if err != nil {
			return err
		}
		for i := range outcomes {
			if outcomes[i].Err != nil {
				return outcomes[i].Err
			}
		}
	}
	return nil
}

// pages reads pages of 50 as agents and supervisors do.
func (r *caseRun) pages() error {
	fmt.Fprintf(r.o.Out, "%-38s %10s %10s %10s %10s\n", "page of 50", "p50", "p99", "max", "CPU")
	for _, kind := range []struct {
		name  string
		query func(i int) cases.Query
	}{
		{"one list, by priority", func(i int) cases.Query { return cases.Query{Lists: r.lists[i%caseLists:][:1], ShowAll: true} }},
		{"all lists, by priority", func(int) cases.Query { return cases.Query{Lists: r.lists, ShowAll: true} }},
		{"all lists, unassigned and mine first", func(i int) cases.Query {
			return cases.Query{Lists: r.lists, Agent: extension(i % agents), MineFirst: true}
		}},
		{"all lists, grouped by number", func(int) cases.Query { return cases.Query{Lists: r.lists, ShowAll: true, Grouped: true} }},
		{"one list, the 2nd to 20th page", nil},
	} {
		took := make([]time.Duration, 0, r.o.Pages)
		cursor, cpu := "", used()
		for i := range r.o.Pages {
			q := cases.Query{Lists: r.lists[i/20%caseLists:][:1], ShowAll: true, Cursor: cursor}
			if kind.query != nil {
				q = kind.query(i)
			}
			q.State, q.Limit = cases.Open, 50
			began := time.Now()
			page, err := r.cases.List(q)
			took = append(took, time.Since(began))
			if err != nil {
				return err
			}
			if want := min(50, r.o.Cases/caseLists); len(page.Cases) < want {
				return fmt.Errorf("bench: a page of %s has %d cases", kind.name, len(page.Cases))
			}
			if cursor = page.Next; i%20 == 19 {
				cursor = ""
			}
		}
		at := quantiles(took)
		cpu = (used() - cpu) / time.Duration(max(1, r.o.Pages))
		fmt.Fprintf(r.o.Out, "%-38s %10v %10v %10v %10v\n", kind.name, at(.5), at(.99), at(1), cpu.Round(10*time.Microsecond))
	}
	r.idle()
	return nil
}

// idle does about as much arithmetic as a page takes, as often: what that takes beyond its usual time is
// what else the machine does, and no page can be quicker.
func (r *caseRun) idle() {
	block := make([]byte, 1<<20)
	took := make([]time.Duration, 0, r.o.Pages)
	cpu := used()
	for range r.o.Pages {
		began := time.Now()
		sha256.Sum256(block)
		took = append(took, time.Since(began))
	}
	at := quantiles(took)
	cpu = (used() - cpu) / time.Duration(max(1, r.o.Pages))
	fmt.Fprintf(r.o.Out, "%-38s %10v %10v %10v %10v\n", "1 MiB of SHA-256 (the floor)", at(.5), at(.99), at(1), cpu.Round(10*time.Microsecond))
}

// create lets writers create cases, and the peer's writers write records, by turns.
func (r *caseRun) create(ctx context.Context, dir string) error {
	db, err := peer.Open(dir)
	if err != nil {
		return err
	}
	var record atomic.Uint64
	was, is := make([]time.Duration, 0, 1<<16), make([]time.Duration, 0, 1<<16)
	for range r.o.Turns {
		for _, side := range []struct {
			took *[]time.Duration
			do   func() error
		}{
			{&was, func() error { return db.Write(record.Add(1)) }},
			{&is, func() error {
				_, err := r.cases.Create(ctx, cases.Act{Agent: extension(0), At: time.Now()}, r.draft())
				return err
			}},
		} {
			took, err := turn(ctx, r.o.Writers, side.do)
			if err != nil {
				return errors.Join(err, db.Close())
			}
			*side.took = append(*side.took, took...)
		}
	}
	fmt.Fprintf(r.o.Out, "\n%-38s %10s %10s %10s %10s\n", fmt.Sprintf("%d writers, synced, %d s each", r.o.Writers, r.o.Turns), "per second", "p50", "p95", "p99")
	rate := func(took []time.Duration) float64 { return float64(len(took)) / float64(r.o.Turns) }
	for _, side := range []struct {
		name string
		took []time.Duration
	}{{"a Badger transaction each (the peer)", was}, {"a case each", is}} {
		at := quantiles(side.took)
		fmt.Fprintf(r.o.Out, "%-38s %10.0f %10v %10v %10v\n", side.name, rate(side.took), at(.5), at(.95), at(.99))
	}
	at, peerAt := quantiles(is), quantiles(was)
	fmt.Fprintf(r.o.Out, "a case each: x %.2f as many, p99 x %.2f as long\n\n", rate(is)/rate(was), float64(at(.99))/float64(peerAt(.99)))
	return db.Close()
}

// turn lets writers write for a second and says how long each write took.
func turn(ctx context.Context, writers int, write func() error) ([]time.Duration, error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		all    []time.Duration
		failed error
	)
	end := time.Now().Add(time.Second)
	for range writers {
		wg.Go(func() {
			var took []time.Duration
			var err error
			for err == nil && ctx.Err() == nil && time.Now().Before(end) {
				began := time.Now()
				err = write()
				took = append(took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, took...), errors.Join(failed, err)
		})
	}
	wg.Wait()
	return all, errors.Join(failed, ctx.Err())
}

// race lets agents ask for the next case at once, and two for the same one: each goes to one of them.
func (r *caseRun) race(ctx context.Context) error {
	var mu sync.Mutex
	holder := map[string]string{}
	var took []time.Duration
	doubled := 0
	var wg sync.WaitGroup
	var failed error
	share := min(r.o.Races, agents) / r.o.Writers
	for w := range r.o.Writers {
		wg.Go(func() {
			for i := range share {
				agent := extension(w*share + i) // who has one gets that again
				began := time.Now()
				done, err := r.cases.Next(ctx, cases.Act{Agent: agent, At: began}, cases.NextQuery{Lists: r.lists})
				elapsed := time.Since(began)
				mu.Lock()
				if err != nil {
					failed = fmt.Errorf("the next case of agent %s: %w", agent, err)
				} else if other, again := holder[done.Case.ID]; again {
					doubled++
					failed = fmt.Errorf("bench: case %s went to %s and %s", done.Case.ID, other, agent)
				} else {
					holder[done.Case.ID] = agent
				}
				took = append(took, elapsed)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	at := quantiles(took)
	fmt.Fprintf(r.o.Out, "%d agents ask for the next case %d times: %d given twice, p50 %v  p99 %v\n", r.o.Writers, len(took), doubled, at(.5), at(.99))
	if failed != nil {
		return failed
	}
	return r.duel(ctx, holder)
}

// duel lets pairs of agents take the same case at the same moment.
func (r *caseRun) duel(ctx context.Context, taken map[string]string) error {
	page, err := r.cases.List(cases.Query{Lists: r.lists, State: cases.Open, Agent: extension(agents - 1), Limit: 500})
	if err != nil {
		return err
	}
	duels, won := 0, 0
	for i := range page.Cases {
		c := &page.Cases[i]
		if c.Assignee != "" || taken[c.ID] != "" {
			continue
		}
		duels++
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for n := range errs {
			wg.Go(func() {
				agent := extension(100 + n)
				_, errs[n] = r.cases.Do(ctx, cases.Act{Agent: agent, Case: c.ID, At: time.Now()}, cases.Assign{To: agent})
			})
		}
		wg.Wait()
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, cases.ErrTaken):
				return err
			}
		}
	}
	fmt.Fprintf(r.o.Out, "%d pairs take the same case at once: %d winners\n\n", duels, won)
	if won != duels {
		return errors.New("bench: a case was taken twice, or by nobody")
	}
	return nil
}

// quantiles sorts the times and gives what so many of them do not exceed.
func quantiles(took []time.Duration) func(q float64) time.Duration {
	slices.Sort(took)
	return func(q float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
}
