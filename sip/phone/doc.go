// Package phone is Ringback's own SIP user agent. It sends out-of-dialog SIP MESSAGE requests (RFC
// 3428), one short line of text each, straight to a phone's contact or through the PBX as outbound
// proxy, over UDP, TCP and TLS, with digest authentication (RFC 3261 §22, RFC 8760).
//
// It is for package assist, which decides who is told what and when to try again, and it stands on
// github.com/emiago/sipgo for parsing, transports and client transactions. What comes in is answered
// without keeping state (RFC 3261 §8.2.7): OPTIONS with 200, so that a PBX may qualify us, everything
// else with the refusal that fits.
//
// It takes no calls and no messages, registers nowhere, subscribes to nothing and never sends inside a
// dialog: a phone answers an unknown in-dialog NOTIFY with 481, and its PBX then hangs up on the
// customer.
package phone
