// Package queue decides which callback is made next, by whom, and which has to wait or goes to the missed calls.
//
// Requests wait in the order of their time; one customer waits once, with his first request. A device takes two
// callbacks at a time, one that it is busy with and one that waits for it; a third is missed, and whoever asked for it is told. An
// agent is offered a callback only while no live caller of his services has waited longer than a set time: who is on the
// line goes before who can be called.
//
// It is for the dialler, which owns a [Queue], tells it what happens and does what it says. There is no
// clock, no lock and no I/O: times are parameters.
package queue
