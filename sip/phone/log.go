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
}
