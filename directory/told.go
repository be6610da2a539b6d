package directory

import (
	"cmp"
	"fmt"
	"strings"

	"ringback/directory/audit"
)

// maxTold is how many things that changed the audit trail tells of one by one.
const maxTold = 500

// tellChanges is what the audit trail says of a new version: an entry per thing that changed.
func tellChanges(changes []Change, u *Update, number uint64) []audit.Entry {
	var all []audit.Entry
	add := func(object, detail string) {
		all = append(all, audit.Entry{At: u.At, By: u.Who, Peer: u.Peer, Action: "directory.change", Object: object, Detail: detail})
	}
	for i := 0; i < len(changes); {
		object := changes[i].thing()
		var details []string
		for ; i < len(changes) && changes[i].thing() == object; i++ {
			details = append(details, changes[i].told())
		}
		if len(all) == maxTold {
			add("directory", fmt.Sprintf("version %d changes more, from %s on", number, object))
			break
		}
		add(object, fmt.Sprintf("version %d: %s", number, strings.Join(details, "; ")))
	}
	return all
}

// thing is what a change is about, for the trail: of a handling status its list.
func (c *Change) thing() string {
	words := strings.SplitN(c.Object, " ", 3)
	if len(words) < 2 {
		return "directory"
	}
	return words[0] + " " + words[1]
}

// told is the change without names and numbers of people, which are nobody's business in a trail that is
// never erased.
func (c *Change) told() string {
	private := strings.HasPrefix(c.Object, "agent ") && c.Field != "roles" || c.Field == "shared_numbers"
	switch {
	case c.Op == Added:
		return "added" + inner(c.Object)
	case c.Op == Removed:
		return "removed" + inner(c.Object)
	case private:
		return c.Field
	case strings.HasPrefix(c.Old+c.New, "["):
		var parts []string
		if c.Old != "" {
			parts = append(parts, "without "+c.Old)
		}
		if c.New != "" {
			parts = append(parts, "with "+c.New)
		}
		return c.Field + inner(c.Object) + " " + strings.Join(parts, ", ")
	}
	return fmt.Sprintf("%s%s %s → %s", c.Field, inner(c.Object), cmp.Or(c.Old, "none"), cmp.Or(c.New, "none"))
}

// inner is what a change is about within its thing, as the handling status of a list, with a space before it.
func inner(object string) string {
	words := strings.SplitN(object, " ", 3)
	if len(words) < 3 {
		return ""
	}
	return " " + words[2]
}
