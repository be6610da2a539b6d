package web

import (
	"io"
	"net"
	"net/http"
	"time"
)

// taken is a connection of HTTP/1 that we took over from the server: an event goes out with one system
// call and nothing is buffered for readers that have nothing to read. The answer has no length and no
// chunks; it ends with the connection (RFC 9112 §6.3).
type taken struct{ conn net.Conn }

// take takes over the connection of a request and begins its answer with the headers that w has.
func take(w http.ResponseWriter) (*taken, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	t := &taken{conn}
	if err := t.begin(h); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

func (t *taken) begin(h http.Header) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(t.conn, "HTTP/1.1 200 OK\r\n"); err != nil {
		return err
	}
	if err := h.Write(t.conn); err != nil {
		return err
	}
	_, err := io.WriteString(t.conn, "\r\n")
	return err
}

func (t *taken) send(b []byte) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	return err
}

// gone is closed when the reader is. He has nothing more to say: what he sends is dropped.
func (t *taken) gone() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		var scrap [1]byte
		for {
			if _, err := t.conn.Read(scrap[:]); err != nil {
				return
			}
		}
	}()
	return done
}

// response is a stream of HTTP/2, which shares its connection with others.
type response struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

func (r *response) send(b []byte) error {
	if err := r.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := r.w.Write(b); err != nil {
		return err
	}
	if err := r.conn.Flush(); err != nil {
		return err
	}
	// A stream whose deadline passes is cut even when there is nothing to write.
	return r.conn.SetWriteDeadline(time.Time{})
}
