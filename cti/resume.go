package cti

import (
	"net/url"
	"strings"

	"ringback/sip"
)

// ResumeLeg makes a leg that was told before a restart, as it is by now. Its Call-ID is the one that it had.
func ResumeLeg(s *Site, sink Sink, was sip.ToldLeg, way Way, p Party) *Leg {
	l := NewLeg(s, sink, was.CallID, "", way, p)
	_, l.made = ToldID(s.PBX, was.CallID)
	// Of the requests inside the dialog so far nothing is known but that they were few.
	l.cseq = resumedCSeq
	switch {
	case was.Up:
		l.state = legUp
	case was.Rung:
		l.state = legRinging
	default:
		l.state = legInvited
	}
	return l
}

// resumedCSeq is what a resumed leg counts its requests from.
const resumedCSeq = 1 << 20

// ToldID is what a PBX calls a leg, from the Call-ID that was made of it; false for one that was not.
func ToldID(pbx, callID string) (id string, made bool) {
	text, made := strings.CutSuffix(callID, "@"+escape(pbx)+madeDomain)
	if !made {
		return "", false
	}
	id, err := url.PathUnescape(text)
	return id, err == nil
}
