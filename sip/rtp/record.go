package rtp

import "time"

// RecordOptions say when a recording ends by itself; zero fields never do.
type RecordOptions struct {
	MaxLength    time.Duration // of the recording
	Silence      time.Duration // after the last sound, or from the begin when there is none
	SilenceLevel float64       // in dBm0: what is below is silence: -40
	StopDigits   string        // any of these digits ends it, at the moment that its key goes down; it still comes by Digits
}

// RecordEnd is why a recording ended.
type RecordEnd uint8

const (
	EndUnknown   RecordEnd = iota
	EndMaxLength           // as long as it may be
	EndSilence             // nobody spoke any more
	EndDigit               // one of the stop digits
	EndHangup              // the session was closed
	EndContext             // the caller's ctx was done
	EndError               // the writer failed
)

// Recording is what Record did.
type Recording struct {
	End     RecordEnd
	Samples int           // written
	Speech  time.Duration // from the begin to the end of the last sound; 0: nothing but silence
	Lost    int           // samples that are silence because their packet never came
	Overrun int           // samples that are silence because the writer was too slow
}
