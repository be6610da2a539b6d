package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/cases/voicemail"
	"ringback/directory/audit"
	"ringback/directory/people"
	"ringback/sip/rtp"
	"ringback/store"
)

// voicemail keeps messages in the test's own folder. Each is given to the case that its Call names.
func (w *world) voicemail(st *store.Store) *voicemail.Voicemail {
	w.t.Helper()
	v := voicemail.New(st, voicemail.Options{
		Dir: filepath.Join(w.t.TempDir(), "messages"), Header: rtp.WAVHeader,
		Attach: func(_ context.Context, m *voicemail.Message) (string, error) { return m.Call, nil },
	})
	file := filepath.Join(w.t.TempDir(), "messages.key")
	if _, err := voicemail.NewKey(file); err != nil {
		w.t.Fatal(err)
	}
	keys, err := voicemail.LoadKeys(file)
	if err != nil {
		w.t.Fatal(err)
	}
	v.SetKeys(keys)
	return v
}

// read reads an answer to its end, and says whether there was one.
func (f *front) read(path string, header ...string) error {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.url+path, http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// tone is so much of 1 kHz.
func tone(d time.Duration) []byte {
	var b []byte
	for i := range int(d.Seconds() * voicemail.SampleRate) {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*1000*float64(i)/voicemail.SampleRate))))
	}
	return b
}

// leave leaves a message on a case.
func (w *world) leave(c string, at time.Time, sound []byte) voicemail.Message {
	w.t.Helper()
	r, err := w.said.Begin(w.t.Context(), voicemail.Draft{List: "support", Call: c, Language: "fi", At: at})
	if err != nil {
		w.t.Fatal(err)
	}
	for part := range bytesOf(sound, 3200) {
		if _, err := r.Write(part); err != nil {
			w.t.Fatal(err)
		}
	}
	m, err := r.Keep(w.t.Context(), voicemail.Hangup)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func bytesOf(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			m := min(n, len(b))
			if !yield(b[:m]) {
				return
			}
			b = b[m:]
		}
	}
}

func TestAMessageIsHeardByThoseWhoWorkOnItsList(t *testing.T) {
	w := whole(t)
	id := w.centre.missed("support", matti, time.Now()).ID
	sound := tone(3 * time.Second)
	at := time.Now().Add(-time.Minute).UTC().Truncate(time.Second)
	m := w.leave(id, at, sound)
	anna, sara := w.as("anna"), w.as("sara")

	var c Case
	w.get(anna, "/v1/cases/"+id, &c)
	if c.Voicemail != "unheard" {
		t.Errorf("voicemail %q of the case", c.Voicemail)
	}
	var all struct{ Messages []Message }
	w.get(anna, "/v1/cases/"+id+"/messages", &all)
	want := []Message{{
		ID: m.ID, Case: id, List: "support", At: at, Seconds: 3, Bytes: 44 + int64(len(sound)), Language: "fi", Ended: "hangup", May: &MayMessage{Listen: true},
	}}
	if diff := cmp.Diff(want, all.Messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}

	whole := append(rtp.WAVHeader(len(sound)/2), sound...)
	answer, body := w.f.do(http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", anna...)
	if answer.StatusCode != http.StatusOK || !bytes.Equal(body, whole) {
		t.Fatalf("%s, %d bytes", answer.Status, len(body))
	}
	tag := answer.Header.Get("ETag")
	for name, value := range map[string]string{"Content-Type": "audio/wav", "Cache-Control": "no-store", "Accept-Ranges": "bytes"} {
		if got := answer.Header.Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if tag == "" || strings.HasPrefix(tag, "W/") {
		t.Errorf("ETag %q", tag)
	}
	for _, row := range []struct {
		header     []string
		status     int
		from, to   int
		everything bool
	}{
		{header: []string{"Range", "bytes=0-43"}, status: http.StatusPartialContent, to: 44},
		{header: []string{"Range", "bytes=40-99"}, status: http.StatusPartialContent, from: 40, to: 100},
		{header: []string{"Range", "bytes=40000-40003"}, status: http.StatusPartialContent, from: 40000, to: 40004},
		{header: []string{"Range", "bytes=-100"}, status: http.StatusPartialContent, from: len(whole) - 100, to: len(whole)},
		{header: []string{"Range", "bytes=100-", "If-Range", tag}, status: http.StatusPartialContent, from: 100, to: len(whole)},
		{header: []string{"Range", "bytes=100-", "If-Range", `"another"`}, status: http.StatusOK, to: len(whole)},
		{header: []string{"Range", fmt.Sprintf("bytes=%d-", len(whole))}, status: http.StatusRequestedRangeNotSatisfiable, everything: true},
		{header: []string{"If-None-Match", tag}, status: http.StatusNotModified},
	} {
		answer, body := w.f.do(http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", append(row.header, anna...)...)
		if answer.StatusCode != row.status || !row.everything && !bytes.Equal(body, whole[row.from:row.to]) {
			t.Errorf("%v: %s, %d bytes", row.header, answer.Status, len(body))
		}
	}
	if answer, body := w.f.do(http.MethodHead, "/v1/messages/"+m.ID+"/audio", "", anna...); answer.StatusCode != http.StatusOK || answer.ContentLength != int64(len(whole)) || len(body) > 0 {
		t.Errorf("HEAD: %s, %d", answer.Status, answer.ContentLength)
	}

	var shape Waveform
	w.get(anna, "/v1/messages/"+m.ID+"/waveform", &shape)
	if shape.Seconds != 3 || len(shape.Peaks) != 200 || shape.Peaks[0] < 60 || shape.Peaks[199] < 60 || shape.Peaks[100] > 64 {
		t.Errorf("waveform %+v", shape)
	}

	var heard Message
	if status := w.ask(anna, http.MethodPut, "/v1/messages/"+m.ID+"/heard", `{"heard":true}`, &heard); status != http.StatusOK || heard.Heard == nil || heard.Heard.Agent != "anna" || heard.Heard.By != "person anna" {
		t.Errorf("%d %+v", status, heard)
	}
	if w.ask(sara, http.MethodPut, "/v1/messages/"+m.ID+"/heard", `{"heard":true}`, &heard); heard.Heard == nil || heard.Heard.Agent != "anna" {
		t.Errorf("heard again: %+v", heard.Heard)
	}
	if w.get(anna, "/v1/cases/"+id, &c); c.Voicemail != "heard" {
		t.Errorf("voicemail %q of the case", c.Voicemail)
	}
	again := Message{}
	if w.ask(sara, http.MethodPut, "/v1/messages/"+m.ID+"/heard", `{"heard":false}`, &again); again.Heard != nil {
		t.Errorf("unheard: %+v", again.Heard)
	}

	if status := w.ask(anna, http.MethodDelete, "/v1/messages/"+m.ID, "", nil); status != http.StatusForbidden {
		t.Errorf("an agent deletes: %d", status)
	}
	if status := w.ask(sara, http.MethodDelete, "/v1/messages/"+m.ID, "", nil); status != http.StatusNoContent {
		t.Errorf("a supervisor deletes: %d", status)
	}
	if status := w.ask(sara, http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", nil); status != http.StatusNotFound {
		t.Errorf("heard when it was deleted: %d", status)
	}
	if left, err := filepath.Glob(filepath.Join(w.said.Dir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("files: %v, %v", left, err)
	}
	if w.get(anna, "/v1/cases/"+id, &c); c.Voicemail != "none" {
		t.Errorf("voicemail %q of the case", c.Voicemail)
	}

	p, err := w.trail.Read(audit.Query{Action: "message"})
	if err != nil {
		t.Fatal(err)
	}
	var trail []string
	for _, e := range p.Entries {
		trail = append(trail, e.By.String()+" "+e.Action+" "+e.Object)
	}
	if diff := cmp.Diff([]string{"person sara message.delete message " + m.ID, "person anna message.hear message " + m.ID}, trail); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

func TestAMessageIsNotThereForOthers(t *testing.T) {
	w := whole(t)
	id := w.centre.missed("support", matti, time.Now()).ID
	m := w.leave(id, time.Now(), tone(2*time.Second))
	token := w.with("reader", nil, people.CasesRead, people.CasesWrite, people.ListsManage)
	other := w.with("other", []string{"billing"}, people.Scopes()...)
	for _, row := range []struct {
		who                         []string
		name                        string
		list, audio, waveform, hear int
		remove                      int
	}{
		{w.as("bertil"), "of another list", 404, 404, 404, 404, 404},
		{w.as("eva"), "a reader", 200, 403, 403, 403, 403},
		{token, "a token without the scope", 200, 403, 403, 403, 403},
		{other, "a token for another list", 404, 404, 404, 404, 404},
		{w.as("zoe"), "of no list", 404, 404, 404, 404, 404},
		{[]string{"Authorization", ""}, "nobody", 401, 401, 401, 401, 401},
	} {
		for _, ask := range []struct {
			method, path, body string
			want               int
		}{
			{http.MethodGet, "/v1/cases/" + id + "/messages", "", row.list},
			{http.MethodGet, "/v1/messages/" + m.ID + "/audio", "", row.audio},
			{http.MethodHead, "/v1/messages/" + m.ID + "/audio", "", row.audio},
			{http.MethodGet, "/v1/messages/" + m.ID + "/waveform", "", row.waveform},
			{http.MethodPut, "/v1/messages/" + m.ID + "/heard", `{"heard":true}`, row.hear},
			{http.MethodDelete, "/v1/messages/" + m.ID, "", row.remove},
		} {
			header := row.who
			if ask.body != "" && row.name == "nobody" {
				header = append(slices.Clone(header), "Content-Type", "application/json")
			}
			if answer, body := w.f.do(ask.method, ask.path, ask.body, header...); answer.StatusCode != ask.want {
				t.Errorf("%s: %s %s: %s %s; want %d", row.name, ask.method, ask.path, answer.Status, body, ask.want)
			}
		}
	}
	var all struct{ Messages []Message }
	w.get(w.as("eva"), "/v1/cases/"+id+"/messages", &all)
	if len(all.Messages) != 1 || *all.Messages[0].May != (MayMessage{}) {
		t.Errorf("a reader: %+v", all)
	}
}

func TestAMessageThatCannotBeOpenedIsAProblem(t *testing.T) {
	w := whole(t)
	anna := w.as("anna")
	id := w.centre.missed("support", matti, time.Now()).ID
	m := w.leave(id, time.Now(), tone(30*time.Second))
	file := filepath.Join(w.said.Dir(), m.ID+".wav.age")
	sealed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("WAVE")) {
		t.Error("the file is not encrypted")
	}
	audio := func() (int, string) {
		t.Helper()
		var p Problem
		status := w.ask(anna, http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", &p)
		return status, p.Code
	}
	for name, change := range map[string]func([]byte) []byte{
		"cut off":       func(b []byte) []byte { return b[:len(b)-100] },
		"a chunk less":  func(b []byte) []byte { return b[:len(b)-1<<16-16] },
		"another begin": func(b []byte) []byte { b[60] ^= 1; return b },
		"the end":       func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"empty":         func([]byte) []byte { return nil },
	} {
		if err := os.WriteFile(file, change(bytes.Clone(sealed)), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, code := audio(); status != http.StatusInternalServerError || code != "damaged" {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	// What is found out only while it is sent cuts the connection.
	middle := bytes.Clone(sealed)
	middle[200_000] ^= 1
	if err := os.WriteFile(file, middle, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.f.read("/v1/messages/"+m.ID+"/audio", anna...); err == nil {
		t.Error("a file with another middle came whole")
	}
	if answer, body := w.f.do(http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", append([]string{"Range", "bytes=0-999"}, anna...)...); answer.StatusCode != http.StatusPartialContent || len(body) != 1000 {
		t.Errorf("a part that is as it was: %s", answer.Status)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if status, code := audio(); status != http.StatusInternalServerError || code != "damaged" {
		t.Errorf("gone: %d %s", status, code)
	}

	// Another message's file is not taken for it.
	other := w.leave(id, time.Now(), tone(30*time.Second))
	swapped, err := os.ReadFile(filepath.Join(w.said.Dir(), other.ID+".wav.age"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, swapped, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, code := audio(); status != http.StatusInternalServerError || code != "damaged" {
		t.Errorf("swapped: %d %s", status, code)
	}

	if err := os.WriteFile(file, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	if answer, _ := w.f.do(http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", anna...); answer.StatusCode != http.StatusOK {
		t.Errorf("as it was: %s", answer.Status)
	}
	strange := filepath.Join(t.TempDir(), "other.key")
	if _, err := voicemail.NewKey(strange); err != nil {
		t.Fatal(err)
	}
	keys, err := voicemail.LoadKeys(strange)
	if err != nil {
		t.Fatal(err)
	}
	w.said.SetKeys(keys)
	if status, code := audio(); status != http.StatusServiceUnavailable || code != "no_key" {
		t.Errorf("another key: %d %s", status, code)
	}
	w.said.SetKeys(nil)
	if status, code := audio(); status != http.StatusServiceUnavailable || code != "no_key" {
		t.Errorf("no key: %d %s", status, code)
	}
}

func TestTheStreamTellsOfMessages(t *testing.T) {
	w := whole(t)
	c := w.centre.missed("support", matti, time.Now())
	m := w.leave(c.ID, time.Now(), tone(2*time.Second))
	concerns := aboutCase(&c)
	d := w.directory()
	for id, want := range map[string]bool{"anna": true, "sara": true, "eva": true, "bertil": false, "zoe": false} {
		if got := sightOf(&caller{Principal: personOf(id)}, d).sees(&concerns); got != want {
			t.Errorf("%s sees it: %v", id, got)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.f.url+"/v1/events?kind=message", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func(prefix string) string {
		t.Helper()
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return rest
			}
		}
		t.Fatal(lines.Err())
		return ""
	}
	next(": hello")
	w.ask(w.as("anna"), http.MethodPut, "/v1/messages/"+m.ID+"/heard", `{"heard":true}`, nil)
	w.ask(w.as("anna"), http.MethodPut, "/v1/messages/"+m.ID+"/heard", `{"heard":true}`, nil) // tells nothing new
	w.ask(w.as("sara"), http.MethodDelete, "/v1/messages/"+m.ID, "", nil)
	var got []string
	for range 2 {
		var e MessageEvent
		decodeJSON(t, []byte(next("data: ")), &e)
		got = append(got, fmt.Sprint(e.Event, " ", e.Case == c.ID, " ", e.Number, " ", e.Agent, " ", e.Voicemail, " ", e.Now.ID == m.ID))
	}
	want := []string{"heard true " + matti.String() + " anna heard true", "deleted true " + matti.String() + " sara none true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
