package directory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const team = `
country: FI
agents:
  - {id: anna, extensions: 101}
  - {id: bertil, extensions: 102, roles: [agent, supervisor]}
  - {id: cecilia, roles: supervisor}
  - {id: david, roles: [admin]}
  - {id: eva, roles: approver}
lists:
  - {id: everybody, members: "*", supervisors: "*", readers: "*"}
  - {id: few, members: anna, supervisors: cecilia, readers: [eva, anna]}
  - {id: none}
`

func TestRightsFollowFromRolesAndLists(t *testing.T) {
	d, err := New(parse(t, team))
	if err != nil {
		t.Fatal(err)
	}
	// everybody, few, none and a list that is not there
	want := map[string][4]Right{
		"anna":    {Work, Work, NoRight, NoRight},
		"bertil":  {Supervise, NoRight, NoRight, NoRight},
		"cecilia": {Supervise, Supervise, NoRight, NoRight},
		"david":   {Supervise, Supervise, Supervise, NoRight},
		"eva":     {See, See, NoRight, NoRight},
		"nobody":  {},
		"*":       {},
		"":        {},
	}
	for id, rights := range want {
		var got [4]Right
		for i, list := range []string{"everybody", "few", "none", "other"} {
			got[i] = d.Right(id, list)
		}
		if got != rights {
			t.Errorf("%q has rights %v, want %v", id, got, rights)
		}
	}
	for _, row := range []struct {
		id    string
		least Right
		lists string
	}{{"anna", Work, "everybody few"}, {"anna", Supervise, ""}, {"david", See, "everybody few none"}, {"eva", See, "everybody few"}, {"eva", Work, ""}} {
		if got := strings.Join(d.ListsFor(row.id, row.least), " "); got != row.lists {
			t.Errorf("ListsFor(%s, %d) = %s, want %s", row.id, row.least, got, row.lists)
		}
	}
	l, _ := d.List("everybody")
	if diff := cmp.Diff([]string{"anna", "bertil"}, l.Members); diff != "" {
		t.Errorf("members \"*\" (-want +got):\n%s", diff)
	}
	if d.Member("cecilia", "everybody") || !d.Member("bertil", "everybody") {
		t.Error("who is no agent is a member, or an agent is none")
	}
	if len(d.Plan().Agents) != 2 {
		t.Errorf("the tracker knows %d agents, of whom 2 have a phone", len(d.Plan().Agents))
	}
	if got := d.Roles("anna"); len(got) != 1 || got[0] != RoleAgent {
		t.Errorf("the default role is %v", got)
	}
	if got := d.Roles("nobody"); got != nil {
		t.Errorf("nobody has roles %v", got)
	}
}
