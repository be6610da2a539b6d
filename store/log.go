package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// A log is a list of entries, in the order in which the commands that appended them were applied. It
// says what changed to whoever follows what is stored: a search index, webhooks. An entry is on the
// disk exactly when the writes of its command are. All entries of a group of commands share one record,
// so that appending costs a group one more key and not every command.
//
//	$log <name> <record>   entries, each behind its length as a uvarint
//	$trimmed <name>        Position before which all is dropped
const (
	tableLog     = "$log"
	tableTrimmed = "$trimmed"
)

// Position is the place of an entry in its log. Later entries have greater positions, with gaps, and
// no position is used twice. 0 is before all of them.
type Position uint64

// recordBits are those of the entry within its record; the others are the record's number.
const recordBits = 16

// A record is closed when it has this many bytes, or entries, and the next begins.
const (
	maxRecord  = 32 << 10
	maxEntries = 1 << (recordBits - 1)
	maxEntry   = maxRecord
	logsAtOnce = 16 // that one group may append to
)

func position(record uint64, entry int) Position { return Position(record<<recordBits | uint64(entry)) }

func (p Position) record() uint64 { return uint64(p) >> recordBits }

// RecordsBefore is the position so many records before another: every commit that appends writes one at
// least.
func RecordsBefore(p Position, n uint64) Position {
	if p.record() <= n {
		return 0
	}
	return position(p.record()-n, 0)
}

// appended is an entry of a command that is not part of the group yet.
type appended struct {
	log   string
	entry []byte
}

// Append adds an entry of at most 32 KiB to the end of a log. The entry belongs to the store from then
// on. It is read once the command is committed, by handlers too.
func (tx *Tx) Append(log string, entry []byte) {
	if len(entry) > maxEntry {
		tx.fail(fmt.Errorf("%w: a log entry of %d bytes", ErrTooBig, len(entry)))
		return
	}
	tx.appends = append(tx.appends, appended{log, entry})
	tx.bytes += len(entry) + binary.MaxVarintLen32
}

// logs collects what the commands of a group appended, and numbers the records. It belongs to the
// committer.
type logs struct {
	next  map[string]uint64 // by log: the number of the next record
	open  []openRecord      // of this group
	ready int               // records of this group that were written
}

type openRecord struct {
	log     string
	entries int
	bytes   []byte
}

// add takes over what a command appended.
func (l *logs) add(tx *Tx) {
	for _, a := range tx.appends {
		i := slices.IndexFunc(l.open, func(o openRecord) bool { return o.log == a.log })
		if i < 0 {
			i = len(l.open)
			l.open = append(l.open, openRecord{log: a.log})
		}
		o := &l.open[i]
		o.bytes = binary.AppendUvarint(o.bytes, uint64(len(a.entry)))
		o.bytes = append(o.bytes, a.entry...)
		if o.entries++; len(o.bytes) >= maxRecord || o.entries == maxEntries {
			l.close(tx, o)
		}
	}
}

// finish writes the records of the group and says how many they were.
func (l *logs) finish(tx *Tx) int {
	for i := range l.open {
		if l.open[i].entries > 0 {
			l.close(tx, &l.open[i])
		}
	}
	n := l.ready
	l.begin()
	return n
}

// begin forgets a group that was not finished.
func (l *logs) begin() { l.open, l.ready = l.open[:0], 0 }

func (l *logs) close(tx *Tx, o *openRecord) {
	n, known := l.next[o.log]
	if !known {
		n = max(1, EndOfLog(tx, o.log).record())
	}
	if l.next == nil {
		l.next = make(map[string]uint64)
	}
	// The number is used up even if the group fails: a failed group may be on the disk.
	l.next[o.log] = n + 1
	tx.tree.set(string(Key(tableLog, o.log, n)), entry{value: o.bytes})
	l.ready++
	o.entries, o.bytes = 0, nil
}

// ReadLog yields the entries of a log from a position on, with their positions, as far as the reader
// sees them. An entry is valid until the next step only and must not be changed. To go on later, begin
// at the last position plus one.
func ReadLog(r Reader, log string, from Position) iter.Seq2[Position, []byte] {
	return func(yield func(Position, []byte) bool) {
		from = max(from, StartOfLog(r, log))
		records := Range{From: Key(tableLog, log, from.record()), To: Prefix(tableLog, log).To}
		for key, value := range r.Scan(records) {
			var n uint64
			if err := SplitKey(key, nil, nil, &n); err != nil {
				return
			}
			for i := 0; len(value) > 0; i++ {
				size, width := binary.Uvarint(value)
				if width <= 0 || size > uint64(len(value)-width) {
					return // Badger checks its sums, so this is no damage of the disk
				}
				end := width + int(size)
				if p := position(n, i); p >= from && !yield(p, value[width:end]) {
					return
				}
				value = value[end:]
			}
		}
	}
}

// StartOfLog is the position before which everything was trimmed: whoever wants to go on before it has
// missed something.
func StartOfLog(r Reader, log string) Position {
	var p uint64
	if v, ok := r.Get(Key(tableTrimmed, log)); ok {
		p, _ = binary.Uvarint(v)
	}
	return Position(p)
}

// EndOfLog is a position behind all entries that the reader sees and before all that will be appended.
func EndOfLog(r Reader, log string) Position {
	for key := range r.Scan(Prefix(tableLog, log).Backwards()) {
		var n uint64
		if err := SplitKey(key, nil, nil, &n); err == nil {
			return position(n+1, 0)
		}
	}
	return 0
}

// kindTrim is the command behind TrimLog; it drops this many records at a time.
const (
	kindTrim   = "$trim"
	trimAtOnce = 5000
)

type trimming struct {
	Log    string
	Before Position
}

// TrimLog drops the entries of a log before a position: whole records, and never the last one.
func (s *Store) TrimLog(ctx context.Context, log string, before Position) error {
	for {
		more, err := s.Do(ctx, Command{ID: log, Kind: kindTrim, Data: trimming{log, before}})
		if err != nil || more == false {
			return err
		}
	}
}

func trim(tx *Tx, c Command) (any, error) {
	t, ok := c.Data.(trimming)
	if !ok {
		return nil, fmt.Errorf("store: %s with data of type %T", c.Kind, c.Data)
	}
	start := StartOfLog(tx, t.Log)
	end := min(t.Before.record(), max(EndOfLog(tx, t.Log).record(), 1)-1) // the first record to stay
	dropped, reached := 0, uint64(0)
	for key := range tx.Scan(Range{From: Key(tableLog, t.Log, start.record()), To: Key(tableLog, t.Log, end)}) {
		if err := SplitKey(key, nil, nil, &reached); err != nil {
			return nil, err
		}
		tx.Delete(slices.Clone(key))
		if dropped++; dropped == trimAtOnce {
			break
		}
	}
	if dropped > 0 {
		tx.Set(Key(tableTrimmed, t.Log), binary.AppendUvarint(nil, uint64(position(reached+1, 0))))
	}
	return dropped == trimAtOnce, nil
}
