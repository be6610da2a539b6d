package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ringback/cases"
	"ringback/cases/voicemail"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/people"
)

// Message is what a caller said on the callback line.
type Message struct {
	ID       string      `json:"id" doc:"Stable and unique."`
	Case     string      `json:"case" doc:"The case of the customer who left it."`
	List     string      `json:"list" doc:"The case's list."`
	At       time.Time   `json:"at" doc:"When it was begun."`
	Seconds  float64     `json:"seconds" doc:"How long it is."`
	Bytes    int64       `json:"bytes" doc:"The size of the WAV file."`
	Language string      `json:"language,omitempty" doc:"Of the prompts that the customer heard."`
	Ended    string      `json:"ended" enum:"hangup,silence,digit,max_length,interrupted" doc:"Why it ended: the customer hung up, said no more, pressed #, spoke as long as one may; or Ringback stopped in the midst."`
	Heard    *Heard      `json:"heard,omitempty" doc:"Who heard it first; absent: nobody yet."`
	May      *MayMessage `json:"may,omitempty" doc:"What you may do with it; only where the messages of a case are listed."`
}

// Heard is who was the first to hear a message.
type Heard struct {
	By    string    `json:"by" doc:"Who, as in the trail: person anna, or token crm."`
	Agent string    `json:"agent,omitempty" doc:"The agent; absent for a token."`
	At    time.Time `json:"at" doc:"When."`
}

// MayMessage is what somebody may do with a message.
type MayMessage struct {
	Listen bool `json:"listen" doc:"Hear it."`
	Delete bool `json:"delete" doc:"Delete it."`
}

// Waveform shows how loud a message is, from its begin to its end.
type Waveform struct {
	Seconds float64 `json:"seconds" doc:"How long it is."`
	Peaks   []int   `json:"peaks" nullable:"false" doc:"Up to 200, from 0 to 255, each of a part of it as long as the others'."`
}

func messageOf(m *voicemail.Message) Message {
	shown := Message{
		ID: m.ID, Case: m.Case, List: m.List, At: m.At, Seconds: m.Duration().Seconds(), Bytes: m.Size(), Language: m.Language, Ended: string(m.Ended),
	}
	if h := m.Heard; !h.At.IsZero() {
		shown.Heard = &Heard{By: h.By.String(), At: h.At}
		if h.By.Kind == audit.Person {
			shown.Heard.Agent = h.By.ID
		}
	}
	return shown
}

func (s *Server) registerMessages(api huma.API) {
	if s.o.Voicemail == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/cases/{id}/messages", "list-messages", "messages", "Messages of a case", "What the customer said on the callback line, the oldest first.",
		http.StatusForbidden, http.StatusNotFound), s.listMessages)
	handle(s, api, audioOf(operation(http.MethodGet, "/v1/messages/{id}/audio", "get-message-audio", "messages", "The sound of a message",
		"A WAV file of 16 bits, mono, 8 kHz. Parts can be asked for (Range, If-Range). It does not count as heard by that: say so when it was played. "+
			"The trail tells who asked for it.", http.StatusForbidden, http.StatusNotFound)), s.messageAudio)
	handle(s, api, operation(http.MethodGet, "/v1/messages/{id}/waveform", "get-message-waveform", "messages", "The waveform of a message", "How loud it is, to show beside what plays it.",
		http.StatusForbidden, http.StatusNotFound), s.messageWaveform)
	handle(s, api, withBody(operation(http.MethodPut, "/v1/messages/{id}/heard", "set-heard", "messages", "Note that a message was heard, or not",
		"Who says so first stays the one who heard it.", http.StatusForbidden, http.StatusNotFound)), s.setHeard)
	remove := operation(http.MethodDelete, "/v1/messages/{id}", "delete-message", "messages", "Delete a message", "For good; its case stays.", http.StatusForbidden, http.StatusNotFound)
	remove.DefaultStatus = http.StatusNoContent
	handle(s, api, remove, s.deleteMessage)
}

// audioOf is an operation that answers with sound.
func audioOf(op huma.Operation) huma.Operation {
	sound := map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The whole file", Content: sound},
		"206": {Description: "The part that Range names", Content: sound},
		"304": {Description: "The ETag named in If-None-Match is the file's"},
		"416": {Description: "There is no such part"},
	}
	return op
}

// MessageID is what a request about a message has in its path. Huma reads embedded structs only when they are exported.
type MessageID struct {
	ID string `path:"id" maxLength:"64" doc:"The message's id."`
}

type messagesOutput struct {
	Body struct {
		Messages []Message `json:"messages" nullable:"false"`
	}
}

func (s *Server) listMessages(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64" doc:"The case's id."`
},
) (*messagesOutput, error) {
	c, err := s.readCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.o.Voicemail.OfCase(c.ID)
	if err != nil {
		return nil, err
	}
	who, right := callerOf(ctx), s.right(ctx, c.List)
	may := MayMessage{Listen: who.May(s.o.Lists(), people.MessagesListen) && right >= directory.Work}
	may.Delete = may.Listen && right >= directory.Supervise
	out := &messagesOutput{}
	out.Body.Messages = []Message{}
	for i := range all {
		shown := messageOf(&all[i])
		shown.May = &may
		out.Body.Messages = append(out.Body.Messages, shown)
	}
	return out, nil
}

// readMessage is a message that the caller may do with what the route is for.
func (s *Server) readMessage(ctx context.Context, id string) (voicemail.Message, cases.Case, error) {
	m, err := s.o.Voicemail.Message(id)
	if err != nil {
		return m, cases.Case{}, err
	}
	c, err := s.readCase(ctx, m.Case)
	if errors.Is(err, cases.ErrNotFound) {
		err = voicemail.ErrNotFound
	}
	return m, c, err
}

// messageAudio answers with the file or a part of it. When it turns out in the midst that it is damaged, the
// connection is cut, so that nobody takes a part for the whole.
func (s *Server) messageAudio(ctx context.Context, in *MessageID) (*huma.StreamResponse, error) {
	m, _, err := s.readMessage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	file, err := s.o.Voicemail.Read(m.ID)
	if err != nil {
		return nil, err
	}
	if err := s.recordHearing(ctx, &m); err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer file.Close()
		r, w := humago.Unwrap(ctx)
		h := w.Header()
		h.Set("Content-Type", "audio/wav")
		h.Set("Content-Disposition", `inline; filename="`+m.ID+`.wav"`)
		h.Set("Cache-Control", "no-store")
		h.Set("ETag", file.ETag)
		http.ServeContent(&player{w, patient{w: w, conn: http.NewResponseController(w)}}, r, "", time.Time{}, file)
		if err := file.Err(); err != nil {
			s.o.Logger.ErrorContext(r.Context(), "a message was cut off", "err", err)
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// player answers as fast as who listens takes it.
type player struct {
	http.ResponseWriter
	slow patient
}

// Write implements io.Writer.
func (p *player) Write(b []byte) (int, error) { return p.slow.Write(b) }

// hearingApart is how long the trail says no more of who hears the same message again: players ask for it part by part.
const hearingApart = 10 * time.Minute

// recordHearing says in the trail who asks for the sound of a message.
func (s *Server) recordHearing(ctx context.Context, m *voicemail.Message) error {
	if s.o.Trail == nil {
		return nil
	}
	c, now := callerOf(ctx), time.Now()
	if !s.hearings.first(c.Who().String()+" "+m.ID, now) {
		return nil
	}
	return s.o.Trail.Record(ctx, audit.Entry{
		At: now, By: c.Who(), Peer: c.address, Action: "message.hear", Object: audit.On("message", m.ID), Detail: "of case " + m.Case,
	})
}

type waveformOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Waveform
}

func (s *Server) messageWaveform(ctx context.Context, in *MessageID) (*waveformOutput, error) {
	m, _, err := s.readMessage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	w, err := s.o.Voicemail.Waveform(m.ID)
	if err != nil {
		return nil, err
	}
	out := &waveformOutput{CacheControl: "no-store", Body: Waveform{Seconds: w.Duration.Seconds(), Peaks: make([]int, len(w.Peaks))}}
	for i, p := range w.Peaks {
		out.Body.Peaks[i] = int(p)
	}
	return out, nil
}

// HeardBody says whether a message was heard.
type HeardBody struct {
	Heard bool `json:"heard" doc:"Whether it was."`
}

type messageOutput struct {
	Body Message
}

func (s *Server) setHeard(ctx context.Context, in *struct {
	MessageID
	Body HeardBody
},
) (*messageOutput, error) {
	was, c, err := s.readMessage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	who, now := callerOf(ctx), time.Now()
	m, err := s.o.Voicemail.Hear(ctx, audit.Act{By: who.Who(), Peer: who.address, At: now}, in.ID, in.Body.Heard)
	if err != nil {
		return nil, err
	}
	if m.Heard != was.Heard {
		event := MessageUnheard
		if in.Body.Heard {
			event = MessageHeard
		}
		s.events.Message(event, &m, &c, who.Agent(), now)
	}
	return &messageOutput{messageOf(&m)}, nil
}

func (s *Server) deleteMessage(ctx context.Context, in *MessageID) (*struct{}, error) {
	_, c, err := s.readMessage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	who, now := callerOf(ctx), time.Now()
	m, err := s.o.Voicemail.Delete(ctx, audit.Act{By: who.Who(), Peer: who.address, At: now}, in.ID)
	if err != nil {
		return nil, err
	}
	s.events.Message(MessageDeleted, &m, &c, who.Agent(), now)
	return nil, nil
}
