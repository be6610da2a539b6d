// Package export writes cases, their history, statistics and contacts as tables, for whoever evaluates them
// elsewhere.
//
// It is for the API and the command line. Everything is read and written as a stream, so that a million
// cases take no more memory than ten; what changes meanwhile is in the table or not. The names of the
// columns are part of what others build on and do not change. Who may have what is for the caller to know,
// who names the lists.
package export
