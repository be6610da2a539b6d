// Package cases keeps the callbacks owed: every customer who rang a service and was not served gets
// exactly one open case, which goes away by itself when the customer was reached.
//
// It is for the daemon, which hands it the tracker's events and passes on the changes it gets back, and
// for the web and the hints, which read. An event that concerns no case costs a look into a map. Any
// other becomes a command of package store; its handler reads what is known of the number, asks a pure
// decide function, and writes the case, its history and its place in the indexes as one transaction.
// Changes are told after it is on the disk. The same event told twice, by a restart, a restored backup
// or a second feed, changes nothing.
//
// There is no clock and no randomness: the time is the event's, or the parameter of Expire and of what
// people do. The rules and their words are those of DOMAIN.md; [Why] names the rule that decided.
//
// What agents do with a case beyond closing, reopening and undoing (assigning, handling, grouping) is
// not here yet. The package tells nobody: hints, web and metrics are others' business.
package cases
