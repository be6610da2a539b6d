// Package sip watches SIP signalling (RFC 3261) from outside: it scans messages, follows dialogs in
// the states of RFC 4235 §3.7.1, ties the legs of a B2BUA or proxy into calls, and gives every call
// to a service one verdict with its reason, evidence and confidence.
//
// It is for whoever holds a mirror of a PBX's messages: live feeds, capture files and tests drive it
// alike. The package is pure: bytes and times go in, events come out; it does no I/O, starts no
// goroutine, takes no lock and never asks what time it is. It sends nothing and is no user agent
// (package sip/phone is), and it knows nothing of cases, lists or hints.
package sip
