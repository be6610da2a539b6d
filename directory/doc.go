// Package directory knows who and what: PBXs and trunks, services, agents and their phones, other
// endpoints, callback lists with their policies, opening hours, and shared numbers.
//
// It is for whoever runs a contact centre. He writes one YAML file (the doc comments of [File] and
// the types below it are its manual), [Parse] reads it strictly and names every mistake with its
// line and a way to mend it, and [New] compiles it into a [Directory]: immutable views that the call
// tracker, the cases and the hints look things up in. [Diff] shows what a new file would change, and
// the store functions keep the file and its earlier versions.
//
// The package decides nothing about calls or cases; it only holds what those decisions rest on.
package directory
