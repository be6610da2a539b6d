// Package audit is the trail of who did what: every change that a person, a token or an operator
// makes, and every login, kept or refused.
//
// An entry is written in the same transaction as the change it tells of, so neither is there without
// the other. The trail is append-only: nothing here changes an entry, and each holds the check sum of
// the one before it, so that one that was changed or taken out behind our back is found by Verify. Only
// its oldest part can be dropped, by Trim, which tells of it in the trail.
//
// Entries name cases by their ids, and no customer: they hold no telephone number, no name and no note
// of one, and no secret of anybody. What a trail is not: the history of a case, which package cases
// keeps and which is erased with it.
package audit
