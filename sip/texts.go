package sip

import "strings"

// texts makes strings of bytes, several in one piece of memory, so that few cost an allocation.
type texts struct{ piece strings.Builder }

// textPiece is the size of a piece in bytes. The last string that is kept of one keeps all of it, so it
// has room for a few calls' and no more.
const textPiece = 1 << 10

func (x *texts) text(b []byte) string {
	if len(b) > textPiece/4 {
		return string(b)
	}
	if x.piece.Cap()-x.piece.Len() < len(b) {
		x.piece.Reset()
		x.piece.Grow(textPiece)
	}
	at := x.piece.Len()
	x.piece.Write(b)
	return x.piece.String()[at:]
}
