package voicemail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"ringback/directory/audit"
	"ringback/store"
)

// Recovered says what Recover found.
type Recovered struct {
	Kept    []Message // recordings that were cut off, and are messages now
	Dropped int       // such that hardly anything was said in
	Left    int       // such that cannot be looked at: there is no key for them, or the store takes no writes
	Orphans int       // files of nothing, which are deleted
	Erased  int       // messages of cases that are gone
	Missing int       // messages without a file
}

// Recover brings in order what a crash, or a failure since, left behind. exists says whether there is a case.
func (v *Voicemail) Recover(ctx context.Context, now time.Time, exists func(id string) (bool, error)) (out Recovered, err error) {
	files, _, err := v.files()
	if err != nil {
		return out, err
	}
	// Who is not being recorded any more when its file was there before has a record by now, or never will.
	idle := map[string]bool{}
	for name := range files {
		id, _, _ := strings.Cut(name, ".")
		idle[id] = !v.isRunning(id)
	}
	var gone []string
	known := map[string]bool{}
	begun, err := v.find(func(r *record) bool {
		known[r.ID] = true
		if r.Case == "" {
			return true
		}
		if there, failed := exists(r.Case); failed == nil && !there {
			gone = append(gone, r.ID)
		}
		if !files[fileOf(r.ID)] {
			out.Missing++
		}
		return false
	})
	if err != nil {
		return out, err
	}
	for name := range files {
		id, _, _ := strings.Cut(name, ".")
		if !idle[id] || known[id] && !strings.HasSuffix(name, savedEnding) {
			continue
		}
		out.Orphans++
		err = errors.Join(err, v.erase(name))
	}
	for _, id := range begun {
		err = errors.Join(err, v.recover(ctx, now, id, &out))
	}
	erased, failed := v.drop(ctx, dropping{audit.Act{By: audit.Who{Kind: audit.System}, At: now}, gone, "message.erase"})
	out.Erased = len(erased)
	return out, errors.Join(err, failed)
}

// files are the names in the folder, and the space that they take.
func (v *Voicemail) files() (names map[string]bool, space int64, err error) {
	all, err := fs.ReadDir(v.root.FS(), ".")
	if err != nil {
		return nil, 0, fmt.Errorf("voicemail: looking through the files: %w", err)
	}
	names = make(map[string]bool, len(all))
	for _, f := range all {
		ours := false
		for _, ending := range []string{fileEnding, partEnding, savedEnding} {
			ours = ours || strings.HasSuffix(f.Name(), ending)
		}
		if !ours || !f.Type().IsRegular() {
			continue // whoever put it there knows why
		}
		names[f.Name()] = true
		if info, err := f.Info(); err == nil {
			space += info.Size()
		}
	}
	return names, space, nil
}

// recover makes a message of a recording that was cut off.
func (v *Voicemail) recover(ctx context.Context, now time.Time, id string, out *Recovered) error {
	if v.isRunning(id) {
		return nil
	}
	rec, err := v.begun(id)
	if err != nil || rec == nil {
		return err
	}
	keys := v.keys.Load()
	if keys == nil {
		out.Left++
		return nil
	}
	heard, err := v.rescue(ctx, keys, rec)
	switch {
	case errors.Is(err, ErrNoKey):
		out.Left++
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrDamaged):
		out.Left++
		return err
	case err != nil, heard.sound() < v.o.Shortest:
		out.Dropped++
		_, dropped := v.drop(ctx, dropping{audit.Act{By: audit.Who{Kind: audit.System}, At: now}, []string{id}, ""})
		return errors.Join(dropped, v.erase(partOf(id)), v.erase(fileOf(id)))
	}
	rec.Samples = heard.played()
	if rec.Ended == "" {
		rec.Ended = Interrupted
	}
	m, err := v.attach(ctx, rec)
	if err != nil {
		out.Left++
		return err
	}
	out.Kept = append(out.Kept, m)
	return nil
}

// begun is the record of a recording that is none of this process any more; nil where it is a message meanwhile, or gone.
func (v *Voicemail) begun(id string) (*record, error) {
	var found *record
	_, err := v.find(func(r *record) bool {
		if r.ID == id && r.Case == "" {
			found = r
		}
		return false
	})
	return found, err
}

// rescue makes a whole file of what there is of one, and listens to it.
func (v *Voicemail) rescue(ctx context.Context, keys *Keys, rec *record) (heard loudness, err error) {
	switch f, err := v.root.Open(fileOf(rec.ID)); { // whole, and only its case did not get it
	case err == nil:
		defer f.Close()
		if rec.Saved != nil && rec.Saved.matches(f) == nil {
			rec.Seal = *rec.Saved
		}
		plain, err := unseal(keys, rec, f)
		if err != nil {
			return heard, err
		}
		cut, err := heard.copy(io.Discard, plain)
		if cut != nil {
			err = fmt.Errorf("%w: %w", ErrDamaged, cut)
		}
		return heard, err
	case !errors.Is(err, fs.ErrNotExist):
		return heard, err
	}
	f, err := v.root.Open(partOf(rec.ID))
	if err != nil {
		return heard, err
	}
	defer f.Close()
	plain, err := unseal(keys, rec, f)
	if err != nil {
		return heard, err
	}
	return heard, v.rewrite(ctx, keys, rec, plain, &heard)
}

// unseal decrypts a file from its begin, behind the header of the WAV file.
func unseal(keys *Keys, rec *record, f *os.File) (io.Reader, error) {
	if err := rec.Seal.matches(f); err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(f, keys.from...)
	if err != nil {
		return nil, opening(err)
	}
	if _, err := io.CopyN(io.Discard, plain, headerSize); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return plain, nil
}

// rewrite writes what can be read of a file into another one, which takes its place. What follows the last whole chunk was
// not written any more, or was tampered with: the message ends before it.
func (v *Voicemail) rewrite(ctx context.Context, keys *Keys, rec *record, plain io.Reader, heard *loudness) (err error) {
	saved := savedOf(rec.ID)
	defer func() { err = errors.Join(err, v.remove(saved)) }()
	f, err := v.root.Create(saved)
	if err != nil {
		return err
	}
	to, err := newSealed(f, keys)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err = to.Write(v.o.Header(maxSamples)); err == nil {
		_, err = heard.copy(to, plain)
	}
	if err = errors.Join(err, to.Close(), f.Sync(), f.Close()); err != nil || heard.sound() < v.o.Shortest {
		return err
	}
	// The record knows both files from here on, so that either can be the one that a crash leaves.
	rec.Saved = &to.seal
	if _, err := v.do(ctx, store.Command{ID: rec.ID, Kind: kindBegin, At: rec.At, Data: rec}); err != nil {
		return err
	}
	if err := v.put(saved, rec.ID); err != nil {
		return err
	}
	rec.Seal = *rec.Saved
	return v.remove(partOf(rec.ID))
}
