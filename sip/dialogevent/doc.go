// Package dialogevent subscribes to the dialog event package (RFC 4235) of services and agents at a PBX
// (RFC 6665), over sipgo, and keeps what each of them tells of its dialogs.
//
// It is for package cti/dialogs, which knows what such dialogs mean. [Parse] reads a document, [Table] keeps
// the dialogs of one subscription through full and partial documents, [Subscriber] subscribes, refreshes and
// answers NOTIFYs. It publishes nothing and subscribes to no other package.
package dialogevent
