// Package contacts gives numbers names: one contact, a person or a company, with one or several numbers.
//
// It is asked for the name of a number wherever one is shown, so that is one look into the store. A number
// is of one contact. Contacts come by hand, from a case or a call, and from files (see csv and vcard);
// importing the same file again changes nothing. What contacts are not: an address book. There is
// nothing in one but what is needed to know who calls, and to find him.
//
// Every change stands in the audit trail by the contact's id, without name or number.
package contacts
