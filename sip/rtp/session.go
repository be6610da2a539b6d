package rtp

import (
	"context"
	"io"
	"net/netip"
	"time"
)

// Session is the media of one SIP dialog. It is safe for concurrent use.
type Session struct{}

// Direction is who may send media, as seen from us (RFC 8866 §6.7).
type Direction uint8

const (
	SendRecv Direction = iota
	SendOnly           // we hold the peer
	RecvOnly           // the peer holds us
	Inactive           // both
)

// Media is what was agreed with the peer.
type Media struct {
	Codec     Codec         // CodecUnknown: nothing is agreed yet
	Direction Direction     // ours; SendOnly and Inactive after we held, RecvOnly and Inactive after the peer did
	Packet    time.Duration // of sound in each packet that we send
	Events    bool          // the peer takes telephone events (RFC 4733)
	SRTP      bool          // media are encrypted
	RTCPMux   bool          // RTCP comes and goes by the RTP port (RFC 5761)
	Local     netip.AddrPort
	Remote    netip.AddrPort // where media are sent now: as the SDP says, or as latched
}

// Offer makes an offer with direction d: of an INVITE, of the 2xx to an INVITE without one, or of a re-INVITE
// that holds (SendOnly, Inactive) and resumes (SendRecv). An offer that says the same as the last description repeats
// it with its version, which is what a session refresh sends. Until Accept or Withdraw, the media go on as they
// are. The error is a *Refusal (503: ErrNoPorts), ErrPending or ErrClosed.
func (s *Session) Offer(d Direction) ([]byte, error) { return nil, ErrClosed }

// Accept processes the answer to our offer. It may be called again with the answer of another fork or of the
// 2xx after a 183; the last one counts, and an equal one changes nothing. The error is a *Refusal (ErrSDP,
// ErrNotAcceptable), upon which the media stay as they were; ErrNoOffer or ErrClosed.
func (s *Session) Accept(answer []byte) error { return ErrClosed }

// Withdraw takes back an offer that was refused; what was agreed before stands (RFC 3261 §14.1).
func (s *Session) Withdraw() {}

// Answer answers the offer of an INVITE or re-INVITE and takes the answer for agreed. The error is a *Refusal (400,
// 488, 491, 503), upon which the media stay as they were, or ErrClosed.
func (s *Session) Answer(offer []byte) ([]byte, error) { return nil, ErrClosed }

// Local returns our last description, nil before the first.
func (s *Session) Local() []byte { return nil }

// Media tells what is agreed now.
func (s *Session) Media() Media { return Media{} }

// Play sends a prompt and returns when its last sample is on its way. Prompts of concurrent calls are queued. On hold a
// prompt waits. The error is that of ctx, ErrInterrupted (a digit came and the prompt allows that) or ErrClosed.
func (s *Session) Play(ctx context.Context, p Prompt) error { return ErrClosed }

// SendDigits sends digits, each for length and with as long a pause after it (both at least 40 ms; 0: 100 ms): as telephone
// events, or as tones if the peer takes none. ',' is a pause of 500 ms. The error is ErrDigit, that of ctx or ErrClosed.
func (s *Session) SendDigits(ctx context.Context, digits string, length time.Duration) error {
	return ErrClosed
}

// Digits tells the digits that the peer pressed, when the key is let go, each press once whichever ways it came. It is closed
// with the session. Of digits that nobody receives the last 32 are kept.
func (s *Session) Digits() <-chan Digit { return nil }

// DiscardDigits forgets digits that nobody received yet.
func (s *Session) DiscardDigits() {}

// Info takes the body of an INFO request; its digits come by Digits. The error says that the
// type is none of ours (answer 415) or the body not understood (answer 400).
func (s *Session) Info(contentType string, body []byte) error { return ErrClosed }

// Record writes what the peer says to w, as 16-bit little-endian samples at SampleRate, until one of o's ends, the end of ctx, the
// close of the session or an error of w, which is the only error. Writes are in whole samples, about 200 ms at a
// time, from the caller's goroutine; while w does not take them, 10 s are kept, then silence stands for what was lost.
// One recording at a time: ErrBusy.
func (s *Session) Record(ctx context.Context, w io.Writer, o RecordOptions) (Recording, error) {
	return Recording{}, ErrClosed
}

// Lost is closed when no RTP came for the media timeout while the peer should have sent some.
func (s *Session) Lost() <-chan struct{} { return nil }

// Done is closed when the session is.
func (s *Session) Done() <-chan struct{} { return nil }

// Stats tells how the session went so far, also after Close.
func (s *Session) Stats() Stats { return Stats{} }

// Close sends an RTCP BYE, frees the ports and ends everything that goes on in the session. Later calls do nothing.
func (s *Session) Close() error { return nil }

// Bridge joins two sessions: what one hears, the other says.
type Bridge struct{}

// Join joins two negotiated sessions. Media are relayed as they come, transcoded only where the codecs
// differ; digits go on as telephone events, or as tones to a peer that takes none; those of INFO too. A prompt played in a
// session is heard there in place of the other's voice. Both sessions still tell their digits and can be recorded.
// The error is ErrNotBridged: one is closed, not negotiated or joined already.
func Join(a, b *Session) (*Bridge, error) { return nil, ErrNotBridged }

// Close parts the two; the sessions go on. Closing a session parts them too.
func (b *Bridge) Close() {}

// Done is closed when the two are parted.
func (b *Bridge) Done() <-chan struct{} { return nil }
