package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"ringback/sip/hep"
)

// Reader reads the packets of one capture file. It belongs to one goroutine, but for Offset.
type Reader struct {
	// OnEncrypted is called for every TLS record, when set before the first Next.
	OnEncrypted func(Encrypted)

	name     string
	file     io.Closer
	size     int64
	read     *counter
	in       *input
	source   source
	record   record // the last one read
	unread   bool   // it was not yet given to the dissector
	d        *dissector
	warnings []string
	ended    bool
}

// Open opens a pcap or pcapng file, gzipped or not. Its errors wrap ErrFormat for a file of another
// kind.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("capture: %w", err)
	}
	r, err := NewReader(path, f)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	r.file = f
	if info.Mode().IsRegular() {
		r.size = info.Size()
	}
	return r, nil
}

// NewReader reads a capture from a pipe, say; the name is for errors and warnings.
func NewReader(name string, from io.Reader) (*Reader, error) {
	r := &Reader{name: name, read: &counter{r: from}, d: newDissector()}
	r.d.encrypted = func(e Encrypted) {
		if r.OnEncrypted != nil {
			r.OnEncrypted(e)
		}
	}
	var err error
	if r.in, err = newInput(r.read); err != nil {
		return nil, fmt.Errorf("capture: %s: %w", name, err)
	}
	if r.source, err = newSource(r.in); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Next reads the next packet into p. Its slices are valid until the next call. At the end of the
// file the error is io.EOF, also where the file ends inside a record: a capture may be read while
// it is written; see Warnings. ErrCorrupt says that a file cannot be read any further.
//
// Arrival is the record's time, and so is Time unless the packet came in HEP. Times need not
// ascend: a TCP message that had to wait for a missing segment comes late.
func (r *Reader) Next(p *hep.Received) error {
	for {
		if r.d.more(p) {
			return nil
		}
		if r.unread {
			r.unread = false
			if r.d.frame(&r.record, p) {
				return nil
			}
			continue
		}
		if r.ended {
			return io.EOF
		}
		if err := r.source.next(&r.record); err != nil {
			if err := r.end(err); err != nil {
				return err
			}
			continue
		}
		r.d.begin(len(r.record.data), r.record.wire, r.record.time) // may make earlier ones ready
		r.unread = true
	}
}

// end deals with the end of the records; what waits in streams is still to come.
func (r *Reader) end(err error) error {
	switch {
	case errors.Is(err, io.EOF):
	case errors.Is(err, errCut):
		r.warnings = append(r.warnings, fmt.Sprintf("%s: the last record is cut short at offset %d; it was left out", r.name, r.in.offset))
	default:
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.ended = true
	r.d.finish()
	return nil
}

// Warnings are sentences about the file that its user should see, after the last Next.
func (r *Reader) Warnings() []string {
	w := r.warnings
	for _, n := range []struct {
		count uint64
		what  string
	}{
		{r.d.stats.Skipped[UnknownLink], "frames of a link type that is not read"},
		{r.d.stats.Truncated, "frames not captured whole; capture without a snap length (tcpdump -s 0)"},
		{r.d.stats.Skipped[StreamGap], "messages in TCP streams with parts missing"},
		{r.d.stats.Skipped[FragmentLost], "IP datagrams with fragments missing"},
		{r.d.stats.Encrypted, "encrypted connections; the signalling they carry could not be read"},
	} {
		if n.count > 0 {
			w = append(w, fmt.Sprintf("%s: %d %s", r.name, n.count, n.what))
		}
	}
	return w
}

// Stats are the counters so far.
func (r *Reader) Stats() Stats { return r.d.stats }

// Name is the file's name without its folder.
func (r *Reader) Name() string { return filepath.Base(r.name) }

// Size is the size of the file in bytes, 0 when it is not known.
func (r *Reader) Size() int64 { return r.size }

// Offset is how many of the file's bytes were read, for a progress bar. It may be called from any
// goroutine.
func (r *Reader) Offset() int64 { return r.read.n.Load() }

// Close closes the file.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// counter counts the bytes read.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}
