// Package intake takes call lists and contacts in from files: which column is what, which row is wrong and
// why, and how what is right gets into the store once.
//
// It is for the command line and the API, by way of the daemon. A file is read twice: first all of it is
// looked at, and nothing written; then it is written. So a file with a bad row changes nothing, unless
// whoever imports it said that the good rows will do. Importing a file again makes nothing twice.
//
// Tables are read by cases/sheet, vCards (RFC 6350, and version 3 of RFC 2426) by emersion/go-vcard. What a
// case or a contact must be like is decided by packages cases and directory/contacts.
package intake
