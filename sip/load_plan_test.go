package sip_test

import (
	"cmp"
	"slices"

	"ringback/sip"
)

func hosts(texts ...string) []sip.Host {
	var out []sip.Host
	for _, s := range texts {
		h, err := sip.ParseHost(s)
		if err != nil {
			panic(err)
		}
		out = append(out, h)
	}
	return out
}

func loadPlan() *sip.Plan {
	return &sip.Plan{
		PBXs:     []sip.PBX{{ID: "pbx", Country: "FI", Addresses: hosts("10.20.0.10", "198.51.100.10"), ContactSeparators: []string{"-0x"}}},
		Trunks:   []sip.Trunk{{ID: "carrier", PBX: "pbx", Trusted: true, Addresses: hosts("198.51.100.50")}},
		Services: []sip.Service{{ID: "hotline", List: "callbacks", Numbers: []sip.Number{35893100100}}},
		Agents: []sip.Agent{
			{ID: "101", Extensions: []string{"101"}, Addresses: hosts("10.20.0.101")},
			{ID: "102", Extensions: []string{"102"}, Addresses: hosts("10.20.0.102")},
		},
	}
}

func sortLoad(g *load) {
	slices.SortStableFunc(g.msgs, func(a, b loadMessage) int { return cmp.Compare(a.at, b.at) })
}
