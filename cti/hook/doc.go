// Package hook takes calls in that a PBX tells by HTTP: the generic CTI form that cloud PBXs send to CRMs
// (newCall, answer, hangup, as Zammad and sipgate.io document it, JSON or form-encoded), and CloudEvents 1.0
// of a schema of our own, which also has links and facts. It passes them on as told signalling (see
// package cti).
//
// A sender proves who it is by a signature over the body or by a token in the path. An event that comes twice
// changes nothing, and events may come in any order.
package hook
