package directory

import "ringback/sip"

// File is everything Ringback has to know of a contact centre, in YAML. All parts may be left out,
// but without PBXs no call is recognised and without services and lists no case is made.
//
// Values are taken as written: 101, "101" and '101' are the same, and NO is Norway; only what begins
// with * needs quotes, as "*97". Anchors, aliases and merge keys (<<) work; tags and a second document
// are refused. A key that is not in this manual
// is a mistake, and so is an id that nothing defines. Wherever a list of values is wanted, a single
// value stands for a list of one.
//
// An id is what the API, the logs and the other parts of the file call a thing: letters, digits and
// . _ + @ -, at most 64, beginning with a letter, a digit or +. Cases keep the ids they were made
// with, so do not give an old id to something else.
type File struct {
	// Country the centre is in, as ISO 3166-1 alpha-2 code. Numbers in this file may then be written
	// in its national form, 09 310 0100 for +35893100100. Default: the country of the PBXs, when they
	// are all in the same.
	Country Country `yaml:"country"`
	// TimeZone of calendars and lists that name none, from the IANA database, as Europe/Helsinki.
	// Default: the time zone of the PBXs, when they all name the same, else UTC.
	TimeZone string `yaml:"time_zone"`
	// PBXs and proxies whose signalling is watched.
	PBXs []PBX `yaml:"pbxs"`
	// Trunks are the connections to carriers, over which customers come in.
	Trunks []Trunk `yaml:"trunks"`
	// Services are the lines that customers ring.
	Services []Service `yaml:"services"`
	// Agents are the people who answer.
	Agents []Agent `yaml:"agents"`
	// Endpoints answer calls and are no agents: voicemail, IVR, announcements.
	Endpoints []Endpoint `yaml:"endpoints"`
	// Calendars hold opening hours.
	Calendars []Calendar `yaml:"calendars"`
	// Lists are where cases live.
	Lists []ListEntry `yaml:"lists"`
	// Calling are the rules of whom the company calls and when.
	Calling Calling `yaml:"calling"`
	// SharedNumbers are numbers that many customers call from, such as a company's switchboard.
	// Their cases are never merged and never closed automatically. A number that ends in * stands for
	// all numbers that begin so.
	SharedNumbers []Pattern `yaml:"shared_numbers"`
}

// PBX is a PBX or a SIP proxy that sends Ringback its signalling, or whose signalling is captured.
type PBX struct {
	// ID of the PBX.
	ID string `yaml:"id"`
	// Country whose national form its numbers have on the wire, as ISO 3166-1 alpha-2 code. Default:
	// the country of the file.
	Country Country `yaml:"country"`
	// TimeZone it stands in, from the IANA database. Default: that of the file.
	TimeZone string `yaml:"time_zone"`
	// Addresses it sends SIP from and receives it at, on all its sides: an address, a network such as
	// 10.20.0.0/24, or an address with port when several things share it. Of a network and a narrower
	// address of another thing in it, the narrower is meant.
	Addresses []sip.Host `yaml:"addresses"`
	// Domains are the SIP domains of its users, beside its addresses.
	Domains []string `yaml:"domains"`
	// CaptureIDs are the HEP capture ids (chunk 0x0c) it mirrors its signalling with.
	CaptureIDs []uint32 `yaml:"capture_ids"`
	// AccessPrefixes are what agents dial for an outside line before the number, as 9.
	AccessPrefixes []string `yaml:"access_prefixes"`
	// ContactSeparators tell an agent by the contact his phone registers when the registration itself
	// was not seen: what stands between the extension and the rest, as "-0x" in 101-0x5628eb7625f0.
	ContactSeparators []string `yaml:"contact_separators"`
	// LinkHeaders are headers the PBX adds to an agent's leg that hold the Call-ID of the caller's
	// leg, or an id that both share, as X-Service-Call-ID or Session-ID. They tie the legs of a call
	// for certain; without them number and time do. At most 4 in the whole file.
	LinkHeaders []string `yaml:"link_headers"`
}

// Trunk is a connection to a carrier.
type Trunk struct {
	// ID of the trunk.
	ID string `yaml:"id"`
	// PBX it leads to. Default: the only PBX.
	PBX string `yaml:"pbx"`
	// Addresses of the carrier: an address, a network, or an address with port.
	Addresses []sip.Host `yaml:"addresses"`
	// Country whose national form its numbers have, when it is not the PBX's.
	Country Country `yaml:"country"`
	// Trusted says that the carrier's P-Asserted-Identity is believed (RFC 3325 §5). Default: false,
	// the caller is who From says.
	Trusted bool `yaml:"trusted"`
}

// Service is a line that customers ring. A call to it that no agent serves makes a case.
type Service struct {
	// ID of the service.
	ID string `yaml:"id"`
	// Name for people. Default: the id.
	Name string `yaml:"name"`
	// List that its cases are put on.
	List string `yaml:"list"`
	// Numbers of the service. One that ends in *, as +358931002*, stands for all numbers that begin
	// so. Of several services that fit a number, the one with the whole number or else the longest
	// beginning is meant. A wildcard takes in no number of an agent or endpoint.
	Numbers []Pattern `yaml:"numbers"`
	// URIs of the service, where it is called by name: user@host, user@* at any host, *@host for any
	// user.
	URIs []URI `yaml:"uris"`
}

// Agent is a person who answers customers, or a device that does so for one. He is recognised by
// any of what is given here; the registrations of his phones are learnt from the signalling. Others
// who log in, such as supervisors, stand here too, with their roles.
type Agent struct {
	// ID of the agent.
	ID string `yaml:"id"`
	// Name for people. Default: the id.
	Name string `yaml:"name"`
	// Roles he has: agent, who answers customers and works on the cases of his lists; supervisor, who
	// runs the lists that name him as such; approver, who decides what others ask approval for; admin,
	// who sees and does everything. Who is no agent needs no phone. Default: agent.
	Roles []Role `yaml:"roles"`
	// Extensions are his internal numbers and the users his phones register as.
	Extensions []string `yaml:"extensions"`
	// AORs are his SIP addresses, user@host, where the extension alone does not tell (several PBXs)
	// or the phone does not register.
	AORs []URI `yaml:"aors"`
	// Addresses of his desk phones: an address, a network, or an address with port.
	Addresses []sip.Host `yaml:"addresses"`
	// Direct are the numbers that lead to him alone. A call to one is no service call.
	Direct []sip.Number `yaml:"direct_numbers"`
	// Mobiles are his phones outside the PBX: a service call that reaches one was with him.
	Mobiles []sip.Number `yaml:"mobiles"`
}

// Endpoint is something of the centre that answers calls and is no agent: a customer who only
// reached this was not served.
type Endpoint struct {
	// ID of the endpoint.
	ID string `yaml:"id"`
	// Kind is voicemail, ivr, announcement or other. Default: other.
	Kind EndpointKind `yaml:"kind"`
	// Extensions it is reached at.
	Extensions []string `yaml:"extensions"`
	// URIs it is reached at: user@host, or user@* at any host.
	URIs []URI `yaml:"uris"`
	// Addresses of its host: an address, a network, or an address with port.
	Addresses []sip.Host `yaml:"addresses"`
	// Numbers that lead to it.
	Numbers []sip.Number `yaml:"numbers"`
}

// Calendar is a set of opening hours, for any number of lists.
//
// Ranges are local wall-clock time, as 08:00-16:00; 24:00 is the end of the day, and one that ends
// at or before its start ends on the next day, as 22:00-06:00. A range that starts or ends in an
// hour the clocks skip in spring does so when they jump; in the hour that is repeated in autumn it
// starts at the first and ends at the second. A range belongs to the date it begins on: it lasts into
// a holiday, and one that would begin on the holiday does not.
type Calendar struct {
	// ID of the calendar.
	ID string `yaml:"id"`
	// TimeZone of its hours, from the IANA database. Default: that of the file.
	TimeZone string `yaml:"time_zone"`
	// Week holds the hours of ordinary days; days that are not named are closed.
	Week []WeekHours `yaml:"week"`
	// Exceptions are holidays and other dates with hours of their own. No closed time may be longer
	// than a year.
	Exceptions []DateHours `yaml:"exceptions"`
}

// WeekHours gives the hours of some days of the week.
type WeekHours struct {
	// Days of the week: mon, tue, wed, thu, fri, sat, sun, ranges and lists of them, as mon-fri or mon,wed.
	Days Days `yaml:"days"`
	// Hours of each of these days: one range or several.
	Hours []Range `yaml:"hours"`
}

// DateHours gives the hours of certain dates instead of the week's.
type DateHours struct {
	// Date as 2026-12-24, as 12-24 for every year, or two of one kind with two dots between, as
	// 2026-07-06..2026-07-31. A date with a year goes before one of every year.
	Date Dates `yaml:"date"`
	// Name of the day, for people.
	Name string `yaml:"name"`
	// Hours of each of these dates. Default: closed.
	Hours []Range `yaml:"hours"`
}

// ListEntry is a list of customers to call, its members and its policy.
type ListEntry struct {
	// ID of the list.
	ID string `yaml:"id"`
	// Name for people. Default: the id.
	Name string `yaml:"name"`
	// Kind is callback for missed and dropped service calls, or call for imported numbers. Default:
	// callback.
	Kind ListKind `yaml:"kind"`
	// Members are the agents who work on the list and are told of its cases; "*", in quotes, is
	// everybody with the role agent.
	Members []string `yaml:"members"`
	// Supervisors are those who may change its members and settings, and what others hold of
	// its cases; they work on them too. "*", in quotes, is everybody with the role supervisor.
	// Default: nobody, which leaves it to admins.
	Supervisors []string `yaml:"supervisors"`
	// Readers are those who see the list and its cases and change nothing; "*", in quotes, is
	// everybody.
	Readers []string `yaml:"readers"`
	// Country whose national form imported and typed numbers have, as ISO 3166-1 alpha-2 code.
	// Default: the country at the top of the file, else that of all PBXs.
	Country Country `yaml:"country"`
	// Hours is the calendar of its opening hours. Default: always open.
	Hours string `yaml:"hours"`
	// Calling are the rules of whom its cases may have called and when, where they are not the company's.
	Calling Calling `yaml:"calling"`
	Policy  `yaml:",inline"`
}
