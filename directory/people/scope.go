package people

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ringback/directory"
)

// Scope is one kind of thing that can be done. A token has those it was made with; a person those of
// his roles. On cases and lists it counts together with the right on the list.
type Scope string

// The scopes.
const (
	CasesRead      Scope = "cases:read"      // see lists, cases, their history, counters; search
	CasesWrite     Scope = "cases:write"     // create cases and work on them
	MessagesListen Scope = "messages:listen" // hear what callers said, and delete it where one supervises
	CallsRead      Scope = "calls:read"      // see live calls, hints, and when nothing was watched
	EventsRead     Scope = "events:read"     // follow what happens as it happens
	ContactsRead   Scope = "contacts:read"   // see the names of numbers
	ContactsWrite  Scope = "contacts:write"  // change them
	NumbersManage  Scope = "numbers:manage"  // change which numbers are called or not, and PINs
	ListsManage    Scope = "lists:manage"    // change members and settings of lists, and what others hold
	StatisticsRead Scope = "statistics:read" // see how lists fare
	DataImport     Scope = "data:import"     // import call lists and contacts
	DataExport     Scope = "data:export"     // export cases, history and statistics
	PeopleManage   Scope = "people:manage"   // invite and disable people, make and revoke tokens
	AuditRead      Scope = "audit:read"      // read the audit trail
	DataErase      Scope = "data:erase"      // erase a person's data
	HooksManage    Scope = "hooks:manage"    // see and re-send what webhooks could not deliver

	DirectoryManage Scope = "directory:manage" // see and change the directory
)

// scopes are all of them, with what they are for and the roles that have them.
var scopes = []struct {
	scope Scope
	what  string
	roles []directory.Role
}{
	{CasesRead, "see lists, cases, their history and counters; search", everyRole},
	{CasesWrite, "create cases and work on them", workRoles},
	{MessagesListen, "hear what callers said; delete it as a supervisor", workRoles},
	{CallsRead, "see live calls, hints, and when nothing was watched", everyRole},
	{EventsRead, "follow what happens as it happens", everyRole},
	{ContactsRead, "see the names of numbers", everyRole},
	{ContactsWrite, "change the names of numbers", workRoles},
	{NumbersManage, "change which numbers are called or not", runRoles},
	{ListsManage, "change members and settings of lists, and what others hold", runRoles},
	{StatisticsRead, "see how lists fare", runRoles},
	{DataImport, "import call lists and contacts", runRoles},
	{DataExport, "export cases, history and statistics", runRoles},
	{PeopleManage, "invite and disable people, make and revoke tokens", adminRole},
	{AuditRead, "read the audit trail", adminRole},
	{DataErase, "erase a person's data", adminRole},
	{HooksManage, "see and re-send what webhooks could not deliver", adminRole},
	{DirectoryManage, "see and change the directory", adminRole},
}

var (
	everyRole = []directory.Role{directory.RoleAgent, directory.RoleSupervisor, directory.RoleApprover, directory.RoleAdmin}
	workRoles = []directory.Role{directory.RoleAgent, directory.RoleSupervisor, directory.RoleAdmin}
	runRoles  = []directory.Role{directory.RoleSupervisor, directory.RoleAdmin}
	adminRole = []directory.Role{directory.RoleAdmin}
)

// Scopes are all scopes there are.
func Scopes() []Scope {
	all := make([]Scope, len(scopes))
	for i := range scopes {
		all[i] = scopes[i].scope
	}
	return all
}

// What the scope lets do, in a few words.
func (s Scope) What() string {
	for i := range scopes {
		if scopes[i].scope == s {
			return scopes[i].what
		}
	}
	return ""
}

// Roles are those that have the scope.
func (s Scope) Roles() []directory.Role {
	for i := range scopes {
		if scopes[i].scope == s {
			return scopes[i].roles
		}
	}
	return nil
}

func (s Scope) of(r directory.Role) bool { return slices.Contains(s.Roles(), r) }

// ErrScope is returned for a word that is no scope.
var ErrScope = errors.New("people: no such scope")

// ParseScopes reads scopes; * stands for all. The result is in the order of Scopes, each once.
func ParseScopes(words []string) ([]Scope, error) {
	wanted := map[Scope]bool{}
	for _, w := range words {
		switch s := Scope(strings.TrimSpace(w)); {
		case s == "*":
			for _, known := range Scopes() {
				wanted[known] = true
			}
		case s.What() == "":
			return nil, fmt.Errorf("%w: %q; known are %s and * for all", ErrScope, w, joined(Scopes()))
		default:
			wanted[s] = true
		}
	}
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return !wanted[s] }), nil
}

func joined(list []Scope) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
