package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Command is one thing to be done to what is stored: plain data, complete in itself, so that it can
// be logged, sent to another machine and applied there with the same result.
type Command struct {
	ID   string    // names this command in errors; unique where Once is set
	Kind string    // the handler that applies it, as "case.event"
	At   time.Time // when what it tells happened: the only time a handler knows
	Data any       // plain data of the kind's own type; nobody changes it once submitted

	// Once applies the command only if no command with this ID and Once was applied before; else it is
	// refused with ErrApplied. A command that writes nothing is not remembered, and Forget forgets.
	Once bool

	// Urgent commits the command, and all before it, without waiting for Options.Window.
	Urgent bool
}

// Handler applies commands of one kind. It reads and writes through tx only and is deterministic:
// what it does follows from what is stored and the command alone. It should decide fully before its
// first write; if it returns an error, none of its writes remain. The result goes to whoever gave the
// command. A handler may be run again for a command whose group had to be split.
type Handler func(tx *Tx, c Command) (result any, err error)

// Refusals of a single command; the store itself goes on.
var (
	ErrUnknownKind = errors.New("store: no handler for this kind of command")
	ErrApplied     = errors.New("store: this command was applied before")
	ErrTooBig      = errors.New("store: one command writes more than a transaction can hold")
	ErrClosed      = errors.New("store: closed")
)

// Handle registers the handler of a kind. All kinds are registered before the first command.
func (s *Store) Handle(kind string, h Handler) { s.handlers[kind] = h }

// Do applies a command and waits until it is on the disk. When ctx ends first, its error is returned
// and the command may or may not be applied. It must not be called from a handler or a done function.
func (s *Store) Do(ctx context.Context, c Command) (any, error) {
	if s.memory != nil {
		return s.memory.do(s, c)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ch := make(chan outcome, 1)
	it := item{c, func(result any, err error) { ch <- outcome{result, err} }}
	if s.queue.lead() {
		s.committer.commit([]item{it})
		s.queue.release()
	} else if err := s.queue.put(ctx, it); err != nil {
		return nil, err
	}
	select {
	case o := <-ch:
		return o.result, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Submit applies a command without waiting, unless the queue is full: then it waits for room. done is
// called once, after the commit, with the handler's result or an error; the calls come one at a time
// in the order of submission, on a goroutine of the store (in memory: on that of a caller of Submit).
// While done runs nothing is committed, so it is quick; it may Submit while the queue has room.
func (s *Store) Submit(c Command, done func(result any, err error)) {
	if s.memory != nil {
		s.memory.submit(s, c, done)
		return
	}
	if err := s.queue.put(context.Background(), item{c, done}); err != nil {
		done(nil, err)
	}
}

// apply runs the command's handler. When it fails, it has written nothing.
func (s *Store) apply(tx *Tx, c Command) (result any, err error) {
	tx.begin()
	h, ok := s.handlers[c.Kind]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownKind, c.Kind)
	}
	if c.Once && tx.Applied(c.ID) {
		return nil, ErrApplied
	}
	result, err = h(tx, c)
	if err == nil && tx.err != nil {
		err = fmt.Errorf("store: applying %s %s: %w", c.Kind, c.ID, tx.err)
	}
	if err != nil {
		tx.rollback()
		return nil, err
	}
	if c.Once && tx.wrote() {
		tx.mark(c)
	}
	return result, nil
}
