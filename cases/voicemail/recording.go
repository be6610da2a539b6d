package voicemail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"ringback/directory/audit"
	"ringback/store"
)

// The commands of a recording.
const (
	kindBegin = "voicemail.begin"
	kindKeep  = "voicemail.keep"
)

// What files are called: those of messages, those that are being recorded, and those that are made of such ones that were
// cut off.
const (
	fileEnding  = ".wav.age"
	partEnding  = ".part"
	savedEnding = ".saved"
)

func fileOf(id string) string  { return id + fileEnding }
func partOf(id string) string  { return id + partEnding }
func savedOf(id string) string { return id + savedEnding }

// maxSamples is how many a WAV file can say that it has.
const maxSamples = (math.MaxUint32 - headerSize) / sampleSize

// Recording is a message that is being left. It is for one goroutine, which ends it with Keep or Discard.
type Recording struct {
	v    *Voicemail
	id   string
	rec  *record
	file *os.File
	to   *sealed
	loud loudness
	size int64 // counted in Voicemail.space
}

// Begin begins a message. The error wraps ErrNoKey, ErrFull or ErrBusy, or that of the disk or the store.
func (v *Voicemail) Begin(ctx context.Context, d Draft) (*Recording, error) {
	r := &Recording{v: v, id: new(audit.Act).NewID("")}
	keys := v.keys.Load() // as it is now: it may be another one, or none, any time
	v.mu.Lock()
	err := v.room()
	if err == nil && keys == nil {
		err = ErrNoKey
	}
	if err == nil {
		v.running[r.id] = true
	}
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := r.begin(ctx, keys, d); err != nil {
		v.failed.Add(1)
		err = fmt.Errorf("voicemail: beginning a message: %w", errors.Join(err, v.remove(partOf(r.id))))
		r.end()
		return nil, err
	}
	return r, nil
}

func (r *Recording) begin(ctx context.Context, keys *Keys, d Draft) (err error) {
	if r.file, err = r.v.root.OpenFile(partOf(r.id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.file.Close())
		}
	}()
	if r.to, err = newSealed(r.file, keys); err != nil {
		return err
	}
	r.rec = newRecord(r.id, d, r.to.seal)
	// How long it will be is not known, so the header claims as much as it can, as that of any stream.
	if _, err = r.to.Write(r.v.o.Header(maxSamples)); err != nil {
		return err
	}
	_, err = r.v.do(ctx, store.Command{ID: r.id, Kind: kindBegin, At: r.rec.At, Data: r.rec})
	return err
}

func (v *Voicemail) do(ctx context.Context, c store.Command) (any, error) {
	c.ID, c.At, c.Urgent = "voicemail/"+c.ID, c.At.UTC(), true
	return v.st.Do(ctx, c)
}

func wrongData(cmd store.Command) error {
	return fmt.Errorf("voicemail: %s with data of type %T", cmd.Kind, cmd.Data)
}

func applyBegin(tx *store.Tx, cmd store.Command) (any, error) {
	rec, ok := cmd.Data.(*record)
	if !ok {
		return nil, wrongData(cmd)
	}
	return nil, save(tx, rec)
}

// Write takes 16-bit little-endian samples at SampleRate, whole ones. ErrFull: no more than these.
func (r *Recording) Write(samples []byte) (int, error) {
	n, err := r.to.Write(samples)
	r.loud.hear(samples[:n])
	r.size += int64(n)
	if taken := r.v.space.Add(int64(n)); err == nil && taken > r.v.o.Space {
		return n, ErrFull
	}
	return n, err
}

// end ends the work of this process on it.
func (r *Recording) end() {
	r.v.mu.Lock()
	defer r.v.mu.Unlock()
	delete(r.v.running, r.id)
}

// Keep ends a message: its file is on the disk and its case has it when Keep returns. With ErrShort there is none, as hardly
// anything was said. After another error what is on the disk is kept by the next Recover.
func (r *Recording) Keep(ctx context.Context, end End) (Message, error) {
	if r.loud.sound() < r.v.o.Shortest {
		return Message{}, errors.Join(ErrShort, r.Discard(ctx))
	}
	defer r.end()
	m, err := r.keep(ctx, end)
	if err != nil {
		r.v.failed.Add(1)
		return Message{}, fmt.Errorf("voicemail: keeping a message: %w", err)
	}
	return m, nil
}

func (r *Recording) keep(ctx context.Context, end End) (Message, error) {
	if err := errors.Join(r.to.Close(), r.file.Sync(), r.file.Close()); err != nil {
		return Message{}, err
	}
	if err := r.v.put(partOf(r.id), r.id); err != nil {
		return Message{}, err
	}
	if info, err := r.v.root.Stat(fileOf(r.id)); err == nil {
		r.v.space.Add(info.Size() - r.size)
	}
	r.rec.Samples, r.rec.Ended = r.loud.played(), end
	return r.v.attach(ctx, r.rec)
}

// put gives the file of a message its name, when it is whole and on the disk.
func (v *Voicemail) put(name, id string) error {
	if err := v.root.Rename(name, fileOf(id)); err != nil {
		return err
	}
	return syncDir(v.o.Dir)
}

// attach gives a message whose file is there to its case.
func (v *Voicemail) attach(ctx context.Context, rec *record) (Message, error) {
	m := rec.message()
	c, err := v.o.Attach(ctx, &m)
	if err != nil {
		return Message{}, err
	}
	kept := *rec
	kept.Case, kept.Saved = c, nil
	if _, err := v.do(ctx, store.Command{ID: rec.ID, Kind: kindKeep, At: rec.At, Data: &kept}); err != nil {
		return Message{}, err
	}
	v.recount(c)
	return kept.message(), nil
}

func applyKeep(tx *store.Tx, cmd store.Command) (any, error) {
	rec, ok := cmd.Data.(*record)
	if !ok {
		return nil, wrongData(cmd)
	}
	if _, err := load(tx, rec.ID); err != nil {
		return nil, err
	}
	tx.Set(caseKey(rec.Case, rec.ID), nil)
	return nil, save(tx, rec)
}

// Discard ends a message as if it had never begun.
func (r *Recording) Discard(ctx context.Context) error {
	defer r.end()
	_ = r.to.Close() // it is thrown away
	err := errors.Join(r.file.Close(), r.v.remove(partOf(r.id)))
	r.v.space.Add(-r.size)
	_, dropped := r.v.drop(ctx, dropping{IDs: []string{r.id}, Act: audit.Act{At: r.rec.At}})
	return errors.Join(err, dropped)
}

// remove deletes a file, which may be gone.
func (v *Voicemail) remove(name string) error {
	if err := v.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
