package rtp

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// Bounds of a description; real ones have a tenth of it.
const (
	maxDescription = 64 << 10 // bytes
	maxStreams     = 32
	maxAttributes  = 64 // rtpmaps, cryptos or formats of a stream
)

// description is what we need of a session description (RFC 8866), in the order in which it stands.
type description struct {
	origin    string // value of the o line
	streams   []stream
	addr      address
	direction Direction
}

// stream is one m line and what follows it.
type stream struct {
	media, proto string
	port         int
	formats      []string
	addr         address
	direction    Direction
	maps         []mapping
	ptime        int // in milliseconds, 0 unsaid
	maxptime     int
	rtcp         netip.AddrPort // address invalid: that of the stream; port 0: the one after RTP's
	mux          bool
	crypto       []crypto
}

// mapping is an rtpmap: what a payload type means here.
type mapping struct {
	payloadType uint8
	encoding    string
	clock       int
	channels    int
}

// address is a connection address; a host name is none, as we look nothing up.
type address struct {
	said bool
	ip   netip.Addr // invalid: a name, or of a network that we do not know
}

// parseDescription reads a description as leniently as it can be understood: lines of unknown types, and order,
// are passed over. The error is a Refusal.
func parseDescription(body []byte) (*description, error) {
	if len(body) > maxDescription {
		return nil, malformed("description too long")
	}
	body = sdpPart(body)
	d := &description{}
	versioned := false
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return nil, malformed("a line is not of the form type=value")
		}
		value := string(bytes.TrimSpace(line[2:]))
		if line[0] == 'v' {
			versioned = value == "0"
		}
		if !versioned {
			return nil, malformed("version is not 0")
		}
		if err := d.line(line[0], value); err != nil {
			return nil, err
		}
	}
	if !versioned || d.origin == "" {
		return nil, malformed("no version or no origin")
	}
	d.inherit()
	return d, nil
}

// sdpPart returns the first SDP part of a multipart body, else the body.
func sdpPart(body []byte) []byte {
	if !bytes.HasPrefix(body, []byte("--")) {
		return body
	}
	boundary, _, _ := bytes.Cut(body, []byte("\n"))
	at := bytes.Index(body, []byte("\nv=0"))
	if at < 0 {
		return nil
	}
	body = body[at+1:]
	if end := bytes.Index(body, append([]byte("\n"), bytes.TrimSpace(boundary)...)); end >= 0 {
		body = body[:end+1]
	}
	return body
}

func (d *description) line(kind byte, value string) error {
	var at *stream
	if n := len(d.streams); n > 0 {
		at = &d.streams[n-1]
	}
	switch kind {
	case 'o':
		d.origin = value
	case 'm':
		return d.stream(value)
	case 'c':
		a := parseAddress(value)
		if at == nil {
			d.addr = a
		} else if !at.addr.said { // the first of several layers
			at.addr = a
		}
	case 'a':
		name, rest, _ := strings.Cut(value, ":")
		if dir, ok := parseDirection(name); ok && rest == "" {
			if at == nil {
				d.direction = dir
			} else {
				at.direction = dir
			}
		}
		if at != nil {
			return at.attribute(name, strings.TrimSpace(rest))
		}
	}
	return nil
}

// inherit gives streams what the session says for them (RFC 8866 §5.7, §6.7).
func (d *description) inherit() {
	for i := range d.streams {
		s := &d.streams[i]
		if !s.addr.said {
			s.addr = d.addr
		}
		if s.direction == directionUnsaid {
			s.direction = d.direction
		}
		if s.direction == directionUnsaid {
			s.direction = SendRecv
		}
		if s.port > 0 && !s.rtcp.Addr().IsValid() {
			port := s.rtcp.Port()
			if port == 0 {
				port = uint16(min(s.port+1, 65535))
			}
			s.rtcp = netip.AddrPortFrom(s.addr.ip, port)
		}
	}
}

// stream reads the value of an m line: audio 49170 RTP/AVP 0 8 (RFC 8866 §5.14).
func (d *description) stream(value string) error {
	f := strings.Fields(value)
	if len(f) < 4 {
		return malformed("m line without media, port, protocol and format")
	}
	if len(d.streams) == maxStreams || len(f) > 3+maxAttributes {
		return malformed("too many streams or formats")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return malformed("m line is not ASCII")
	}
	port, _, _ := strings.Cut(f[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return malformed("port of an m line is no port")
	}
	d.streams = append(d.streams, stream{
		media: f[0], port: int(n), proto: f[2], formats: f[3:], direction: directionUnsaid,
	})
	return nil
}

func (s *stream) attribute(name, value string) error {
	var err error
	switch name {
	case "rtpmap":
		m, ok := parseMapping(value)
		if !ok {
			return malformed("rtpmap is not understood")
		}
		if len(s.maps) < maxAttributes {
			s.maps = append(s.maps, m)
		}
	case "ptime":
		s.ptime, err = parseMilliseconds(value)
	case "maxptime":
		s.maxptime, err = parseMilliseconds(value)
	case "rtcp-mux":
		s.mux = true
	case "rtcp":
		port, where, _ := strings.Cut(value, " ")
		n, bad := strconv.ParseUint(port, 10, 16)
		if bad != nil {
			return malformed("port of rtcp is no port")
		}
		s.rtcp = netip.AddrPortFrom(parseAddress(where).ip, uint16(n)) // RFC 3605 §2.1
	case "crypto":
		if c, ok := parseCrypto(value); ok && len(s.crypto) < maxAttributes {
			s.crypto = append(s.crypto, c)
		}
	}
	return err
}

// parseMilliseconds reads a ptime; "20.0" occurs.
func parseMilliseconds(value string) (int, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f >= 0 && f < 10000) {
		return 0, malformed("ptime or maxptime is no time")
	}
	return int(f), nil
}

// parseMapping reads 101 telephone-event/8000 (RFC 8866 §6.6).
func parseMapping(value string) (mapping, bool) {
	number, rest, _ := strings.Cut(value, " ")
	pt, err := strconv.ParseUint(number, 10, 8)
	if err != nil || pt > 127 {
		return mapping{}, false
	}
	f := strings.Split(strings.TrimSpace(rest), "/")
	if len(f) < 2 {
		return mapping{}, false
	}
	clock, err := strconv.Atoi(f[1])
	if err != nil {
		return mapping{}, false
	}
	channels := 1
	if len(f) > 2 {
		if channels, err = strconv.Atoi(f[2]); err != nil {
			return mapping{}, false
		}
	}
	return mapping{uint8(pt), f[0], clock, channels}, true
}

// parseAddress reads IN IP4 192.0.2.1/127 (RFC 8866 §5.7).
func parseAddress(value string) address {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != "IN" || f[1] != "IP4" && f[1] != "IP6" {
		return address{said: value != ""}
	}
	host, _, _ := strings.Cut(f[2], "/")
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return address{said: true}
	}
	return address{said: true, ip: ip.Unmap().WithZone("")}
}

// meaning tells what a payload type is in this stream: what it was mapped to, else the static assignment.
func (s *stream) meaning(format string) (mapping, bool) {
	n, err := strconv.ParseUint(format, 10, 8)
	if err != nil || n > 127 {
		return mapping{}, false
	}
	pt := uint8(n)
	for _, m := range s.maps {
		if m.payloadType == pt {
			return m, true
		}
	}
	switch pt { // RFC 3551 §6
	case 0:
		return mapping{pt, "PCMU", SampleRate, 1}, true
	case 8:
		return mapping{pt, "PCMA", SampleRate, 1}, true
	}
	return mapping{}, false
}

// codec tells which of ours it is.
func (m mapping) codec() Codec {
	if m.clock == SampleRate && m.channels == 1 {
		for _, c := range []Codec{PCMA, PCMU} {
			if strings.EqualFold(m.encoding, c.String()) {
				return c
			}
		}
	}
	return CodecUnknown
}

func (m mapping) isEvent() bool {
	return m.clock == SampleRate && strings.EqualFold(m.encoding, "telephone-event")
}
