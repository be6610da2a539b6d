package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ringback/sip"
)

// plan is the file as the call tracker takes it, defaults filled in.
func (f *File) plan() sip.Plan {
	var plan sip.Plan
	for i := range f.PBXs {
		p := &f.PBXs[i]
		plan.PBXs = append(plan.PBXs, sip.PBX{
			ID: p.ID, Country: string(cmp.Or(p.Country, f.Country)), Addresses: p.Addresses, Domains: p.Domains,
			AccessPrefixes: p.AccessPrefixes, ContactSeparators: p.ContactSeparators, LinkHeaders: p.LinkHeaders,
		})
	}
	for i := range f.Trunks {
		t := &f.Trunks[i]
		plan.Trunks = append(plan.Trunks, sip.Trunk{
			ID: t.ID, PBX: cmp.Or(t.PBX, f.PBXs[0].ID), Country: string(t.Country), Addresses: t.Addresses, Trusted: t.Trusted,
		})
	}
	for i := range f.Services {
		s := &f.Services[i]
		service := sip.Service{ID: s.ID, List: s.List, URIs: texts(s.URIs)}
		for _, p := range s.Numbers {
			if p.Wildcard {
				service.Prefixes = append(service.Prefixes, fmt.Sprint(uint64(p.Number)))
			} else {
				service.Numbers = append(service.Numbers, p.Number)
			}
		}
		plan.Services = append(plan.Services, service)
	}
	for i := range f.Agents {
		a := &f.Agents[i]
		if !a.hasPhone() {
			continue
		}
		plan.Agents = append(plan.Agents, sip.Agent{
			ID: a.ID, Extensions: a.Extensions, AORs: texts(a.AORs), Addresses: a.Addresses, Direct: a.Direct, Mobiles: a.Mobiles,
		})
	}
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		endpoint := sip.Endpoint{ID: e.ID, Kind: sip.EndpointKind(e.Kind), Extensions: slices.Clone(e.Extensions), Addresses: e.Addresses, Numbers: e.Numbers}
		for _, u := range texts(e.URIs) {
			if user, anyHost := strings.CutSuffix(u, "@*"); anyHost {
				endpoint.Extensions = append(endpoint.Extensions, user)
			} else {
				endpoint.URIs = append(endpoint.URIs, u)
			}
		}
		plan.Endpoints = append(plan.Endpoints, endpoint)
	}
	return plan
}

// texts are URIs as package sip compares them: in lower case, IPv6 addresses without brackets.
func texts(uris []URI) []string {
	var s []string
	for _, u := range uris {
		s = append(s, brackets.Replace(u.lower()))
	}
	return s
}

var brackets = strings.NewReplacer("[", "", "]", "")
