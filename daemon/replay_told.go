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
	"slices"
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
	line  int
	kind  recordingKind
	close func() error
	play  func() error // tells what comes next
}

// recordingKind is what a recording is of.
type recordingKind uint8

const (
	ariRecording recordingKind = iota + 1
	amiRecording
	notifyRecording
)

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
		r.line++
		var head struct {
			Recv  float64 `json:"recv"`
			T     float64 `json:"t"`
			Type  string  `json:"type"`
			Event string  `json:"Event"`
			SIP   string  `json:"sip"`
		}
		if len(bytes.TrimSpace(r.lines.Bytes())) == 0 {
			continue
		}
		if err := json.Unmarshal(r.lines.Bytes(), &head); err != nil {
			return fmt.Errorf("%s: line %d is no event: %w", filepath.Base(r.name), r.line, err)
		}
		switch {
		case head.Event != "":
			r.kind = amiRecording
		case head.Type != "":
			r.kind = ariRecording
		case head.SIP != "":
			r.kind = notifyRecording
		default:
			continue // an answer to an action
		}
		at := max(head.Recv, head.T)
		r.at = time.Unix(0, int64(at*1e6)*1e3)
		r.next = r.lines.Bytes()
		return nil
	}
	r.next = nil
	return r.lines.Err()
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

// tell has all of them tell a watch. ARI and AMI recordings are of one Asterisk: the PBX that the
// directory's first trunk leads to.
func (all recordings) tell(w *watch, p *sip.Plan) error {
	if len(all) == 0 {
		return nil
	}
	site, err := cti.NewSite(p, firstPBX(p), nil)
	if err != nil {
		return err
	}
	t := &teller{w: w}
	m := asterisk.New(asterisk.Options{
		Site: site, Sink: t, CallIDs: slices.ContainsFunc(all, func(r *recording) bool { return r.kind == ariRecording }),
	})
	for _, r := range all {
		switch r.kind {
		case notifyRecording:
			r.play = playNotifies(r, site, t)
		case ariRecording:
			r.play = func() error {
				t.begin(r.at)
				_, err := m.ARI(r.next, r.at)
				return err
			}
		case amiRecording:
			r.play = func() error {
				t.begin(r.at)
				e, err := asterisk.ParseAMI(r.next)
				if err == nil {
					m.AMI(e, r.at)
				}
				return err
			}
		}
	}
	return nil
}

func firstPBX(p *sip.Plan) string {
	for i := range p.Trunks {
		if p.Trunks[i].PBX != "" {
			return p.Trunks[i].PBX
		}
	}
	if len(p.PBXs) > 0 {
		return p.PBXs[0].ID
	}
	return ""
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
		if err := first.play(); err != nil {
			return fmt.Errorf("%s: line %d: %w", filepath.Base(first.name), first.line, err)
		}
		if err := first.advance(); err != nil {
			return err
		}
	}
}

// rest plays all that is left.
func (all recordings) rest() error { return all.until(time.Unix(1<<40, 0)) }
