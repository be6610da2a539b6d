package demo

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"

	"ringback/daemon/simulate"
)

// The addresses of the simulated PBX and its carrier are of networks that do not exist (RFC 5737); the
// phones' are real.
var (
	pbxAddr     = netip.MustParseAddrPort("192.0.2.10:5060")
	carrierAddr = netip.MustParseAddrPort("198.51.100.20:5060")
)

// directoryYAML is what Ringback is told of the contact centre. All numbers are of ranges that the
// British regulator keeps for fiction.
const directoryYAML = `
country: GB
time_zone: Europe/London

pbxs:
  - {id: demo, addresses: [192.0.2.10]}

trunks:
  - {id: carrier, addresses: [198.51.100.20], trusted: true}

services:
  - {id: sales, name: Sales, list: sales, numbers: ["+442079460100"]}
  - {id: support, name: Support, list: support, numbers: ["+442079460200"]}

agents:
  - {id: anna, name: Anna, extensions: ["101"]}
  - {id: bilal, name: Bilal, extensions: ["102"]}
  - {id: chen, name: Chen, extensions: ["103"]}
  - {id: dana, name: Dana, extensions: ["104"]}
  - {id: emil, name: Emil, extensions: ["105"]}
  - {id: sam, name: Sam, roles: [supervisor, admin]}

lists:
  - {id: sales, name: Sales, members: [anna, bilal, chen], supervisors: [sam]}
  - {id: support, name: Support, members: [chen, dana, emil], supervisors: [sam]}
`

// stage is the contact centre as the simulation knows it.
type stage struct {
	services []*simulate.Service
	agents   []*simulate.Agent
}

// newStage is the cast of directoryYAML.
func newStage() *stage {
	sales := &simulate.Service{ID: "sales", Name: "Sales", Number: "+442079460100", List: "sales"}
	support := &simulate.Service{ID: "support", Name: "Support", Number: "+442079460200", List: "support"}
	s := &stage{services: []*simulate.Service{sales, support}}
	for i, a := range []struct {
		name     string
		services []*simulate.Service
	}{
		{"Anna", []*simulate.Service{sales}},
		{"Bilal", []*simulate.Service{sales}},
		{"Chen", []*simulate.Service{sales, support}},
		{"Dana", []*simulate.Service{support}},
		{"Emil", []*simulate.Service{support}},
	} {
		s.agents = append(s.agents, &simulate.Agent{
			ID: strings.ToLower(a.name), Services: a.services,
			Extension: &simulate.Extension{User: fmt.Sprint(101 + i), Name: a.name},
		})
	}
	return s
}

// agent finds one by id, nil for a stranger.
func (s *stage) agent(id string) *simulate.Agent {
	for _, a := range s.agents {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// service finds the one whose list this is, nil for none.
func (s *stage) service(list string) *simulate.Service {
	for _, service := range s.services {
		if service.List == list {
			return service
		}
	}
	return nil
}

// numberOf is the n-th customer's mobile number.
func numberOf(n int) string { return fmt.Sprintf("+447700900%03d", (n+1)%1000) }

// typed is how agents dial: as people in the country do.
func typed(number string) string { return "0" + strings.TrimPrefix(number, "+44") }

// visitors are those of directoryYAML who can log in to the app: an agent, one of both lists, and who runs it all.
var visitors = []string{"anna", "chen", "sam"}

// newPassword is what visitors log in with as long as the demo runs.
func newPassword() string { return "demo-" + strings.ToLower(rand.Text()[:12]) }

// newToken is a bearer token that works as long as the demo does.
func newToken() string { return "demo-" + strings.ToLower(rand.Text()) }
