// Package lab is a telephone exchange of real programs on loopback, for tests: Kamailio as registrar and proxy, baresip
// as telephones, SIPp as customers and carriers. A test writes their files from templates, starts them, and waits for
// what it wants to see; whatever it started ends with it. Nothing but tests imports it.
package lab
