package rtp_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	pion "github.com/pion/rtp"

	"ringback/cases/voicemail"
	"ringback/sip/rtp"
	"ringback/store"
)

const (
	benchCalls  = 200
	benchFrame  = 20 * time.Millisecond
	benchLength = 5 * time.Second
)

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// talk sends 20 ms packets to each address for a while, evenly spread, from one socket each.
func talk(b *testing.B, conns []*net.UDPConn, to []netip.AddrPort, length time.Duration) (sent uint64) {
	b.Helper()
	head := pion.Header{Version: 2, PayloadType: 8, SSRC: 7}
	payload := make([]byte, 160)
	for i := range payload {
		payload[i] = 0xd5 ^ byte(i%40)
	}
	raw, err := (&pion.Packet{Header: head, Payload: payload}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	const groups = 10
	next := time.Now()
	for n := range int(length / benchFrame) {
		for g := range groups {
			for i := g; i < len(to); i += groups {
				raw[2], raw[3] = byte(n>>8), byte(n)
				ts := uint32(160 * n)
				raw[4], raw[5], raw[6], raw[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
				if _, err := conns[i].WriteToUDPAddrPort(raw, to[i]); err != nil {
					b.Fatal(err)
				}
				sent++
			}
			next = next.Add(benchFrame / groups)
			<-time.After(time.Until(next))
		}
	}
	return sent
}

func listen(b *testing.B) *net.UDPConn {
	b.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

func addrOf(conn *net.UDPConn) netip.AddrPort { return conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// BenchmarkRecordings records 200 calls at a time. It tells the packets lost, what a second of it costs in processor time, and how
// many times the cost of reading the packets and nothing else that is. What sending them costs is taken off both.
func BenchmarkRecordings(b *testing.B) {
	var conns, sinks []*net.UDPConn
	var toSinks []netip.AddrPort
	for range benchCalls {
		conns = append(conns, listen(b))
		sinks = append(sinks, listen(b))
		toSinks = append(toSinks, addrOf(sinks[len(sinks)-1]))
	}
	b.ResetTimer()
	for b.Loop() {
		// Sockets whose buffers are full cost the senders as much.
		talk(b, conns, toSinks, time.Second)
		begin := cpu(b)
		talk(b, conns, toSinks, benchLength)
		sending := cpu(b) - begin

		var readers sync.WaitGroup
		for _, conn := range sinks {
			readers.Go(func() {
				buf := make([]byte, 2048)
				for {
					if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
						return
					}
				}
			})
		}
		<-time.After(200 * time.Millisecond)
		begin = cpu(b)
		talk(b, conns, toSinks, benchLength)
		floor := cpu(b) - begin - sending
		for _, conn := range sinks {
			_ = conn.SetReadDeadline(time.Now())
		}
		readers.Wait()

		listening, lost, received := record(b, conns, discarded, "a=sendonly")
		listening -= sending
		both, lostToo, _ := record(b, conns, discarded)
		both -= sending
		kept, lostKept, _ := record(b, conns, messages(b), "a=sendonly")
		kept -= sending
		seconds := benchLength.Seconds()
		b.ReportMetric(float64(lost+lostToo+lostKept), "lost/op")
		b.ReportMetric(float64(received), "packets/op")
		b.ReportMetric(floor.Seconds()*1000/seconds, "floor-cpu-ms/s")
		b.ReportMetric(listening.Seconds()*1000/seconds, "cpu-ms/s")
		b.ReportMetric(listening.Seconds()/floor.Seconds(), "x-floor")
		b.ReportMetric(both.Seconds()*1000/seconds, "with-silence-sent-cpu-ms/s")
		b.ReportMetric(kept.Seconds()*1000/seconds, "encrypted-cpu-ms/s")
	}
}

// discarded is where a recording goes that nobody keeps.
func discarded() io.Writer { return io.Discard }

// messages is where recordings go that are messages of callers: encrypted files on the disk.
func messages(b *testing.B) func() io.Writer {
	b.Helper()
	st, err := store.Open(store.Options{Dir: b.TempDir(), Reserve: -1})
	if err != nil {
		b.Fatal(err)
	}
	v := voicemail.New(st, voicemail.Options{Dir: b.TempDir(), Header: rtp.WAVHeader, AtOnce: benchCalls})
	file := filepath.Join(b.TempDir(), "key")
	if _, err := voicemail.NewKey(file); err != nil {
		b.Fatal(err)
	}
	keys, err := voicemail.LoadKeys(file)
	if err != nil {
		b.Fatal(err)
	}
	v.SetKeys(keys)
	if err := v.Open(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(v.Close(), st.Close()); err != nil {
			b.Error(err)
		}
	})
	return func() io.Writer {
		r, err := v.Begin(b.Context(), voicemail.Draft{At: time.Now()})
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
}

// record records what is said to 200 sessions.
func record(b *testing.B, conns []*net.UDPConn, into func() io.Writer, offer ...string) (used time.Duration, lost int64, received uint64) {
	b.Helper()
	h := host(b, 40000, func(o *rtp.Options) { o.LastPort = 40999 })
	var to []netip.AddrPort
	var sessions []*rtp.Session
	var recordings sync.WaitGroup
	var missing atomic.Int64
	for _, conn := range conns {
		s := session(b, h, rtp.SessionOptions{})
		port := strconv.Itoa(int(addrOf(conn).Port()))
		if _, err := s.Answer(sdp(append([]string{"m=audio " + port + " RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000"}, offer...)...)); err != nil {
			b.Fatal(err)
		}
		to = append(to, s.Media().Local)
		sessions = append(sessions, s)
		w := into()
		recordings.Go(func() {
			r, err := s.Record(b.Context(), w, rtp.RecordOptions{})
			if err != nil || r.End != rtp.EndHangup {
				b.Error(r, err)
			}
			missing.Add(int64(r.Lost + r.Overrun))
		})
	}
	<-time.After(200 * time.Millisecond)
	begin := cpu(b)
	sent := talk(b, conns, to, benchLength)
	used = cpu(b) - begin
	<-time.After(200 * time.Millisecond)
	for _, s := range sessions {
		st := s.Stats()
		received += st.Received
		for reason, n := range st.Dropped {
			if n > 0 {
				b.Logf("%d dropped: %s", n, reason)
			}
		}
		_ = s.Close()
	}
	recordings.Wait()
	return used, int64(sent) - int64(received) + missing.Load()/160, received
}

// gaps are how far packets come from 20 ms after the one before.
func gaps(conn *net.UDPConn) (off []time.Duration) {
	var before time.Time
	buf := make([]byte, 2048)
	for {
		if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
			return off
		}
		now := time.Now()
		if !before.IsZero() {
			off = append(off, (now.Sub(before) - benchFrame).Abs())
		}
		before = now
	}
}

// BenchmarkPacing plays to 200 calls and tells how far packets come from 20 ms after the one before, and, as the floor, how far
// a timer of 20 ms does that nothing else hangs on.
func BenchmarkPacing(b *testing.B) {
	for b.Loop() {
		h := host(b, 40000, func(o *rtp.Options) { o.LastPort = 40999 })
		var mu sync.Mutex
		var off []time.Duration
		var readers sync.WaitGroup
		var sessions []*rtp.Session
		var conns []*net.UDPConn
		clip := rtp.Tone(benchLength, 1000)
		for range benchCalls {
			conn := listen(b)
			conns = append(conns, conn)
			readers.Go(func() { // before anything comes
				mine := gaps(conn)
				mu.Lock()
				off = append(off, mine...)
				mu.Unlock()
			})
			s := session(b, h, rtp.SessionOptions{})
			if _, err := s.Answer(sdp("m=audio " + strconv.Itoa(int(addrOf(conn).Port())) + " RTP/AVP 8")); err != nil {
				b.Fatal(err)
			}
			sessions = append(sessions, s)
		}
		begin := cpu(b)
		var plays sync.WaitGroup
		for _, s := range sessions {
			plays.Go(func() {
				if err := s.Play(b.Context(), rtp.Prompt{Clips: []*rtp.Clip{clip}}); err != nil {
					b.Error(err)
				}
			})
		}
		var bare []time.Duration
		stop := make(chan struct{})
		readers.Go(func() {
			ticker := time.NewTicker(benchFrame)
			defer ticker.Stop()
			for before := time.Now(); ; {
				select {
				case <-ticker.C:
				case <-stop:
					return
				}
				now := time.Now()
				bare = append(bare, (now.Sub(before) - benchFrame).Abs())
				before = now
			}
		})
		plays.Wait()
		close(stop)
		used := cpu(b) - begin
		for i, s := range sessions {
			_ = s.Close()
			_ = conns[i].Close()
		}
		readers.Wait()
		at := func(off []time.Duration, q float64) float64 {
			slices.Sort(off)
			return off[int(q*float64(len(off)-1))].Seconds() * 1000
		}
		b.ReportMetric(at(off, 0.5), "p50-ms")
		b.ReportMetric(at(off, 0.99), "p99-ms")
		b.ReportMetric(at(off, 0.999), "p99.9-ms")
		b.ReportMetric(at(bare, 0.99), "timer-p99-ms")
		b.ReportMetric(used.Seconds()*1000/benchLength.Seconds(), "cpu-ms/s")
	}
}
