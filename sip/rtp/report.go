package rtp

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/pion/rtcp"
)

// reporter is the RTCP of a session (RFC 3550 §6).
type reporter struct {
	next  time.Time
	cname string

	from     netip.AddrPort // where the peer's reports come from
	heard    uint32         // middle bits of the NTP time of its last sender report
	heardAt  time.Time
	window   time.Time // in which its packets are counted
	inWindow int

	remoteLost   int64
	remoteJitter time.Duration
	roundTrip    time.Duration
}

const (
	reportEvery  = 5 * time.Second // RFC 3550 §6.2
	reportsMax   = 20              // packets looked at in a second
	ntpEpoch     = 2208988800      // seconds from 1900 to 1970
	leastReport  = 8               // bytes of the shortest RTCP packet
	maxRoundTrip = 10 * time.Second
)

func (r *reporter) start(now time.Time) { r.schedule(now, reportEvery/2) }

// schedule spreads reports, so that those of many sessions do not meet (RFC 3550 §6.3.1).
func (r *reporter) schedule(now time.Time, every time.Duration) {
	r.next = now.Add(every/2 + time.Duration(random()%uint64(every)))
}

// ntp is a time in units of 2^-32 s since 1900 (RFC 3550 §4).
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// reportTick sends a report when it is due.
func (s *Session) reportTick(now time.Time) {
	if r := &s.report; !now.Before(r.next) {
		r.schedule(now, reportEvery)
		s.sendReport(now, nil)
	}
}

// sendBye tells the peer that we leave (RFC 3550 §6.6). Called with mu held.
func (s *Session) sendBye(now time.Time) {
	if s.terms != nil {
		s.sendReport(now, &rtcp.Goodbye{Sources: []uint32{s.out.ssrc}})
	}
}

// sendReport sends a compound packet: what we sent and heard, who we are, and more (RFC 3550 §6.1).
func (s *Session) sendReport(now time.Time, more rtcp.Packet) {
	to := s.reportsTo()
	if !to.IsValid() || to.Addr().IsUnspecified() || to.Port() == 0 {
		return
	}
	if s.report.cname == "" {
		s.report.cname = strconv.FormatUint(random(), 36) + "@" + s.host.o.Name
	}
	packets := []rtcp.Packet{s.summary(now), &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: s.out.ssrc,
		Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: s.report.cname}},
	}}}}
	if more != nil {
		packets = append(packets, more)
	}
	raw, err := rtcp.Marshal(packets)
	if err == nil && s.out.context != nil {
		raw, err = s.out.context.EncryptRTCP(nil, raw, nil)
	}
	if err == nil {
		conn := s.socks.rtcp
		if s.terms.mux {
			conn = s.socks.rtp
		}
		_, err = conn.WriteToUDPAddrPort(raw, to)
	}
	if err != nil {
		s.drop(DropSend)
	}
}

// summary is a sender report if we sent lately, else a receiver report (RFC 3550 §6.4).
func (s *Session) summary(now time.Time) rtcp.Packet {
	o := &s.out
	blocks := s.receptions(now)
	if o.sent == 0 || now.Sub(o.sentAt) > 2*reportEvery {
		return &rtcp.ReceiverReport{SSRC: o.ssrc, Reports: blocks}
	}
	return &rtcp.SenderReport{
		SSRC: o.ssrc, NTPTime: ntp(now), RTPTime: o.ts + uint32(samples(now.Sub(o.at))),
		PacketCount: uint32(o.sent), OctetCount: uint32(o.octets), Reports: blocks,
	}
}

// receptions tell how the peer is heard.
func (s *Session) receptions(now time.Time) []rtcp.ReceptionReport {
	q := &s.in.seq
	if !q.started {
		return nil
	}
	block := rtcp.ReceptionReport{
		SSRC: q.ssrc, FractionLost: q.fraction(), TotalLost: uint32(min(max(q.lost(), 0), 1<<23-1)),
		LastSequenceNumber: q.extended(), Jitter: uint32(q.jitter),
	}
	if !s.report.heardAt.IsZero() {
		block.LastSenderReport = s.report.heard
		block.Delay = uint32(now.Sub(s.report.heardAt) * 65536 / time.Second)
	}
	return []rtcp.ReceptionReport{block}
}

// receiveReport takes what came to the RTCP port.
func (s *Session) receiveReport(packet []byte, from netip.AddrPort, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
	case s.terms == nil:
		s.drop(DropEarly)
	default:
		s.handleReport(packet, from, now)
	}
}

// handleReport takes RTCP from the hosts that media come from or reports go to. Called with mu held.
func (s *Session) handleReport(packet []byte, from netip.AddrPort, now time.Time) {
	r := &s.report
	if from.Addr() != s.in.latch.current.Addr() && from.Addr() != s.terms.remoteRTCP.Addr() {
		s.drop(DropSource)
		return
	}
	if now.Sub(r.window) >= time.Second {
		r.window, r.inWindow = now, 0
	}
	if r.inWindow++; r.inWindow > reportsMax {
		s.drop(DropFlood)
		return
	}
	if len(packet) < leastReport || len(packet) >= maxPacket || packet[0]>>6 != 2 {
		s.drop(DropMalformed)
		return
	}
	if s.terms.encrypted {
		plain, err := s.in.srtcp.rtcp(packet, now)
		if err != nil {
			s.drop(DropAuth)
			return
		}
		packet = plain
	}
	packets, err := rtcp.Unmarshal(packet)
	if err != nil {
		s.drop(DropMalformed)
		return
	}
	if !s.terms.mux {
		r.from = from
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			r.heard, r.heardAt = uint32(p.NTPTime>>16), now
			s.heed(p.Reports, now)
		case *rtcp.ReceiverReport:
			s.heed(p.Reports, now)
		}
	}
}

// heed takes what the peer says of how it hears us.
func (s *Session) heed(blocks []rtcp.ReceptionReport, now time.Time) {
	r := &s.report
	for _, b := range blocks {
		if b.SSRC != s.out.ssrc {
			continue
		}
		r.remoteLost = int64(int32(b.TotalLost<<8) >> 8) // 24 bits with a sign (RFC 3550 §6.4.1)
		r.remoteJitter = lasting(b.Jitter)
		if b.LastSenderReport != 0 {
			trip := time.Duration(uint32(ntp(now)>>16)-b.LastSenderReport-b.Delay) * time.Second / 65536
			if trip < maxRoundTrip {
				r.roundTrip = trip
			}
		}
	}
}
