package web

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// spooled is a file that a request brought, on our disk until it is closed. Nothing else knows its name.
type spooled struct {
	file *os.File
	size int64
	sum  [sha256.Size]byte
}

// spool writes a request's body to a file.
func spool(body io.Reader) (*spooled, error) {
	file, err := os.CreateTemp("", "ringback-import-*")
	if err != nil {
		return nil, fmt.Errorf("keeping the file: %w", err)
	}
	// The name goes at once: the file is gone with the process, however that ends.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the file: %w", err), file.Close())
	}
	f := &spooled{file: file}
	sum := sha256.New()
	f.size, err = io.Copy(io.MultiWriter(file, sum), body)
	if err != nil {
		f.close()
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, problem(http.StatusRequestEntityTooLarge, "", fmt.Sprintf("A file has at most %d bytes.", maxImport))
		}
		return nil, problem(http.StatusBadRequest, "", "The file did not arrive whole.")
	}
	if f.size == 0 {
		f.close()
		return nil, invalid("body", "there is no file in the body")
	}
	f.sum = [sha256.Size]byte(sum.Sum(nil))
	return f, nil
}

// close gives the file's room back.
func (f *spooled) close() { _ = f.file.Close() } // Nobody reads it any more.

// How long a big body or answer may take: each part of it, and all of it.
const (
	partTimeout = 30 * time.Second
	longTimeout = 30 * time.Minute
)

// arriving is a big body: it may take long, as long as something comes.
type arriving struct {
	io.ReadCloser

	conn *http.ResponseController
	end  time.Time
}

// Read implements io.Reader.
func (p *arriving) Read(b []byte) (int, error) {
	part := time.Now().Add(partTimeout)
	if part.After(p.end) {
		part = p.end
	}
	// What cannot set deadlines has none.
	_ = p.conn.SetReadDeadline(part)
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		_ = p.conn.SetReadDeadline(time.Now().Add(readTimeout))
		_ = p.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	}
	return n, err
}

// bigBodies are the routes that take big bodies.
var bigBodies = map[string]bool{
	"POST /v1/lists/{list}/imports": true,
	"POST /v1/contacts/imports":     true,
}

// limitedByRoute bounds the bodies that next reads: big ones on the routes that take them.
func limitedByRoute(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxBody)
		if _, route := mux.Handler(r); bigBodies[route] {
			limit = maxImport
			r.Body = &arriving{r.Body, http.NewResponseController(w), time.Now().Add(longTimeout)}
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}
