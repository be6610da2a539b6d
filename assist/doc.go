// Package assist is assisted callback: an agent who is on a call with a customer whose number has open
// cases is told so. It decides which live call matches which cases, and brings the hint to the agent's
// softphone as a SIP MESSAGE.
//
// Assist holds the first half and is pure: events of calls and the cases that package cases found for
// them go in, hints come out, and time is the event's. There is one hint per agent, call and group: it
// is raised when his phone rings (outgoing: at the INVITE), confirmed when the call is answered and
// withdrawn when his part in it is over. Cases match on E.164 numbers alone; equal last digits match
// nothing here.
//
// Delivery is the second half: it sends each hint on its own, so that a phone that fails delays no
// other, tries again until the hint is of no use any more, and tells delivered, refused and unknown
// apart. Behind a PBX that answers 202 to everything only the mirror shows what the phone said
// (Delivery.Mirrored).
//
// It is for package daemon, which feeds it, and for package web, which shows the same hints in the app.
// It stores nothing and changes no case: whoever wants an agent's recent calls to outlive the process keeps what
// Changes yields, and gives it back to Restore.
package assist
