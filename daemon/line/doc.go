// Package line is the callback line: it answers callers whom the PBX sends to Ringback, and lets them choose by keys
// to be called back at their number, to give another one, or to leave a message. It is for package daemon, which knows
// whose service was called and keeps what the caller wants.
//
//	l, err := line.New(line.Options{Host: host, Service: …, Request: …, Message: …})
//	l.Answer(ctx, call) // of phone.EndpointOptions.Incoming; returns when the call is over
//
// What a caller asked for holds from the key that says so: he may hang up then, or while it is read back. A number
// that he gives holds once it is complete, ended by # or by a pause, unless he says that it is wrong. Who hangs up
// earlier asked for nothing, and so did who said nothing after the tone; the watch sees him as it sees everybody who gave up waiting.
//
// Prompts are WAV files, LANGUAGE/NAME.wav, spoken from prompts/texts.tsv by tools/prompts.sh; a folder can replace
// any of them. Numbers are read digit by digit.
//
// Agents who are called for a callback hear an [Announcement], of the same prompts.
//
// It does not know cases, lists or the store, and of SIP and sound no more than packages phone and rtp tell.
package line
