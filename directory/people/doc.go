// Package people is who may come in and what he may do: accounts with passwords, sessions, API tokens,
// and what each person prefers.
//
// Who somebody is, which roles he has and what his lists are stands in the directory, by the agent's id;
// here is only how he proves that it is he. So whoever leaves the directory is out at once, and a
// change of roles or lists holds for sessions that are open, as every question is put to the directory
// in force.
//
// Nothing that opens a door is kept: of passwords the argon2id hash (RFC 9106), of session ids,
// invitations and tokens, which are random and long, the SHA-256. Every change, every login and every
// refusal stands in the trail of package audit, written in the same transaction.
//
// What this package does not do: it knows no HTTP, cookie or header (package web does), and it decides
// nothing about a case.
package people
