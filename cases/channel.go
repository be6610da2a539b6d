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
