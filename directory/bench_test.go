package directory

import (
	"fmt"
	"testing"

	"ringback/sip"
)

// large is a centre of 5000 agents with three ways to know each, 200 services and 50 lists.
func large() *File {
	f := &File{Country: "FI", PBXs: []PBX{{ID: "pbx", CaptureIDs: []uint32{1}}}}
	host := func(text string) []sip.Host {
		h, err := sip.ParseHost(text)
		if err != nil {
			panic(err)
		}
		return []sip.Host{h}
	}
	f.PBXs[0].Addresses = host("192.0.2.1")
	for i := range 5000 {
		f.Agents = append(f.Agents, Agent{
			ID: fmt.Sprint("agent", i), Name: fmt.Sprint("Agent ", i), Extensions: []string{fmt.Sprint(10000 + i)},
			Addresses: host(fmt.Sprintf("10.0.%d.%d", i/250, i%250)), Direct: []sip.Number{sip.Number(358931000000 + i)},
		})
	}
	for i := range 50 {
		l := ListEntry{ID: fmt.Sprint("list", i), Policy: DefaultPolicy()}
		for j := range 100 {
			l.Members = append(l.Members, fmt.Sprint("agent", i*100+j))
		}
		f.Lists = append(f.Lists, l)
	}
	for i := range 200 {
		f.Services = append(f.Services, Service{ID: fmt.Sprint("service", i), List: f.Lists[i%50].ID, Numbers: []Pattern{{Number: sip.Number(358941000000 + i)}}})
	}
	return f
}

func BenchmarkLargeDirectory(b *testing.B) {
	f := large()
	text := Format(f)
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse("large.yaml", text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := New(f); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("format", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Format(f)
		}
	})
	b.Run("diff", func(b *testing.B) {
		b.ReportAllocs()
		other := large()
		for b.Loop() {
			if len(Diff(f, other)) > 0 {
				b.Fatal("equal files differ")
			}
		}
	})
}
