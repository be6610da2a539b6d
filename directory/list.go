package directory

// List is a callback list or a call list as the other packages see it: compiled and immutable.
type List struct {
	ID       string
	Name     string
	Kind     ListKind
	Hours    *Hours
	Policy   Policy
	Calling  Calling  // who may be called, the company's rules where the list has none
	Services []string // ids of the services whose cases it collects, in the order of the file

	// People by agent id, in the order of the file.
	Members     []string
	Supervisors []string
	Readers     []string
}

// ListKind says where the cases of a list come from.
type ListKind uint8

// The kinds of lists.
const (
	CallbackList ListKind = iota // missed and dropped service calls
	CallList                     // imported numbers, as of a campaign
)

// EndpointKind is the kind of an endpoint that is no agent.
type EndpointKind uint8

// The kinds of endpoints, in the order of package sip.
const (
	EndpointOther EndpointKind = iota
	EndpointVoicemail
	EndpointIVR
	EndpointAnnouncement
)
