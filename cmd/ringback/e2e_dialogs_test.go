package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDialogEventsOfARealProxyMakeCases has a real Kamailio tell of its calls by dialog events alone: a missed
// call opens a case, and the agent's call to the customer closes it.
func TestDialogEventsOfARealProxyMakeCases(t *testing.T) {
	if found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/pua_dialoginfo.so"); len(found) == 0 {
		t.Skip("Kamailio's presence is not installed; apt-get install --no-install-recommends kamailio-presence-modules")
	}
	c := newCentre(t)
	c.tables()
	config, err := os.ReadFile(c.Path("dialogs.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Write("ringback.yaml", config)
	c.Kamailio("presence.cfg")
	c.ringback()
	c.Until("the dialogs are subscribed to", func() bool { return strings.Contains(c.daemon.String(), "feed is up") })
	c.phone = c.Telephone("baresip", c.Control)
	c.Until("the agent's phone is registered", func() bool { return strings.Contains(c.phone.String(), "200 OK") })

	const customer = "+358401234501"
	c.customer("abandon.xml", customer)
	c.Until("the missed call is an open case", func() bool { return c.cases("open", customer) == 1 })

	carrier := c.SIPp("answer.xml", "-p", fmt.Sprint(c.Carrier))
	c.phone.Command("dial", "0401234501")
	c.Until("the customer answers", func() bool { return strings.Contains(c.phone.String(), "Call established") })
	c.Until("the agent's call closed the case", func() bool { return c.cases("closed", customer) == 1 && c.cases("open", customer) == 0 })
	c.phone.Command("hangup")
	if err := carrier(); err != nil {
		t.Errorf("the carrier: %v", err)
	}
}

// tables gives Kamailio's presence the tables it looks for and keeps nothing in.
func (c *centre) tables() {
	c.t.Helper()
	const from = "/usr/share/kamailio/dbtext/kamailio"
	for _, name := range []string{"version", "presentity", "active_watchers", "watchers", "xcap", "pua", "dialog", "dialog_vars"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			c.t.Fatal(err)
		}
		c.Write("dbtext/"+name, text)
	}
}
