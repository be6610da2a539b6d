package rtp

import (
	"net/netip"
	"testing"
	"time"
)

func TestReportsTellHowEachIsHeard(t *testing.T) {
	for _, policy := range []SRTPPolicy{SRTPNever, SRTPAlways} {
		for _, mux := range []bool{false, true} {
			h, err := New(Options{Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, FirstPort: 32000, LastPort: 32099, SRTP: policy})
			if err != nil {
				t.Fatal(err)
			}
			a, b := newPair(t, h, mux)
			wait(t, "both are heard", func() bool { return a.Stats().Received > 5 && b.Stats().Received > 5 })
			for _, s := range []*Session{a, b, a, b} {
				before := a.Stats()
				s.mu.Lock()
				s.sendReport(time.Now(), nil)
				s.mu.Unlock()
				if s == b {
					wait(t, "the report is heard", func() bool { return a.Stats().RoundTrip > 0 || before.RoundTrip > 0 })
				} else {
					wait(t, "the report is heard", func() bool {
						b.mu.Lock()
						defer b.mu.Unlock()
						return !b.report.heardAt.IsZero()
					})
				}
			}
			if st := a.Stats(); st.RemoteLost != 0 || st.RoundTrip > time.Second || st.Dropped["auth"]+st.Dropped["malformed"] != 0 {
				t.Errorf("%+v", st)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// newPair returns the two ends of a call.
func newPair(t *testing.T, h *Host, mux bool) (a, b *Session) {
	t.Helper()
	for _, s := range []**Session{&a, &b} {
		one, err := h.Session(SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		*s = one
	}
	offer, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if !mux {
		offer = offer[:len(offer)-len("a=rtcp-mux\r\n")]
	}
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(answer); err != nil {
		t.Fatal(err)
	}
	if a.Media().RTCPMux != mux {
		t.Fatal("one port or two: not as agreed")
	}
	return a, b
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// Losses as RFC 3550 §A.3 counts them.
func TestLossIsCounted(t *testing.T) {
	var q sequence
	q.start(7, 65530)
	for seq := uint16(65530); seq != 20; seq++ {
		if seq%10 != 3 {
			q.update(seq)
		}
	}
	if q.expected() != 26 || q.lost() != 3 || q.fraction() != 3*256/26 {
		t.Errorf("of %d, %d are lost", q.expected(), q.lost())
	}
	if q.fraction() != 0 {
		t.Error("a loss is told twice")
	}
	if _, ok := q.update(30000); ok {
		t.Error("a leap is believed at once")
	}
	if jumped, ok := q.update(30001); !ok || !jumped || q.lost() != 0 {
		t.Errorf("a leap proved by the next packet is not believed: %d lost", q.lost())
	}
}
