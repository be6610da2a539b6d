package web

import (
	"io"
	"net/http"
	"time"
)

// backupPatience is how long whoever fetches a backup may take nothing before he is cut off. A backup
// holds on to what it reads, so it must not hang for ever.
const backupPatience = time.Minute

// backup streams a backup. When it fails the status has been sent: the backup then lacks its end, which
// whoever reads it notices.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/zstd") // RFC 8878 §7.1
	w.Header().Set("Cache-Control", "no-store")
	out := &patient{w: w, conn: http.NewResponseController(w)}
	if err := s.o.Admin.Backup(r.Context(), out); err != nil {
		if out.written == 0 {
			s.refuse(w, r, err)
			return
		}
		s.o.Logger.ErrorContext(r.Context(), "a backup was cut off", "err", err)
	}
}

// patient writes for as long as its reader takes something.
type patient struct {
	w       io.Writer
	conn    *http.ResponseController
	written int64
}

// Write writes p.
func (p *patient) Write(b []byte) (int, error) {
	if err := p.conn.SetWriteDeadline(time.Now().Add(backupPatience)); err != nil {
		return 0, err
	}
	n, err := p.w.Write(b)
	p.written += int64(n)
	return n, err
}
