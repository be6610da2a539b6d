package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"ringback/cti"
	"ringback/sip"
)

// ErrSignature is returned for a request that does not prove its sender.
var ErrSignature = errors.New("hook: the sender is not proved")

// Sender is one sender of events: an http.Handler for what it sends. It is safe for concurrent use.
type Sender struct {
	Feed *cti.Feed
	// Secrets are what it signs with, and Token stands in its path; asked for at every request, so that they
	// can be changed.
	Secrets func() ([]string, error)
	Token   func() (string, error) // nil: it has none
	Begin   func(arrival time.Time)
	Try     func() *Trial // for events of a test
	Logger  *slog.Logger

	mu    sync.Mutex
	model *Model
	trial *Trial
}

// Trial is where events of a test go: they touch no call.
type Trial struct {
	Model *Model
	Begin func(arrival time.Time) // nil: nobody
	// Became says what became of calls by then, once each; over lets time run on to their verdicts.
	Became func(now time.Time, over bool) []string

	now time.Time // events of a test come as if seconds lay between them
}

// trialStep is how far the events of a test lie apart.
const trialStep = 3 * time.Second

// SetModel gives the sender the model of its calls. It is called once, before the first request.
func (s *Sender) SetModel(m *Model) { s.model = m }

// Memory is what the sender's model remembers of what came.
func (s *Sender) Memory() *Memory { return s.model.Memory() }

// SetSite tells that the directory says something new of the sender's PBX.
func (s *Sender) SetSite(x *cti.Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.SetSite(x)
	s.trial = nil
}

// Resume takes up the calls that were told before a restart. It is called after SetSite and before the first request.
func (s *Sender) Resume(now time.Time, calls []sip.ToldCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.Resume(now, calls)
}

// TestHeader marks the events of a test.
const TestHeader = "Ringback-Test"

// Answer is what a sender is told of its events.
type Answer struct {
	Events []Outcome `json:"events"`
}

// Outcome is what became of one event.
type Outcome struct {
	Event  string   `json:"event"`           // its kind
	Call   string   `json:"call,omitempty"`  // as the sender calls it
	Taken  bool     `json:"taken"`           // whether it changed anything
	Became string   `json:"became"`          // a sentence
	Calls  []string `json:"calls,omitempty"` // of a test: what became of calls
}

// ServeHTTP takes a request's events. token is the path's rest behind the sender's name.
func (s *Sender) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Events are sent by POST.", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "The body is too large, or did not arrive whole.", http.StatusRequestEntityTooLarge)
		return
	}
	if err := s.prove(r, body, now); err != nil {
		s.Feed.Bad()
		s.Logger.Debug("a call hook was refused", "feeds", s.Feed.Health().Name, "err", err)
		http.Error(w, "The signature or the token is not right.", http.StatusUnauthorized)
		return
	}
	events, err := Parse(r.Header.Get("Content-Type"), r.Header.Get, body)
	if err != nil {
		s.Feed.Bad()
		http.Error(w, strings.TrimPrefix(err.Error(), "hook: "), http.StatusBadRequest)
		return
	}
	test := r.Header.Get(TestHeader) != ""
	a := s.take(events, test, now)
	if !test && len(events) > 0 && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/x-www-form-urlencoded") {
		s.answerXML(w, r, events)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a)
}

// take applies events in their order.
func (s *Sender) take(events []Event, test bool, now time.Time) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.model
	if test {
		if s.trial == nil {
			s.trial = s.Try()
			s.trial.now = now
		}
		m = s.trial.Model
	}
	var a Answer
	for i := range events {
		e := &events[i]
		if test {
			now = s.trial.now
			s.trial.now = now.Add(trialStep)
			if s.trial.Begin != nil {
				s.trial.Begin(now)
			}
		} else {
			s.Begin(now)
			at := e.At
			if at.IsZero() {
				at = now
			}
			s.Feed.Event(at, now)
		}
		o := Outcome{Event: e.Kind.String(), Call: e.Call}
		o.Became, o.Taken = m.Apply(e, now)
		if test {
			o.Calls = s.trial.Became(now, e.Kind == Ended)
		}
		a.Events = append(a.Events, o)
	}
	if test && len(events) > 0 && events[len(events)-1].Kind == Ended {
		s.trial = nil
	}
	return a
}

// answerXML tells sipgate.io that the rest of the call is wanted too: it sends answer and hangup to where the
// answer to newCall says.
func (s *Sender) answerXML(w http.ResponseWriter, r *http.Request, events []Event) {
	w.Header().Set("Content-Type", "application/xml")
	if events[0].Kind != Started {
		_, _ = io.WriteString(w, xml.Header+"<Response/>\n")
		return
	}
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	var at strings.Builder
	_ = xml.EscapeText(&at, []byte(scheme+"://"+r.Host+r.URL.EscapedPath()))
	_, _ = fmt.Fprintf(w, xml.Header+"<Response onAnswer=\"%s\" onHangup=\"%s\"/>\n", at.String(), at.String())
}

// maxAge is how far the time of a signature may be from ours.
const maxAge = 5 * time.Minute

// prove checks who sent a request: a token in its path, a signature as Standard Webhooks has it, or one of
// the body alone in X-Hub-Signature-256.
func (s *Sender) prove(r *http.Request, body []byte, now time.Time) error {
	if given := r.PathValue("token"); given != "" {
		if s.Token == nil {
			return ErrSignature
		}
		token, err := s.Token()
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			return ErrSignature
		}
		return nil
	}
	secrets, err := s.Secrets()
	if err != nil {
		return err
	}
	ok := false
	for _, secret := range secrets {
		ok = signed(r.Header, body, keyOf(secret), now) || ok
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// keyOf is the key that a secret stands for: base64 behind whsec_, else its own bytes.
func keyOf(secret string) []byte {
	if rest, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(rest); err == nil {
			return key
		}
	}
	return []byte(secret)
}

func signed(h http.Header, body, key []byte, now time.Time) bool {
	if given, ok := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256="); ok {
		mac, err := hex.DecodeString(given)
		return err == nil && hmac.Equal(mac, sum(key, body))
	}
	stamp, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || now.Sub(time.Unix(stamp, 0)).Abs() > maxAge {
		return false
	}
	want := sum(key, []byte(h.Get("Webhook-Id")), []byte("."), []byte(h.Get("Webhook-Timestamp")), []byte("."), body)
	ok := false
	for given := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		mac, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(given, "v1,"))
		ok = err == nil && hmac.Equal(mac, want) || ok
	}
	return ok
}

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// Sign signs a request as Standard Webhooks has it.
func Sign(h http.Header, id, secret string, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(sum(keyOf(secret), []byte(id+"."+stamp+"."), body)))
}
