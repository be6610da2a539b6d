package store

import (
	"log/slog"
	"sync"
	"time"
)

// Options say where a store keeps its data and how it works. The zero value of every field but Dir
// takes the default named beside it.
type Options struct {
	Dir      string // the store's own folder, made when it is not there
	InMemory bool   // keep everything in memory and nothing in Dir: for replays and tests

	// Window is the least time between the starts of two commits. A command that comes after a quiet
	// window is committed at once; under load a wider window means fewer syncs and more delay. 0: as
	// fast as the disk syncs.
	Window time.Duration

	Queue   int   // commands that may wait before Submit and Do have to: 16 384
	Reserve int64 // bytes of free disk below which writes are refused: 256 MiB; negative: none

	// MemTable is the size in bytes of one table in memory, of which at most four exist at once. Smaller
	// ones save memory and cost more merging: 16 MiB.
	MemTable int64

	Logger  *slog.Logger // of what happens in the background; nil: none
	Observe func(Commit) // told after every commit, one at a time

	// Fault is asked before and after each commit reaches the disk, one commit at a time. An error it
	// returns counts as the disk's. It is how tests make any write fail.
	Fault func(Stage) error
}

func (o Options) withDefaults() Options {
	if o.Queue <= 0 {
		o.Queue = 16384
	}
	if o.MemTable <= 0 {
		o.MemTable = 16 << 20
	}
	if o.Reserve == 0 {
		o.Reserve = 256 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Stage is a moment of a commit, for Options.Fault.
type Stage uint8

// The stages of a commit: nothing is written yet; all is written and synced, and nobody was told.
const (
	BeforeWrite Stage = iota
	AfterSync
)

// Commit is what one commit did, for metrics.
type Commit struct {
	Commands int           // that shared it
	Keys     int           // written or deleted
	Bytes    int           // of these keys and their values
	Elapsed  time.Duration // of the transaction, sync included
	Err      error         // why it failed
}

// Store is an ordered store that commands are applied to. All methods but Handle may be called from
// any goroutine.
type Store struct {
	opt      Options
	handlers map[string]Handler
	stats    counters

	memory *memory // a store in memory has only this

	disk      *disk
	queue     *queue
	committer committer
	drained   chan struct{} // closed when the committer has returned
	closing   sync.Once

	health sync.Mutex
	err    error // why the last commit was refused
	failed bool  // err is for good
}

// Open opens the store in Options.Dir, which one process at a time can, or an empty one in memory.
// Its errors are one sentence that says what is wrong, where, and how to mend it; they wrap
// ErrLocked, ErrReadOnly, ErrFull or ErrNewer. The caller closes the store.
func Open(o Options) (*Store, error) {
	o = o.withDefaults()
	s := &Store{opt: o, handlers: make(map[string]Handler)}
	s.Handle(kindForget, forget)
	s.Handle(kindFormat, writeFormat)
	s.Handle(kindTrim, trim)
	if o.InMemory {
		s.memory = new(memory)
		return s, nil
	}
	var err error
	if s.disk, err = openDisk(&s.opt); err != nil {
		return nil, err
	}
	s.queue, s.drained = newQueue(o.Queue, o.Window), make(chan struct{})
	s.committer.Store = s
	go s.run()
	if err := s.checkFormat(); err != nil {
		_ = s.Close() // what is wrong was said already
		return nil, err
	}
	return s, nil
}

// Close refuses new commands, applies those that wait, tells their results, lets every View end and
// closes the files.
func (s *Store) Close() error {
	if s.memory != nil {
		return s.memory.close()
	}
	var err error
	s.closing.Do(func() {
		s.queue.close()
		<-s.drained
		err = s.disk.close()
	})
	return err
}

// View calls fn with a snapshot of all that is acknowledged, and returns its error, or that of a read
// that failed.
func (s *Store) View(fn func(*Snapshot) error) error {
	from, err := s.snapshot()
	if err != nil {
		return err
	}
	defer from.release()
	snap := &Snapshot{from: from, errs: make(chan error, 1)}
	if err := fn(snap); err != nil {
		return err
	}
	select {
	case err := <-snap.errs:
		return err
	default:
		return nil
	}
}

func (s *Store) snapshot() (snapshot, error) {
	if s.memory != nil {
		return s.memory.snapshot()
	}
	return s.disk.snapshot()
}
