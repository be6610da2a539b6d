package voicemail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ringback/store"
)

// Options of a Voicemail. Dir, Header and Attach are required.
type Options struct {
	Dir string // of the files; made where there is none
	// Header is that of a WAV file of so many 16-bit samples: 44 bytes.
	Header func(samples int) []byte
	// Attach says which case a message belongs to, and makes it where the customer has none. It is asked again, for the
	// same message, when it is not known whether the answer was kept.
	Attach func(ctx context.Context, m *Message) (id string, err error)

	Shortest time.Duration // of sound, that it is a message: 1 s
	Space    int64         // of all files, in bytes: 1 GiB
	AtOnce   int           // how many are recorded at once: 100
	Logger   *slog.Logger  // discards
}

// Voicemail keeps messages. Its methods may be called from any goroutine.
type Voicemail struct {
	o    Options
	st   *store.Store
	keys atomic.Pointer[Keys] // nil: nothing is recorded, and nothing heard
	root *os.Root             // of the files; nil before Open

	space   atomic.Int64 // taken by files
	failed  atomic.Uint64
	mu      sync.Mutex
	running map[string]bool    // messages that are recorded
	cases   map[string]tallied // those that have messages
	total   tallied
}

// tallied counts messages.
type tallied struct{ all, heard int }

// New registers the commands of this package with the store, which has not been used yet.
func New(st *store.Store, o Options) *Voicemail {
	if o.Shortest == 0 {
		o.Shortest = time.Second
	}
	if o.Space == 0 {
		o.Space = 1 << 30
	}
	if o.AtOnce == 0 {
		o.AtOnce = 100
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v := &Voicemail{o: o, st: st, running: map[string]bool{}, cases: map[string]tallied{}}
	st.Handle(kindBegin, applyBegin)
	st.Handle(kindKeep, applyKeep)
	st.Handle(kindHear, applyHear)
	st.Handle(kindDrop, applyDrop)
	return v
}

// SetKeys sets the keys that messages are recorded and heard with from now on; nil: none.
func (v *Voicemail) SetKeys(k *Keys) { v.keys.Store(k) }

// Open opens the folder of the files and looks through the messages there are. It is called once, before the other methods; Close closes it.
func (v *Voicemail) Open() (err error) {
	if err := os.MkdirAll(v.o.Dir, 0o700); err != nil {
		return fmt.Errorf("voicemail: %w", err)
	}
	if v.root, err = os.OpenRoot(v.o.Dir); err != nil {
		return fmt.Errorf("voicemail: %w", err)
	}
	_, space, err := v.files()
	if err != nil {
		return errors.Join(err, v.root.Close())
	}
	v.space.Store(space)
	err = v.st.View(func(s *store.Snapshot) error {
		for _, value := range s.Scan(store.Prefix(keySpace, "message")) {
			rec, err := decode(value)
			if err != nil {
				return err
			}
			if rec.Case != "" {
				v.count(rec.Case, 1, btoi(rec.HeardBy != ""))
			}
		}
		return nil
	})
	if err != nil {
		return errors.Join(err, v.root.Close())
	}
	return nil
}

// Dir is the folder of the files.
func (v *Voicemail) Dir() string { return v.o.Dir }

// Close closes the folder. Nothing is being recorded any more.
func (v *Voicemail) Close() error {
	if v.root == nil {
		return nil
	}
	return v.root.Close()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// count counts messages of a case; before anybody else knows v, or with mu held.
func (v *Voicemail) count(c string, all, heard int) {
	n := v.cases[c]
	n.all, n.heard = n.all+all, n.heard+heard
	v.total.all, v.total.heard = v.total.all+all, v.total.heard+heard
	if n.all == 0 {
		delete(v.cases, c)
		return
	}
	v.cases[c] = n
}

// recount counts the messages of a case anew, after a command changed them.
func (v *Voicemail) recount(c string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	all, err := v.OfCase(c)
	if err != nil {
		v.o.Logger.Error("the messages of a case cannot be counted", "case_id", c, "err", err)
		return
	}
	heard := 0
	for i := range all {
		heard += btoi(!all[i].Heard.At.IsZero())
	}
	was := v.cases[c]
	v.count(c, len(all)-was.all, heard-was.heard)
}

// State says whether the messages of a case were heard.
func (v *Voicemail) State(c string) State {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch n, ok := v.cases[c]; {
	case !ok:
		return None
	case n.heard < n.all:
		return Unheard
	}
	return AllHeard
}

// Stats are figures of all messages.
type Stats struct {
	Messages, Unheard int
	Bytes             int64 // that their files take
	Recording         int
	Failed            uint64 // recordings that were lost since the start
}

// Stats counts.
func (v *Voicemail) Stats() Stats {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Stats{Messages: v.total.all, Unheard: v.total.all - v.total.heard, Bytes: v.space.Load(), Recording: len(v.running), Failed: v.failed.Load()}
}

// Room says whether a message could be begun now.
func (v *Voicemail) Room() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.room() == nil
}

// room says why no message can be begun; mu is held.
func (v *Voicemail) room() error {
	switch {
	case v.keys.Load() == nil:
		return ErrNoKey
	case v.space.Load() >= v.o.Space:
		return ErrFull
	case len(v.running) >= v.o.AtOnce:
		return ErrBusy
	}
	return nil
}

func (v *Voicemail) record(id string) (rec *record, err error) {
	err = v.st.View(func(s *store.Snapshot) (err error) {
		rec, err = load(s, id)
		return err
	})
	if err == nil && rec.Case == "" { // it is none yet
		return nil, ErrNotFound
	}
	return rec, err
}

// Message is the message with an id; ErrNotFound when there is none.
func (v *Voicemail) Message(id string) (Message, error) {
	rec, err := v.record(id)
	if err != nil {
		return Message{}, err
	}
	return rec.message(), nil
}

// OfCase are the messages of a case, the oldest first.
func (v *Voicemail) OfCase(c string) (all []Message, err error) {
	err = v.st.View(func(s *store.Snapshot) error {
		for key := range s.Scan(store.Prefix(keySpace, "case", c)) {
			var id string
			if err := store.SplitKey(key, nil, nil, nil, &id); err != nil {
				return err
			}
			rec, err := load(s, id)
			if err != nil {
				return err
			}
			all = append(all, rec.message())
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Message) int { return a.At.Compare(b.At) })
	return all, err
}

// Read opens the WAV file of a message. The error is ErrNotFound, or wraps ErrNoKey or ErrDamaged. The caller closes it.
func (v *Voicemail) Read(id string) (*Reader, error) {
	rec, err := v.record(id)
	if err != nil {
		return nil, err
	}
	return v.open(rec)
}
