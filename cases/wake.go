package cases

import "time"

// decideWake says what the time does to an open case: whether it expires, a claim on it lapses, or it is
// no longer one agent's own.
func decideWake(r *record, now time.Time) (action, Why) {
	if act, why := decideExpiry(r, now); act == closeNow {
		return act, why
	}
	switch {
	case r.State != Open:
		return doNothing, whyNotExpired
	case !r.Claim.IsZero() && !r.Claim.After(now):
		return letGo, whyClaimLapsed
	case !r.Fallback.IsZero() && !r.Fallback.After(now):
		return letGo, whyPersonalFallback
	}
	return doNothing, whyNotExpired
}

// wake does that.
func (l *ledger) wake(r *record) {
	act, why := decideWake(r, l.at)
	l.decided(why)
	switch act {
	case closeNow:
		l.close(r, Expired, "", time.Time{}, l.policy(r.List))
	case letGo:
		r.release()
		reason := ReleasedClaim
		if why == whyPersonalFallback {
			reason = ReleasedPersonal
		}
		l.change(r, Entry{Event: Released, Reason: reason})
	default:
	}
}
