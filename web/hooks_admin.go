package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"ringback/web/webhook"
)

// maxShownDead bounds what one answer on the admin socket shows of dead letters.
const maxShownDead = 1000

// HookTest says how a test of an endpoint went.
type HookTest struct {
	Delivered bool    `json:"delivered"`
	Status    int     `json:"status,omitempty"`
	Elapsed   float64 `json:"elapsed"` // in seconds
	Failure   string  `json:"failure,omitempty"`
}

// adminHooks is what `ringback webhook` asks for over the admin socket, which needs no token.
func (s *Server) adminHooks(mux *http.ServeMux) {
	if s.o.Hooks == nil {
		return
	}
	answer := func(pattern string, do func(r *http.Request, id string) (any, error)) {
		mux.Handle(pattern, s.trusted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := do(r, r.PathValue("id"))
			switch {
			case errors.Is(err, webhook.ErrUnknown):
				writeProblem(w, http.StatusNotFound, "There is no webhook of this name in the configuration in force.")
			case err != nil:
				s.refuse(w, r, err)
			default:
				writeJSON(w, http.StatusOK, body)
			}
		})))
	}
	answer("GET /admin/hooks", func(r *http.Request, _ string) (any, error) {
		out, err := s.hooks(r.Context(), nil)
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	})
	answer("GET /admin/hooks/{id}/dead", func(_ *http.Request, id string) (any, error) {
		all, err := s.o.Hooks.Dead(id, 0, maxShownDead)
		out := []DeadLetter{}
		for i := range all {
			d := &all[i]
			out = append(out, DeadLetter{ID: d.ID, Type: d.Type, At: d.At, Died: d.Died, Reason: string(d.Reason), Status: d.Status, Attempts: d.Attempts})
		}
		return out, err
	})
	answer("POST /admin/hooks/{id}/resend", func(r *http.Request, id string) (any, error) {
		var in struct{ IDs []string }
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody)).Decode(&in); err != nil {
			return nil, errors.Join(ErrInvalid, err)
		}
		n, err := s.o.Hooks.Resend(r.Context(), id, in.IDs)
		return map[string]int{"resent": n}, err
	})
	answer("POST /admin/hooks/{id}/enable", func(r *http.Request, id string) (any, error) {
		return struct{}{}, s.o.Hooks.Enable(r.Context(), id)
	})
	answer("POST /admin/hooks/{id}/test", func(r *http.Request, id string) (any, error) {
		a, err := s.o.Hooks.Test(r.Context(), id, testMessage(newAct(), time.Now()))
		t := HookTest{Delivered: a.Err == nil, Status: a.Status, Elapsed: a.Elapsed.Seconds()}
		if a.Err != nil {
			t.Failure = a.Err.Error()
		}
		return t, err
	})
}
