package rtp_test

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"ringback/sip/rtp"
)

func TestMediaFollowThePeerBehindANAT(t *testing.T) {
	s := session(t, host(t, 31300), rtp.SessionOptions{})
	named, nat, stranger := newPeer(t), newPeer(t), newPeer(t)
	named.call(s)
	nat.to, stranger.to = named.to, named.to
	if got := s.Media().Remote; got != named.addr() {
		t.Fatalf("media go to %v", got)
	}
	// Another payload type, or packets that do not follow each other, are no proof.
	stranger.head.PayloadType = 3
	stranger.voice(5)
	stranger.head.PayloadType = 8
	for range 5 {
		stranger.voice(1)
		stranger.head.SequenceNumber += 100
	}
	until(t, "the stranger's packets are dropped", func() bool { return s.Stats().Dropped["source"]+s.Stats().Dropped["payload_type"] == 9 })
	if got := s.Media().Remote; got != named.addr() {
		t.Fatalf("media went to a stranger: %v", got)
	}
	nat.voice(3)
	until(t, "media go to the NAT", func() bool { return s.Media().Remote == nat.addr() })
	if p := nat.hear(time.Second); p == nil {
		t.Error("the NAT hears nothing")
	}
	until(t, "all its packets are heard", func() bool { return s.Stats().Received == 3 })
	// While it speaks, nobody takes over.
	stranger.voice(10)
	until(t, "the stranger's are dropped", func() bool { return s.Stats().Dropped["source"] >= 14 })
	if got := s.Media().Remote; got != nat.addr() {
		t.Errorf("media went to a stranger: %v", got)
	}
	// But the address of the description does.
	named.voice(1)
	until(t, "media go to the named address", func() bool { return s.Media().Remote == named.addr() })
	if st := s.Stats(); st.Latches != 2 || st.Received != 4 {
		t.Errorf("%+v", st)
	}
}

func TestHostilePacketsAreCounted(t *testing.T) {
	s := session(t, host(t, 31300), rtp.SessionOptions{NoInBand: true})
	p := newPeer(t)
	p.call(s)
	p.voice(4)
	until(t, "the voice is heard", func() bool { return s.Stats().Received == 4 })
	p.raw(nil)
	p.raw([]byte{0x80})
	p.raw(bytes.Repeat([]byte{0xff}, 100))
	p.raw(append([]byte{0x80, 8}, make([]byte, 2046)...))            // longer than our buffer
	p.raw([]byte{0xbf, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7})             // claims fifteen sources and an extension
	p.raw([]byte{0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0}) // padding of nothing
	p.raw([]byte{0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7})           // RTCP on the RTP port
	p.head.PayloadType = 18
	p.voice(1)
	p.head.PayloadType, p.head.SequenceNumber = 8, p.head.SequenceNumber-2
	p.voice(1) // heard before
	p.head.SequenceNumber += 20000
	p.voice(1) // far off
	p.head.PayloadType = 101
	p.head.SequenceNumber -= 20000
	p.send([]byte{5}, 0) // half an event
	want := map[string]uint64{"malformed": 7, "payload_type": 2, "duplicate": 1, "sequence": 1}
	until(t, "all are counted", func() bool {
		for reason, n := range want {
			if s.Stats().Dropped[reason] != n {
				return false
			}
		}
		return true
	})
	p.head.PayloadType = 8
	p.voice(100000 / 160) // twelve seconds in none
	until(t, "a flood is dropped", func() bool { return s.Stats().Dropped["flood"] > 100 })
}

func TestNothingIsSaidOnHold(t *testing.T) {
	s := session(t, host(t, 31300), rtp.SessionOptions{})
	p := newPeer(t)
	p.call(s)
	if p.hear(time.Second) == nil {
		t.Fatal("no silence is sent")
	}
	for _, hold := range []string{"a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"} {
		p.call(s, hold)
		played := make(chan error, 1)
		go func() { played <- s.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Beep()}}) }()
		underWay := 0
		for p.hear(100*time.Millisecond) != nil {
			if underWay++; underWay > 50 {
				t.Fatalf("%s: still sending", hold)
			}
		}
		select {
		case err := <-played:
			t.Errorf("%s: the prompt did not wait: %v", hold, err)
		default:
		}
		p.call(s)
		if err := <-played; err != nil {
			t.Error(err)
		}
		if p.hear(time.Second) == nil {
			t.Errorf("%s: nothing is sent after it", hold)
		}
	}
	// While we hold, what still comes is not heard.
	if _, err := s.OfferAs(rtp.SendOnly); err != nil {
		t.Fatal(err)
	}
	if err := s.Accept(p.media("a=recvonly", "a=rtcp-mux")); err != nil {
		t.Fatal(err)
	}
	p.voice(3)
	until(t, "it is dropped", func() bool { return s.Stats().Dropped["held"] == 3 })
}

func TestSilenceOfThePeerIsTold(t *testing.T) {
	h := host(t, 31300)
	s, held := session(t, h, rtp.SessionOptions{MediaTimeout: 200 * time.Millisecond}), session(t, h, rtp.SessionOptions{MediaTimeout: 50 * time.Millisecond})
	newPeer(t).call(held, "a=inactive")
	newPeer(t).call(s)
	<-s.Lost()
	select {
	case <-held.Lost():
		t.Error("a call on hold is told as lost")
	default:
	}
}

// sink is a file that tells when something was written.
type sink struct {
	bytes.Buffer
	begun chan struct{}
}

func (s *sink) Write(b []byte) (int, error) {
	if s.Len() == 0 {
		close(s.begun)
	}
	return s.Buffer.Write(b)
}

// Sound comes out of order, twice, not at all: the recording is as long as the call, with each packet in its place.
func TestRecordingKeepsTime(t *testing.T) {
	s := session(t, host(t, 31300), rtp.SessionOptions{})
	p := newPeer(t)
	p.call(s)
	sound := &sink{begun: make(chan struct{})}
	recorded := make(chan rtp.Recording)
	go func() {
		r, err := s.Record(t.Context(), sound, rtp.RecordOptions{MaxLength: time.Second})
		if err != nil {
			t.Error(err)
		}
		recorded <- r
	}()
	<-sound.begun
	first := p.head
	for _, i := range []int{0, 1, 3, 2, 4, 4, 5, 7, 8, 9, 10, 11, 13, 12, 6} { // 6 comes too late
		p.head.SequenceNumber, p.head.Timestamp = first.SequenceNumber+uint16(i), first.Timestamp+uint32(160*i)
		p.send(bytes.Repeat([]byte{0xd5 ^ byte(i+1)}, 160), 0)
	}
	r := <-recorded
	if r.End != rtp.EndMaxLength || r.Samples != rtp.SampleRate || sound.Len() != 2*rtp.SampleRate || r.Lost != 160 {
		t.Errorf("%+v, %d bytes", r, sound.Len())
	}
	got := decode(sound.Bytes())
	begin := 0
	for begin < len(got) && got[begin] == 0 {
		begin++
	}
	if len(got)-begin < 14*160 {
		t.Fatal("nothing was recorded")
	}
	for i := range 14 {
		frame := got[begin+160*i : begin+160*(i+1)]
		want := frame[0]
		if i == 6 {
			want = 0
		} else if want == 0 || i > 0 && want == got[begin+160*(i-1)] {
			t.Errorf("frame %d is of %d", i, want)
		}
		for _, x := range frame {
			if x != want {
				t.Errorf("frame %d is not of one piece", i)
				break
			}
		}
	}
	if st := s.Stats(); st.Dropped["duplicate"] != 1 || st.Dropped["late"] != 1 {
		t.Errorf("%v", st.Dropped)
	}
}

func TestPortsOfOthersArePassedOver(t *testing.T) {
	taken, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 31413)))
	if err != nil {
		t.Fatal(err)
	}
	h := host(t, 31412, func(o *rtp.Options) { o.LastPort = 31415 })
	s, other := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	if _, err := s.Offer(); err != nil || s.Media().Local.Port() != 31414 {
		t.Errorf("port %d: %v", s.Media().Local.Port(), err)
	}
	_, err = other.Offer()
	if refusal, ok := errors.AsType[*rtp.Refusal](err); !ok || !errors.Is(err, rtp.ErrNoPorts) || refusal.StatusCode != 503 {
		t.Errorf("without a free port: %v", err)
	}
	_ = taken.Close()
	if _, err := other.Offer(); err != nil {
		t.Errorf("after one is free again: %v", err)
	}
}

func TestPortsAreAllFreedAndTheirEndIsTold(t *testing.T) {
	h := host(t, 31401, func(o *rtp.Options) { o.LastPort = 31406 }) // 31402 and 31404: two pairs
	if st := h.Stats(); st.Pairs != 2 {
		t.Fatalf("%+v", st)
	}
	kept := func() (bytes uint64, goroutines int) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	bytesBefore, goroutinesBefore := kept()
	for range 5000 {
		a, errA := h.Session(rtp.SessionOptions{})
		b, errB := h.Session(rtp.SessionOptions{})
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		call(t, a, b)
		if port := a.Media().Local.Port(); port%2 != 0 || port < 31402 || port > 31404 {
			t.Fatalf("port %d", port)
		}
		if _, err := h.Session(rtp.SessionOptions{}); err == nil {
			t.Fatal("more sessions than ports")
		}
		_ = a.Close()
		_ = b.Close()
	}
	until(t, "what the pacer still had is gone", func() bool {
		bytes, goroutines := kept()
		return bytes < bytesBefore+1<<20 && goroutines <= goroutinesBefore
	})
	st := h.Stats()
	if st.Sessions != 0 || st.Ports != 0 || st.Opened != 10000 || st.Refused != 5000 {
		t.Errorf("%+v", st)
	}
}
