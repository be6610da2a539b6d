// Package hep receives SIP that a PBX or proxy mirrors as HEP3, version 3 of the Homer
// encapsulation protocol (the sipcapture project's "HEP3 Network Protocol Specification"; there is
// no RFC). Asterisk's res_hep, Kamailio's siptrace and many SBCs speak it.
//
// Decode and Append are the codec and allocate nothing, compressed payloads aside. A Server listens
// on one UDP, TCP or TLS socket and hands what it reads to a Handler, in batches and on the
// goroutine that read them: there is no queue in between, so memory stays bounded and the only
// place where packets can be lost is the kernel's socket buffer, whose drops are counted. Under load it
// reads every few milliseconds what has gathered there, as waking up costs more than reading.
//
// The package parses no SIP. A payload is delivered as it came; it may hold several pipelined
// messages, because Asterisk mirrors whole TCP read buffers. HEP versions 1 and 2, protocols other
// than SIP and anything malformed are counted by Reason and skipped.
package hep
