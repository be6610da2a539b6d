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

	// The callback line: callers whom the PBX sends here choose to be called back. It needs phone.enabled;
	// docs/calls.md shows how the PBX sends them.
	Line Line `yaml:"line"`

	// Messages that callers of the line leave. Nobody can leave any without a key file.
	Voicemail Voicemail `yaml:"voicemail"`

	// Calls by which customers are called back. They need an account in phone; docs/calls.md.
	Callbacks Callbacks `yaml:"callbacks"`

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
