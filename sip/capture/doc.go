// Package capture reads SIP out of captured frames: from pcap and pcapng files, gzipped or not,
// for a replay, and from a network interface, for a watcher whose PBX cannot mirror HEP.
//
// Frames are Ethernet (with VLAN tags), Linux "cooked", raw IP or loopback; over them IPv4 and IPv6
// with fragments, UDP, and TCP streams with reordering, retransmissions and gaps. A payload is SIP,
// or HEP3 that carries it, which is decoded; anything else is counted by Reason and skipped. TLS is
// recognised and reported, not read.
//
// Frames and streams are walked by code of the package's own. gopacket, which its tests write frames
// with, reassembles no IPv6 fragments and offers no way to go on behind a gap at the next message, and
// its decoding of headers alone takes longer than all of ours.
//
// The package parses no more of SIP than where a message ends in a TCP stream (RFC 3261 §18.3).
// Memory is bounded whatever a file or a network holds: limits on streams, on bytes kept of each
// and of all, on datagrams in reassembly.
package capture
