package directory

// List is a callback list or a call list as the other packages see it: compiled and immutable.
type List struct {
	ID       string
	Name     string
	Kind     ListKind
	Hours    *Hours
	Policy   Policy
	Members  []string // agent ids, in the order of the file
	Services []string // ids of the services whose cases it collects
}

// ListKind says where the cases of a list come from.
type ListKind uint8

// The kinds of lists.
const (
	CallbackList ListKind = iota // missed and dropped service calls
	CallList                     // imported numbers, as of a campaign
)
