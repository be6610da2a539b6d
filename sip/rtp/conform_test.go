package rtp_test

import (
	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// A session is what phone makes calls with, and its refusals are what phone answers.
var (
	_ phone.Media   = (*rtp.Session)(nil)
	_ phone.Refuser = (*rtp.Refusal)(nil)
)
