package configs

import (
	"net/netip"
	"time"
)

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

	// The address people reach the app at, which the links of invitations and the addresses of calendars begin with.
	// Empty: the command gives links that begin with web.listen, which people may not reach, and the app gives those that
	// begin with the host that the request of whoever asks for one names, which a proxy must then check or set.
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
