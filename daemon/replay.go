package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"ringback/assist"
	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/capture"
	"ringback/store"
)

// ReplayOptions say what to replay and how to show it.
type ReplayOptions struct {
	Directory string   // the directory's YAML file
	Contacts  string   // a file of names for numbers, as for `ringback import contacts`; may be empty
	Files     []string // pcap or pcapng, gzipped or not; merged by time
	JSON      bool     // lines for machines instead of a table for people
	Tracker   sip.Options

	Out io.Writer
	// Warn takes sentences about the files that their user should see.
	Warn func(string)
	// Progress, when set, is told now and then how many of how many bytes are read; total is 0 when
	// nobody knows.
	Progress func(done, total int64)
}

// Replay runs captures through the rules as if they came in live, and writes what would have
// happened: calls with their verdicts, cases, hints. Nothing is kept and nobody is told.
func Replay(ctx context.Context, o ReplayOptions) error {
	dir, err := loadDirectory(o.Directory)
	if err != nil {
		return err
	}
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		return err
	}
	defer st.Close()
	captures, told, err := openRecordings(o.Files)
	if err != nil {
		return err
	}
	defer told.close()
	readers, err := openAll(captures)
	if err != nil {
		return err
	}
	defer closeAll(readers)

	current := func() *directory.Directory { return dir }
	out := bufio.NewWriterSize(o.Out, 1<<16)
	named, err := readContacts(ctx, st, dir, o.Contacts)
	if err != nil {
		return err
	}
	p := newPrinter(out, o.JSON)
	p.named = named
	kept, err := cases.New(st, current, cases.Options{})
	if err != nil {
		return err
	}
	f := &flow{cases: kept, assist: assist.New(assist.Options{Directory: current, Name: named}), tell: p.told}
	q := newEventQueue()
	q.limit, q.recycle = maxReplayed, true
	w, err := newWatch(dir.Plan(), o.Tracker, q.put)
	if err != nil {
		return err
	}
	w.told = q.wake
	var applied sync.WaitGroup
	applied.Go(func() {
		var events []caused
		for {
			var ok bool
			if events, ok = q.take(events); !ok {
				return
			}
			for _, c := range events {
				f.apply(&c) // a copy: all memory is used again, as nothing waits for a disk
			}
		}
	})
	if err := told.tell(w, dir.Plan()); err != nil {
		return err
	}
	err = play(ctx, readers, told, w, o.Progress)
	if err == nil {
		err = told.rest()
	}
	if err == nil {
		w.finish()
	}
	q.close()
	applied.Wait()
	if err := errors.Join(err, p.err); err != nil {
		return err
	}
	for _, r := range readers {
		for _, s := range r.Warnings() {
			o.Warn(s)
		}
	}
	if s := p.unserved(); s != "" {
		o.Warn(s)
	}
	p.summary(w.signalling())
	return out.Flush()
}

func loadDirectory(path string) (*directory.Directory, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the directory cannot be read: %w", err)
	}
	f, err := directory.Parse(path, b)
	if err != nil {
		return nil, err
	}
	return directory.New(f)
}

func openAll(files []string) ([]*capture.Reader, error) {
	var readers []*capture.Reader
	for _, name := range files {
		r, err := capture.Open(name)
		if err != nil {
			closeAll(readers)
			return nil, err
		}
		readers = append(readers, r)
	}
	return readers, nil
}

func closeAll(readers []*capture.Reader) {
	for _, r := range readers {
		_ = r.Close()
	}
}
