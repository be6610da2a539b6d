package hep_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/sip/hep"
)

func FuzzDecode(f *testing.F) {
	f.Add(hep.Append(nil, example()))
	f.Add(with())
	f.Add(packet(compressed([]byte("x\x9c\x03\x00\x00\x00\x00\x01"))...))
	f.Add([]byte("\x02\x34\x0a\x11\x13\xc4\x13\xc4"))
	f.Fuzz(func(t *testing.T, b []byte) {
		given := bytes.Clone(b)
		var p hep.Packet
		err := hep.Decode(b, &p)
		if !bytes.Equal(b, given) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			if r, ok := err.(hep.Reason); !ok || r == hep.ReasonNone { //nolint:errorlint // it is the reason itself
				t.Fatalf("error %v is no reason", err)
			}
			return
		}
		if len(p.Payload) == 0 || !p.Src.IsValid() || !p.Dst.IsValid() || p.Src.Addr().Is4In6() {
			t.Fatalf("a packet was taken that lacks what it needs: %+v", p)
		}
		// What was understood is written and understood again alike, apart from what Append does
		// not write: a mark of TLS of its own, and transports it does not know.
		var again hep.Packet
		w := hep.Append(nil, p)
		if len(w) == 0 {
			return // mixed families behind mapped addresses, or grown beyond MaxFrame
		}
		if err := hep.Decode(w, &again); err != nil {
			t.Fatalf("written again: %v", err)
		}
		if p.Transport == 0 {
			again.Transport = 0
		}
		emptied(&p)
		if d := cmp.Diff(p, again, cmpAddr); d != "" {
			t.Fatal(d)
		}
	})
}

// emptied makes empty optional values nil, as they are when left out.
func emptied(p *hep.Packet) {
	for _, b := range []*[]byte{&p.Key, &p.CorrelationID, &p.CaptureName} {
		if len(*b) == 0 {
			*b = nil
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	buf := hep.Append(nil, example())
	var p hep.Packet
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if err := hep.Decode(buf, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	p := example()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = hep.Append(buf[:0], p)
	}
}
