package phone

import "sync/atomic"

// CallStats is what an Endpoint has counted since NewEndpoint.
type CallStats struct {
	Invites  uint64            // that came in, retransmissions not counted
	Refused  uint64            // of these, by the endpoint itself: limits, extensions, loops
	Dialled  uint64            // calls of ours
	Ended    map[string]uint64 // calls by Cause
	Live     int
	Accounts int // registered, or reachable where there is no registration
}

type callCounters struct {
	invites, refused, dialled atomic.Uint64
	causes                    [len(causes)]atomic.Uint64
}

func (s *callCounters) ended(end End) {
	s.causes[min(int(end.Cause), len(causes)-1)].Add(1)
}

// Stats is what has been counted so far.
func (e *Endpoint) Stats() CallStats {
	s := CallStats{
		Invites: e.stats.invites.Load(), Refused: e.stats.refused.Load(), Dialled: e.stats.dialled.Load(),
		Ended: map[string]uint64{}, Live: e.Live(),
	}
	for i := range e.stats.causes {
		s.Ended[causes[i]] = e.stats.causes[i].Load()
	}
	for _, a := range e.Accounts() {
		if a.Up() {
			s.Accounts++
		}
	}
	return s
}

// statusTexts are the words of RFC 3261 §21 and its extensions, for codes that a UA gives.
var statusTexts = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	200: "OK", 202: "Accepted",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily",
	400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
	408: "Request Timeout", 410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
	416: "Unsupported URI Scheme", 420: "Bad Extension", 422: "Session Interval Too Small", 469: "Bad Info Package",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
	484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
	489: "Bad Event", 491: "Request Pending",
	500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out",
	600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

func statusText(code int) string {
	if s, ok := statusTexts[code]; ok {
		return s
	}
	return "Refused"
}
