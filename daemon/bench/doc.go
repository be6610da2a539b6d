// Package bench measures Ringback against named peers and floors in one run, for those who want to know
// before they buy hardware and for us to see when something became slower. It makes its own load: the
// signalling of service calls through a B2BUA, 12.8 messages a call, of which 30 % are missed.
//
// What is measured runs in a child process of its own, whose CPU time the kernel tells; the sender runs
// beside it on the same cores. Everything stays on loopback, is bounded in count, and stops by itself.
package bench
