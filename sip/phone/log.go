package phone

import (
	"log/slog"

	"github.com/emiago/sipgo/sip"
)

// sipgo writes what it cannot parse into its log, whole messages with everybody's numbers in them, and
// parts of it know no logger but the package's default. Its log is therefore discarded: what matters
// to us comes back as an error or is counted. The default has to be set before sipgo is first used.
func init() {
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	// sipgo refuses to send more than this less 200 bytes over UDP, responses too, which have no other way
	// (RFC 3261 §18.2.2), and INVITEs, which PBXs that speak UDP take in fragments.
	//
	// Deviation: RFC 3261 §18.1.1 would move a large INVITE to TCP, where many a PBX does not listen.
	sip.UDPMTUSize = maxSent + 200
}

// maxSent is the largest message that is sent over UDP, in bytes. Messages with hints are held to less.
const maxSent = 8 << 10
