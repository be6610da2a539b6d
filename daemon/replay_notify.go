package daemon

import (
	"encoding/json"
	"fmt"
	"strings"

	"ringback/cti"
	"ringback/cti/dialogs"
	"ringback/sip/dialogevent"
)

// recordedNotify is a line of a recording of dialog events: a NOTIFY as it came.
type recordedNotify struct {
	URI string `json:"uri"` // whose dialogs were subscribed to; "?" for a subscription of before
	SIP string `json:"sip"`
}

// playNotifies plays a recording of dialog events: whose hints are called like services are those of their
// queues.
func playNotifies(r *recording, site *cti.Site, t *teller) func() error {
	tables := map[string]*dialogevent.Table{}
	m := dialogs.New(dialogs.Options{Site: site, Sink: t})
	return func() error {
		t.begin(r.at)
		var n recordedNotify
		if err := json.Unmarshal(r.next, &n); err != nil {
			return fmt.Errorf("no NOTIFY: %w", err)
		}
		_, body, _ := strings.Cut(n.SIP, "\r\n\r\n")
		if !strings.HasPrefix(n.SIP, "NOTIFY ") || n.URI == "?" || body == "" {
			return nil
		}
		d, err := dialogevent.Parse([]byte(body))
		if err != nil {
			return err
		}
		if n.URI == "" {
			n.URI = d.Entity
		}
		if tables[n.URI] == nil {
			tables[n.URI] = &dialogevent.Table{}
		}
		changes, _ := tables[n.URI].Apply(d)
		m.Apply(r.at, n.URI, changes)
		return nil
	}
}
