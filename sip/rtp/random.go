package rtp

import (
	"crypto/rand"
	"encoding/binary"
)

// random is a number that nobody can guess: who could guess where a stream begins could speak in it (RFC 3550 §9.1).
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}
