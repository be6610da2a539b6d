package rtp_test

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/sip/rtp"
)

// sdp makes a description of lines: the session's of a peer at 127.0.0.1, then these.
func sdp(lines ...string) []byte {
	head := []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"}
	return []byte(strings.Join(append(head, lines...), "\r\n") + "\r\n")
}

const (
	key80 = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	key32 = "2 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20"
)

var (
	ourPort = regexp.MustCompile(`m=audio [1-9]\d* `)
	ourKey  = regexp.MustCompile(`inline:[A-Za-z0-9+/]{40}`)
)

// streams are the lines of a description from its first m line, our port and key made known.
func streams(body []byte) []string {
	s := ourPort.ReplaceAllString(string(body), "m=audio PORT ")
	s = ourKey.ReplaceAllString(s, "inline:KEY")
	_, s, _ = strings.Cut(s, "\r\nm=")
	return strings.Split(strings.TrimSuffix("m="+s, "\r\n"), "\r\n")
}

func TestOfferIsAnswered(t *testing.T) {
	plain := []string{"m=audio PORT RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "a=sendrecv"}
	for _, tt := range []struct {
		name  string
		offer []string
		want  []string
	}{
		{"static payload types without rtpmap", []string{"m=audio 4000 RTP/AVP 8 0"}, plain},
		{
			"in the offer's order, not ours",
			[]string{"m=audio 4000 RTP/AVP 0 8"},
			[]string{"m=audio PORT RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=sendrecv"},
		},
		{"what else is offered is passed over", []string{"m=audio 4000 RTP/AVP 111 9 18 8", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1"}, plain},
		{
			"a dynamic payload type keeps its number",
			[]string{"m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcma/8000/1"},
			[]string{"m=audio PORT RTP/AVP 97", "a=rtpmap:97 PCMA/8000", "a=ptime:20", "a=sendrecv"},
		},
		{
			"telephone events keep theirs",
			[]string{"m=audio 4000 RTP/AVP 8 100 96", "a=rtpmap:100 telephone-event/48000", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16"},
			[]string{"m=audio PORT RTP/AVP 8 96", "a=rtpmap:8 PCMA/8000", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=ptime:20", "a=sendrecv"},
		},
		{
			"a longer packet that is asked for",
			[]string{"m=audio 4000 RTP/AVP 8", "a=ptime:30"},
			[]string{"m=audio PORT RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:30", "a=sendrecv"},
		},
		{
			"a packet no longer than may be",
			[]string{"m=audio 4000 RTP/AVP 8", "a=ptime:40", "a=maxptime:25"},
			[]string{"m=audio PORT RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "a=sendrecv"},
		},
		{
			"video, fax and a second voice are refused in place",
			[]string{"m=video 5000 RTP/AVP 31 96", "m=audio 4000 RTP/AVP 8", "m=image 4002 udptl t38", "m=audio 4004 RTP/AVP 8"},
			[]string{"m=video 0 RTP/AVP 31 96", plain[0], plain[1], plain[2], plain[3], "m=image 0 udptl t38", "m=audio 0 RTP/AVP 8"},
		},
		{
			"encryption where it can be had",
			[]string{"m=audio 4002 UDP/TLS/RTP/SAVPF 8", "m=audio 4000 RTP/SAVP 8", "a=crypto:" + key80},
			[]string{"m=audio 0 UDP/TLS/RTP/SAVPF 8", "m=audio PORT RTP/SAVP 8", "a=rtpmap:8 PCMA/8000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY", "a=ptime:20", "a=sendrecv"},
		},
		{
			"the first key that can be followed",
			[]string{
				"m=audio 4000 RTP/SAVP 8", "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:WVNf", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4",
				"a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz UNENCRYPTED_SRTP", "a=crypto:" + key32,
			},
			[]string{"m=audio PORT RTP/SAVP 8", "a=rtpmap:8 PCMA/8000", "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:KEY", "a=ptime:20", "a=sendrecv"},
		},
		{
			"keys beside the plain profile",
			[]string{"m=audio 4000 RTP/AVP 8", "a=crypto:" + key80},
			[]string{"m=audio PORT RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY", "a=ptime:20", "a=sendrecv"},
		},
		{"one port for RTP and RTCP", []string{"m=audio 4000 RTP/AVP 8", "a=rtcp-mux"}, append(plain[:4:4], "a=rtcp-mux")},
		{"hold", []string{"m=audio 4000 RTP/AVP 8", "a=sendonly"}, append(plain[:3:3], "a=recvonly")},
		{"hold said for the session", []string{"a=inactive", "m=audio 4000 RTP/AVP 8"}, append(plain[:3:3], "a=inactive")},
		{"the stream's word over the session's", []string{"a=inactive", "m=audio 4000 RTP/AVP 8", "a=sendrecv"}, plain},
		{"a listener", []string{"m=audio 4000 RTP/AVP 8", "a=recvonly"}, append(plain[:3:3], "a=sendonly")},
		{"hold as it was", []string{"m=audio 4000 RTP/AVP 8", "c=IN IP4 0.0.0.0"}, append(plain[:3:3], "a=recvonly")},
		{
			"lines that nobody knows",
			[]string{"b=X-YZ:128", "x=1", "k=prompt", "m=audio 4000/2 RTP/AVPF 8", "i=voice", "b=AS", "a=", "a=mid:0", "a=rtcp:4001 IN IP4 127.0.0.1"},
			append([]string{"m=audio PORT RTP/AVPF 8"}, plain[1:]...),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := session(t, host(t, 31100), rtp.SessionOptions{})
			answer, err := s.Answer(sdp(tt.offer...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, streams(answer)); diff != "" {
				t.Error(diff)
			}
			again, err := s.Answer(sdp(tt.offer...))
			if err != nil || string(again) != string(answer) {
				t.Errorf("the same offer is answered otherwise: %v\n%s", err, cmp.Diff(string(answer), string(again)))
			}
		})
	}
}

func TestOfferIsRefused(t *testing.T) {
	audio := "m=audio 4000 RTP/AVP 8"
	for _, tt := range []struct {
		name    string
		offer   []byte
		policy  rtp.SRTPPolicy
		status  int
		warning int
		is      error
	}{
		{"no codec of ours", sdp("m=audio 4000 RTP/AVP 9 18"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"a payload type that means something else", sdp("m=audio 4000 RTP/AVP 8", "a=rtpmap:8 G726-32/8000"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"wideband under our name", sdp("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMA/16000"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"two channels", sdp("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMA/8000/2"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"nothing but events", sdp("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"no audio", sdp("m=video 4000 RTP/AVP 31"), 0, 488, 304, rtp.ErrNotAcceptable},
		{"no stream", sdp(), 0, 488, 304, rtp.ErrNotAcceptable},
		{"audio that is switched off", sdp("m=audio 0 RTP/AVP 8"), 0, 488, 304, rtp.ErrNotAcceptable},
		{"DTLS alone", sdp("m=audio 4000 UDP/TLS/RTP/SAVPF 8"), 0, 488, 302, rtp.ErrNotAcceptable},
		{"SRTP without a key", sdp("m=audio 4000 RTP/SAVP 8"), 0, 488, 305, rtp.ErrNotAcceptable},
		{"SRTP where it is not wanted", sdp("m=audio 4000 RTP/SAVP 8", "a=crypto:"+key80), rtp.SRTPNever, 488, 302, rtp.ErrNotAcceptable},
		{"plain RTP where it is not wanted", sdp(audio), rtp.SRTPAlways, 488, 302, rtp.ErrNotAcceptable},
		{"a host name", sdp(audio, "c=IN IP4 phone.example"), 0, 488, 301, rtp.ErrNotAcceptable},
		{"a group", sdp(audio, "c=IN IP4 239.1.2.3/127"), 0, 488, 301, rtp.ErrNotAcceptable},
		{"an IP version that we have not", sdp(audio, "c=IN IP6 2001:db8::1"), 0, 488, 301, rtp.ErrNotAcceptable},
		{"no address", []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + audio + "\r\n"), 0, 400, 0, rtp.ErrSDP},
		{"nothing", nil, 0, 400, 0, rtp.ErrSDP},
		{"no SDP", []byte("<html>"), 0, 400, 0, rtp.ErrSDP},
		{"another version", []byte("v=1\r\no=- 1 1 IN IP4 127.0.0.1\r\n"), 0, 400, 0, rtp.ErrSDP},
		{"a port above all ports", sdp("m=audio 65536 RTP/AVP 8"), 0, 400, 0, rtp.ErrSDP},
		{"a negative port", sdp("m=audio -1 RTP/AVP 8"), 0, 400, 0, rtp.ErrSDP},
		{"no format", sdp("m=audio 4000 RTP/AVP"), 0, 400, 0, rtp.ErrSDP},
		{"a broken mapping", sdp(audio, "a=rtpmap:300 PCMA/8000"), 0, 400, 0, rtp.ErrSDP},
		{"a line feed's trick", sdp("m=audio 4000 RTP/AVP 8\x00\x7f"), 0, 400, 0, rtp.ErrSDP},
		{"more streams than anybody has", sdp(strings.Repeat("m=video 0 RTP/AVP 31\r\n", 1000)), 0, 400, 0, rtp.ErrSDP},
		{"far too long", sdp(strings.Repeat("a=x\r\n", 1<<20)), 0, 400, 0, rtp.ErrSDP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := host(t, 31100)
			s := session(t, h, rtp.SessionOptions{SRTP: tt.policy})
			answer, err := s.Answer(tt.offer)
			refusal, ok := errors.AsType[*rtp.Refusal](err)
			if !ok || answer != nil {
				t.Fatalf("got %v and %q", err, answer)
			}
			if refusal.StatusCode != tt.status || refusal.Warning != tt.warning || !errors.Is(err, tt.is) || refusal.Reason == "" {
				t.Errorf("got %d, warning %d: %v", refusal.StatusCode, refusal.Warning, err)
			}
			if h.Stats().Ports != 0 {
				t.Error("a refused offer took ports")
			}
			// It does no harm: a good offer is taken.
			if tt.policy == 0 {
				if _, err := s.Answer(sdp(audio)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAnswerIsTakenOrNot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer []byte
		is     error
		want   rtp.Media
	}{
		{
			"as offered", sdp("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"), nil,
			rtp.Media{Codec: rtp.PCMA, Packet: 20 * time.Millisecond, Events: true},
		},
		{
			"one of them", sdp("m=audio 4000 RTP/AVP 0", "a=ptime:30", "a=rtcp-mux"), nil,
			rtp.Media{Codec: rtp.PCMU, Packet: 30 * time.Millisecond, RTCPMux: true},
		},
		{
			"held at once", sdp("m=audio 4000 RTP/AVP 8", "a=sendonly"), nil,
			rtp.Media{Codec: rtp.PCMA, Packet: 20 * time.Millisecond, Direction: rtp.RecvOnly},
		},
		{"refused", sdp("m=audio 0 RTP/AVP 8"), rtp.ErrNotAcceptable, rtp.Media{}},
		{"another codec", sdp("m=audio 4000 RTP/AVP 18"), rtp.ErrNotAcceptable, rtp.Media{}},
		{"encrypted", sdp("m=audio 4000 RTP/SAVP 8", "a=crypto:"+key80), rtp.ErrNotAcceptable, rtp.Media{}},
		{"two streams", sdp("m=audio 4000 RTP/AVP 8", "m=video 0 RTP/AVP 31"), rtp.ErrSDP, rtp.Media{}},
		{"video", sdp("m=video 4000 RTP/AVP 31"), rtp.ErrSDP, rtp.Media{}},
		{"nothing", nil, rtp.ErrSDP, rtp.Media{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := session(t, host(t, 31100), rtp.SessionOptions{})
			if err := s.Accept(tt.answer); !errors.Is(tt.is, rtp.ErrSDP) && !errors.Is(err, rtp.ErrNoOffer) {
				t.Errorf("before the offer: %v", err)
			}
			if _, err := s.Offer(); err != nil {
				t.Fatal(err)
			}
			if err := s.Accept(tt.answer); !errors.Is(err, tt.is) {
				t.Fatal(err)
			}
			got := s.Media()
			got.Local, got.Remote = netip.AddrPort{}, netip.AddrPort{}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestHoldAndResume(t *testing.T) {
	h := host(t, 31100)
	a, b := session(t, h, rtp.SessionOptions{}), session(t, h, rtp.SessionOptions{})
	call(t, a, b)
	version := func(body []byte) string { return strings.Fields(strings.Split(string(body), "\r\n")[1])[2] }
	first := version(a.Local())

	// A refresh says the same again.
	refresh, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	a.Withdraw()
	if version(refresh) != first {
		t.Errorf("a refresh raised the version from %s to %s", first, version(refresh))
	}
	for _, tt := range []struct {
		d    rtp.Direction
		a, b rtp.Direction
	}{
		{rtp.SendOnly, rtp.SendOnly, rtp.RecvOnly},
		{rtp.Inactive, rtp.Inactive, rtp.Inactive},
		{rtp.SendRecv, rtp.SendRecv, rtp.SendRecv},
	} {
		offer, err := a.OfferAs(tt.d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.OfferAs(tt.d); !errors.Is(err, rtp.ErrPending) {
			t.Errorf("a second offer: %v", err)
		}
		if _, err := a.Answer(offer); !errors.Is(err, rtp.ErrPending) {
			t.Errorf("offers that cross: %v", err)
		}
		answer, err := b.Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Accept(answer); err != nil {
			t.Fatal(err)
		}
		if a.Media().Direction != tt.a || b.Media().Direction != tt.b {
			t.Errorf("after %v: %v, %v", tt.d, a.Media().Direction, b.Media().Direction)
		}
		if version(offer) == first {
			t.Errorf("%v has the version of the description before", tt.d)
		}
		first = version(offer)
	}

	// A hold that the other side refuses leaves things as they were.
	if _, err := a.OfferAs(rtp.Inactive); err != nil {
		t.Fatal(err)
	}
	a.Withdraw()
	if d := a.Media().Direction; d != rtp.SendRecv {
		t.Error(d)
	}
	offer, err := b.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Answer(offer); err != nil {
		t.Fatal(err)
	}
	if d := a.Media().Direction; d != rtp.SendRecv {
		t.Error(d)
	}
}

func TestOfferKeepsStreamsAndKeysAsTheyWere(t *testing.T) {
	s := session(t, host(t, 31100), rtp.SessionOptions{})
	offer := []string{"m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/SAVP 97 96", "a=rtpmap:97 PCMA/8000", "a=rtpmap:96 telephone-event/8000", "a=crypto:" + key80}
	answer, err := s.Answer(sdp(offer...))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := s.Offer()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"m=video 0 RTP/AVP 31", "m=audio PORT RTP/SAVP 97 0 96", "a=rtpmap:97 PCMA/8000", "a=rtpmap:0 PCMU/8000",
		"a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY", "a=ptime:20", "a=sendrecv",
	}
	if diff := cmp.Diff(want, streams(ours)); diff != "" {
		t.Error(diff)
	}
	if ourKey.FindString(string(ours)) != ourKey.FindString(string(answer)) {
		t.Error("the key changed")
	}
}

// FuzzDescription: whatever peers offer and answer, nothing panics, a refusal fits into a SIP response, and what is answered
// can be read again.
func FuzzDescription(f *testing.F) {
	f.Add(sdp("m=audio 4000 RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000", "a=rtcp:4001", "a=ptime:20"))
	f.Add(sdp("m=video 1 RTP/AVP 31", "m=audio 4000 RTP/SAVP 0", "a=crypto:"+key80, "a=crypto:"+key32, "c=IN IP4 0.0.0.0"))
	f.Add(sdp("m=image 4000 udptl t38", "m=audio 4000 RTP/AVP 0", "a=inactive"))
	f.Add([]byte("--x\r\nContent-Type: application/sdp\r\n\r\n" + string(sdp("m=audio 4000 RTP/AVP 8")) + "--x--\r\n"))
	h := host(f, 33000, func(o *rtp.Options) { o.LastPort = 36999 }) // for as many workers as there may be
	f.Fuzz(func(t *testing.T, body []byte) {
		s := session(t, h, rtp.SessionOptions{})
		answer, err := s.Answer(body)
		if err != nil {
			refusal, ok := errors.AsType[*rtp.Refusal](err)
			if !ok || strings.ContainsAny(refusal.Reason, "\r\n\"") {
				t.Fatalf("%v", err)
			}
		} else {
			peer := session(t, h, rtp.SessionOptions{})
			offer, err := s.Offer()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := peer.Answer(offer); err != nil && !errors.Is(err, rtp.ErrNotAcceptable) {
				t.Fatalf("%v\n%q\n%q", err, answer, offer)
			}
			_ = s.Accept(body)
		}
		other := session(t, h, rtp.SessionOptions{})
		if _, err := other.Offer(); err != nil {
			t.Fatal(err)
		}
		_ = other.Accept(body)
	})
}
