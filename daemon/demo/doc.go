// Package demo shows Ringback at work where there is no PBX: a real daemon in a folder of its own, real
// sockets on loopback, and the simulated contact centre of package simulate around it. It reads what
// happens from the daemon's event stream, as any program would, and knows from the simulation what
// should have happened: it ends with an error when the two differ.
package demo
