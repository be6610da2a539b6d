package directory

import "slices"

// Role is what a person is there for. What he may do on a list, his Right, follows from it together
// with what the list says.
type Role uint8

// The roles. Nobody but an agent is rung, called or told of cases.
const (
	RoleAgent      Role = iota // works on the cases of the lists he is a member of
	RoleSupervisor             // runs the lists that name him as such: membership, settings, other people's cases
	RoleApprover               // decides what others ask approval for
	RoleAdmin                  // sees and does everything
)

// Right is what somebody may do on a list, each including those before it.
type Right uint8

// The rights. Without any, a list and its cases are not there for him.
const (
	NoRight   Right = iota
	See             // reads the list and its cases
	Work            // works on the cases
	Supervise       // changes membership and settings, and what others hold
)

// Has says whether the agent has the role. One for whom the file names none is an agent.
func (a *Agent) Has(r Role) bool {
	return slices.Contains(a.Roles, r) || r == RoleAgent && len(a.Roles) == 0
}

// Roles are the roles of the person with the given id; none when there is nobody of it.
func (d *Directory) Roles(id string) []Role {
	a, ok := d.agents[id]
	switch {
	case !ok:
		return nil
	case len(a.Roles) == 0:
		return []Role{RoleAgent}
	}
	return a.Roles
}

// Right is what the person with the given id may do on a list; nothing where one of them is unknown.
func (d *Directory) Right(id, list string) Right {
	if a, ok := d.agents[id]; ok && d.listByID[list] != nil && a.Has(RoleAdmin) {
		return Supervise
	}
	return d.rights[list][id]
}

// ListsFor are the ids of the lists on which the person with the given id has at least that right, in
// the order of the file.
func (d *Directory) ListsFor(id string, least Right) []string {
	var ids []string
	for _, l := range d.lists {
		if d.Right(id, l.ID) >= least {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// People are the ids of all agents in the order of the file.
func (d *Directory) People() []string {
	ids := make([]string, len(d.file.Agents))
	for i := range ids {
		ids[i] = d.file.Agents[i].ID
	}
	return ids
}

// grant notes who has what right on a list.
func (d *Directory) grant(l *List) {
	rights := map[string]Right{}
	for _, g := range []struct {
		ids   []string
		right Right
	}{{l.Readers, See}, {l.Members, Work}, {l.Supervisors, Supervise}} {
		for _, id := range g.ids {
			rights[id] = max(rights[id], g.right)
		}
	}
	d.rights[l.ID] = rights
}

// everybody is what "*" stands for among people of a list: all for whom fits is true.
func (f *File) everybody(ids []string, fits func(*Agent) bool) []string {
	if !slices.Equal(ids, []string{"*"}) {
		return ids
	}
	all := []string{}
	for i := range f.Agents {
		if fits(&f.Agents[i]) {
			all = append(all, f.Agents[i].ID)
		}
	}
	return all
}

func isAgent(a *Agent) bool      { return a.Has(RoleAgent) }
func isSupervisor(a *Agent) bool { return a.Has(RoleSupervisor) }
func isAnybody(*Agent) bool      { return true }
