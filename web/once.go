package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Receipt is what is kept of a request that made something and had an Idempotency-Key: enough to know it
// again and to answer it alike, and nothing of what was sent or answered.
type Receipt struct {
	Print [sha256.Size]byte // of the request
	Made  string            // the id of what it made
	At    time.Time
}

// Receipts keep receipts over restarts, for a day at least.
type Receipts interface {
	// Receipt reads one; ok is false when there is none.
	Receipt(key string) (r Receipt, ok bool, err error)
	// Keep writes one.
	Keep(ctx context.Context, key string, r Receipt) error
}

// KeyHead is what a request that makes something has before its body. Huma reads embedded structs only
// when they are exported.
type KeyHead struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"Names this request for a day, so that sending it again makes nothing more and is answered alike, also after a crash."`
}

// making are the keys of requests at work, so that two with the same key are not at work at once.
type making struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (m *making) begin(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[key] {
		return false
	}
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	m.keys[key] = true
	return true
}

func (m *making) end(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, key)
}

// once makes something with an act's id, and says what it is called. A request that was answered before
// makes nothing; one that was cut off between making and answering is made again with the same act id,
// by which whoever makes it knows that it was made. body is what the key was used for.
func (s *Server) once(ctx context.Context, head KeyHead, body any, do func(act string) (id string, err error)) (id string, err error) {
	if head.Key == "" {
		return do(newAct())
	}
	key := actID(ctx, head.Key)
	if !s.making.begin(key) {
		return "", problem(http.StatusConflict, "in_progress", "A request with this Idempotency-Key is being answered just now.")
	}
	defer s.making.end(key)
	sum := sha256.Sum256(append([]byte(permissionOf(ctx).route+"\n"), encode(body)...))
	if s.o.Receipts != nil {
		r, ok, err := s.o.Receipts.Receipt(key)
		switch {
		case err != nil:
			return "", err
		case ok && r.Print != sum:
			return "", errKeyReused
		case ok:
			return r.Made, nil
		}
	}
	if id, err = do(key); err != nil || s.o.Receipts == nil {
		return id, err
	}
	return id, s.o.Receipts.Keep(ctx, key, Receipt{sum, id, time.Now()})
}

var errKeyReused = problem(http.StatusUnprocessableEntity, "key_reused", "This Idempotency-Key was used for another request.")

// actID names what a request does: keys of two callers have nothing to do with each other.
func actID(ctx context.Context, key string) string { return callerOf(ctx).String() + "/" + key }

// newAct names what a request without a key does.
func newAct() string { return rand.Text() }

// problem is an error with a word for programs.
func problem(status int, code, detail string) error {
	p := newProblem(status, detail)
	p.Code = code
	return p
}

// asProblem finds the problem that an error is.
func asProblem(err error) (*Problem, bool) { return errors.AsType[*Problem](err) }
