package sip_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"ringback/sip"
)

// BenchmarkLiveCall says how much memory a live call of three legs takes: the caller's, and those of
// two phones that ring, with maps and timers and all; and how long the tracker stands still while all of
// them are written behind, as after a start.
func BenchmarkLiveCall(b *testing.B) {
	const calls = 200_000
	for range b.N {
		tr, err := sip.NewTracker(loadPlan(), sip.Options{})
		if err != nil {
			b.Fatal(err)
		}
		scanner, before := sip.NewScanner(nil), heapInUse()
		var m sip.Message
		for i := range calls {
			g := &load{}
			g.rings(i, loadStart+int64(i)*1e5)
			for k := range g.msgs {
				x := &g.msgs[k]
				if _, err := scanner.Skim(x.text, &m); err != nil {
					b.Fatal(err)
				}
				m.Time, m.Src, m.Dst = x.at, x.src, x.dst
				tr.Handle(&m, func(*sip.Event) {})
			}
		}
		tr.Expire(loadStart+int64(calls)*1e5+1e9, func(*sip.Event) {})
		after, s := heapInUse(), tr.Stats()
		if s.LiveCalls != calls || s.LiveLegs != 3*calls {
			b.Fatalf("%d calls of %d legs are live, want %d of %d", s.LiveCalls, s.LiveLegs, calls, 3*calls)
		}
		b.ReportMetric(float64(after-before)/calls, "B/call")
		began, size := time.Now(), 0
		tr.Changes(func(id, record []byte) { size += len(id) + len(record) })
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "changes-ms")
		b.ReportMetric(float64(size)/calls, "B/record")
		runtime.KeepAlive(tr)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// rings adds a call that the PBX has answered and for which two phones ring.
func (g *load) rings(i int, at int64) {
	number := fmt.Sprintf("+35840%07d", i)
	sdp := loadSDP
	caller := &loadLeg{
		callID: fmt.Sprintf("%08x-a1b2-4c3d-9e8f-%012x@198.51.100.50", i, i*7919), from: "<sip:" + number + "@operator.example;user=phone>",
		to: "<sip:+35893100100@198.51.100.10:5060;user=phone>", uri: "sip:+35893100100@198.51.100.10:5060",
		fromTag: fmt.Sprintf("ft%08x", i), toTag: fmt.Sprintf("tt%08x", i), a: loadCarrier, b: loadPBX,
	}
	branch := fmt.Sprintf("-%d-a", i)
	g.request(at, caller, "INVITE", 1, branch, false, "", sdp)
	g.response(at+2e6, caller, "200 OK", "INVITE", 1, branch, sdp)
	g.request(at+3e6, caller, "ACK", 1, branch+"k", true, "", "")
	for n, phone := range loadPhones {
		contact := fmt.Sprintf("sip:10%d-0x55f0@%s", n+1, phone)
		l := &loadLeg{
			callID: fmt.Sprintf("%08x-b%db2-4c3d-9e8f-%012x", i, n, i*104729), from: "<sip:" + number + "@10.20.0.10>",
			to: "<" + contact + ">", uri: contact, fromTag: fmt.Sprintf("fb%d%07x", n, i), toTag: fmt.Sprintf("tb%d%07x", n, i), a: loadInside, b: phone,
		}
		branch := fmt.Sprintf("-%d-%d", i, n)
		g.request(at+20e6, l, "INVITE", 7, branch, false, "", sdp)
		g.response(at+21e6, l, "180 Ringing", "INVITE", 7, branch, "")
	}
}
