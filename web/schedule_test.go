package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/cases"
	"ringback/cases/schedule"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/people"
)

// tomorrow is the next day at noon in Helsinki, winter or summer.
func tomorrow(t *testing.T) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := time.Now().In(zone).Date()
	return time.Date(y, m, d+1, 12, 0, 0, 0, zone)
}

func (w *world) schedules(who []string, id string, at time.Time, more string) (int, ScheduledCall, Problem) {
	w.t.Helper()
	answer, body := w.f.do(http.MethodPost, "/v1/cases/"+id+"/schedule", `{"at":"`+at.Format(time.RFC3339)+`"`+more+`}`, who...)
	var made ScheduledCall
	var p Problem
	if answer.StatusCode == http.StatusCreated {
		decodeJSON(w.t, body, &made)
	} else {
		decodeJSON(w.t, body, &p)
	}
	return answer.StatusCode, made, p
}

func TestAScheduledCallIsDueAssignedAndInTheCalendar(t *testing.T) {
	w := wholeWith(t, func(o *Options) { o.CalendarNumbers = true })
	anna := w.as("anna")
	id := w.centre.missed("support", matti, time.Now()).ID
	noon := tomorrow(t)
	status, made, p := w.schedules(anna, id, noon, `,"mode":"dial","device":"101","note":"asked; for it, twice"`)
	if status != http.StatusCreated || made.Agent != "anna" || made.Zone != "Europe/Helsinki" || !strings.HasSuffix(made.Local, "T12:00") || made.State != "waiting" || made.MayCall == nil || made.MayCall.Verdict != "allowed" {
		t.Fatalf("%d %+v %+v", status, made, p)
	}
	var c Case
	w.get(anna, "/v1/cases/"+id, &c)
	if c.Assignee != "anna" || !c.Due.Equal(noon) || c.NotBefore == nil || !c.NotBefore.Equal(noon) || c.ClaimUntil == nil || !c.ClaimUntil.After(noon) {
		t.Errorf("the case: %+v", c)
	}
	// A call of an agent does not close what a person scheduled.
	w.centre.dialled("anna", matti, time.Now())
	if now, err := w.centre.cases.Case(id); err != nil || now.State != cases.Open {
		t.Errorf("dialled: %+v, %v", now, err)
	}
	var mine struct{ Calls []ScheduledCall }
	w.get(anna, "/v1/schedule", &mine)
	if len(mine.Calls) != 1 || mine.Calls[0].ID != made.ID {
		t.Errorf("%+v", mine)
	}

	var address CalendarAddress
	if status := w.ask(anna, http.MethodPost, "/v1/session/calendar", "", &address); status != http.StatusOK || !strings.HasPrefix(address.Path, CalendarPath) {
		t.Fatalf("%d %+v", status, address)
	}
	answer, body := w.f.do(http.MethodGet, address.Path, "", "Authorization", "")
	text := string(body)
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/calendar") {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	for _, want := range []string{"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "DTSTART:" + noon.UTC().Format("20060102T150405Z"), "UID:" + made.ID, matti.String(), `\nasked\; for it\, twice`} {
		if !strings.Contains(strings.ReplaceAll(text, "\r\n ", ""), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}

	// Another address, and the old one opens nothing.
	old := address.Path
	w.ask(anna, http.MethodPost, "/v1/session/calendar", "", &address)
	if answer, _ := w.f.do(http.MethodGet, old, "", "Authorization", ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("the old address: %d", answer.StatusCode)
	}
	if status := w.ask(anna, http.MethodDelete, "/v1/schedule/"+made.ID, "", nil); status != http.StatusNoContent {
		t.Errorf("cancelled: %d", status)
	}
	if answer, body := w.f.do(http.MethodGet, address.Path, "", "Authorization", ""); answer.StatusCode != http.StatusOK || strings.Contains(string(body), "VEVENT") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	w.ask(anna, http.MethodDelete, "/v1/session/calendar", "", nil)
	if answer, _ := w.f.do(http.MethodGet, address.Path, "", "Authorization", ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("taken away: %d", answer.StatusCode)
	}
	for _, path := range []string{CalendarPath, CalendarPath + "x", CalendarPath + "x.ics", CalendarPath + ".ics", CalendarPath + "%00.ics"} {
		if answer, _ := w.f.do(http.MethodGet, path, "", "Authorization", ""); answer.StatusCode == http.StatusOK {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}

func TestACalendarTellsNothingOfCustomersUnlessItMay(t *testing.T) {
	w := whole(t)
	id := w.centre.missed("support", matti, time.Now()).ID
	if status, _, p := w.schedules(w.as("anna"), id, tomorrow(t), `,"mode":"remind","note":"secret"`); status != http.StatusCreated {
		t.Fatal(status, p)
	}
	var address CalendarAddress
	w.ask(w.as("anna"), http.MethodPost, "/v1/session/calendar", "", &address)
	_, body := w.f.do(http.MethodGet, address.Path, "", "Authorization", "")
	if text := string(body); !strings.Contains(text, "SUMMARY:Callback\\, Support") || strings.Contains(text, "35840") || strings.Contains(text, "secret") {
		t.Error(text)
	}
}

func TestATimeThatIsOverOrForbiddenIsRefusedWithTheNextOne(t *testing.T) {
	w := whole(t)
	w.rules(directory.Calling{InQuietHours: directory.Block})
	anna := w.as("anna")
	id := w.centre.missed("support", matti, time.Now()).ID
	status, _, p := w.schedules(anna, id, time.Now().Add(-time.Minute), `,"mode":"remind"`)
	if status != http.StatusUnprocessableEntity || p.Code != "past" || p.MayCall == nil || p.MayCall.Next == nil {
		t.Errorf("the past: %d %+v", status, p)
	}
	night := tomorrow(t).Add(11 * time.Hour) // 23:00
	status, _, p = w.schedules(anna, id, night, `,"mode":"remind"`)
	if next := night.Add(9 * time.Hour); status != http.StatusConflict || p.Code != "quiet_hours" || p.MayCall.Next == nil || !p.MayCall.Next.Equal(next) {
		t.Errorf("at night: %d %+v %+v", status, p, p.MayCall)
	}
	for more, want := range map[string]int{
		`,"mode":"shout"`:                                             http.StatusUnprocessableEntity,
		`,"mode":"dial","device":"999"`:                               http.StatusUnprocessableEntity,
		`,"mode":"dial","for":"cecilia"`:                              http.StatusConflict,
		`,"mode":"remind","for":"bertil"`:                             http.StatusUnprocessableEntity,
		`,"mode":"remind","zone":"Europe/Atlantis"`:                   http.StatusUnprocessableEntity,
		`,"mode":"remind","number":"hello"`:                           http.StatusUnprocessableEntity,
		`,"mode":"offer","device":"101"`:                              http.StatusUnprocessableEntity,
		`,"mode":"remind","number":"+358600123456"`:                   http.StatusConflict,
		`,"mode":"remind","number":"+358501112222"`:                   http.StatusCreated,
		`,"mode":"offer","zone":"Europe/Stockholm"`:                   http.StatusCreated,
		`,"mode":"remind","for":"sara","device":"103"`:                http.StatusCreated,
		`,"mode":"remind","agent":"sara","device":"101"`:              http.StatusUnprocessableEntity,
		`,"mode":"remind","zone":"Local"`:                             http.StatusUnprocessableEntity,
		`,"mode":"remind","note":"` + strings.Repeat("x", 3000) + `"`: http.StatusUnprocessableEntity,
	} {
		id := w.centre.missed("support", matti+1, time.Now()).ID
		if status, _, p := w.schedules(anna, id, tomorrow(t), more); status != want {
			t.Errorf("%.80s: %d %+v, want %d", more, status, p, want)
		}
		if _, err := w.centre.cases.Do(t.Context(), cases.Act{Case: id, Agent: "sara", At: time.Now(), Supervises: true}, cases.Close{Reason: cases.Unsuccessful}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADueCallIsToldToItsAgentAlone(t *testing.T) {
	w := whole(t)
	plan := schedule.Plan{ID: "x", Draft: schedule.Draft{Case: "c", List: "support", Agent: "anna", Mode: schedule.Remind}, State: schedule.Due, Outcome: schedule.Reminded}
	all := newEvents(time.Now(), 1, maxEventBytes)
	all.Scheduled(&plan, matti, "", time.Now())
	e, d := all.ring[all.head].news, w.directory()
	for id, want := range map[string]bool{"anna": true, "sara": false, "bertil": false, "david": true} {
		if got := sightOf(&caller{Principal: personOf(id)}, d).sees(e.whom()); got != want {
			t.Errorf("%s sees it: %v", id, got)
		}
	}
	if !strings.Contains(string(e.body()), `"event":"reminded"`) {
		t.Errorf("%s", e.body())
	}
}

func TestWhatAnICalendarLineCannotHoldIsFoldedAndEscaped(t *testing.T) {
	var c icalendar
	c.text("SUMMARY", strings.Repeat("ä", 80)+";,\\\x01\r\nEND:VCALENDAR\xff")
	text := c.b.String()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Errorf("%d octets in %q", len(line), line)
		}
	}
	unfolded := strings.ReplaceAll(text, "\r\n ", "")
	if want := "SUMMARY:" + strings.Repeat("ä", 80) + `\;\,\\\nEND:VCALENDAR` + "\uFFFD\r\n"; unfolded != want {
		t.Errorf("%q, want %q", unfolded, want)
	}
}

func personOf(id string) people.Principal { return people.Principal{Kind: audit.Person, ID: id} }

func decodeJSON(t *testing.T, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}
