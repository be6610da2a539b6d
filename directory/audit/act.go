package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"time"
)

// Act is who does something, from where and when.
type Act struct {
	By   Who
	Peer string // his address, where that is known
	At   time.Time
}

// Entry is what the trail says of an act on an object.
func (a *Act) Entry(action, object, detail string) Entry {
	return Entry{At: a.At, By: a.By, Peer: a.Peer, Action: action, Object: object, Detail: detail}
}

// idLength is how many signs an id has: 80 bits.
const idLength = 16

// NewID makes the id of what an act makes. An act that has a name of its own makes the same when it comes again.
func (a *Act) NewID(name string) string {
	if name == "" {
		return rand.Text()[:idLength]
	}
	sum := sha256.Sum256([]byte(a.By.String() + "\x00" + name))
	return base32.StdEncoding.EncodeToString(sum[:])[:idLength]
}
