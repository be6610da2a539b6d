// Package dialogs understands what a PBX tells of its dialogs by dialog events (RFC 4235), and passes it on as
// told signalling and links (see package cti).
//
// Proxies as Kamailio tell the Call-ID and the caller of every dialog of a dialled URI: subscribed to a
// service, they tell its calls. What they do not tell is which of several phones answered and why a call that
// nobody answered ended, and verdicts that rest on it are inferred.
//
// Asterisk tells far less: whose number rings which phone, whether a phone is in use, and whether anybody
// waits in a queue. Calls pieced together of that are a fallback and always inferred: calls that ring no phone
// are not seen, nor what number an agent dialled.
package dialogs
