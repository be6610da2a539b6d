// Package store keeps bytes under ordered keys and applies commands to them, one after the other.
//
// It is for packages cases and directory (and whoever else has something to remember). A [Command] is
// plain data with an id and a time; the [Handler] registered for its kind reads, decides and writes
// through a [Tx]. Handlers are deterministic: no clock, no randomness, nothing but the command and
// what is stored. So the same commands in the same order give the same store everywhere.
//
// What it promises:
//   - A command is applied whole or not at all: a handler that returns an error leaves no write.
//   - Commands are applied in the order they were submitted, each seeing what the earlier ones wrote.
//   - All commands that wait share one transaction and one sync to the disk (group commit). A result is
//     told only after that sync, in order.
//   - A command with Once set is applied at most once: the mark of its id is written together with its
//     writes.
//   - What a command appends to a log ([Tx.Append], [ReadLog]) is there exactly when its writes are, in
//     the order of the commands, for whoever follows what changes.
//   - Reads ([Store.View]) see acknowledged commands only, all of a command or nothing of it.
//
// What it does when it cannot write: see [Store.Err].
//
// It knows nothing of what the bytes mean, and it is the only user of Badger.
package store
