package simulate

import (
	"fmt"
	"net/netip"
	"strconv"
)

// header is one header field line.
type header struct{ name, value string }

// message is a request or response before it is written.
type message struct {
	start   string // start line, without line end
	headers []header
	body    string
}

// bytes writes the message as it goes over the wire.
func (m *message) bytes() []byte {
	size := len(m.start) + len(m.body) + 64
	for _, h := range m.headers {
		size += len(h.name) + len(h.value) + 4
	}
	b := make([]byte, 0, size)
	b = append(b, m.start...)
	b = append(b, "\r\n"...)
	for _, h := range m.headers {
		b = append(b, h.name...)
		b = append(b, ": "...)
		b = append(b, h.value...)
		b = append(b, "\r\n"...)
	}
	if m.body != "" {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(m.body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, m.body...)
}

// sdp is the session description of a party that speaks G.711 at addr.
func sdp(addr netip.Addr, session uint32) string {
	family := "IP4"
	if addr.Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP 8 0 101\r\n"+
		"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		session, session, family, addr, family, addr, 10000+session%10000*2)
}

// hostOf writes an address as the host part of a URI.
func hostOf(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
