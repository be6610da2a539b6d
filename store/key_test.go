package store_test

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ringback/store"
)

// tuple is a key's parts, one of each type in the order keys are made of.
type tuple struct {
	s string
	u uint64
	i int64
	n int
	t time.Time
}

func (a tuple) key() []byte { return store.Key(a.s, a.u, a.i, a.n, a.t) }

func (a tuple) compare(b tuple) int {
	return cmp.Or(strings.Compare(a.s, b.s), cmp.Compare(a.u, b.u), cmp.Compare(a.i, b.i), cmp.Compare(a.n, b.n), a.t.Compare(b.t))
}

func sign(n int) int { return cmp.Compare(n, 0) }

func checkPair(t *testing.T, a, b tuple) {
	t.Helper()
	ka, kb := a.key(), b.key()
	if got, want := bytes.Compare(ka, kb), sign(a.compare(b)); got != want {
		t.Errorf("%+v and %+v compare %d, their keys %x and %x compare %d", a, b, want, ka, kb, got)
	}
	var back tuple
	if err := store.SplitKey(ka, &back.s, &back.u, &back.i, &back.n, &back.t); err != nil {
		t.Fatalf("reading %x back: %v", ka, err)
	}
	if back.compare(a) != 0 {
		t.Errorf("%+v came back as %+v", a, back)
	}
	// A key's beginning sorts before it and finds it.
	if r := store.Prefix(a.s, a.u); bytes.Compare(store.Key(a.s, a.u), ka) >= 0 || !within(r, ka) {
		t.Errorf("%x does not lie behind its own beginning", ka)
	} else if got, want := within(r, kb), a.s == b.s && a.u == b.u; got != want {
		t.Errorf("the prefix of %+v holds the key of %+v: %v", a, b, got)
	}
}

func within(r store.Range, key []byte) bool {
	return bytes.Compare(key, r.From) >= 0 && bytes.Compare(key, r.To) < 0
}

// keyTime is an instant that a key keeps exactly.
func keyTime(n int64) time.Time {
	if n == math.MinInt64 {
		return time.Time{}
	}
	const first, last = math.MinInt64 + 2_000_000_000, math.MaxInt64 - 2_000_000_000
	return time.Unix(0, min(max(n, first), last))
}

func TestKeysSortAsTheirPartsDo(t *testing.T) {
	strs := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "a", "a\x00", "a\x00b", "a\x01", "ab", "b", "\xff", "\xff\xff"}
	uints := []uint64{0, 1, 255, 256, 65535, 65536, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}
	ints := []int64{math.MinInt64, math.MinInt64 + 1, -65536, -256, -255, -1, 0, 1, 255, 256, math.MaxInt64}
	times := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, 1_795_158_378_105_000_001, math.MaxInt64}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func() tuple {
		return tuple{
			strs[rng.IntN(len(strs))], uints[rng.IntN(len(uints))], ints[rng.IntN(len(ints))],
			int(ints[rng.IntN(len(ints))]), keyTime(times[rng.IntN(len(times))]),
		}
	}
	for range 20_000 {
		checkPair(t, pick(), pick())
	}
}

func TestIntegersOfAllTypesSortTogether(t *testing.T) {
	inOrder := []any{int64(math.MinInt64), -1, 0, uint64(1), 2, int64(math.MaxInt64), uint64(math.MaxUint64)}
	for i := 1; i < len(inOrder); i++ {
		if bytes.Compare(store.Key(inOrder[i-1]), store.Key(inOrder[i])) >= 0 {
			t.Errorf("%v does not sort before %v", inOrder[i-1], inOrder[i])
		}
	}
}

func TestTimesOutsideAKeysYearsCountAsTheNearest(t *testing.T) {
	inOrder := []time.Time{
		{},
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC),
		time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i := 1; i < len(inOrder); i++ {
		if bytes.Compare(store.Key(inOrder[i-1]), store.Key(inOrder[i])) >= 0 {
			t.Errorf("%v does not sort before %v", inOrder[i-1], inOrder[i])
		}
	}
}

func TestSplitKeyRefusesWhatIsNotSuchAKey(t *testing.T) {
	var (
		s  string
		u  uint64
		i  int64
		at time.Time
	)
	for name, err := range map[string]error{
		"nothing":            store.SplitKey(nil, &s),
		"too few parts":      store.SplitKey(store.Key("a"), &s, &s),
		"a number":           store.SplitKey(store.Key(1), &s),
		"a string":           store.SplitKey(store.Key("a"), &u),
		"a negative number":  store.SplitKey(store.Key(-1), &u),
		"too large a number": store.SplitKey(store.Key(uint64(math.MaxUint64)), &i),
		"no time":            store.SplitKey(store.Key(1), &at),
		"no end":             store.SplitKey([]byte{2, 'a'}, &s),
		"a long number":      store.SplitKey([]byte{0x16, 0, 1}, &u),
		"a short number":     store.SplitKey([]byte{0x16, 1}, &u),
		"a strange tag":      store.SplitKey([]byte{0x7f, 1}, nil),
		"a strange pointer":  store.SplitKey(store.Key(1), new(float64)),
	} {
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("%s: got %v, want ErrKey", name, err)
		}
	}
	if err := store.SplitKey(store.Key("a", 1, time.Unix(1, 2), "b"), nil, nil, nil, &s); err != nil || s != "b" {
		t.Errorf("skipping parts: got %q, %v", s, err)
	}
}

func TestKeysAreMadeWithOneAllocation(t *testing.T) {
	id, n, at := "6K3M9QX-4TZ8WA", uint64(358401234567), time.Unix(1_795_158_378, 0)
	if n := testing.AllocsPerRun(100, func() { sink = store.Key("number", n, at, id, 7) }); n > 1 {
		t.Errorf("got %v allocations, want 1", n)
	}
}

var sink []byte

// FuzzKey checks the order of any two keys, and that any bytes read back or are refused.
func FuzzKey(f *testing.F) {
	f.Add("a", uint64(1), int64(-1), 3, int64(4), "a\x00", uint64(256), int64(1), -3, int64(math.MinInt64), []byte{2, 0, 0xff, 0})
	f.Fuzz(func(t *testing.T, s1 string, u1 uint64, i1 int64, n1 int, t1 int64, s2 string, u2 uint64, i2 int64, n2 int, t2 int64, raw []byte) {
		a, b := tuple{s1, u1, i1, n1, keyTime(t1)}, tuple{s2, u2, i2, n2, keyTime(t2)}
		checkPair(t, a, b)
		b.s = a.s
		checkPair(t, a, b)
		b.u = a.u
		checkPair(t, a, b)

		var back tuple
		if store.SplitKey(raw, &back.s, &back.u, &back.i, &back.n, &back.t) == nil && !bytes.HasPrefix(raw, back.key()) {
			t.Errorf("%x was read as %+v, whose key is %x", raw, back, back.key())
		}
	})
}
