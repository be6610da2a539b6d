package sip

import (
	"math"
	"net/netip"
	"time"
)

// Transport is the transport protocol a message was seen on. Zero means unknown.
type Transport uint8

// The transports a capture can tell apart (RFC 3261 §18).
const (
	UDP Transport = iota + 1
	TCP
	TLS
)

// Packet is one captured transport payload that should hold SIP: a datagram, or a piece cut from
// a stream that may hold several pipelined messages. The payload belongs to the caller again when
// the function it was handed to returns.
type Packet struct {
	Time      time.Time      // when the capture point saw it, by the capture point's clock
	Src, Dst  netip.AddrPort // as on the wire; IPv4 is never written as IPv4-mapped IPv6
	Transport Transport
	Agent     uint32 // capture agent (HEP chunk 0x0c), 0 when the bytes came from a file or a tap
	Payload   []byte
}

// Method is a SIP request method, by number so that it compares and switches cheaply.
type Method uint8

// The methods the tracker tells apart; all others are MethodOther.
const (
	MethodUnknown Method = iota
	INVITE               // RFC 3261 §13
	ACK                  // RFC 3261 §13
	BYE                  // RFC 3261 §15
	CANCEL               // RFC 3261 §9
	REGISTER             // RFC 3261 §10
	OPTIONS              // RFC 3261 §11
	PRACK                // RFC 3262
	SUBSCRIBE            // RFC 6665
	NOTIFY               // RFC 6665
	PUBLISH              // RFC 3903
	INFO                 // RFC 6086
	REFER                // RFC 3515
	MESSAGE              // RFC 3428
	UPDATE               // RFC 3311
	MethodOther
)

// Address is a name-addr or addr-spec header value (RFC 3261 §20.10) by its parts. All slices point
// into the message.
type Address struct {
	URI  URI
	Name []byte // display name, without quotes; escapes are left as they are
	Tag  []byte // the tag header parameter
}

// URI is a sip, sips or tel URI (RFC 3261 §19.1, RFC 3966) by the parts the tracker compares. All
// slices point into the message.
type URI struct {
	Raw          []byte // the whole URI, without angle brackets
	User         []byte // user part, or the digits of a tel URI; escapes are left as they are
	Host         []byte // host without brackets
	Port         uint16 // 0 when absent
	Tel          bool   // a tel URI
	PhoneContext []byte // the phone-context parameter, of the URI or the user part (RFC 3966 §5.1.5)
}

// ReasonCause holds the causes of the Reason header values (RFC 3326) of the two protocols that
// matter; zero means absent.
type ReasonCause struct {
	SIP  uint16 // cause of a SIP value: a status code
	Q850 uint16 // cause of a Q.850 value, plus one, so that 0 is "absent" and 1 is cause 0
}

// Contact is one binding of a Contact header (RFC 3261 §20.10).
type Contact struct {
	URI     URI
	Expires int32 // the expires parameter in seconds; -1 when absent
}

// MaxContacts is how many Contact bindings Scan keeps of one message; the rest are not read.
const MaxContacts = 8

// Message is what the tracker needs to know of one SIP message. Every slice points into the
// scanned bytes and is valid as long as those are. A Message is reused: Scan and Skim reset it.
//
// Skim sets the first fields, which tell where a message belongs; those below them are set by Read, and
// by Scan. That is what most messages are done with, and half of the work of a scan.
type Message struct {
	// Time, Src, Dst and Transport are copied from the Packet by its reader.
	Time      int64 // nanoseconds since the Unix epoch
	Src, Dst  netip.AddrPort
	Transport Transport
	// Told says that nobody saw the message: its PBX told of what it means. Whoever sets the addresses sets it.
	Told bool
	// Made says of a told message that its Call-ID is made up.
	Made bool

	Request    bool   // else a response
	Method     Method // of the request line, for a response that of CSeq
	StatusCode uint16 // of a response
	RequestURI URI    // Skim sets its Raw alone

	CallID     []byte
	CSeq       uint32
	CSeqMethod Method
	From, To   Address // Skim sets Raw alone of their URIs
	Branch     []byte  // branch of the topmost Via
	Vias       uint8   // number of Via values seen
	// SentBy is the topmost Via's host, where the sender expects the response.
	SentBy  []byte
	Reason  ReasonCause
	Body    []byte // as long as Content-Length says, or as much as there is
	Missing uint32 // bytes of the body that Content-Length promises and the scanned bytes lack

	id    uint64 // of the Call-ID, where Tracker.Fetch was here
	text  []byte // what was scanned
	late  [maxLate]lateHeader
	lates uint8
	whole bool // Read was here

	Contacts    [MaxContacts]Contact
	NumContacts uint8
	ContactStar bool  // Contact: *
	Expires     int32 // the Expires header in seconds; -1 when absent

	PAssertedIdentity URI    // RFC 3325 §9.1, the first sip or sips value, else the first tel value
	PPreferred        URI    // RFC 3325 §9.2
	RemotePartyID     URI    // draft-ietf-sip-privacy-04, for old PBXs
	RemotePartyHidden bool   // its privacy parameter is not "off"
	PrivacyID         bool   // Privacy: id, user or header (RFC 3323 §4.2, RFC 3325 §9.3)
	PCalledPartyID    URI    // RFC 7315 §4.2
	Diversion         [3]URI // RFC 5806, topmost (latest) first
	HistoryInfo       [4]URI // RFC 7044, in order of appearance
	SessionExpires    uint32 // RFC 4028 §4, seconds; 0 when absent
	ReferTo           URI    // RFC 3515 §2.1
	ReferReplaces     []byte // the Replaces header inside Refer-To, still escaped (RFC 3891)
	Replaces          []byte // the Replaces header (RFC 3891 §6.1)
	ReferredBy        URI    // RFC 3892
	SessionID         []byte // the local UUID of Session-ID (RFC 7989 §5)
	SessionIDRemote   []byte // its remote parameter
	Authorized        bool   // carries Authorization or Proxy-Authorization
	UserAgent         []byte // User-Agent, of a response Server
	Event             []byte // RFC 6665 §8.2.1, without parameters
	ContentType       []byte // without parameters

	// Links are values of the headers configured as call links (Plan.LinkHeaders), in that order;
	// empty where absent.
	Links [MaxLinkHeaders][]byte

	seldom bool // a field of those few messages have is set
}

// maxLate is how many headers Skim leaves for later. Where there are more, it reads them all.
const maxLate = 24

// lateHeader is a header that Skim found and did not read: its value is text[at:end].
type lateHeader struct {
	at, end uint32
	kind    headerKind
	link    uint8 // of nameLink: which
}

// Read sets the fields that Skim leaves out. Done before, it does nothing.
func (m *Message) Read() {
	if m.whole || m.text == nil {
		return
	}
	m.whole = true
	m.readURIs()
	for i := range m.late[:m.lates] {
		h := &m.late[i]
		m.readLate(h.kind, h.link, m.text[h.at:h.end])
	}
}

func (m *Message) readURIs() {
	m.RequestURI.parse(m.RequestURI.Raw)
	m.From.URI.parse(m.From.URI.Raw)
	m.To.URI.parse(m.To.URI.Raw)
}

func (m *Message) readLate(kind headerKind, link uint8, v []byte) {
	if kind != nameLink {
		m.header(kind, v)
	} else if m.Links[link] == nil {
		m.seldom = true
		m.Links[link] = trimLWS(v)
	}
}

// leave notes a header for Read, or reads it where Read was here already.
func (m *Message) leave(kind headerKind, link uint8, at, end int) {
	if m.lates == maxLate || end > math.MaxUint32 {
		m.Read()
	}
	if m.whole {
		m.readLate(kind, link, m.text[at:end])
		return
	}
	m.late[m.lates] = lateHeader{at: uint32(at), end: uint32(end), kind: kind, link: link}
	m.lates++
}

// reset makes m empty but for its time, addresses and transport. Most messages are never read whole,
// so what Read sets is cleared only after one that was.
func (m *Message) reset(text []byte) {
	m.id, m.text, m.lates = 0, text, 0
	m.Request, m.Method, m.StatusCode = false, MethodUnknown, 0
	m.CallID = nil
	m.CSeq, m.CSeqMethod = 0, MethodUnknown
	m.RequestURI.Raw = nil
	m.From.URI.Raw, m.From.Name, m.From.Tag = nil, nil, nil
	m.To.URI.Raw, m.To.Name, m.To.Tag = nil, nil, nil
	m.Branch, m.Vias, m.SentBy = nil, 0, nil
	m.Reason = ReasonCause{}
	m.Body, m.Missing = nil, 0
	m.Expires = -1
	if m.whole {
		m.whole = false
		m.resetWhole()
	}
}

func (m *Message) resetWhole() {
	m.RequestURI, m.From.URI, m.To.URI = URI{}, URI{}, URI{}
	clear(m.Contacts[:m.NumContacts])
	m.NumContacts, m.ContactStar = 0, false
	m.SessionExpires = 0
	m.PrivacyID, m.Authorized = false, false
	m.UserAgent, m.Event, m.ContentType = nil, nil, nil
	if m.seldom {
		m.seldom = false
		m.PAssertedIdentity, m.PPreferred, m.PCalledPartyID = URI{}, URI{}, URI{}
		m.RemotePartyID, m.RemotePartyHidden = URI{}, false
		clear(m.Diversion[:])
		clear(m.HistoryInfo[:])
		m.ReferTo, m.ReferReplaces, m.Replaces, m.ReferredBy = URI{}, nil, nil, URI{}
		m.SessionID, m.SessionIDRemote = nil, nil
		clear(m.Links[:])
	}
}

// MaxLinkHeaders is how many configured link headers a Scanner looks for.
const MaxLinkHeaders = 4
