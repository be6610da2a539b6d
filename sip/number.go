package sip

// Number is an E.164 number as its decimal digits, without the plus sign; 0 means unknown.
type Number uint64
