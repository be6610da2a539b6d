package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDialogEventsOfARealProxyMakeCases has a real Kamailio tell of its calls by dialog events alone: a missed
// call opens a case, and the agent's call to the customer closes it.
func TestDialogEventsOfARealProxyMakeCases(t *testing.T) {
	for _, program := range []string{"kamailio", "sipp", "baresip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends kamailio sip-tester baresip-core", program)
		}
	}
	if found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/pua_dialoginfo.so"); len(found) == 0 {
		t.Skip("Kamailio's presence is not installed; apt-get install --no-install-recommends kamailio-presence-modules")
	}
	c := newCentre(t)
	c.tables()
	config, err := os.ReadFile(filepath.Join(c.Dir, "dialogs.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.write(filepath.Join(c.Dir, "ringback.yaml"), string(config), 0o644)
	c.run("kamailio", "-DD", "-E", "-f", c.Dir+"/presence.cfg", "-P", c.Dir+"/kamailio.pid", "-Y", c.Dir, "-w", c.Dir, "-m", "64", "-M", "8")
	c.ringback()
	c.until("the dialogs are subscribed to", func() bool { return strings.Contains(c.daemon.String(), "feed is up") })
	c.phone = c.run("baresip", "-f", c.Dir+"/baresip")
	c.until("the agent's phone is registered", func() bool { return strings.Contains(c.phone.String(), "200 OK") })

	const customer = "+358401234501"
	c.customer("abandon.xml", customer)
	c.until("the missed call is an open case", func() bool { return c.cases("open", customer) == 1 })

	carrier := c.sipp("answer.xml", c.Carrier, "")
	c.dial("0401234501")
	c.until("the customer answers", func() bool { return strings.Contains(c.phone.String(), "Call established") })
	c.until("the agent's call closed the case", func() bool { return c.cases("closed", customer) == 1 && c.cases("open", customer) == 0 })
	c.command("hangup")
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
		c.write(filepath.Join(c.Dir, "dbtext", name), string(text), 0o666)
	}
	if err := os.Chmod(filepath.Join(c.Dir, "dbtext"), 0o777); err != nil {
		c.t.Fatal(err)
	}
}
