// Package journey keeps what became of every call with a customer, whether it made a case or not: when, who, with which
// device, which number was shown, what came of it, how long they talked, who hung up, and the steps on the way.
//
// It is for whoever looks back: at one call, or at all calls of a customer. A record is written once the call is judged, in
// batches with others, so that a call costs two small keys; it is idempotent, as a call may be judged again after a
// restart. Records are dropped after a time, and with the data of a person who wants them gone.
package journey
