package sip

import "time"

// EventKind says what happened to a call.
type EventKind uint8

// The kinds of events, in the order a call can meet them.
const (
	EventUnknown  EventKind = iota
	CallStarted             // the call's first INVITE was seen; Direction, Caller and Service as known by then
	CallUpdated             // direction, service, caller or callee became known or changed
	AgentDialled            // an agent's own outbound INVITE to an external number (Agent, Number); once per call
	AgentRinging            // an agent's phone alerts for an external caller (Agent, Number)
	AgentAnswered           // an agent's leg with an external party is up: the agent answered, or the far end answered him
	AgentLeft               // an agent's leg with an external party is over, answered or not
	CallEnded               // the verdict fell: Verdict, Reason, Confidence, Result are final; last event of its call
)

// Event is one thing that happened to one call. Events of one call come in order. An event and all it
// points to are valid until the function that is told of it returns; Clone makes one to keep. Its
// strings may always be kept.
type Event struct {
	Kind EventKind
	At   time.Time // the message's capture time, or the moment the timer that caused it ran out
	Call *Call     // the call as it is now

	// Of AgentDialled, AgentRinging, AgentAnswered and AgentLeft: who, and the external party.
	Agent  string // agent id of the directory, or the AOR user of a phone the directory does not list
	Number Number // the external party's number, 0 when unknown or withheld
	Device string // the agent leg's contact URI, where a message reaches this very phone; may be empty
}

// Direction is a call's direction as the contact centre sees it.
type Direction uint8

// Directions. Internal calls have agents, services or own endpoints at both ends.
const (
	DirectionUnknown Direction = iota
	Inbound
	Outbound
	Internal
)

// Verdict is what became of a service call (docs/verdicts.md).
type Verdict uint8

// Verdicts. A call that is not a service call, or whose end is unknown, has VerdictNone.
const (
	VerdictNone Verdict = iota
	Served
	Missed
	Dropped
)

// Reason names the rule that decided a verdict.
type Reason uint8

// Reasons. The first five are of dropped calls, the following of missed ones, the last three of
// calls without a verdict.
const (
	ReasonNone       Reason = iota
	Outage                  // at least five and more than half of the trunk's served calls ended within 2 s
	MediaLost               // Q.850 cause 44, or the PBX says media stopped
	SessionExpired          // 408 or 481 ended the dialog
	Signalling              // BYE with an abnormal Q.850 cause
	TransferFailed          // a further agent's leg was started and none was up when the caller's ended
	OnHold                  // the caller hung up after 30 s on hold
	Voicemail               // the caller ended in voicemail
	AbandonedWaiting        // answered by the PBX, the caller hung up before an agent answered
	Timeout                 // phones rang, nobody answered
	NoAgent                 // no agent's phone was reached
	Lost                    // no end was seen
	AbandonedRinging        // the caller gave up before any answer
	Busy                    // every phone reached was busy
	Declined                // every phone reached declined
	Failed                  // any other failure
	StillLive               // the capture ended before the call
	UnknownEnd              // max_call passed and no end was seen
)

// Confidence says how sure a verdict is.
type Confidence uint8

// Confidences. Inferred: legs were tied by number and time, or a message needed was never seen.
const (
	Seen Confidence = iota
	Inferred
)

// Result is what became of the far end of an outbound call.
type Result uint8

// Results. ResultUnknown: the end was never seen.
const (
	ResultUnknown  Result = iota
	Answered              // 2xx from the far end
	ResultBusy            // 486, 600
	NoAnswer              // 408, 480, or own CANCEL
	WrongNumber           // 404, 410, 484
	NetworkFailure        // 5xx: the network's fault
	ResultRejected        // any other final response
)

// Call is a snapshot of a call.
type Call struct {
	ID        string // stable and unique: made from the first leg's Call-ID and start time
	Slot      uint32 // a small number that no other live call has, another one's after CallEnded; 0: none. See PerCall
	PBX       string // directory id, empty when no PBX address matched
	Trunk     string // directory id of the caller's (outbound: the far end's) trunk, empty when unknown
	Direction Direction
	Service   string   // directory id of the service that owns the call, empty when none
	List      string   // callback list of that service
	Caller    Number   // 0 when unknown, withheld, or internal
	Callee    Number   // outbound: the number called; inbound: the service's number dialled
	CallerID  string   // for people: E.164, "anonymous", an agent id or extension, else the raw user part
	CalleeID  string   // for people: E.164, an agent id or extension, else the raw user part
	Withheld  bool     // the caller withheld his number
	Agent     string   // the agent the caller is or was with first; outbound: the one who dialled
	Rang      []string // agents whose phones alerted
	CallIDs   []string // SIP Call-IDs of all legs, in order of appearance

	Started   time.Time // the first INVITE
	Answered  time.Time // inbound: first time with an agent; outbound: far end's 2xx; zero when never
	Ended     time.Time // end of the caller's leg (outbound: of the far end's), zero while live
	DialledBy string    // outbound: the agent; empty when only the trunk leg was seen

	// Final from CallEnded on.
	Verdict    Verdict
	Reason     Reason
	Confidence Confidence
	Short      bool   // a short abandon: counted, no case by itself
	Result     Result // of an outbound call
	StatusCode uint16 // the final status that decided, 0 when none did
	Evidence   []Evidence
}

// Evidence is one observed fact a verdict rests on.
type Evidence struct {
	At     time.Time
	CallID string
	What   string // a constant phrase: "caller BYE", "agent 200", "PBX CANCEL", …
	Status uint16 // status code, 0 when none
	Cause  int    // Q.850 cause, -1 when none
	Agent  string // agent id when the fact is of an agent's leg
}
