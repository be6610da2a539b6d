// Package simulate plays a contact centre: customers who ring services, a PBX that answers them and
// rings agents, agents who pick up, miss calls and call back. It is what `ringback demo` shows, and
// what tests and load are made of.
//
// The [PBX] is a back-to-back user agent as Asterisk is one: it answers a queue's caller at once, gives
// every leg its own Call-ID and rings phones at the contacts they registered. Nothing is really called;
// what a mirror of its signalling would show is handed out message by message, to be sent as HEP or
// read by a tracker. Its methods take the time at which things happen, so that minutes can be played in
// an instant. The [Phone] is real: a UDP socket that answers SIP MESSAGE requests (RFC 3428).
//
// A [Centre] plays by itself, from a seed, in real time or in a testing/synctest bubble, and tells what
// it does and what must come of it: it is both the load and the oracle.
package simulate
