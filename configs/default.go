package configs

import (
	"net/netip"
	"time"
)

// DefaultPath is where the configuration is looked for when nobody says where it is.
const DefaultPath = "/etc/ringback/ringback.yaml"

// Default returns the configuration of an empty file: HEP over UDP on port 9060 from private networks.
func Default() *Config {
	return &Config{
		DataDir: "/var/lib/ringback",
		Log:     Log{Format: "text"},
		HEP: HEP{
			UDP: []Address{":9060"},
			Allow: []netip.Prefix{
				netip.MustParsePrefix("127.0.0.0/8"),
				netip.MustParsePrefix("::1/128"),
				netip.MustParsePrefix("10.0.0.0/8"),     // RFC 1918 §3
				netip.MustParsePrefix("172.16.0.0/12"),  // RFC 1918 §3
				netip.MustParsePrefix("192.168.0.0/16"), // RFC 1918 §3
				netip.MustParsePrefix("fc00::/7"),       // RFC 4193 §3.1
			},
			ReceiveBuffer:  16 << 20,
			MaxConnections: 256,
			IdleTimeout:    5 * time.Minute,
		},
		Tap: Tap{Ports: []uint16{5060}},
		Tracker: Tracker{
			Settle:      2 * time.Second,
			ServedAfter: time.Second,
			HoldDrop:    30 * time.Second,
			ShortAfter:  2 * time.Second,
			Lost:        5 * time.Minute,
			MaxWait:     time.Hour,
			MaxCall:     12 * time.Hour,
			MaxCalls:    500_000,
			MaxBindings: 200_000,
		},
		Store: Store{CommitWindow: 20 * time.Millisecond, DiskReserve: 256 << 20, Journeys: "all", JourneyDays: 90},
		Hints: Hints{
			Enabled:     true,
			UDP:         []Address{":5066"},
			DisplayName: "Ringback",
			Timeout:     5 * time.Second,
			Deadline:    10 * time.Second,
		},
		Phone: Phone{
			UDP:            []Address{":5070"},
			DisplayName:    "Ringback",
			MaxCalls:       100,
			CallsPerSecond: 20,
			RingTimeout:    time.Minute,
			SessionExpires: 30 * time.Minute,
			MediaFirstPort: 20000,
			MediaLastPort:  29999,
			MediaTimeout:   30 * time.Second,
		},
		Line: Line{
			Language: "en",
		},
		Voicemail: Voicemail{Limit: 3 * time.Minute, Silence: 8 * time.Second, Shortest: time.Second, AtOnce: 100, Space: 1 << 30, Days: 90},
		Callbacks: Callbacks{Accept: "1", AcceptWithin: 20 * time.Second, RingAgent: 30 * time.Second, LiveFirst: 30 * time.Second},
		Web: Web{
			Listen:          "127.0.0.1:8080",
			SessionIdle:     12 * time.Hour,
			SessionLifetime: 7 * 24 * time.Hour,
			InvitationFor:   72 * time.Hour,

			RequestsPerSecond: 100,
		},
		Admin: Admin{Listen: "127.0.0.1:8081", Socket: "/run/ringback/admin.sock"},
	}
}
