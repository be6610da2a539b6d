package voicemail

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"
)

// seal binds the record of a message to its file: the age header and the nonce behind it, which are random. A file that is
// put in another one's place has others.
type seal struct {
	Size int    `json:"size"` // in bytes
	Sum  []byte `json:"sum"`  // SHA-256
}

// maxSeal bounds what a record says of the header of its file: those of native keys take up to 2 KiB.
const maxSeal = 16 << 10

// matches says whether a file begins as it did when it was written.
func (s *seal) matches(f io.ReaderAt) error {
	if s.Size <= 0 || s.Size > maxSeal {
		return fmt.Errorf("%w: its record does not say how it begins", ErrDamaged)
	}
	b := make([]byte, s.Size)
	if _, err := f.ReadAt(b, 0); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(b); subtle.ConstantTimeCompare(sum[:], s.Sum) != 1 {
		return fmt.Errorf("%w: it is the file of another message", ErrDamaged)
	}
	return nil
}

// sealed writes a file that is encrypted as it is written, in chunks of 64 KiB.
type sealed struct {
	io.WriteCloser // what is to be encrypted; to be closed before the file
	seal           seal
}

// newSealed begins a file.
func newSealed(f io.Writer, k *Keys) (*sealed, error) {
	begin := &tee{w: f}
	w, err := age.Encrypt(begin, k.to)
	if err != nil {
		return nil, fmt.Errorf("voicemail: encrypting: %w", err)
	}
	sum := sha256.Sum256(begin.head.Bytes())
	s := &sealed{w, seal{begin.head.Len(), sum[:]}}
	begin.done = true
	return s, nil
}

// tee keeps what is written until it is done.
type tee struct {
	w    io.Writer
	head bytes.Buffer
	done bool
}

func (t *tee) Write(b []byte) (int, error) {
	if !t.done {
		t.head.Write(b)
	}
	return t.w.Write(b)
}

// opening explains why a file cannot be opened with the keys there are.
func opening(err error) error {
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return fmt.Errorf("%w: none of the key file opens it", ErrNoKey)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Reader reads the WAV file of a message, and decrypts no more of it than is read. It is an io.ReadSeeker for one goroutine.
type Reader struct {
	*io.SectionReader
	ETag string // a strong one: what is read with it never changes

	f   *os.File
	err error
}

// wave is a WAV file as it is told: with a header that knows how long it is.
type wave struct {
	of     *Reader
	header []byte
	plain  io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (w *wave) ReadAt(b []byte, off int64) (n int, err error) {
	if off < int64(len(w.header)) {
		n = copy(b, w.header[off:])
		b, off = b[n:], off+int64(n)
	}
	if len(b) == 0 {
		return n, nil
	}
	m, err := w.plain.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
		w.of.err = err
	}
	return n + m, err
}

// Err is what went wrong while the file was read; it wraps ErrDamaged. nil: nothing did.
func (r *Reader) Err() error { return r.err }

// Close closes the file.
func (r *Reader) Close() error { return r.f.Close() }

// open opens a file of a message.
func (v *Voicemail) open(rec *record) (_ *Reader, err error) {
	keys := v.keys.Load()
	if keys == nil {
		return nil, ErrNoKey
	}
	f, err := v.root.Open(fileOf(rec.ID))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: it is gone", ErrDamaged)
		}
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := rec.Seal.matches(f); err != nil {
		return nil, err
	}
	plain, size, err := age.DecryptReaderAt(f, info.Size(), keys.from...)
	if err != nil {
		return nil, opening(err)
	}
	m := rec.message()
	if size < m.Size() {
		return nil, fmt.Errorf("%w: it is shorter than what was said", ErrDamaged)
	}
	r := &Reader{f: f, ETag: fmt.Sprintf(`"%s-%x"`, rec.ID, rec.Seal.Sum[:8])}
	r.SectionReader = io.NewSectionReader(&wave{r, v.o.Header(m.Samples), plain}, 0, m.Size())
	return r, nil
}
