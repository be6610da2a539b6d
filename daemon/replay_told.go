package daemon

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ringback/cti"
	"ringback/cti/asterisk"
	"ringback/sip"
)

// recording is a file of what a PBX told, an event a line, beside the captures of a replay.
type recording struct {
	name  string
	lines *bufio.Scanner
	next  []byte    // the line that comes next; nil at the end
	at    time.Time // when it arrived
	size  int64
	close func() error
	play  func(line []byte, arrival time.Time)
}

// maxLine bounds one event.
const maxLine = 1 << 20

// openRecording opens a file of events, or returns nil for one that is none.
func openRecording(name string) (*recording, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(f)
	var from io.Reader = r
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		from = z
	}
	text := bufio.NewReader(from)
	if b, _ := text.Peek(1); len(b) == 0 || b[0] != '{' {
		return nil, f.Close()
	}
	rec := &recording{name: name, lines: bufio.NewScanner(text), close: f.Close}
	rec.lines.Buffer(nil, maxLine)
	if info, err := f.Stat(); err == nil {
		rec.size = info.Size()
	}
	return rec, rec.advance()
}

// advance reads the next line that is an event.
func (r *recording) advance() error {
	for r.lines.Scan() {
		var head struct {
			Recv      float64 `json:"recv"`
			T         float64 `json:"t"`
			Timestamp string  `json:"timestamp"`
		}
		if len(bytes.TrimSpace(r.lines.Bytes())) == 0 {
			continue
		}
		if err := json.Unmarshal(r.lines.Bytes(), &head); err != nil {
			return fmt.Errorf("%s: a line is no event: %w", filepath.Base(r.name), err)
		}
		at := max(head.Recv, head.T)
		r.at = time.Unix(0, int64(at*1e6)*1e3)
		r.next = r.lines.Bytes()
		return nil
	}
	r.next = nil
	return r.lines.Err()
}

// telling sets a recording up to tell the watch.
func (r *recording) tells(w *watch, p *sip.Plan) error {
	pbx := ""
	for i := range p.Trunks {
		if pbx = p.Trunks[i].PBX; pbx != "" {
			break
		}
	}
	if pbx == "" && len(p.PBXs) > 0 {
		pbx = p.PBXs[0].ID
	}
	site, err := cti.NewSite(p, pbx, nil)
	if err != nil {
		return err
	}
	t := &teller{w: w}
	m := asterisk.New(asterisk.Options{Site: site, Sink: t, CallIDs: true})
	r.play = func(line []byte, arrival time.Time) {
		t.begin(arrival)
		_, _ = m.ARI(line, arrival)
	}
	return nil
}

// recordings are all those of a replay.
type recordings []*recording

// openRecordings takes those files that are recordings of what a PBX told from among the files of a
// replay, and returns the names of the others.
func openRecordings(files []string) (others []string, all recordings, err error) {
	for _, name := range files {
		r, err := openRecording(name)
		if err != nil {
			all.close()
			return nil, nil, err
		}
		if r == nil {
			others = append(others, name)
		} else {
			all = append(all, r)
		}
	}
	return others, all, nil
}

func (all recordings) close() {
	for _, r := range all {
		_ = r.close()
	}
}

// tell has all of them tell a watch.
func (all recordings) tell(w *watch, p *sip.Plan) error {
	for _, r := range all {
		if err := r.tells(w, p); err != nil {
			return err
		}
	}
	return nil
}

// until plays what arrived up to a time, in order.
func (all recordings) until(at time.Time) error {
	for {
		var first *recording
		for _, r := range all {
			if r.next != nil && !r.at.After(at) && (first == nil || r.at.Before(first.at)) {
				first = r
			}
		}
		if first == nil {
			return nil
		}
		first.play(first.next, first.at)
		if err := first.advance(); err != nil {
			return err
		}
	}
}

// rest plays all that is left.
func (all recordings) rest() error { return all.until(time.Unix(1<<40, 0)) }
