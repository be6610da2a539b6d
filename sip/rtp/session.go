package rtp

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Session is the media of one SIP dialog. It is safe for concurrent use.
//
// Two goroutines read its sockets and the host's pacer ticks it; all state is under mu. Nobody holds the locks of two
// sessions: what a bridge relays is sent after the own lock is released.
type Session struct {
	host *Host
	o    SessionOptions

	digits chan Digit    // sent to and closed under mu
	lost   chan struct{} // closed once, by tick
	done   chan struct{}
	reads  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	n       negotiation
	socks   *sockets // nil before the first description
	terms   *terms   // nil before the first answer
	in      receiver
	out     sender
	report  reporter
	player  player
	keys    keys
	rec     *recorder
	peer    *Session // of a bridge
	bridge  *Bridge
	dropped [drops]uint64
}

// Media is what was agreed with the peer.
type Media struct {
	Codec     Codec         // CodecUnknown: nothing is agreed yet
	Direction Direction     // ours: SendOnly and Inactive after we held, RecvOnly and Inactive after the peer did
	Packet    time.Duration // of sound in each packet that we send
	Events    bool          // the peer takes telephone events (RFC 4733)
	SRTP      bool          // media are encrypted
	RTCPMux   bool          // RTCP comes and goes by the RTP port (RFC 5761)
	Local     netip.AddrPort
	Remote    netip.AddrPort // where media are sent now: as the SDP says, or as latched
}

const keptDigits = 32

func newSession(h *Host, o SessionOptions) *Session {
	s := &Session{
		host: h, o: o,
		digits: make(chan Digit, keptDigits), lost: make(chan struct{}), done: make(chan struct{}),
		n: newNegotiation(h.o.Codecs, o.SRTP),
	}
	s.in.init(s)
	s.out.init()
	return s
}

// Offer offers to send and receive: in an INVITE, in the 2xx to an INVITE without an offer, or in a re-INVITE that
// resumes. The rest is as with OfferAs.
func (s *Session) Offer() ([]byte, error) { return s.OfferAs(SendRecv) }

// OfferAs makes an offer with direction d: SendOnly and Inactive hold the peer. An offer that says the same as the last
// description repeats it with its version, which is what a session refresh sends. Until Accept or Withdraw, the media go on
// as they are. The error is a *Refusal (503: ErrNoPorts), ErrPending or ErrClosed.
func (s *Session) OfferAs(d Direction) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.n.pending != nil {
		return nil, ErrPending
	}
	ipv6 := s.o.IPv6 || s.host.o.Addrs[0].Is6() && len(s.host.o.Addrs) == 1
	if err := s.open(ipv6); err != nil {
		return nil, err
	}
	return s.n.offer(d & Inactive), nil
}

// Accept processes the answer to our offer. It may be called again with the answer of another fork or of the
// 2xx after a 183; the last one counts, and an equal one changes nothing. The error is a *Refusal (ErrSDP,
// ErrNotAcceptable), upon which the media stay as they were; ErrNoOffer or ErrClosed.
func (s *Session) Accept(answer []byte) error {
	d, err := parseDescription(answer)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	t, err := s.n.accept(d)
	if err != nil {
		return err
	}
	return s.apply(t)
}

// Withdraw takes back an offer that was refused; what was agreed before stands (RFC 3261 §14.1).
func (s *Session) Withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n.withdraw()
}

// Answer answers the offer of an INVITE or re-INVITE and takes the answer for agreed. The error is a *Refusal (400,
// 488, 491, 503), upon which the media stay as they were, or ErrClosed.
func (s *Session) Answer(offer []byte) ([]byte, error) {
	d, err := parseDescription(offer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.n.pending != nil {
		return nil, &Refusal{StatusCode: 491, Reason: "an offer of ours is pending", Err: ErrPending}
	}
	at, t, err := s.n.choose(d)
	if err != nil {
		return nil, err
	}
	if err := s.open(t.remote.Addr().Is6()); err != nil {
		return nil, err
	}
	answer := s.n.answer(d, at, t)
	return answer, s.apply(t)
}

// open binds the ports of a session that has none yet.
func (s *Session) open(ipv6 bool) error {
	if s.socks != nil {
		return nil
	}
	addr, ok := s.host.o.bound(ipv6)
	if !ok {
		return unacceptable(warnAddress, "no media address of this IP version")
	}
	socks, err := s.host.ports.open(addr)
	if err != nil {
		s.host.refused.Add(1)
		return err
	}
	s.socks = socks
	s.n.addr = netip.AddrPortFrom(s.host.o.advertised(addr), socks.port)
	s.reads.Go(func() { s.read(socks.rtp, s.receive) })
	s.reads.Go(func() { s.read(socks.rtcp, s.receiveReport) })
	return nil
}

// apply puts terms into effect. Called with mu held.
func (s *Session) apply(t *terms) error {
	now := time.Now()
	first := s.terms == nil
	if err := s.in.agree(t, now); err != nil {
		return err
	}
	if err := s.out.agree(t, s.terms); err != nil {
		return err
	}
	s.terms = t
	if first {
		s.report.start(now)
		s.host.pacer.add(s)
	}
	return nil
}

// Local returns our last description, nil before the first.
func (s *Session) Local() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]byte(nil), s.n.last...)
}

// Media tells what is agreed now.
func (s *Session) Media() Media {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.terms
	if t == nil {
		return Media{Local: s.n.addr}
	}
	return Media{
		Codec: t.codec, Direction: t.direction, Packet: t.packet, Events: t.sendEvent != 0,
		SRTP: t.encrypted, RTCPMux: t.mux, Local: s.n.addr, Remote: s.in.latch.current,
	}
}

// Digits tells the digits that the peer pressed, when the key is let go, each press once whichever ways it came. It is closed
// with the session. Of digits that nobody receives the first 32 are kept.
func (s *Session) Digits() <-chan Digit { return s.digits }

// DiscardDigits forgets digits that nobody received yet.
func (s *Session) DiscardDigits() {
	for {
		select {
		case _, ok := <-s.digits:
			if ok {
				continue
			}
		default:
		}
		return
	}
}

// Lost is closed when no RTP came for the media timeout while the peer should have sent some.
func (s *Session) Lost() <-chan struct{} { return s.lost }

// Done is closed when the session is.
func (s *Session) Done() <-chan struct{} { return s.done }

// Stats tells how the session went so far, also after Close.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Sent: s.out.sent, Received: s.in.received, Lost: s.in.lostBefore + s.in.seq.lost(),
		Jitter:     time.Duration(s.in.seq.jitter * float64(time.Second) / SampleRate),
		RemoteLost: s.report.remoteLost, RemoteJitter: s.report.remoteJitter, RoundTrip: s.report.roundTrip,
		Latches: s.in.latches, Dropped: map[string]uint64{},
	}
	for d := range drops {
		st.Dropped[d.String()] = s.dropped[d]
	}
	return st
}

// drop counts what was not used. Called with mu held.
func (s *Session) drop(d Drop) {
	s.dropped[d]++
	s.host.dropped[d].Add(1)
}

// Close sends an RTCP BYE, frees the ports and ends everything that goes on in the session. Later calls do nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.sendBye(time.Now())
	s.closed = true
	s.in.finish(time.Now())
	s.player.close()
	s.keys.close()
	close(s.done)
	close(s.digits)
	bridge, socks := s.bridge, s.socks
	s.mu.Unlock()

	if bridge != nil {
		bridge.Close()
	}
	var err error
	if socks != nil {
		err = errors.Join(socks.rtp.Close(), socks.rtcp.Close())
		s.reads.Wait()
		s.host.ports.free(socks.port)
	}
	s.host.forget(s)
	return err
}
