package configs

import (
	"net/netip"
	"time"
)

// HEP is where the mirror comes in.
type HEP struct {
	// UDP addresses to listen on. 9060 is what Asterisk, Kamailio and heplify send to by default. An empty list
	// opens none.
	UDP []Address `yaml:"udp"`

	// TCP addresses to listen on. Prefer TCP where the sender can: nothing is lost on the way.
	//
	// Example: [":9060"]
	TCP []Address `yaml:"tcp"`

	// TLS addresses to listen on; needs tls_cert_file and tls_key_file.
	//
	// Example: [":9061"]
	TLS []Address `yaml:"tls"`

	// The certificate chain shown on the TLS addresses, PEM.
	//
	// Example: /etc/ringback/tls.crt
	TLSCertFile string `yaml:"tls_cert_file"`

	// The private key of that certificate, PEM.
	//
	// Example: /etc/ringback/tls.key
	TLSKeyFile string `yaml:"tls_key_file"`

	// Certificate authorities, PEM. When set, TLS senders must show a certificate of one of them: the only
	// mirror that cannot be forged.
	//
	// Example: /etc/ringback/senders-ca.crt
	TLSClientCAFile string `yaml:"tls_client_ca_file"`

	// A file of capture passwords, one per line, of which senders must give one (HEP chunk 0x0e:
	// capture_password of Asterisk's hep.conf, auth_key of Kamailio's siptrace). Several let it be changed on
	// one PBX after the other. Empty: none is asked for. Over UDP and TCP it travels readable, so it keeps
	// strays out, not attackers.
	//
	// Example: /etc/ringback/hep.passwords
	AuthKeysFile string `yaml:"auth_keys_file" reload:"live"`

	// Networks that may send; all others are counted and dropped. The default is this machine and private
	// networks: a forged mirror makes forged cases, so list your PBXs.
	Allow []netip.Prefix `yaml:"allow" reload:"live"`

	// The kernel's buffer per UDP socket. Linux grants at most net.core.rmem_max (see
	// docs/operations.md); its usual 208 KiB lose packets from 20 000 messages a second on.
	ReceiveBuffer Size `yaml:"receive_buffer"`

	// The most TCP and TLS connections held at once per address listened on; further ones are closed at once.
	MaxConnections int `yaml:"max_connections"`

	// A connection that says nothing for this long is closed; its sender connects again.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
}

// Tap is a network interface to listen on.
type Tap struct {
	// The interface, or any for all of them. Empty: no tap.
	//
	// Example: eth0
	Interface string `yaml:"interface"`

	// The ports on which SIP is spoken. A call is seen when either end uses one of them.
	Ports []uint16 `yaml:"ports"`
}

// Asterisk is an Asterisk that tells of its calls by itself, beside a mirror of its signalling or instead of
// one. At least one of ari_url and ami_address is set.
type Asterisk struct {
	// The PBX of the directory that it is.
	//
	// Example: pbx
	PBX string `yaml:"pbx"`

	// Which of its endpoints lead to which trunk of the directory, as endpoint=trunk. An endpoint that is
	// called like its trunk needs no entry; all others that are no extensions lead to the PBX's first trunk.
	//
	// Example: [carrier-out=carrier]
	Trunks []string `yaml:"trunks"`

	// Its REST interface (ARI). It tells which legs belong together and who is in voicemail, so verdicts need
	// no guess.
	//
	// Example: http://10.20.0.10:8088/ari
	ARIURL string `yaml:"ari_url"`

	// The user of ari.conf.
	//
	// Example: ringback
	ARIUser string `yaml:"ari_user"`

	// The file with his password.
	//
	// Example: /etc/ringback/ari.password
	ARIPasswordFile string `yaml:"ari_password_file"`

	// Its manager interface (AMI), host:port. It tells queues, and whatever ARI tells but the SIP Call-IDs.
	//
	// Example: 10.20.0.10:5038
	AMIAddress string `yaml:"ami_address"`

	// The user of manager.conf.
	//
	// Example: ringback
	AMIUser string `yaml:"ami_user"`

	// The file with his secret. It is never sent; AMI asks for a proof of it.
	//
	// Example: /etc/ringback/ami.secret
	AMISecretFile string `yaml:"ami_secret_file"`

	// Whether the manager interface speaks TLS.
	AMITLS bool `yaml:"ami_tls"`

	// The ways by which hints go to phones at this PBX, the best first; where one fails the next is taken. message:
	// Ringback's own SIP MESSAGE, as hints says. send_text: AMI's SendText, inside the call that the phone is on;
	// needs the privilege call to write. message_send: AMI's MessageSend, whether the phone is on a call or not;
	// needs the privilege message to write. When empty it is message, and with ami_address send_text and
	// message_send after it.
	//
	// Example: [send_text, message]
	HintWays []HintWay `yaml:"hint_ways"`

	// Certificate authorities, PEM, for TLS with either; the system's when empty.
	//
	// Example: /etc/ringback/pbx-ca.crt
	CAFile string `yaml:"ca_file"`
}

// DialogEvents are subscriptions to the dialogs of services and agents at one PBX.
type DialogEvents struct {
	// The PBX of the directory that it is.
	//
	// Example: pbx
	PBX string `yaml:"pbx"`

	// Whose dialogs are subscribed to: at a proxy the numbers of services and the AORs of agents, at an Asterisk
	// the hints of phones and queues.
	//
	// Example: ["sip:+35893100100@pbx.example.com", "sip:101@pbx.example.com"]
	URIs []string `yaml:"uris"`

	// Where the requests go, when that is not the host of each URI.
	//
	// Example: "sip:10.20.0.20:5060;transport=tcp"
	Server string `yaml:"server"`

	// The address, UDP and TCP, at which the PBX's answers are taken. A free port when empty; with a fixed one a
	// PBX that still knows subscriptions of before is told that they are over.
	//
	// Example: ":5068"
	Listen Address `yaml:"listen"`

	// Our URI, by which the PBX knows us. When empty it is ringback at our address.
	//
	// Example: sip:ringback@pbx.example.com
	From string `yaml:"from"`

	// The user for digest authentication; that of from when empty.
	//
	// Example: ringback
	User string `yaml:"user"`

	// The file with the password. Empty: challenges are not answered.
	//
	// Example: /etc/ringback/pbx.password
	PasswordFile string `yaml:"password_file"`

	// Certificate authorities, PEM, that the PBX is trusted by where server or a URI asks for TLS; the system's when
	// empty.
	//
	// Example: /etc/ringback/pbx-ca.crt
	CAFile string `yaml:"ca_file"`

	// For how long a subscription is asked for before it is refreshed. 0s: 10m.
	Expires time.Duration `yaml:"expires"`

	// Of an Asterisk: which hints are of queues, and of which service of the directory, as hint=service. A hint
	// called like its service needs no entry.
	//
	// Example: [queue-sales=sales]
	Queues []string `yaml:"queues"`

	// Of an Asterisk without hints of queues: the service that calls are of. Empty: calls whose service nothing
	// tells are left out.
	//
	// Example: hotline
	Service string `yaml:"service"`
}

// CallHook is a sender that tells of calls over HTTP. At least one of token_file and secret_files is set.
type CallHook struct {
	// Its name: the path of its address, and what feeds and metrics call it.
	//
	// Example: cloud
	ID string `yaml:"id"`

	// The PBX of the directory whose calls it tells.
	//
	// Example: pbx
	PBX string `yaml:"pbx"`

	// A file with a token that stands in the path, /hooks/ID/TOKEN: for senders that cannot sign. Whoever sees
	// the address can forge calls, so let it be sent over TLS alone.
	//
	// Example: /etc/ringback/cloud.token
	TokenFile string `yaml:"token_file"`

	// Files with secrets that it signs its requests with. Several let a secret be changed.
	//
	// Example: [/etc/ringback/cloud.secret]
	SecretFiles []string `yaml:"secret_files"`
}
