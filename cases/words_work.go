package cases

// Channel is the way a case came in.
type Channel uint8

// The channels.
const (
	ChannelCall    Channel = iota // a missed or dropped service call
	ChannelManual                 // an agent made it
	ChannelRequest                // the customer asked to be called
	ChannelImport                 // a call list
	ChannelAPI                    // another program
)

var channelWords = [...]string{
	ChannelCall: "call", ChannelManual: "manual", ChannelRequest: "request", ChannelImport: "import", ChannelAPI: "api",
}

// String returns the channel in lower case.
func (c Channel) String() string { return word(channelWords[:], uint8(c)) }

// MarshalText implements encoding.TextMarshaler, as String.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseChannel reads a channel's word; ok is false for any other.
func ParseChannel(s string) (c Channel, ok bool) {
	for i, w := range channelWords {
		if w == s {
			return Channel(i), true
		}
	}
	return ChannelCall, false
}

// ParseCloseReason reads the word of a reason of closing; ok is false for any other.
func ParseCloseReason(s string) (r CloseReason, ok bool) {
	for i, w := range closeWords {
		if w == s && i != int(NotClosed) {
			return CloseReason(i), true
		}
	}
	return NotClosed, false
}

// Why a case was released: what the Reason of Released says.
const (
	ReleasedByHand   = "by_hand"           // its holder, or a supervisor, gave it back
	ReleasedClaim    = "claim_lapsed"      // it was taken and the customer not called in time
	ReleasedPersonal = "personal_fallback" // it was meant for one agent, who did not call in time
)

// Why a case was erased: what the Reason of Erased says.
const (
	ErasedPerson    = "person"    // a person's data was to go
	ErasedRetention = "retention" // it was closed longer ago than its list keeps cases
)
