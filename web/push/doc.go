// Package push tells people on their phones and in their browsers by Web Push (RFC 8030): of new cases on
// lists they are active on, of hints while they are on a call, and of cases of theirs that fall due. It
// decides who is told of what ([Decide]), encrypts the message for one browser (RFC 8291), proves who
// sends it (RFC 8292) and says how that went. What is kept over a restart, and when to try again, is the
// daemon's business.
//
// The push service of the browser's maker carries the message and reads nothing of it. An address of one is
// given by whoever subscribes, so nothing but HTTPS to public addresses is connected to.
package push
