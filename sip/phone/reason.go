package phone

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Reason says why a request ended a call (RFC 3326).
type Reason struct {
	Protocol string // "SIP" or "Q.850"
	Cause    int
	Text     string
}

// Reasons that we give.
var (
	reasonNormal    = Reason{"Q.850", 16, "Normal call clearing"}
	reasonMediaLost = Reason{"Q.850", 44, "Requested channel not available"}
	reasonExpired   = Reason{"SIP", 408, "Session expired"}
	reasonNoACK     = Reason{"SIP", 408, "No ACK received"}
	reasonMedia     = Reason{"SIP", 488, "Not acceptable here"}
	reasonElsewhere = Reason{"SIP", 200, "Call completed elsewhere"}
)

// String is the value of a Reason header.
func (r Reason) String() string {
	s := r.Protocol + ";cause=" + strconv.Itoa(r.Cause)
	if r.Text != "" {
		s += ";text=" + quote(r.Text)
	}
	return s
}

func (r Reason) header() sip.Header { return sip.NewHeader("Reason", r.String()) }

// reasons reads the Reason headers of a message.
func reasons(m sip.Message) []Reason {
	var all []Reason
	for v := range values(m, "Reason") {
		protocol, _, _ := strings.Cut(v, ";")
		r := Reason{Protocol: strings.TrimSpace(protocol)}
		if c, ok := param(v, "cause"); ok {
			r.Cause, _ = strconv.Atoi(c) // one that is no number is none
		}
		r.Text, _ = param(v, "text")
		if len(all) < 8 {
			all = append(all, r)
		}
	}
	return all
}
