package hep

import (
	"net/netip"
	"time"

	"ringback/sip"
)

// Packet is one decoded HEP3 packet. All slices point into the decoded bytes, except the payload
// of a compressed packet.
type Packet struct {
	sip.Packet

	CorrelationID []byte // chunk 0x11; the Call-ID or a channel name, no link between legs
	CaptureName   []byte // chunk 0x13, the capture agent's name
	Key           []byte // chunk 0x0e, the shared secret the sender shows
}

// Received is one packet as a Server, or a reader of capture files, hands it on. Its payload may hold
// several pipelined messages. Its slices are valid until the Handler returns.
type Received struct {
	sip.Packet

	Arrival       time.Time      // when it reached us; in a capture file the time of its record
	CorrelationID []byte         // HEP chunk 0x11
	CaptureName   []byte         // HEP chunk 0x13
	From          netip.AddrPort // who sent the HEP packet; zero where the SIP itself was captured
}

// Handler takes the packets of one read. It is called on the reading goroutine, so whatever it
// does delays the next read; the batch and all its slices are reused once it returns. A Server of
// streams calls it from the goroutine of each connection, several at a time.
type Handler func(batch []Received)

// Generic chunk types (vendor 0x0000).
const (
	chunkFamily        = 0x01
	chunkIPProtocol    = 0x02
	chunkSrc4          = 0x03
	chunkDst4          = 0x04
	chunkSrc6          = 0x05
	chunkDst6          = 0x06
	chunkSrcPort       = 0x07
	chunkDstPort       = 0x08
	chunkSeconds       = 0x09
	chunkMicroseconds  = 0x0a
	chunkProtocol      = 0x0b
	chunkAgent         = 0x0c
	chunkKeepalive     = 0x0d
	chunkKey           = 0x0e
	chunkPayload       = 0x0f
	chunkCompressed    = 0x10
	chunkCorrelationID = 0x11
	chunkVLAN          = 0x12
	chunkCaptureName   = 0x13
)

// chunkSizes are the sizes in bytes of the values of fixed size; 0 is "any size".
var chunkSizes = [chunkCaptureName + 1]uint8{
	chunkFamily:       1,
	chunkIPProtocol:   1,
	chunkSrc4:         4,
	chunkDst4:         4,
	chunkSrc6:         16,
	chunkDst6:         16,
	chunkSrcPort:      2,
	chunkDstPort:      2,
	chunkSeconds:      4,
	chunkMicroseconds: 4,
	chunkProtocol:     1,
	chunkAgent:        4,
	chunkKeepalive:    2,
	chunkVLAN:         2,
}

// Values of the chunks above.
const (
	familyIPv4 = 2  // AF_INET
	familyIPv6 = 10 // AF_INET6, as Linux numbers it

	ipTCP = 6
	ipUDP = 17
	ipIDP = 22 // Kamailio's mark of TLS

	protocolSIP  = 1
	protocolRTCP = 5 // as JSON, from res_hep_rtcp

	portTLS = 5061 // sips, where Asterisk's IP protocol says only TCP (RFC 3261 §19.1.2)
)

const (
	magic       = "HEP3"
	headerSize  = 6 // magic and total length
	chunkHeader = 6 // vendor, type and length

	// MaxFrame is the size in bytes of the largest HEP3 packet; its length field has 16 bits.
	MaxFrame = 65535

	// maxInflated is how large in bytes a compressed payload may become.
	maxInflated = 65535
)
