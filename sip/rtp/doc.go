// Package rtp is the sound of the calls that Ringback itself takes and makes: it negotiates media (SDP
// offer/answer, RFC 3264), sends and receives G.711 over RTP (RFC 3550, RFC 3551) or SRTP (RFC 3711, keyed by SDP,
// RFC 4568), understands digits in all three ways that phones send them, plays prompts, records, and joins two calls.
//
// It is for package phone, which speaks SIP and hands SDP bodies and INFO bodies to it: a [Session] is a phone.Media. It stands
// on github.com/pion for RTP, RTCP and SRTP. SDP it reads itself, as pion's refuses a whole offer for a stream that it does
// not know, such as the fax of m=image. A [Host] has the ports and the clock of all its sessions; a Session is the
// media of one SIP dialog:
//
//	host, err := rtp.New(rtp.Options{Addrs: []netip.Addr{addr}, FirstPort: 20000, LastPort: 20999})
//	s, err := host.Session(rtp.SessionOptions{})
//	answer, err := s.Answer(offer)                // of an INVITE; err is a *Refusal: 488, 400 or 503
//	err = s.Play(ctx, rtp.Prompt{Clips: clips, BargeIn: true})
//	digit := <-s.Digits()                         // RFC 4733, in-band or s.Info, each press once
//	recording, err := s.Record(ctx, file, rtp.RecordOptions{MaxLength: 2 * time.Minute})
//	err = s.Close()                               // at the BYE; ends whatever still plays or records
//
// # What comes in
//
// A packet is taken from the address that the SDP named, or from the one that the session latched to: a
// source that sent valid RTP of the negotiated payload type, in order, while the named one was silent (RFC 7362).
// Packets are put in order in a small buffer, what is missing is silence, and the timeline never stops:
// a second of a call is a second of a recording. Everything dropped is counted by its [Drop] reason. Memory is
// bounded for each session whatever arrives.
//
// # What goes out
//
// One goroutine paces the packets of all sessions. A session that may send always does: a digit, a
// prompt, what a bridge relays, else silence, so that a PBX that watches for RTP keeps the call. On hold it is still and
// a prompt waits.
//
// It does no ICE, DTLS, video, or codecs other than G.711, and knows nothing of SIP.
package rtp
