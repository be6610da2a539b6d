package metrics

import "time"

// Count is a number of things of one kind, as "bad_auth": 17.
type Count struct {
	Name string
	N    uint64
}

// Feed is what one feed counted since the process started.
type Feed struct {
	Name        string    // "hep_udp", "hep_tcp", "hep_tls", "tap"
	Bound       bool      // listening or capturing
	Packets     uint64    // that arrived, of all kinds
	Bytes       uint64    // of those packets
	Last        time.Time // arrival of the last packet, zero when none came yet
	Discarded   []Count   // packets not handed on, by reason
	KernelDrops uint64    // datagrams lost for want of socket buffer
	Backlog     int       // bytes in the socket's buffer
	Connections int       // open now, of a stream feed
	Closed      []Count   // connections that ended or were refused, by reason
}

// Signalling is what scanner and tracker counted since the process started, and hold now.
type Signalling struct {
	Messages   uint64  // SIP messages scanned without error
	ScanErrors []Count // messages dropped, by reason
	LiveCalls  int
	Bindings   int     // registrations learnt
	GivenUp    []Count // forgotten for want of memory: "calls", "legs", "bindings", what PBXs "told", their "channels"
	Own        uint64  // our own traffic seen coming back
}

// Skew is how far a capture agent's clock is from ours; positive when it is ahead.
type Skew struct {
	CaptureAgent uint32 // HEP chunk 0x0c
	Offset       time.Duration
}

// Blind is the time in which nothing was seen of any feed.
type Blind struct {
	Total time.Duration // since the store was made, as far as kept
	Now   bool
}

// List is the state of one callback list.
type List struct {
	ID      string
	Open    int
	Overdue int
}

// Memory is the state of the store.
type Memory struct {
	Writable bool
	Queued   int     // commands that wait for their commit
	Refused  uint64  // commands refused because the store could not write
	Sizes    []Count // bytes on disk, by part
}

// Phone is what our own SIP user agent counted since the process started.
type Phone struct {
	Requests  uint64  // sent, repetitions after a challenge included
	Responses []Count // final responses to our messages, by class as "2xx"
	Failures  []Count // messages without a final response, by reason as "timeout"
	Answered  uint64  // requests of others
	Discarded []Count // what others sent and we could not or would not read, by reason
}

// Streams is the state of the event streams of the API.
type Streams struct {
	Open    int
	Events  uint64 // published
	Dropped uint64 // streams ended because their reader was too slow
	Resets  uint64 // readers told to read everything again
}

// Messages are figures of what callers said on the callback line.
type Messages struct {
	All, Unheard int
	Bytes        int64 // that their files take
	Recording    int
	Failed       uint64 // recordings that were lost
}

// MaxCaptureAgents bounds the series of capture agents: their ids come from the network. Further
// agents are counted in ringback_capture_agents and otherwise left out, those with the smallest skew first.
const MaxCaptureAgents = 64
