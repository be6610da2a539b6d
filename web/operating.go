package web

import (
	"context"
	"net/http"

	"ringback/directory/people"
)

// operating lets an operator use the API over the admin socket, where the command line does its work: he
// may do everything, as he may replace the directory, and needs no token.
func (s *Server) operating(api http.Handler) http.Handler {
	return s.trusted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := Operator(r.Context())
		c := &caller{Principal: people.Principal{Kind: who.Kind, ID: who.ID}}
		noteClient(r.Context(), who.String())
		w.Header().Set("Cache-Control", "no-store")
		api.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	}))
}

// verifyAudit reads the whole audit trail, and says how many entries it has or where it was changed.
func (s *Server) verifyAudit(w http.ResponseWriter, r *http.Request) {
	n, err := s.o.Trail.Verify()
	if err != nil {
		s.o.Logger.ErrorContext(r.Context(), "the audit trail is not as it was written", "err", err)
		writeProblem(w, http.StatusConflict, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Entries int `json:"entries"`
	}{n})
}
