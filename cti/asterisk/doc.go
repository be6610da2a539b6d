// Package asterisk understands what an Asterisk tells of its channels by ARI and by AMI, and passes it on as
// links, facts and told signalling (see package cti).
//
// A [Model] follows the channels of one Asterisk: who dials whom, who is bridged with whom, what became
// of each. ARI and AMI name channels alike, so both may feed one model. ARI tells the SIP Call-ID of every
// PJSIP channel (protocol_id), which ties its events to mirrored signalling; AMI does not.
//
// Neither marks a number that its caller withholds: where the mirror shows the call too, what it says of
// that stands.
package asterisk
