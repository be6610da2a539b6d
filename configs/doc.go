// Package configs is the configuration of a Ringback daemon: what can be set, what it is when nothing
// is set, and what to tell an operator whose file is wrong. The doc comments of [Config] and its
// sections are the manual; docs/configuration.md and examples/ringback.yaml are made from them.
//
// A file is read strictly. A key nobody knows, a value of the wrong kind, an address that is none: each
// is a [Problem] with its line and column, and all of them are told at once. Secrets never stand in the
// file, it names the files that hold them.
//
// Who is called and who answers (PBXs, services, agents, lists) is not configuration but the directory,
// package directory, which people edit while the daemon runs.
package configs
