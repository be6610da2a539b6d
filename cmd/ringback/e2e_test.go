package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ringback/sip/lab"
)

// centre is a contact centre of real programs on loopback: Kamailio mirrors to ringback, baresip is
// the agent's phone, sipp the customers and the carrier.
type centre struct {
	*lab.Lab

	t *testing.T

	PBX, HEP, Hints, API, Admin, Phone, Control, Customer, Carrier int

	RTP    string
	phone  *lab.Telephone
	daemon *lab.Program
}

// TestARealContactCentre is the whole promise with real programs: a missed call opens a case, the
// agent's call closes it, and a call that matches an open case shows a hint on the agent's phone.
func TestARealContactCentre(t *testing.T) {
	c := newCentre(t)
	c.ringback()
	c.Kamailio("kamailio.cfg")
	c.phone = c.Telephone("baresip", c.Control)
	c.Until("the agent's phone is registered and the mirror shows it", func() bool {
		return strings.Contains(c.get(c.Admin, "/metrics"), "\nringback_learnt_bindings 1\n")
	})

	const first, second = "+358401234501", "+358401234502"
	c.customer("abandon.xml", first)
	c.Until("the missed call is an open case", func() bool { return c.cases("open", first) == 1 })

	carrier := c.SIPp("answer.xml", "-p", fmt.Sprint(c.Carrier))
	c.phone.Command("dial", "0401234501")
	c.Until("the agent's call closed the case", func() bool { return c.cases("open", first) == 0 && c.cases("closed", first) == 1 })
	c.Until("the agent's phone showed the hint of the customer he dialled", func() bool {
		return strings.Contains(c.phone.String(), "sip:ringback@127.0.0.1") && strings.Contains(c.phone.String(), first)
	})
	c.Until("the customer answers", func() bool { return strings.Contains(c.phone.String(), "Call established") })
	c.phone.Command("hangup")
	if err := carrier(); err != nil {
		t.Errorf("the carrier: %v", err)
	}
	if why := c.closeReason(first); why != "agent_called" {
		t.Errorf("the case closed as %q", why)
	}

	c.customer("abandon.xml", second)
	c.Until("the second customer has an open case", func() bool { return c.cases("open", second) == 1 })
	if strings.Contains(c.phone.String(), second+" missed") {
		t.Error("a hint came before there was a call")
	}
	c.customer("abandon.xml", second)
	c.Until("the agent's phone showed the hint while the customer rang again", func() bool {
		return strings.Contains(c.phone.String(), second)
	})
	if n := c.cases("open", second); n != 1 {
		t.Errorf("the second customer has %d open cases", n)
	}
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := emptyCentre(t)
	c.Files(os.DirFS("testdata/e2e"), c)
	return c
}

// emptyCentre has its ports and what is secret, but no files yet.
func emptyCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{Lab: lab.New(t), t: t}
	for _, p := range []*int{&c.PBX, &c.HEP, &c.Hints, &c.API, &c.Admin, &c.Phone, &c.Control, &c.Customer, &c.Carrier} {
		*p = c.Port()
	}
	c.RTP = c.ports()
	c.secret("hep.key", "hepsecret\n")
	c.secret("tokens", "e2e:"+e2eToken+"\n")
	return c
}

// ports are some for the sound of a telephone.
func (c *centre) ports() string {
	c.t.Helper()
	first := c.Ports(20)
	return fmt.Sprintf("%d-%d", first, first+19)
}

const e2eToken = "e2e-0123456789abcdef0123456789abcdef"

// secret writes a file that is the daemon's own.
func (c *centre) secret(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(c.Path(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// ringback imports the directory as an operator would, and starts the daemon.
func (c *centre) ringback() {
	c.t.Helper()
	config := c.Path("ringback.yaml")
	if out, err := exec.CommandContext(c.t.Context(), "ringback", "-c", config, "directory", "import", "--yes", c.Path("directory.yaml")).CombinedOutput(); err != nil {
		c.t.Fatalf("importing the directory: %v\n%s", err, out)
	}
	c.daemon = c.Start(exec.CommandContext(c.t.Context(), "ringback", "-c", config, "serve"))
	c.Until("the daemon is ready", func() bool {
		return strings.Contains(c.get(c.Admin, "/readyz"), `"ready":true`)
	})
}

func (c *centre) customer(scenario, caller string) {
	c.t.Helper()
	if err := c.SIPp(scenario, "-p", fmt.Sprint(c.Customer), "-key", "caller", caller, fmt.Sprintf("127.0.0.1:%d", c.PBX))(); err != nil {
		c.t.Fatalf("the customer: %v", err)
	}
}

// get fetches a page, empty while nobody answers.
func (c *centre) get(port int, path string) string {
	_, body := c.ask(http.MethodGet, port, path, "")
	return body
}

// ask asks a server of the daemon and returns status and body, none while nobody answers.
func (c *centre) ask(method string, port int, path, body string) (int, string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e2eToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body) // what is cut off is read again
	return resp.StatusCode, string(b)
}

type e2eCases struct {
	Cases []struct {
		Number, State string
		CloseReason   string `json:"close_reason"`
	}
}

func (c *centre) list(state string) e2eCases {
	var page e2eCases
	_ = json.Unmarshal([]byte(c.get(c.API, "/v1/cases?list=callbacks&state="+state)), &page)
	return page
}

// cases counts the cases of a number that are in a state.
func (c *centre) cases(state, number string) int {
	n := 0
	for _, x := range c.list(state).Cases {
		if x.Number == number {
			n++
		}
	}
	return n
}

func (c *centre) closeReason(number string) string {
	for _, x := range c.list("closed").Cases {
		if x.Number == number {
			return x.CloseReason
		}
	}
	return ""
}
