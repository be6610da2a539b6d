package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Every element of a key begins with a tag that says its type, so that a key reads back without a
// schema and elements of one type sort among themselves. Integers of all types are one type: the tag
// of 0 is tagZero, that of a positive number of n bytes tagZero+n, that of a negative one tagZero-n.
const (
	tagString = 0x02 // the bytes, 0x00 as 0x00 0xff, then 0x00
	tagZero   = 0x14 // ± up to 8 bytes big-endian; of a negative number's magnitude the complement
	tagTime   = 0x21 // 8 bytes big-endian: nanoseconds since 1970, sign bit flipped
)

// ErrKey is returned for bytes that are no key, or no key of the shape asked for.
var ErrKey = errors.New("store: not such a key")

// Key makes a key of its parts: strings, ints, int64s, uint64s and times. Keys sort as their parts
// do: first by the first part, where that is equal by the second, and so on; a key sorts before all
// keys that it is the beginning of. A string sorts by its bytes, an integer by its value whatever its
// type, a time by its instant, the zero time before all others.
//
// Times are kept to the nanosecond between the years 1678 and 2262; what lies outside counts as the
// nearest of these. Any other type is a mistake in the program and panics.
func Key(parts ...any) []byte {
	var room [96]byte
	k := room[:0]
	for _, p := range parts {
		k = appendPart(k, p)
	}
	return bytes.Clone(k)
}

// AppendKey appends the parts to a key made before. The result may share memory with k.
func AppendKey(k []byte, parts ...any) []byte {
	for _, p := range parts {
		k = appendPart(k, p)
	}
	return k
}

func appendPart(k []byte, part any) []byte {
	switch p := part.(type) {
	case string:
		return appendString(k, p)
	case uint64:
		return appendUint(k, p)
	case int:
		return appendInt(k, int64(p))
	case int64:
		return appendInt(k, p)
	case time.Time:
		k = append(k, tagTime)
		return binary.BigEndian.AppendUint64(k, uint64(nanoseconds(p))^1<<63)
	default:
		panic("store: a key has parts of type string, int, int64, uint64 and time.Time only")
	}
}

func appendString(k []byte, s string) []byte {
	k = append(k, tagString)
	for i := range len(s) {
		k = append(k, s[i])
		if s[i] == 0 {
			k = append(k, 0xff)
		}
	}
	return append(k, 0)
}

func appendUint(k []byte, n uint64) []byte {
	width := byteWidth(n)
	k = append(k, byte(tagZero+width))
	for i := width - 1; i >= 0; i-- {
		k = append(k, byte(n>>(8*i)))
	}
	return k
}

func appendInt(k []byte, n int64) []byte {
	if n >= 0 {
		return appendUint(k, uint64(n))
	}
	magnitude := -uint64(n)
	width := byteWidth(magnitude)
	k = append(k, byte(tagZero-width))
	for i := width - 1; i >= 0; i-- {
		k = append(k, ^byte(magnitude>>(8*i)))
	}
	return k
}

func byteWidth(n uint64) int {
	width := 0
	for ; n > 0; n >>= 8 {
		width++
	}
	return width
}

// The first and last instants whose Unix time in nanoseconds fits an int64, rounded to seconds.
const (
	firstSecond = math.MinInt64/1_000_000_000 + 1
	lastSecond  = math.MaxInt64/1_000_000_000 - 1
)

// nanoseconds is what a key holds of t. The zero time is the least value.
func nanoseconds(t time.Time) int64 {
	switch s := t.Unix(); {
	case t.IsZero():
		return math.MinInt64
	case s < firstSecond:
		return firstSecond * 1_000_000_000
	case s > lastSecond:
		return lastSecond * 1_000_000_000
	}
	return t.UnixNano()
}

// SplitKey reads the leading parts of a key into pointers to string, int, int64, uint64 and time.Time;
// nil skips a part. Times come back in UTC. Parts beyond those asked for are left alone. Bytes that
// were not made by Key, and parts of another type, give an error that wraps ErrKey.
func SplitKey(key []byte, parts ...any) error {
	rest := key
	for i, p := range parts {
		var ok bool
		if rest, ok = readPart(rest, p); !ok {
			return fmt.Errorf("%w: part %d of %x", ErrKey, i+1, key)
		}
	}
	return nil
}

func readPart(k []byte, part any) (rest []byte, ok bool) {
	if len(k) == 0 {
		return nil, false
	}
	switch p := part.(type) {
	case nil:
		return skipPart(k)
	case *string:
		*p, rest, ok = readString(k)
	case *uint64:
		var negative bool
		*p, negative, rest, ok = readInt(k)
		ok = ok && !negative
	case *int64:
		*p, rest, ok = readSigned(k)
	case *int:
		var n int64
		n, rest, ok = readSigned(k)
		*p = int(n)
		ok = ok && int64(*p) == n
	case *time.Time:
		*p, rest, ok = readTime(k)
	default:
		return nil, false
	}
	return rest, ok
}

func skipPart(k []byte) (rest []byte, ok bool) {
	switch k[0] {
	case tagString:
		_, rest, ok = readString(k)
	case tagTime:
		_, rest, ok = readTime(k)
	default:
		_, _, rest, ok = readInt(k)
	}
	return rest, ok
}

func readString(k []byte) (s string, rest []byte, ok bool) {
	if k[0] != tagString {
		return "", nil, false
	}
	k = k[1:]
	end := bytes.IndexByte(k, 0)
	if end < 0 {
		return "", nil, false
	}
	if end+1 == len(k) || k[end+1] != 0xff {
		return string(k[:end]), k[end+1:], true
	}
	var b []byte
	for i := 0; i < len(k); i++ {
		if k[i] != 0 {
			b = append(b, k[i])
			continue
		}
		if i+1 == len(k) || k[i+1] != 0xff {
			return string(b), k[i+1:], true
		}
		b = append(b, 0)
		i++
	}
	return "", nil, false
}

// readInt reads an integer: its value, or the two's complement of it when negative is true.
func readInt(k []byte) (n uint64, negative bool, rest []byte, ok bool) {
	width := int(k[0]) - tagZero
	k = k[1:]
	if negative = width < 0; negative {
		width = -width
	}
	if width > 8 || len(k) < width {
		return 0, false, nil, false
	}
	for _, b := range k[:width] {
		if negative {
			b = ^b
		}
		n = n<<8 | uint64(b)
	}
	if byteWidth(n) != width {
		return 0, false, nil, false
	}
	if negative {
		n = -n
	}
	return n, negative, k[width:], true
}

func readSigned(k []byte) (n int64, rest []byte, ok bool) {
	u, negative, rest, ok := readInt(k)
	n = int64(u)
	return n, rest, ok && negative == (n < 0)
}

func readTime(k []byte) (t time.Time, rest []byte, ok bool) {
	if k[0] != tagTime || len(k) < 9 {
		return time.Time{}, nil, false
	}
	n := int64(binary.BigEndian.Uint64(k[1:]) ^ 1<<63)
	if n != math.MinInt64 {
		t = time.Unix(0, n).UTC()
	}
	return t, k[9:], true
}

// Range is a range of keys, and the direction in which to walk it.
type Range struct {
	From, To []byte // From ≤ key < To; nil is the first key, and the end of all keys
	Reverse  bool   // from the last key to the first
}

// Prefix is the range of all keys whose first parts are the given ones.
func Prefix(parts ...any) Range {
	from := Key(parts...)
	// Whatever part comes next begins with a tag, and every tag is below 0xff. The end of a string
	// that merely begins like ours is not: its zero byte is followed by 0xff.
	return Range{From: from, To: append(bytes.Clone(from), 0xff)}
}

// Backwards is the same range walked in the other direction.
func (r Range) Backwards() Range {
	r.Reverse = !r.Reverse
	return r
}

// Beyond is what is left of the range once key was reached in its direction; key itself is not in it.
func (r Range) Beyond(key []byte) Range {
	switch {
	case r.Reverse && (r.To == nil || bytes.Compare(key, r.To) < 0):
		r.To = bytes.Clone(key)
	case !r.Reverse && bytes.Compare(key, r.From) >= 0:
		r.From = append(bytes.Clone(key), 0)
	}
	return r
}

// Holds says whether the key lies in the range.
func (r Range) Holds(key []byte) bool {
	return bytes.Compare(key, r.From) >= 0 && (r.To == nil || bytes.Compare(key, r.To) < 0)
}
