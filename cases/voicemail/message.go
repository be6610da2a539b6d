package voicemail

import (
	"errors"
	"time"

	"ringback/directory/audit"
	"ringback/sip"
)

// Errors of this package.
var (
	// ErrNotFound is returned for a message that there is none of.
	ErrNotFound = errors.New("voicemail: not found")
	// ErrShort is returned by Keep where hardly anything was said; there is no message then.
	ErrShort = errors.New("voicemail: nothing was said")
	// ErrFull is returned by Begin where messages take all the space they may.
	ErrFull = errors.New("voicemail: messages take all the space they may")
	// ErrBusy is returned by Begin where as many are recorded as may be at once.
	ErrBusy = errors.New("voicemail: too many are recorded")
	// ErrNoKey is returned where there is no key to record with, or none that opens a message.
	ErrNoKey = errors.New("voicemail: there is no key for it")
	// ErrDamaged is wrapped where the file of a message is gone, or is not as it was written.
	ErrDamaged = errors.New("voicemail: the file is damaged")
	// ErrKeyFile is wrapped for a key file that cannot be used.
	ErrKeyFile = errors.New("voicemail: the key file is unusable")
)

// End is why a recording ended.
type End string

// The ends.
const (
	Hangup      End = "hangup"
	Silence     End = "silence"     // the caller said no more
	Digit       End = "digit"       // he pressed #
	MaxLength   End = "max_length"  // it was as long as it may be
	Interrupted End = "interrupted" // Ringback stopped, or the disk failed, in the midst
)

// Draft is a message that is being left.
type Draft struct {
	List     string
	Service  string
	Call     string     // Call-ID of the call
	Number   sip.Number // to call the customer at; 0: none is known
	Language string     // of the prompts that he heard
	At       time.Time
}

// Message is one that was left. It is a value, as it was when it was read.
type Message struct {
	ID string
	Draft
	Case    string // empty while it is being recorded
	Samples int    // that are played, at SampleRate
	Ended   End
	Heard   Heard // zero: by nobody yet
}

// Heard is who was the first to hear a message.
type Heard struct {
	By audit.Who
	At time.Time
}

// SampleRate is that of messages, in hertz.
const SampleRate = 8000

// headerSize is what stands before the samples in a WAV file, and sampleSize what one takes, in bytes.
const (
	headerSize = 44
	sampleSize = 2
)

// Duration is how long the message is.
func (m *Message) Duration() time.Duration {
	return time.Duration(m.Samples) * time.Second / SampleRate
}

// Size is that of the WAV file, in bytes.
func (m *Message) Size() int64 { return headerSize + sampleSize*int64(m.Samples) }

// State is whether the messages of a case were heard.
type State string

// The states.
const (
	None     State = "none" // it has no message
	Unheard  State = "unheard"
	AllHeard State = "heard" // each of them
)
