package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cases/intake"
	"ringback/cases/journey"
	"ringback/cases/maycall"
	"ringback/cases/schedule"
	"ringback/cases/search"
	"ringback/cases/voicemail"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/directory/contacts"
	"ringback/directory/people"
	"ringback/sip"
	"ringback/web/webhook"
)

// Options are what a Server shows and who may see it. Functions may be called from several goroutines
// at once.
type Options struct {
	Version string // of the binary
	Logger  *slog.Logger
	Tokens  *Tokens // nil: nobody may use the API

	Cases *cases.Cases
	Lists func() *directory.Directory // the directory in force

	// What is nil here has no routes.
	People   *people.People     // who may log in, and tokens made over the API
	Trail    *audit.Trail       // who did what
	Contacts *contacts.Contacts // names of numbers
	Calling  *calling.Lists     // numbers that are called or not, and PINs
	MayCall  *maycall.Checker   // the rules of who may be called
	Schedule *schedule.Schedule // calls that people scheduled
	Journeys *journey.Journeys  // what became of calls
	Dialler  Dialler            // makes callback calls

	Voicemail *voicemail.Voicemail // what callers said

	Hooks  *webhook.Hooks // what webhooks deliver
	Push   *Push          // telling people by web push
	Intake *intake.Cases  // files of customers to call
	Search func(context.Context, search.Query) (search.Page, error)
	// Erase takes all of a person's data out of everything, by his number.
	Erase func(ctx context.Context, by people.Act, n sip.Number, o EraseOptions) (Erased, error)

	// What is nil here has nothing to show.
	LiveCalls func() []*sip.Call               // calls being watched, in any order
	Board     func() sip.Board                 // who is on the line
	LiveHints func(agent string) []assist.Hint // hints before an agent, of all agents when empty
	// DismissHint takes hints of a call away from an agent: all, or that which tells of a case. It says whether he had one.
	DismissHint func(agent, call, about string, now time.Time) bool
	Blind       func(ctx context.Context) ([]Blind, error) // intervals nothing was seen in, in any order

	// Registered are those of some agents that have a registered phone; known is false where no registration
	// was ever seen, so that nobody knows.
	Registered func(agents []string) (have map[string]bool, known bool)
	// Imports keeps imports that are over; nil: they are forgotten when the server stops.
	Imports KeptImports

	// Recent are the numbers of an agent's recent external calls, the latest first.
	Recent func(agent string, now time.Time) []sip.Number
	// Receipts keep what was made by requests with an Idempotency-Key; nil: until they are answered only.
	Receipts Receipts

	// Edit changes a copy of the directory's file and puts it in force, with who did it in the trail. An
	// error of change is given back as it is.
	Edit func(ctx context.Context, by people.Act, change func(*directory.File) error) error

	// Changed is told of every change that a client made to a case, after it is on the disk. The event
	// streams are told already.
	Changed func(cases.Change)
	// Refused says whether an error means that the store takes no writes, which is not our fault.
	Refused func(error) bool
	// Observe is told of every answered request but event streams: its route's pattern, or "none".
	Observe func(route string, status int, elapsed time.Duration)

	// Origins are those whose pages may use the API with a token, as https://crm.example; none by default.
	Origins []string
	// Proxies are the networks of proxies before the API that write X-Forwarded-For.
	Proxies []netip.Prefix
	// CalendarNumbers lets agents' calendars show customers' names and numbers.
	CalendarNumbers bool
	// Limits bound how many requests one caller may make.
	Limits Limits

	// CallHooks takes what senders tell of calls, under /hooks/. It proves who they are by itself.
	CallHooks http.Handler
	// Feeds is how the feeds are.
	Feeds func() []Feed

	// Pages makes what serves all addresses that are not the API's: the agents' app, which is made of what the
	// API answers. Requests from pages of other origins that would change something do not reach it. nil: none.
	Pages func(api http.Handler) http.Handler

	Admin Admin
}

// noTokens opens the API to nobody.
func noTokens() *Tokens {
	t := &Tokens{}
	t.entries.Store(&[]token{})
	return t
}
