package hep

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
)

// inflate returns the payload inside a chunk 0x10, zlib or gzip, in memory of its own. It reads no
// more than the limit, whatever the chunk would inflate to.
func inflate(b []byte) ([]byte, Reason) {
	if len(b) == 0 {
		return nil, BadCompression
	}
	var (
		r   io.ReadCloser
		err error
	)
	if b[0] == 0x1f {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return nil, BadCompression
	}
	out, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	switch {
	case len(out) > maxInflated:
		return nil, TooLarge
	case err != nil:
		return nil, BadCompression
	}
	return out, ReasonNone
}
