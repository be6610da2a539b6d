package daemon

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/maphash"
)

// journal is what of the live calls is on the disk: segments of records, each record with the id of its
// call or registration. Of the records of an id the last one counts; one without content says that the
// id is over. So what changed in a second is one file, and not a key for every call.
//
// The oldest segments are cleaned: what is still in force of them is written again at the end, and they
// are deleted. That reads the segments and asks the watch nothing, so it may be as slow as it likes.
type journal struct {
	seed     maphash.Seed
	latest   map[uint64]place // where the record in force of each id is, by the id's hash
	segments []segment        // on the disk, or to be written; the oldest first
	next     uint64           // sequence number of the next segment
	live     int              // bytes of the records in force
	size     int              // bytes of all segments
	room     [][]byte         // of segments that were written, to be used again
	full     int              // bytes at which a segment is
}

// place is where a record is.
type place struct {
	seq  uint64
	size int
}

// segment is one file.
type segment struct {
	seq   uint64
	size  int
	bytes []byte // until it is written
}

const (
	journalVersion = 1
	segmentHead    = 1 + 4 // the version, the check sum of the rest

	// segmentSize is at how many bytes a segment is full: what changes in a second goes into one, or a few.
	segmentSize = 4 << 20
	// maxRoom is how many written segments leave their memory to later ones.
	maxRoom = 4
	// maxRecord is the size of the largest record kept. A call with larger ones has Call-IDs of many
	// kilobytes, which only an attacker sends; it is not restored.
	maxRecord = 256 << 10

	// The journal may be so many times as large as what is in force, and this much larger.
	journalSlack = 2
	journalSpare = 4 << 20
)

var errSegment = errors.New("damaged, or written by a newer version")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newJournal() *journal {
	return &journal{seed: maphash.MakeSeed(), latest: map[uint64]place{}, next: 1, full: segmentSize}
}

// put appends a record to the segments to be written; nil when the id is over.
func (j *journal) put(to []segment, id, record []byte) []segment {
	h := maphash.Bytes(j.seed, id)
	was, known := j.latest[h]
	if len(record) > maxRecord {
		record = nil
	}
	if record == nil && !known {
		return to // it began and ended since the last time
	}
	if n := len(to); n == 0 || len(to[n-1].bytes) >= j.full {
		var room []byte
		if last := len(j.room) - 1; last >= 0 {
			room, j.room = j.room[last], j.room[:last]
		}
		to = append(to, segment{seq: j.next, bytes: append(room[:0], journalVersion, 0, 0, 0, 0)})
		j.next++
	}
	s := &to[len(to)-1]
	before := len(s.bytes)
	b := binary.AppendUvarint(s.bytes, uint64(len(id)))
	b = append(b, id...)
	j.live -= was.size
	if record == nil {
		s.bytes = append(b, 0)
		delete(j.latest, h)
		return to
	}
	b = binary.AppendUvarint(b, uint64(len(record))+1)
	s.bytes = append(b, record...)
	now := place{s.seq, len(s.bytes) - before}
	j.latest[h] = now
	j.live += now.size
	return to
}

// written takes the memory of a segment that was written back.
func (j *journal) written(s *segment) {
	if len(j.room) < maxRoom {
		j.room = append(j.room, s.bytes)
	}
	s.bytes = nil
}

// seal ends segments, which are then to be written.
func (j *journal) seal(all []segment) {
	for i := range all {
		s := &all[i]
		binary.LittleEndian.PutUint32(s.bytes[1:], crc32.Checksum(s.bytes[segmentHead:], castagnoli))
		s.size = len(s.bytes)
		j.size += s.size
		j.segments = append(j.segments, segment{seq: s.seq, size: s.size})
	}
}

// dirty lists the oldest segments, which are to be cleaned now: not more than about as much as fills
// some segments anew.
func (j *journal) dirty() []segment {
	n, size := 0, j.size
	for n < len(j.segments)-1 && n < 64 && size > journalSlack*j.live+journalSpare {
		size -= j.segments[n].size
		n++
	}
	return j.segments[:n]
}

// keep appends to segments what is in force of a segment.
func (j *journal) keep(to []segment, seq uint64, b []byte) ([]segment, error) {
	return to, walkSegment(b, func(id, record []byte) {
		if j.latest[maphash.Bytes(j.seed, id)].seq == seq && record != nil {
			to = j.put(to, id, record)
		}
	})
}

// drop forgets the oldest segments, which were deleted.
func (j *journal) drop(n int) {
	for i := range j.segments[:n] {
		j.size -= j.segments[i].size
	}
	j.segments = append(j.segments[:0], j.segments[n:]...)
}

// walkSegment yields the records of a segment, nil for those that say that an id is over. What it yields
// shares memory with b.
func walkSegment(b []byte, yield func(id, record []byte)) error {
	if len(b) < segmentHead || b[0] != journalVersion ||
		binary.LittleEndian.Uint32(b[1:]) != crc32.Checksum(b[segmentHead:], castagnoli) {
		return errSegment
	}
	for b = b[segmentHead:]; len(b) > 0; {
		id, rest, ok := cutBytes(b, 0)
		if !ok {
			return errSegment
		}
		record, rest, ok := cutBytes(rest, 1)
		if !ok {
			return errSegment
		}
		yield(id, record)
		b = rest
	}
	return nil
}

// cutBytes reads bytes behind their length, which is written with so much added; a smaller one gives nil.
func cutBytes(b []byte, added uint64) (v, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 {
		return nil, nil, false
	}
	b = b[width:]
	if n < added {
		return nil, b, true
	}
	if n -= added; n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}
