package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A backup is one stream compressed with Zstandard (RFC 8878), whose frames have check sums of their
// own, and in it:
//
//	"ringback backup\n"
//	format       uvarint, 1
//	header       its length as a uvarint, then JSON: Backup without the members below
//	entries      in the order of the keys, each the key and the value behind their lengths as uvarints
//	0            where the next key's length would stand
//	keys, bytes  uvarints: how many entries, and how long all keys and values are together
//	sum          SHA-256 of everything before, 32 bytes
//
// Nothing of Badger is in it, so that it outlives Badger's formats.
const (
	backupMagic  = "ringback backup\n"
	backupFormat = 1
)

// ErrBackup is the error of a stream that is no backup, or is not whole.
var ErrBackup = errors.New("store: not a whole backup")

// Backup says what a backup holds.
type Backup struct {
	Made    time.Time `json:"made"`    // when it was begun: it holds what was acknowledged then
	Version string    `json:"version"` // of the program that made it

	Keys  uint64            `json:"-"`
	Bytes uint64            `json:"-"` // of keys and values
	Sum   [sha256.Size]byte `json:"-"` // of the whole backup
}

// maxHeader bounds the header of a backup in bytes.
const maxHeader = 64 << 10

// Backup writes all that is acknowledged to w, while writing goes on. It is consistent: all of a command
// or nothing of it. The file behind w is not synced.
func (s *Store) Backup(ctx context.Context, w io.Writer, b Backup) (Backup, error) {
	zw, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return b, fmt.Errorf("store: making a backup: %w", err)
	}
	out := &backupWriter{w: bufio.NewWriterSize(zw, 64<<10), sum: sha256.New()}
	err = s.View(func(snap *Snapshot) error {
		if err := out.header(b); err != nil {
			return err
		}
		b.Keys, b.Bytes = 0, 0
		for key, value := range snap.Scan(Range{}) {
			if b.Keys%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			b.Keys++
			b.Bytes += uint64(len(key) + len(value))
			if err := out.entry(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	// View fails for a read that failed only here, so the end must not be written before.
	if err == nil {
		b.Sum, err = out.end(b)
	}
	if err = errors.Join(err, zw.Close()); err != nil {
		return b, fmt.Errorf("store: making a backup: %w", err)
	}
	return b, nil
}

// backupWriter writes the parts of a backup and sums them up.
type backupWriter struct {
	w   *bufio.Writer
	sum hash.Hash
	b   []byte
}

func (w *backupWriter) write() error {
	w.sum.Write(w.b)
	_, err := w.w.Write(w.b)
	w.b = w.b[:0]
	return err
}

func (w *backupWriter) header(b Backup) error {
	header, err := json.Marshal(b)
	if err != nil {
		return err
	}
	w.b = append(w.b, backupMagic...)
	w.b = binary.AppendUvarint(w.b, backupFormat)
	w.b = appendBytes(w.b, header)
	return w.write()
}

func (w *backupWriter) entry(key, value []byte) error {
	w.b = appendBytes(appendBytes(w.b, key), value)
	return w.write()
}

func (w *backupWriter) end(b Backup) (sum [sha256.Size]byte, err error) {
	w.b = binary.AppendUvarint(binary.AppendUvarint(append(w.b, 0), b.Keys), b.Bytes)
	if err := w.write(); err != nil {
		return sum, err
	}
	sum = [sha256.Size]byte(w.sum.Sum(nil))
	if _, err := w.w.Write(sum[:]); err != nil {
		return sum, err
	}
	return sum, w.w.Flush()
}

func appendBytes(b, s []byte) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }

// ReadBackup reads a backup to its end, gives its entries in the order of their keys to each, which may
// be nil and must not keep them, and says what the backup holds. Only when it returns no error was the
// backup whole: until then entries may be wrong. A backup of a later format gives ErrNewer, anything
// else that cannot be read ErrBackup.
func ReadBackup(ctx context.Context, r io.Reader, each func(key, value []byte) error) (Backup, error) {
	zr, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return Backup{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	defer zr.Close()
	in := &backupReader{r: bufio.NewReaderSize(zr, 64<<10), sum: sha256.New()}
	b, err := in.header()
	if err != nil {
		return b, err
	}
	var last []byte
	for {
		if b.Keys%1024 == 0 && ctx.Err() != nil {
			return b, ctx.Err()
		}
		key, err := in.bytes(maxKey)
		if err != nil {
			return b, err
		}
		if len(key) == 0 {
			b.Sum, err = in.end(b)
			return b, err
		}
		if bytes.Compare(last, key) >= 0 {
			return b, fmt.Errorf("%w: its keys are out of order", ErrBackup)
		}
		last = key
		value, err := in.bytes(1 << 20)
		if err != nil {
			return b, err
		}
		b.Keys++
		b.Bytes += uint64(len(key) + len(value))
		if each != nil {
			if err := each(key, value); err != nil {
				return b, err
			}
		}
	}
}

// backupReader reads the parts of a backup and sums them up.
type backupReader struct {
	r   *bufio.Reader
	sum hash.Hash
}

func (r *backupReader) header() (Backup, error) {
	magic := make([]byte, len(backupMagic))
	if err := r.full(magic); err != nil {
		return Backup{}, err
	}
	if string(magic) != backupMagic {
		return Backup{}, fmt.Errorf("%w: it is something else", ErrBackup)
	}
	format, err := r.uvarint()
	if err != nil {
		return Backup{}, err
	}
	if format != backupFormat {
		return Backup{}, fmt.Errorf("%w: the backup has format %d and this version reads %d: use the newer version",
			ErrNewer, format, backupFormat)
	}
	header, err := r.bytes(maxHeader)
	if err != nil {
		return Backup{}, err
	}
	var b Backup
	if err := json.Unmarshal(header, &b); err != nil {
		return Backup{}, fmt.Errorf("%w: its header cannot be read: %w", ErrBackup, err)
	}
	return b, nil
}

// end reads what stands behind the entries and compares it with what was read.
func (r *backupReader) end(b Backup) (sum [sha256.Size]byte, err error) {
	keys, err := r.uvarint()
	if err != nil {
		return sum, err
	}
	size, err := r.uvarint()
	if err != nil {
		return sum, err
	}
	sum = [sha256.Size]byte(r.sum.Sum(nil))
	got := make([]byte, sha256.Size)
	if err := r.full(got); err != nil {
		return sum, err
	}
	if keys != b.Keys || size != b.Bytes || !bytes.Equal(sum[:], got) {
		return sum, fmt.Errorf("%w: its check sum is wrong", ErrBackup)
	}
	switch _, err := r.r.ReadByte(); {
	case err == nil:
		return sum, fmt.Errorf("%w: something stands behind its end", ErrBackup)
	case !errors.Is(err, io.EOF):
		return sum, cutOff(err)
	}
	return sum, nil
}

func (r *backupReader) full(p []byte) error {
	if _, err := io.ReadFull(r.r, p); err != nil {
		return cutOff(err)
	}
	r.sum.Write(p)
	return nil
}

func (r *backupReader) uvarint() (uint64, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return 0, cutOff(err)
	}
	// Whoever writes the shortest form of a number reads back what he summed up.
	r.sum.Write(binary.AppendUvarint(nil, n))
	return n, nil
}

func (r *backupReader) bytes(limit uint64) ([]byte, error) {
	n, err := r.uvarint()
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%w: a part of %d bytes", ErrBackup, n)
	}
	p := make([]byte, n)
	return p, r.full(p)
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", ErrBackup)
	}
	return fmt.Errorf("%w: %w", ErrBackup, err)
}
