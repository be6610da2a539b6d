package configs

import (
	"net/netip"
	"time"
)

// Config is everything that can be set. Start from [Default] or [Load]: the zero value is no usable
// configuration. A field marked reload:"live" takes effect on SIGHUP, any other needs a restart.
type Config struct {
	// Where Ringback keeps its cases, directory and live calls. One daemon at a time can open it. The
	// disk must be local: network file systems lose synced writes.
	DataDir string `yaml:"data_dir"`

	// Addresses under which PBXs and phones see Ringback when it cannot see that itself, as behind NAT
	// or in a container. Messages from and to them are Ringback's own, coming back in the mirror, and
	// are no calls. Addresses of the sockets opened below are known without this.
	//
	// Example: [203.0.113.9:5066]
	OwnAddresses []netip.AddrPort `yaml:"own_addresses"`

	// What is logged, to standard error. Telephone numbers are always shortened to their last three digits.
	Log Log `yaml:"log"`

	// The sockets to which PBXs, proxies and capture agents send the mirror of their signalling, as HEP
	// version 3; version 2 is counted and dropped. At least one of these, or the tap, must be set.
	HEP HEP `yaml:"hep"`

	// Reading signalling from a network interface, for those who cannot configure their PBX. Needs Linux
	// and CAP_NET_RAW, and sees plain UDP and TCP only.
	Tap Tap `yaml:"tap"`

	// When a call's verdict falls, and how much is kept in memory. The times are what decides between
	// served, missed and dropped: change them knowing that cases of before and after do not compare.
	Tracker Tracker `yaml:"tracker"`

	// How cases are written to disk.
	Store Store `yaml:"store"`

	// Hints to agents' phones: one short SIP MESSAGE when a call matches an open case. How they are sent to
	// each phone follows from its contact, or from the proxy.
	Hints Hints `yaml:"hints"`

	// Calls that Ringback itself takes and makes, as a phone at the PBX or a trunk to it. Calls are watched like any
	// others: let the PBX mirror them too, and do not name these sockets in own_addresses.
	Phone Phone `yaml:"phone"`

	// The API under /v1; it describes itself at /v1/docs and /v1/openapi.json.
	Web Web `yaml:"web"`

	// For operators and monitoring: metrics, health, readiness, profiles, and the socket by which the
	// command line reaches a running daemon.
	Admin Admin `yaml:"admin"`

	// Asterisks that tell of their calls by ARI or AMI; docs/pbx/asterisk.md shows how to set them up. Each has
	// the keys below.
	//
	// Example: [{pbx: main, ari_url: "http://10.20.0.10:8088/ari", ari_user: ringback, ari_password_file: /etc/ringback/ari.password}]
	Asterisks []Asterisk `yaml:"asterisks"`

	// Subscriptions to dialog events (RFC 4235) at PBXs that tell of their calls by these; docs/pbx/kamailio.md
	// shows how to set them up. Each has the keys below.
	//
	// Example: [{pbx: main, uris: ["sip:+35893100100@pbx.example.com"]}]
	DialogEvents []DialogEvents `yaml:"dialog_events"`

	// Senders that tell of calls over HTTP, at /hooks/ID of the API's address; docs/pbx/webhooks.md describes
	// what they may send. Each has the keys below.
	//
	// Example: [{id: cloud, pbx: main, token_file: /etc/ringback/cloud.token}]
	CallHooks []CallHook `yaml:"call_hooks"`

	// Other programs that are told of events over HTTP; docs/webhooks.md describes what they get. Each
	// has the keys below.
	//
	// Example: [{id: crm, url: "https://crm.example.com/hooks", secret_files: [/etc/ringback/crm.secret]}]
	Webhooks []Webhook `yaml:"webhooks" reload:"live"`

	// How people are told on their phones and in their browsers. Whom, they and their lists say.
	Push Push `yaml:"push"`
}

// Log says what is logged and how.
type Log struct {
	// The least level that is logged.
	Level LogLevel `yaml:"level" reload:"live"`

	// text for people and the journal, json for log collectors.
	Format LogFormat `yaml:"format"`
}

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

// Tracker holds the times and limits of the call watcher.
type Tracker struct {
	// How long after the end of the caller's leg the verdict falls: late packets, forks and overflow to
	// another service arrive within it.
	Settle time.Duration `yaml:"settle"`

	// How long caller and agent must be up together for the call to count as served.
	ServedAfter time.Duration `yaml:"served_after"`

	// A caller who hangs up after being held this long was dropped.
	HoldDrop time.Duration `yaml:"hold_drop"`

	// A caller who gives up before this, counted from the INVITE, rang by mistake: counted, no case, unless
	// the same number does it twice.
	ShortAfter time.Duration `yaml:"short_after"`

	// A call without a final response that is silent for this long is given up as missed, reason lost.
	Lost time.Duration `yaml:"lost"`

	// A caller whom the PBX answered, who never reached an agent and whose end is not seen for this long is
	// given up as missed, reason lost.
	MaxWait time.Duration `yaml:"max_wait"`

	// A call with an agent whose end is not seen for this long ends unknown: no case.
	MaxCall time.Duration `yaml:"max_call"`

	// Whether Q.850 cause 127 in a BYE makes a served call a dropped one. Many PBXs write it on normal ends.
	Drop127 bool `yaml:"drop_127"`

	// The most live calls kept; beyond it the oldest silent one is given up and counted. A call of three legs
	// takes up to 1 KiB.
	MaxCalls int `yaml:"max_calls"`

	// The most phone registrations remembered; beyond it the oldest goes.
	MaxBindings int `yaml:"max_bindings"`
}

// Store says how the disk is used.
type Store struct {
	// The least time between the starts of two commits. After a quiet window a write is committed at
	// once, and what somebody waits for always is: an agent's call, or what a person does. Under load a wider window
	// means fewer syncs, and that much more delay. 0s: as fast as the disk syncs.
	CommitWindow time.Duration `yaml:"commit_window"`

	// Free disk space below which nothing is written any more and readiness fails, so that the disk never
	// fills in the middle of a write. Reading goes on.
	DiskReserve Size `yaml:"disk_reserve"`

	// How many days entries of the audit trail are kept. 0: for ever.
	AuditDays int `yaml:"audit_days" reload:"live"`

	// Of which calls with customers it is kept what became of them: all, cases (only those that made, changed or
	// closed a case), or off.
	Journeys string `yaml:"journeys" reload:"live"`

	// How many days that is kept. 0: for ever.
	JourneyDays int `yaml:"journey_days" reload:"live"`
}

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
}

// Web is the API.
type Web struct {
	// The address of the API. Empty: none.
	Listen Address `yaml:"listen"`

	// The certificate chain, PEM. Empty: plain HTTP, which belongs on loopback or behind a proxy that speaks TLS.
	//
	// Example: /etc/ringback/tls.crt
	TLSCertFile string `yaml:"tls_cert_file"`

	// The private key of that certificate, PEM.
	//
	// Example: /etc/ringback/tls.key
	TLSKeyFile string `yaml:"tls_key_file"`

	// The file of bearer tokens, one per line as name:token or name:sha256:digest. Sessions of people and
	// tokens of `ringback token` need none. Make a token with: openssl rand -hex 32
	//
	// Example: /etc/ringback/tokens
	TokensFile string `yaml:"tokens_file"`

	// The address people reach the app at, which the links of invitations begin with. Empty: that of web.listen, which
	// they may not reach.
	//
	// Example: https://ringback.example.com
	URL string `yaml:"url"`

	// Whether the calendars of agents show customers' names and numbers. A calendar is read, without logging in, by
	// whatever program its address was given to.
	CalendarNumbers bool `yaml:"calendar_numbers"`

	// How long a session lasts that is not used.
	SessionIdle time.Duration `yaml:"session_idle"`

	// How long a session lasts that is used, from the login on.
	SessionLifetime time.Duration `yaml:"session_lifetime"`

	// How long an invitation can be used.
	InvitationFor time.Duration `yaml:"invitation_for"`

	// Origins whose pages may use the API with a token (CORS). Empty: those of no other, which keeps every page but
	// Ringback's own from reading customers' numbers.
	//
	// Example: ["https://crm.example.com"]
	Origins []string `yaml:"origins"`

	// Networks of proxies before the API. From them X-Forwarded-For says where a request comes from, for the limits
	// and the audit trail. Empty: there are none.
	//
	// Example: [127.0.0.1/32]
	Proxies []netip.Prefix `yaml:"proxies"`

	// How many requests a second one person or token may make over time; four times as many at once. More are
	// answered with 429.
	RequestsPerSecond int `yaml:"requests_per_second"`
}

// Admin is for operators and monitoring.
type Admin struct {
	// The address of /metrics, /healthz, /readyz and, when pprof is on, /debug/pprof. It asks for no token, so keep it
	// off networks you do not trust. Empty: none.
	Listen Address `yaml:"listen"`

	// The Unix socket by which commands as `ringback directory import` reach this daemon. Whoever may open
	// the file may change the directory. Empty: none, and such commands work on a stopped daemon only.
	Socket string `yaml:"socket"`

	// Whether Go's profiles are served under /debug/pprof on the listen address.
	Pprof bool `yaml:"pprof"`
}

// Push is how people are told on their phones and in their browsers by web push.
type Push struct {
	// Whom the services that carry the messages may complain to: an e-mail address or an https address.
	// Empty: web.url. The carriers of some browsers refuse messages without one.
	//
	// Example: operations@example.com
	Contact string `yaml:"contact"`

	// Whether messages say the customer's number. Phones show messages on locked screens.
	ShowNumber bool `yaml:"show_number"`

	// Networks that the services may be in though they are not public: for carriers of your own. Messages go to
	// public addresses otherwise, whatever a browser asks for.
	//
	// Example: [10.1.0.0/24]
	AllowNetworks []netip.Prefix `yaml:"allow_networks"`
}

// Webhook is a program that is told of events.
type Webhook struct {
	// What metrics, logs and commands call it. What waits for it is kept under this name: with another one
	// it is another endpoint.
	//
	// Example: crm
	ID string `yaml:"id" reload:"live"`

	// Where it is: https, as customers' numbers are sent. http is taken for addresses in allow_networks only.
	// A redirection is not followed.
	//
	// Example: https://crm.example.com/hooks
	URL string `yaml:"url" reload:"live"`

	// Files of signing secrets, one a line, as whsec_ and 24 to 64 bytes in base64. A message is signed with all
	// of them: to change one, add the new one, teach it to the receiver, and take the old one away. Make one
	// with: echo whsec_$(openssl rand -base64 32)
	//
	// Example: [/etc/ringback/crm.secret]
	SecretFiles []string `yaml:"secret_files" reload:"live"`

	// The events it wants, as case.closed, or case.* for all about cases. Empty: all there are.
	//
	// Example: [case.opened, case.closed, hint.*]
	Events []string `yaml:"events" reload:"live"`

	// The callback lists whose events it wants. An event about several lists is sent only if all of them
	// are wanted. Empty: all there are.
	//
	// Example: [callbacks]
	Lists []string `yaml:"lists" reload:"live"`

	// Networks that it may be in though they are not public: private, loopback and link-local addresses are
	// not called otherwise, whatever names say.
	//
	// Example: [10.20.0.0/16]
	AllowNetworks []netip.Prefix `yaml:"allow_networks" reload:"live"`

	// How long it may take to answer. 0s: 10s.
	Timeout time.Duration `yaml:"timeout" reload:"live"`

	// How long a message is tried before it becomes a dead letter. 0s: 72h.
	GiveUp time.Duration `yaml:"give_up" reload:"live"`
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
