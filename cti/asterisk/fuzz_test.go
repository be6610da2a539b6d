package asterisk_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/cti"
	"ringback/cti/asterisk"
	"ringback/sip"
)

// few are the channels that a model under fuzz may follow, events what it is told at most: about a call.
const (
	few    = 8
	events = 128
)

// scanned is a sink that reads what it is told as a tracker would.
type scanned struct {
	t *testing.T
	s *sip.Scanner
	m sip.Message
	n int
}

func (x *scanned) Message(m cti.Told) {
	x.n++
	if _, err := x.s.Scan(m.Text, &x.m); err != nil {
		x.t.Fatalf("%v:\n%s", err, m.Text)
	}
	if !m.Src.IsValid() || !m.Dst.IsValid() {
		x.t.Fatalf("from %s to %s", m.Src, m.Dst)
	}
}
func (x *scanned) Link(time.Time, string, string) {}
func (x *scanned) Fact(sip.Fact)                  {}

func model(t *testing.T) (*asterisk.Model, *scanned) {
	t.Helper()
	site, err := cti.NewSite(plan, "pbx", nil)
	if err != nil {
		t.Fatal(err)
	}
	sink := &scanned{t: t, s: sip.NewScanner(nil)}
	return asterisk.New(asterisk.Options{Site: site, Sink: sink, MaxChannels: few}), sink
}

// recorded are the events of some recordings of a kind.
func recorded(f *testing.F, kind string) [][]byte {
	f.Helper()
	files, err := filepath.Glob("../../sip/testdata/captures/asterisk/[bi]*/" + kind + ".jsonl.gz")
	if err != nil || len(files) < 3 {
		f.Fatalf("%d recordings, %v", len(files), err)
	}
	var all [][]byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			f.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			all = append(all, bytes.Clone(lines.Bytes()))
		}
	}
	return all
}

// fuzz hands recorded events to a model in an order that no PBX has, with a made-up one among them, and sees
// that it keeps within its bounds.
func fuzz(f *testing.F, kind string, take func(m *asterisk.Model, line []byte, at time.Time) error) {
	f.Helper()
	pool := recorded(f, kind)
	for from := 0; from < len(pool); from += events / 2 {
		var order []byte
		for i := from; i < min(len(pool), from+events); i++ {
			order = append(order, byte(i>>8), byte(i))
		}
		f.Add(order, pool[from], uint16(3))
		f.Add(order, []byte(`{"type":"Dial","Event":"DialBegin"}`), uint16(0))
	}
	f.Fuzz(func(t *testing.T, order, made []byte, where uint16) {
		m, sink := model(t)
		now, count := time.Unix(1_800_000_000, 0), 0
		for i := 0; i+1 < min(len(order), 2*events); i += 2 {
			line := pool[(int(order[i])<<8|int(order[i+1]))%len(pool)]
			if i/2 == int(where) {
				line = made
			}
			count++
			now = now.Add(100 * time.Millisecond)
			if err := take(m, line, now); err != nil && !errors.Is(err, asterisk.ErrEvent) {
				t.Fatal(err)
			}
			if n := m.Stats().Channels; n > few {
				t.Fatalf("%d channels", n)
			}
		}
		if sink.n > 50*(count+1) {
			t.Fatalf("%d messages of %d events", sink.n, count)
		}
	})
}

func FuzzARI(f *testing.F) {
	fuzz(f, "ari", func(m *asterisk.Model, line []byte, at time.Time) error {
		_, err := m.ARI(line, at)
		return err
	})
}

func FuzzAMI(f *testing.F) {
	fuzz(f, "ami", func(m *asterisk.Model, line []byte, at time.Time) error {
		e, err := asterisk.ParseAMI(line)
		if err == nil {
			m.AMI(e, at)
		}
		return err
	})
}
