// Package cti brings in what PBXs tell of their calls by other ways than SIP: Asterisk's ARI and AMI,
// dialog events, webhooks.
//
// It is for the call tracker, which gets three things. Links tie legs into calls for certain, by their
// Call-IDs. Facts tell what signalling does not show, as that a caller is in voicemail. And told
// signalling ([Told]) is the messages that a leg must have had, written down from what the PBX says of
// it: with these the tracker follows calls that no mirror shows by the very rules it follows all others
// by. A leg belongs to whichever feed showed it first; links and facts hold for both kinds.
//
// The packages below it speak to PBXs; this one has what they share: [Site], which knows the addresses
// of a PBX, its carriers and its phones, and [Leg], which writes told signalling. It imports package sip
// alone and does no I/O.
package cti
