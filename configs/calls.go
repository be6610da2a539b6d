package configs

import (
	"net/netip"
	"time"
)

// Hints says how agents' phones are reached.
type Hints struct {
	// Whether hints are sent to phones at all. Hints on the API are not affected.
	Enabled bool `yaml:"enabled"`

	// UDP addresses that MESSAGE requests leave from and answers come back to. A fixed port lets PBX and
	// firewall know Ringback.
	UDP []Address `yaml:"udp"`

	// TCP addresses to listen on, for PBXs that answer over a connection of their own. Sending over TCP needs none.
	//
	// Example: [":5066"]
	TCP []Address `yaml:"tcp"`

	// TLS addresses to listen on; needs tls_cert_file and tls_key_file. Sending over TLS needs none.
	//
	// Example: [":5067"]
	TLS []Address `yaml:"tls"`

	// The certificate chain shown on the TLS addresses, and to PBXs that ask for one, PEM.
	//
	// Example: /etc/ringback/tls.crt
	TLSCertFile string `yaml:"tls_cert_file"`

	// The private key of that certificate, PEM.
	//
	// Example: /etc/ringback/tls.key
	TLSKeyFile string `yaml:"tls_key_file"`

	// Certificate authorities that PBXs and phones are trusted by, PEM. Empty: those of the system.
	//
	// Example: /etc/ringback/pbx-ca.crt
	TLSCAFile string `yaml:"tls_ca_file"`

	// Ringback's own URI, which phones show as the sender. Empty: sip:ringback@ and the address of the
	// first UDP socket.
	//
	// Example: sip:ringback@pbx.example.com
	From string `yaml:"from"`

	// The name that phones show beside a hint.
	DisplayName string `yaml:"display_name"`

	// The PBX to send through, as a SIP URI; its transport parameter says how. Empty: straight to the phone's
	// own contact, learnt from mirrored REGISTERs. Use the proxy where phones sit behind NAT or listen to
	// their PBX only.
	//
	// Example: sip:pbx.example.com:5060;transport=tcp
	Proxy string `yaml:"proxy"`

	// The user name for digest authentication, when the PBX asks for it. Empty: the user of from.
	//
	// Example: ringback
	User string `yaml:"user"`

	// A file holding the password for digest authentication, read again whenever it is asked for. Empty: the PBX's
	// challenge is not answered.
	//
	// Example: /etc/ringback/sip.password
	PasswordFile string `yaml:"password_file"`

	// How long one request may take, challenges and retransmissions included.
	Timeout time.Duration `yaml:"timeout"`

	// How long after its cause a hint may still be sent, tries after failures included. Then it is given up and
	// counted. A hint whose call has ended is never sent.
	Deadline time.Duration `yaml:"deadline"`
}

// Phone says how Ringback takes and makes calls.
type Phone struct {
	// Whether calls are taken and made at all.
	Enabled bool `yaml:"enabled"`

	// UDP addresses for calls. They must differ from those of hints. Name the address, not the port alone, on a machine
	// with several: PBXs are told it, and send audio there.
	UDP []Address `yaml:"udp"`

	// Addresses that PBXs are told in Via and Contact instead of these, as of a NAT that forwards the ports unchanged: at most one
	// IPv4 and one IPv6. Sound has its own, media_advertised.
	//
	// Example: [203.0.113.9]
	Advertised []netip.Addr `yaml:"advertised"`

	// TCP addresses to accept connections of PBXs at. Calling over TCP needs none.
	//
	// Example: [":5070"]
	TCP []Address `yaml:"tcp"`

	// TLS addresses to accept connections of PBXs at; needs tls_cert_file and tls_key_file.
	//
	// Example: [":5071"]
	TLS []Address `yaml:"tls"`

	// The certificate chain shown on the TLS addresses, and to PBXs that ask for one, PEM.
	//
	// Example: /etc/ringback/tls.crt
	TLSCertFile string `yaml:"tls_cert_file"`

	// The private key of that certificate, PEM.
	//
	// Example: /etc/ringback/tls.key
	TLSKeyFile string `yaml:"tls_key_file"`

	// Certificate authorities that PBXs are trusted by, PEM. Empty: those of the system.
	//
	// Example: /etc/ringback/pbx-ca.crt
	TLSCAFile string `yaml:"tls_ca_file"`

	// The name shown with calls that do not show a service's number.
	DisplayName string `yaml:"display_name"`

	// Ringback's places at PBXs. Each has the keys below.
	//
	// Example: [{pbx: main, uri: "sip:ringback@pbx.example.com", register: true, password_file: /etc/ringback/phone.password}]
	Accounts []Account `yaml:"accounts"`

	// Networks that calls are taken from, beside the servers of the accounts. Whoever sends from there needs no
	// password.
	//
	// Example: [10.20.0.0/24]
	Peers []netip.Prefix `yaml:"peers"`

	// The most calls at one time, in both directions. Callers beyond it are told that it is busy.
	MaxCalls int `yaml:"max_calls"`

	// The most new calls per second from one address. What is beyond it is told to come again in 2 s.
	CallsPerSecond int `yaml:"calls_per_second"`

	// After how long a call of ours that nobody answers is given up.
	RingTimeout time.Duration `yaml:"ring_timeout"`

	// After how long a call ends when neither side confirms that it lives (session timer, RFC 4028).
	SessionExpires time.Duration `yaml:"session_expires"`

	// Addresses of this machine that sound is received at, at most one IPv4 and one IPv6. Empty: those of phone.udp,
	// or, where that names none, the machine's first.
	//
	// Example: [10.20.0.9]
	MediaAddresses []netip.Addr `yaml:"media_addresses"`

	// Addresses that PBXs are told instead of these, as of a NAT that forwards the ports unchanged.
	//
	// Example: [203.0.113.9]
	MediaAdvertised []netip.Addr `yaml:"media_advertised"`

	// The first UDP port for sound. Each call takes two, an even one and the next.
	MediaFirstPort int `yaml:"media_first_port"`

	// The last UDP port for sound.
	MediaLastPort int `yaml:"media_last_port"`

	// After how long without sound that should come a call is hung up, as when the other side lost its network. Nothing is due
	// from a side that holds the call.
	MediaTimeout time.Duration `yaml:"media_timeout"`
}

// Callbacks says how customers are called back: an agent's device first, and then the customer.
type Callbacks struct {
	// What an agent hears when he answers, until he takes the call, as a WAV file, PCM or G.711. Empty: it is spoken, in his
	// language, that of the list or line.language: that it is a callback, for which list or number, and what to press.
	//
	// Example: /etc/ringback/callback.wav
	Announcement string `yaml:"announcement"`

	// The key with which he takes it: one of 0123456789*#, any, or none when answering is enough. With one key, 2 declines it, or
	// 1 where 2 takes it.
	Accept string `yaml:"accept"`

	// For how long he may think it over.
	AcceptWithin time.Duration `yaml:"accept_within"`

	// For how long his device rings.
	RingAgent time.Duration `yaml:"ring_agent"`

	// A scheduled or offered callback waits while a caller of the agent's services has waited longer than this.
	LiveFirst time.Duration `yaml:"live_first"`
}

// Account is Ringback's place at one PBX.
type Account struct {
	// The PBX of the directory.
	PBX string `yaml:"pbx"`

	// Ringback's own URI there.
	//
	// Example: sip:ringback@pbx.example.com
	URI string `yaml:"uri"`

	// The server that requests go to, as a SIP URI; its transport parameter says how. Empty: the host of uri.
	//
	// Example: sip:10.20.0.10:5060;transport=tcp
	Server string `yaml:"server"`

	// Whether to register. If not, the PBX must know Ringback by its address, as a trunk.
	Register bool `yaml:"register"`

	// The user name for digest authentication. Empty: the user of uri.
	//
	// Example: ringback
	User string `yaml:"user"`

	// A file holding the password, read again whenever it is asked for. Empty: the PBX's challenge is not
	// answered.
	//
	// Example: /etc/ringback/phone.password
	PasswordFile string `yaml:"password_file"`

	// How long a registration lasts. 0s: 10m, or longer when the PBX wants that.
	Expires time.Duration `yaml:"expires"`

	// How often the PBX is asked whether it lives. 0s: 1m.
	KeepAlive time.Duration `yaml:"keep_alive"`

	// Whether the PBX believes who we say is calling, and we what it says (P-Asserted-Identity), as between a PBX and
	// its trunk.
	Trusted bool `yaml:"trusted"`

	// Whether the PBX connects agent and customer of a callback call itself, by REFER, rather than Ringback. Then the talking
	// time is known only where the PBX is mirrored.
	Refer bool `yaml:"refer"`

	// Whether the sound of a callback call goes straight between agent and customer once both are there (RFC 3725 §7), rather
	// than through Ringback. Where one of them refuses that, it goes through Ringback after all.
	Direct bool `yaml:"direct"`
}
