package sip

// The words below are what JSON, logs and metrics show; a value beyond the known ones is "unknown".

var eventWords = [...]string{
	EventUnknown:  "unknown",
	CallStarted:   "started",
	CallUpdated:   "updated",
	AgentDialled:  "agent_dialled",
	AgentRinging:  "agent_ringing",
	AgentAnswered: "agent_answered",
	AgentLeft:     "agent_left",
	CallEnded:     "ended",
}

var directionWords = [...]string{
	DirectionUnknown: "unknown",
	Inbound:          "inbound",
	Outbound:         "outbound",
	Internal:         "internal",
}

var verdictWords = [...]string{
	VerdictNone: "none",
	Served:      "served",
	Missed:      "missed",
	Dropped:     "dropped",
}

var reasonWords = [...]string{
	ReasonNone:       "",
	Outage:           "outage",
	MediaLost:        "media_lost",
	SessionExpired:   "session_expired",
	Signalling:       "signalling",
	TransferFailed:   "transfer_failed",
	OnHold:           "on_hold",
	Voicemail:        "voicemail",
	AbandonedWaiting: "abandoned_waiting",
	Timeout:          "timeout",
	NoAgent:          "no_agent",
	Lost:             "lost",
	AbandonedRinging: "abandoned_ringing",
	Busy:             "busy",
	Declined:         "declined",
	Failed:           "failed",
	StillLive:        "still_live",
	UnknownEnd:       "unknown",
}

var confidenceWords = [...]string{
	Seen:     "seen",
	Inferred: "inferred",
}

var resultWords = [...]string{
	ResultUnknown:  "unknown",
	Answered:       "answered",
	ResultBusy:     "busy",
	NoAnswer:       "no_answer",
	WrongNumber:    "wrong_number",
	NetworkFailure: "network_failure",
	ResultRejected: "rejected",
}

var stageWords = [...]string{
	StageNone:      "idle",
	StageWaiting:   "waiting",
	StageRinging:   "ringing",
	StageDialling:  "dialling",
	StageTalking:   "talking",
	StageVoicemail: "voicemail",
}

var partyWords = [...]string{
	PartyUnknown:  "",
	PartyCaller:   "caller",
	PartyPBX:      "pbx",
	PartyAgent:    "agent",
	PartyEndpoint: "endpoint",
	PartyFar:      "far_end",
}

func word(words []string, n uint8) string {
	if int(n) < len(words) {
		return words[n]
	}
	return "unknown"
}

// String returns the kind in snake_case, as "agent_dialled".
func (k EventKind) String() string { return word(eventWords[:], uint8(k)) }

// String returns the direction in lower case.
func (d Direction) String() string { return word(directionWords[:], uint8(d)) }

// String returns the verdict in lower case.
func (v Verdict) String() string { return word(verdictWords[:], uint8(v)) }

// String returns the reason in snake_case, as "abandoned_waiting"; nothing for a call that was served.
func (r Reason) String() string { return word(reasonWords[:], uint8(r)) }

// String returns the confidence in lower case.
func (c Confidence) String() string { return word(confidenceWords[:], uint8(c)) }

// String returns the result in snake_case, as "no_answer".
func (r Result) String() string { return word(resultWords[:], uint8(r)) }

// String returns the stage in lower case; that of an agent who does nothing is "idle".
func (s Stage) String() string { return word(stageWords[:], uint8(s)) }

// String returns the party in snake_case, as "far_end"; nothing for none.
func (p Party) String() string { return word(partyWords[:], uint8(p)) }

// MarshalText implements encoding.TextMarshaler, as String.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalText implements encoding.TextMarshaler, as String.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseReason reads a reason's word; ok is false where there is no such reason.
func ParseReason(s string) (r Reason, ok bool) {
	for i, w := range reasonWords {
		if w == s && w != "" {
			return Reason(i), true
		}
	}
	return ReasonNone, false
}
