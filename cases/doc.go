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
// people do. The rules and their words are those of docs/cases.md; [Why] names the rule that decided.
//
// What a person does to a case is a [Deed], done by [Cases.Do]: it is refused with a [*Refusal] that says
// who or what stands in the way, or changes the case, its history and its places in the same transaction,
// and can be taken back for a while, as the record keeps what it was before. Views ([Cases.List]) are
// merges of few ranges of the indexes; counters ([Cases.Counters]) and statistics ([Cases.Statistics])
// follow from the records and are moved with them, so that nothing is ever counted by looking at
// all cases. docs/cases.md tells it for people.
//
// The package trusts its caller with who may see a list or do something on it, and tells nobody: hints, web
// and metrics are others' business. Who wants to follow all changes without losing one reads [Log].
package cases
