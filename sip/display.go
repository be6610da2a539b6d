package sip

import "github.com/nyaruka/phonenumbers"

// International is the number for people, grouped as its country does, as +358 40 1234567; empty when there
// is none (ITU-T E.123 §7).
func (n Number) International() string {
	if n == 0 {
		return ""
	}
	read, err := phonenumbers.Parse(n.String(), "ZZ")
	if err != nil {
		return n.String()
	}
	return phonenumbers.Format(read, phonenumbers.INTERNATIONAL)
}
