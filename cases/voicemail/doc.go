// Package voicemail keeps what callers said on the callback line: messages, each with the case of the customer who left it.
//
// It is for the daemon, whose line records, and for the web, which lets those listen who may. Who may is not decided here.
//
//	r, err := v.Begin(ctx, voicemail.Draft{…}) // of who leaves a message
//	r.Write(samples)                           // as package rtp writes them
//	m, err := r.Keep(ctx, voicemail.Hangup)    // or ErrShort: nothing was said
//
// A message is a file of its own, a WAV file of 16 bits at 8 kHz, encrypted as it is recorded: nothing that was said is on
// the disk in the clear, at no time. The format is age v1 (age-encryption.org/v1): a random key per file, wrapped for a
// key of the key file, and chunks of 64 KiB with ChaCha20-Poly1305, of which a reader decrypts those that it is asked for. filippo.io/age
// has it, and so has a program of that name, by which an operator can open a file without us. The header of its file is known to the record of a
// message, so that no file stands for another one's.
//
// The record of a message is in the store, under the commands of this package; beginning, end and removal of a file follow it
// in an order in which a crash at any point leaves a message whole, cut off where it was written to, or gone. Recover
// finishes at a start what a crash interrupted: what was recorded becomes a message, of up to four seconds less than was said.
package voicemail
