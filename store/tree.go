package store

import (
	"bytes"
	"iter"
	"unsafe"

	"github.com/tidwall/btree"
)

// entry is what a tree holds under a key. A dead entry says that the key is deleted, where the tree
// lies over a snapshot that may still hold it.
type entry struct {
	value []byte
	dead  bool
}

// tree is an ordered map in memory: the whole store in memory, or the writes of a group that is not
// committed yet. The zero tree is empty. A Go map with sorted keys was no alternative: handlers scan
// while they write. Measured for 180 000 keys set once and read once: 63 ms, google/btree 119 ms.
type tree struct {
	m       btree.Map[string, entry]
	changes uint64 // grows with every change, so that a walk notices one
}

func (t *tree) get(key []byte) (entry, bool) { return t.m.Get(look(key)) }

// set writes an entry and returns what was there before.
func (t *tree) set(key string, e entry) (old entry, had bool) {
	t.changes++
	return t.m.Set(key, e)
}

func (t *tree) remove(key string) (old entry, had bool) {
	t.changes++
	return t.m.Delete(key)
}

// look is a key as the tree wants it for a search, which keeps nothing of it.
func look(key []byte) string {
	return unsafe.String(unsafe.SliceData(key), len(key)) //nolint:gosec // not kept, and a copy costs as much as the search
}

// show is a key of the tree for reading.
func show(key string) []byte {
	return unsafe.Slice(unsafe.StringData(key), len(key)) //nolint:gosec // whoever walks changes no key
}

func (t *tree) clear() {
	t.m.Clear()
	t.changes++
}

// copy is the tree as it is now, untouched by later changes and made without copying.
func (t *tree) copy() *tree { return &tree{m: *t.m.Copy()} }

// walk yields the entries in the range, dead ones too, in its direction. The tree may change under
// it: entries ahead of the walk are then seen as they are when it reaches them.
func (t *tree) walk(r Range) iter.Seq2[[]byte, entry] {
	return func(yield func([]byte, entry) bool) {
		it := t.m.Iter()
		changes := t.changes
		for ok := seek(&it, r); ok; {
			key := show(it.Key())
			if !r.Holds(key) || !yield(key, it.Value()) {
				return
			}
			switch {
			case changes != t.changes:
				it, changes = t.m.Iter(), t.changes
				r = r.Beyond(key)
				ok = seek(&it, r)
			case r.Reverse:
				ok = it.Prev()
			default:
				ok = it.Next()
			}
		}
	}
}

// seek goes to the first entry of the range in its direction, or to one outside when it is empty.
func seek(it *btree.MapIter[string, entry], r Range) bool {
	switch {
	case !r.Reverse:
		return it.Seek(look(r.From))
	case r.To == nil:
		return it.Last()
	case !it.Seek(look(r.To)):
		return it.Last()
	}
	return it.Prev()
}

// live yields the values of a walk where nothing is dead.
func live(walk iter.Seq2[[]byte, entry]) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, e := range walk {
			if !yield(k, e.value) {
				return
			}
		}
	}
}

// over yields the live entries of two walks of one range, where what lies above hides what is below.
func over(above iter.Seq2[[]byte, entry], below iter.Seq2[[]byte, []byte], reverse bool) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		next, stop := iter.Pull2(above)
		defer stop()
		key, e, some := next()
		for k, v := range below {
			for some && before(key, k, reverse) {
				if !e.dead && !yield(key, e.value) {
					return
				}
				key, e, some = next()
			}
			if some && bytes.Equal(key, k) {
				continue
			}
			if !yield(k, v) {
				return
			}
		}
		for ; some; key, e, some = next() {
			if !e.dead && !yield(key, e.value) {
				return
			}
		}
	}
}

// before says whether a walk meets a before b.
func before(a, b []byte, reverse bool) bool {
	if reverse {
		a, b = b, a
	}
	return bytes.Compare(a, b) < 0
}
