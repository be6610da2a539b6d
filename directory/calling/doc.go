// Package calling keeps the numbers that are called, or not: the do-not-call list, the company's block and allow
// lists and each agent's own allow list; and the PINs that calls to some kinds of numbers need.
//
// It is for who runs a contact centre, over the API or from files, and for package cases/maycall, which
// asks before every dial. An entry is a number or, but on the do-not-call list, the beginning of numbers. Importing the
// same file again changes nothing. What an entry does to a call is not decided here: see directory.Calling.
//
// Every change stands in the audit trail without the number.
package calling
