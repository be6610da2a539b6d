package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// Cases are what is indexed: a *cases.Cases.
type Cases interface {
	// Case reads one; cases.ErrNotFound when it is gone.
	Case(id string) (cases.Case, error)
	// All yields all by id, behind the one named.
	All(after string) iter.Seq2[cases.Case, error]
	// History yields what happened to one.
	History(id string) iter.Seq2[cases.Entry, error]
}

// Options of an Index. Cases and Directory are required, Changes and End for Run.
type Options struct {
	Dir       string // the index's own folder; empty: in memory
	Cases     Cases
	Directory func() *directory.Directory
	Logger    *slog.Logger // nil: none

	// Named tells the numbers of some people whose names have all words of a text, or words that begin so:
	// those whom screens call by that name and not by the case's own. nil: nobody is known.
	Named func(text string) ([]sip.Number, error)

	// Changes tells which cases changed from a position of the change log on, some at a time.
	Changes func(from uint64) (Changes, error)
	// End is a position behind all changes made so far.
	End func() (uint64, error)

	// Settle is how long changes are gathered before they are written together: 250 ms.
	Settle time.Duration
	// PurgeAfter is how long erased words may stay in the index's files, where nobody finds them: 10 min.
	PurgeAfter time.Duration
}

// Changes are a stretch of the change log.
type Changes struct {
	Cases   []string // ids, also more than once
	Next    uint64   // the position to go on from; the one asked for when there was nothing
	Erased  bool     // a person's data was taken out of one of them
	Trimmed bool     // the position asked for is not in the log: what came behind it is unknown
}

// Index is the index of all cases. Its methods may be called from any goroutine.
type Index struct {
	o    Options
	wake chan struct{}

	mu     sync.RWMutex // held for writing while the index is replaced
	scorch *engine

	names    atomic.Pointer[names]
	building atomic.Bool
	applied  atomic.Uint64 // the position it is at, on the disk

	// Owned by Run.
	blocks  blocks
	purgeAt time.Time // zero: nothing to purge
}

// ErrClosed is returned by an index that was closed.
var ErrClosed = errors.New("search: closed")

// What the index keeps besides the cases, written with them.
var (
	keyFormat   = []byte("format")   // what an index is written like
	keyPosition = []byte("position") // of the change log: from there on nothing was read
	keyBuilt    = []byte("built")    // while it is made: the id of the case that came last
	keyBlocks   = []byte("blocks")   // blocks
	keyPurge    = []byte("purge")    // there are erased words
)

// format grows when documents are made differently; an index of another format is made anew.
const format = "1"

// Open opens the index in Options.Dir, or begins one. One that cannot be read is thrown away, as all
// in it comes from the cases; so an error says that a new one could not be made either. The caller
// closes it.
func Open(o Options) (*Index, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Settle <= 0 {
		o.Settle = 250 * time.Millisecond
	}
	if o.PurgeAfter <= 0 {
		o.PurgeAfter = 10 * time.Minute
	}
	x := &Index{o: o, wake: make(chan struct{}, 1)}
	s, err := open(o.Dir)
	if err == nil {
		x.scorch = s
		if err = x.check(); err == nil {
			return x, nil
		}
	}
	if !errors.Is(err, errFormat) {
		o.Logger.Warn("the search index could not be read and is made anew", "path", o.Dir, "err", err)
	}
	return x, x.begin()
}

// errFormat is of an index that is new, or written by another version.
var errFormat = errors.New("search: another format")

// engine is scorch with the goroutine that analyses for it.
type engine struct {
	*scorch.Scorch
	analysis *index.AnalysisQueue
}

// Close ends both.
func (e *engine) Close() error {
	e.analysis.Close()
	return e.Scorch.Close()
}

// open opens scorch, which panics on some damage.
func open(dir string) (e *engine, err error) {
	analysis := index.NewAnalysisQueue(1)
	defer func() {
		if err != nil {
			analysis.Close()
		}
	}()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("search: opening the index: %v", r)
		}
	}()
	made, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path": dir, "bolt_timeout": "10s", "numSnapshotsToKeep": 1,
	}, analysis)
	if err != nil {
		return nil, fmt.Errorf("search: opening the index: %w", err)
	}
	s, ok := made.(*scorch.Scorch)
	if !ok {
		return nil, errSegment
	}
	if err := s.Open(); err != nil {
		return nil, fmt.Errorf("search: opening the index: %w", err)
	}
	return &engine{s, analysis}, nil
}

// check reads where the index is.
func (x *Index) check() error {
	values := map[string]string{}
	for _, key := range [][]byte{keyFormat, keyPosition, keyBlocks, keyBuilt, keyPurge} {
		v, err := x.internal(key)
		if err != nil {
			return err
		}
		values[string(key)] = string(v)
	}
	position := []byte(values[string(keyPosition)])
	if values[string(keyFormat)] != format || len(position) != 8 || !x.blocks.read([]byte(values[string(keyBlocks)])) {
		return errFormat
	}
	x.applied.Store(binary.BigEndian.Uint64(position))
	if values[string(keyPurge)] != "" {
		x.purgeAt = time.Now()
	}
	x.building.Store(values[string(keyBuilt)] != "")
	return nil
}

func (x *Index) internal(key []byte) ([]byte, error) {
	r, err := x.scorch.Reader()
	if err != nil {
		return nil, fmt.Errorf("search: reading the index: %w", err)
	}
	defer r.Close()
	return r.GetInternal(key)
}

// begin throws the index away and begins a new one, which Run fills.
func (x *Index) begin() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.scorch != nil {
		_ = x.scorch.Close() // it is thrown away
		x.scorch = nil
	}
	if x.o.Dir != "" {
		if err := os.RemoveAll(x.o.Dir); err != nil {
			return fmt.Errorf("search: removing the index: %w", err)
		}
	}
	s, err := open(x.o.Dir)
	if err != nil {
		return err
	}
	x.scorch, x.blocks, x.purgeAt = s, blocks{}, time.Time{}
	x.building.Store(true)
	return nil
}

// Close closes the index. Run has returned.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.scorch == nil {
		return nil
	}
	s := x.scorch
	x.scorch = nil
	if err := s.Close(); err != nil {
		return fmt.Errorf("search: closing the index: %w", err)
	}
	return nil
}

// Changed says that there is something new in the change log. It returns at once.
func (x *Index) Changed() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Position is where the index is in the change log, on the disk: what is before it may be trimmed.
func (x *Index) Position() uint64 { return x.applied.Load() }

// Building says that the index is being made, and that searches do not find everything yet.
func (x *Index) Building() bool { return x.building.Load() }

// Size is how much the index takes on the disk, in bytes, and how many cases are in it.
func (x *Index) Size() (bytes, count uint64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.scorch == nil {
		return 0, 0
	}
	if n, ok := x.scorch.StatsMap()["num_bytes_used_disk"].(uint64); ok {
		bytes = n
	}
	if r, err := x.scorch.Reader(); err == nil {
		count, _ = r.DocCount()
		_ = r.Close()
	}
	return bytes, count
}

// Run keeps the index as the cases are until ctx ends. What goes wrong is logged and tried again.
func (x *Index) Run(ctx context.Context) error {
	const again = 10 * time.Second // a failed attempt, and a look without being woken
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-x.wake:
			if !wait(ctx, x.o.Settle) {
				return nil
			}
		}
		if err := x.catchUp(ctx); err != nil && ctx.Err() == nil {
			x.o.Logger.Error("the search index is not kept up to date", "err", err)
		}
		next := again
		if !x.purgeAt.IsZero() {
			next = min(next, max(time.Until(x.purgeAt), time.Second))
		}
		timer.Reset(next)
	}
}

// wait waits, and says whether ctx is still alive.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
