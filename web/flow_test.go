package web_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/sip"
	"ringback/web"
	"ringback/web/client"
)

const (
	matti sip.Number = 358401234567
	teppo sip.Number = 358401234568
)

// dial makes a client of a person who logs in.
func dial(t *testing.T, w *web.World, id string) *client.Client {
	t.Helper()
	c, err := client.New(w.URL(), client.Options{HTTP: w.HTTP()})
	if err != nil {
		t.Fatal(err)
	}
	me, err := c.AcceptInvitation(t.Context(), w.Invite(id), w.Password())
	if err != nil || me.ID != id {
		t.Fatalf("%+v, %v", me, err)
	}
	return c
}

// must is a value that has to be there.
func must[T any](t *testing.T, name string) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
}

// collect is all that an iterator yields.
func collect[T any](t *testing.T, seq func(func(T, error) bool)) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func TestADayOfWorkOverTheAPI(t *testing.T) {
	w := web.Whole(t)
	ctx := t.Context()
	anna, sara, david := dial(t, w, "anna"), dial(t, w, "sara"), dial(t, w, "david")
	ok := must[web.Case](t, "an act on a case")

	missed := w.Missed("support", matti, time.Now().Add(-2*time.Hour))
	w.Missed("billing", matti, time.Now())

	// Anna sees what is hers to see, and nothing of billing.
	if rows := collect(t, anna.Cases(ctx, client.Filter{PageSize: 1})); len(rows) != 1 || rows[0].ID != missed.ID {
		t.Fatalf("anna sees %+v", rows)
	}
	if siblings := must[[]web.Case](t, "siblings")(anna.Siblings(ctx, missed.ID)); len(siblings) != 0 {
		t.Errorf("anna is told of billing: %+v", siblings)
	}
	if siblings := must[[]web.Case](t, "siblings")(david.Siblings(ctx, missed.ID)); len(siblings) != 1 || siblings[0].List != "billing" {
		t.Errorf("david sees %+v", siblings)
	}
	if recent := must[[]web.Case](t, "recent")(anna.Recent(ctx)); len(recent) != 1 {
		t.Errorf("recent: %+v", recent)
	}

	// She takes it, sara cannot accept it but may take it away, and gives it back.
	c := ok(anna.Assign(ctx, missed.ID, ""))
	if c.Assignee != "anna" || c.ClaimUntil == nil {
		t.Fatalf("%+v", c)
	}
	if _, err := sara.Accept(ctx, c.ID); !errors.Is(err, client.ErrConflict) {
		t.Errorf("accepting another's case: %v", err)
	}
	ok(sara.Assign(ctx, c.ID, "sara", client.Version(c.Version)))
	_, err := anna.Assign(ctx, c.ID, "")
	if problem, is := errors.AsType[*client.Error](err); !errors.Is(err, client.ErrTaken) || !is || problem.By != "sara" {
		t.Errorf("taking a case that sara has: %v", err)
	}
	if _, err := anna.Edit(ctx, c.ID, web.CaseEdit{Name: new("Matti")}, client.Version(1)); !errors.Is(err, client.ErrStale) {
		t.Errorf("editing what was not seen: %v", err)
	}
	ok(sara.Assign(ctx, c.ID, "anna"))
	ok(anna.Accept(ctx, c.ID))
	ok(anna.Edit(ctx, c.ID, web.CaseEdit{Name: new("Matti Meikäläinen"), Topic: new("invoice")}))
	ok(anna.Comment(ctx, c.ID, "he will be at home after five", false))

	// A status needs an attempt.
	if _, err := anna.Handle(ctx, c.ID, web.HandlingGiven{Status: "busy"}); !errors.Is(err, client.ErrNoAttempt) {
		t.Errorf("a status without an attempt: %v", err)
	}
	must[web.AttemptNoted](t, "an attempt")(anna.Attempt(ctx, c.ID, web.AttemptBody{}))
	handled := must[web.Handled](t, "handling")(anna.Handle(ctx, c.ID, web.HandlingGiven{Status: "busy", ActBody: web.ActBody{Note: "busy"}}))
	if handled.Handling != "busy" || handled.Attempts != 1 || handled.Undo == nil {
		t.Errorf("%+v", handled)
	}
	ok(anna.Undo(ctx, c.ID))
	ok(anna.CallLater(ctx, c.ID, time.Now().Add(time.Hour)))
	ok(anna.Await(ctx, c.ID, "which invoice?"))
	ok(anna.Await(ctx, c.ID, ""))
	ok(anna.KeepOpen(ctx, c.ID, true))
	c = ok(anna.Close(ctx, c.ID, "successful", "solved", "spoke to him"))
	if c.State != "closed" || c.Resolution != "solved" {
		t.Errorf("%+v", c)
	}
	if rows := collect(t, anna.Cases(ctx, client.Filter{ReachedByMe: true})); len(rows) != 1 || rows[0].ID != c.ID {
		t.Errorf("closed by anna: %+v", rows)
	}
	ok(anna.Reopen(ctx, c.ID))
	ok(anna.Assign(ctx, c.ID, ""))
	ok(anna.Unassign(ctx, c.ID))
	shown := must[web.CaseWithHistory](t, "case")(anna.Case(ctx, c.ID))
	if history := collect(t, anna.History(ctx, c.ID)); len(history) != len(shown.History) || history[0].Event != "opened" {
		t.Errorf("%d entries, of %d", len(history), len(shown.History))
	}

	// By hand, several at once, and taken back.
	made := ok(anna.Create(ctx, web.NewCase{List: "support", Number: teppo.String(), Name: "Teppo"}, client.Key("k")))
	if again := ok(anna.Create(ctx, web.NewCase{List: "support", Number: teppo.String(), Name: "Teppo"}, client.Key("k"))); again.ID != made.ID {
		t.Errorf("made twice: %s and %s", made.ID, again.ID)
	}
	if _, err := anna.Create(ctx, web.NewCase{List: "support", Number: teppo.String()}, client.Key("k")); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("the key of another request: %v", err)
	}
	_, err = anna.Create(ctx, web.NewCase{List: "support", Number: teppo.String()})
	if problem, is := errors.AsType[*client.Error](err); !errors.Is(err, client.ErrOtherOpen) || !is || problem.Case != made.ID {
		t.Errorf("a second case: %v", err)
	}
	result := must[web.BatchResult](t, "batch")(anna.Batch(ctx, web.BatchAct{Cases: []string{made.ID, "none", c.ID}, Act: "assign"}))
	if len(result.Results) != 3 || !result.Results[0].Done || result.Results[1].Done || !result.Results[2].Done {
		t.Fatalf("%+v", result)
	}
	undone := must[web.BatchResult](t, "undo")(anna.UndoAct(ctx, result.Act))
	if len(undone.Results) != 2 || !undone.Results[0].Done || undone.Results[0].Case.Assignee != "" {
		t.Errorf("%+v", undone)
	}
	if _, err := sara.UndoAct(ctx, result.Act); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("undoing what another did: %v", err)
	}
	next := ok(anna.Next(ctx, []string{"support"}))
	if next.Assignee != "anna" {
		t.Errorf("%+v", next)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if hits := collect(t, anna.Search(ctx, "teppo")); len(hits) == 1 && hits[0].ID == made.ID {
			break
		}
		if time.Now().After(deadline) {
			t.Error("the search finds nothing")
			break
		}
	}

	lists(t, anna, sara)
	contacts(t, anna)
	files(t, sara, david)
	calls(t, w, anna, sara, david)
	messages(t, w, anna, sara)
	manage(t, w, david)
	if unseen := slices.DeleteFunc(w.Unseen(), func(op string) bool {
		return slices.Contains([]string{"stream-events", "list-dead-letters", "resend-dead-letters", "test-webhook", "enable-webhook"}, op)
	}); len(unseen) > 0 {
		t.Errorf("never answered: %v", unseen)
	}
}

func lists(t *testing.T, anna, sara *client.Client) {
	t.Helper()
	ctx := t.Context()
	all := must[[]web.List](t, "lists")(anna.Lists(ctx))
	if len(all) != 2 || all[0].ID != "support" || all[0].Right != "work" || !all[0].Active {
		t.Errorf("%+v", all)
	}
	if b := must[web.Board](t, "board")(sara.Board(ctx, "support")); len(b.Services) != 1 || len(b.Lists) != 1 {
		t.Errorf("%+v", b)
	}
	l, etag, err := sara.List(ctx, "support")
	if err != nil || etag == "" || len(l.Settings.Handling) == 0 || len(l.People) != 3 {
		t.Fatalf("%+v, %q, %v", l, etag, err)
	}
	edited := must[web.ListDetail](t, "edit list")(sara.EditList(ctx, "support", web.ListEdit{DueAfter: new("2h"), Members: &[]string{"anna", "sara", "zoe"}}, client.IfMatch(etag)))
	if edited.Settings.DueAfter != "2h" || !slices.Contains(edited.Members, "zoe") {
		t.Errorf("%+v", edited.Settings)
	}
	if _, err := sara.EditList(ctx, "support", web.ListEdit{DueAfter: new("3h")}, client.IfMatch(etag)); !errors.Is(err, client.ErrStale) {
		t.Errorf("editing what was not seen: %v", err)
	}
	if _, err := sara.EditList(ctx, "support", web.ListEdit{Members: &[]string{"nobody at all"}}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a member that is none: %v", err)
	}
	if _, err := sara.EditList(ctx, "support", web.ListEdit{Supervisors: &[]string{"sara"}}); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("a supervisor makes supervisors: %v", err)
	}
	if err := anna.SetActive(ctx, "campaign", false); err != nil {
		t.Fatal(err)
	}
	me := must[web.Me](t, "me")(anna.Me(ctx))
	if i := slices.IndexFunc(me.Lists, func(l web.MyList) bool { return l.ID == "campaign" }); i < 0 || me.Lists[i].Active {
		t.Errorf("%+v", me.Lists)
	}
	p := must[web.Preferences](t, "preferences")(anna.Preferences(ctx))
	p.ShowAll = true
	if p = must[web.Preferences](t, "preferences")(anna.SetPreferences(ctx, p)); !p.ShowAll || !slices.Equal(p.Inactive, []string{"campaign"}) {
		t.Errorf("%+v", p)
	}
	for call, err := range anna.LiveCalls(ctx, "") {
		if err != nil || call.List == "billing" {
			t.Errorf("%+v, %v", call, err)
		}
	}
	if err := anna.DismissHint(ctx, "call-support", "hinted-support"); err != nil {
		t.Error("dismissing a hint:", err)
	}
	if err := anna.DismissHint(ctx, "call-billing", ""); !errors.Is(err, client.ErrNotFound) {
		t.Error("dismissing another's hint:", err)
	}
	for _, hint := range must[[]web.Hint](t, "hints")(anna.LiveHints(ctx, "")) {
		if hint.Agent != "anna" {
			t.Errorf("%+v", hint)
		}
	}
	must[[]web.Blind](t, "blind")(anna.Blind(ctx, time.Time{}, time.Time{}))
	must[[]web.Feed](t, "feeds")(anna.Feeds(ctx))
}

func contacts(t *testing.T, anna *client.Client) {
	t.Helper()
	ctx := t.Context()
	made := must[web.Contact](t, "contact")(anna.CreateContact(ctx, web.ContactDraft{Name: "Matti", Numbers: []string{matti.String()}}))
	_, err := anna.CreateContact(ctx, web.ContactDraft{Name: "Other", Numbers: []string{matti.String()}})
	if problem, is := errors.AsType[*client.Error](err); !is || problem.Contact != made.ID {
		t.Errorf("a number of another contact: %v", err)
	}
	changed := must[web.Contact](t, "contact")(anna.ReplaceContact(ctx, made.ID, web.ContactDraft{Name: "Matti M", Numbers: []string{matti.String()}}, client.Version(made.Version)))
	if changed.Called != "Matti M" {
		t.Errorf("%+v", changed)
	}
	if _, err := anna.ReplaceContact(ctx, made.ID, web.ContactDraft{Name: "x", Numbers: []string{matti.String()}}, client.Version(made.Version)); !errors.Is(err, client.ErrStale) {
		t.Errorf("changing what was not seen: %v", err)
	}
	rows := collect(t, anna.Cases(ctx, client.Filter{Number: matti.String()}))
	if len(rows) != 1 || rows[0].Contact == nil || rows[0].Contact.Name != "Matti M" {
		t.Errorf("the case is not named: %+v", rows)
	}
	must[web.Contact](t, "contact")(anna.Contact(ctx, made.ID))
	if all := collect(t, anna.Contacts(ctx, "mat")); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if err := anna.DeleteContact(ctx, made.ID, client.Version(changed.Version)); err != nil {
		t.Error(err)
	}
}

func files(t *testing.T, sara, david *client.Client) {
	t.Helper()
	ctx := t.Context()
	i := must[web.Import](t, "import")(sara.Import(ctx, "campaign", strings.NewReader("Asiakas;Puhelin\nA;+358501\nB;+358409999999\n"),
		client.ImportOptions{Columns: map[string]string{"Asiakas": "name", "Puhelin": "number"}, Partial: true}))
	i = must[web.Import](t, "import")(sara.WaitImport(ctx, i.ID, nil))
	if i.State != "done" || i.Report.Made == 0 {
		t.Errorf("%+v %+v", i, i.Report)
	}
	var table bytes.Buffer
	for _, what := range []string{"cases", "history", "statistics", "contacts"} {
		if err := sara.Export(ctx, client.Export{What: what, Format: "csv"}, &table); err != nil {
			t.Error(what, err)
		}
	}
	if strings.Contains(table.String(), "billing") || !strings.Contains(table.String(), "campaign") {
		t.Error("the tables have the wrong lists")
	}
	rows := must[[]web.Statistics](t, "statistics")(sara.Statistics(ctx, nil, time.Time{}, time.Time{}, "list"))
	if len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	j := must[web.Import](t, "contacts")(david.ImportContacts(ctx, strings.NewReader("Name,Phone\nX,+358401111111\n"), client.ImportOptions{DryRun: true}))
	must[web.Import](t, "contacts")(david.WaitImport(ctx, j.ID, nil))
	if err := david.CancelImport(ctx, j.ID); err != nil {
		t.Error(err)
	}
	must[[]web.Import](t, "imports")(sara.Imports(ctx, "campaign"))
	must[[]web.Mapping](t, "mapping")(sara.Mapping(ctx, "campaign"))
}

// calls asks who may be called, and keeps the lists that say so.
func messages(t *testing.T, w *web.World, anna, sara *client.Client) {
	t.Helper()
	ctx := t.Context()
	one := must[web.Case](t, "a case")(anna.Create(ctx, web.NewCase{List: "support", Number: "+358405559903"}))
	w.Leave(one.ID)
	all := must[[]web.Message](t, "messages")(anna.Messages(ctx, one.ID))
	if len(all) != 1 || all[0].Seconds != 2 || all[0].Heard != nil {
		t.Fatalf("%+v", all)
	}
	sound := must[io.ReadCloser](t, "sound")(anna.MessageAudio(ctx, all[0].ID))
	defer sound.Close()
	if b := must[[]byte](t, "sound")(io.ReadAll(sound)); int64(len(b)) != all[0].Bytes {
		t.Errorf("%d bytes of %d", len(b), all[0].Bytes)
	}
	if shape := must[web.Waveform](t, "waveform")(anna.MessageWaveform(ctx, all[0].ID)); len(shape.Peaks) != 200 {
		t.Errorf("%+v", shape)
	}
	if heard := must[web.Message](t, "heard")(anna.SetHeard(ctx, all[0].ID, true)); heard.Heard == nil || heard.Heard.Agent != "anna" {
		t.Errorf("%+v", heard)
	}
	if err := sara.DeleteMessage(ctx, all[0].ID); err != nil {
		t.Error(err)
	}
}

func calls(t *testing.T, w *web.World, anna, sara, david *client.Client) {
	t.Helper()
	ctx := t.Context()
	noon := time.Date(2030, 7, 3, 9, 0, 0, 0, time.UTC)
	one := must[web.Case](t, "a case")(anna.Create(ctx, web.NewCase{List: "support", Number: "+358405559901"}))
	if o := must[web.CallOptions](t, "how to call")(anna.CallOptions(ctx, one.ID)); !o.Enabled || len(o.Devices) != 1 {
		t.Errorf("%+v", o)
	}
	begun := must[web.CallbackCall](t, "a call")(anna.CallBack(ctx, one.ID, web.CallOrder{Device: "101"}))
	if now := must[web.CallbackCall](t, "the call")(anna.Callback(ctx, one.ID)); now.ID != begun.ID || now.State != "connected" {
		t.Errorf("%+v, then %+v", begun, now)
	}
	if err := anna.HangUp(ctx, one.ID); err != nil {
		t.Error("hanging up:", err)
	}
	if o := must[web.Offers](t, "offers")(anna.Offers(ctx)); len(o.Offers) != 1 || len(o.Waiting) == 0 {
		t.Errorf("%+v", o)
	}
	if err := anna.DeclineOffer(ctx, one.ID); err != nil {
		t.Error("declining:", err)
	}
	if taken := must[web.CallbackCall](t, "an offer")(anna.AcceptOffer(ctx, one.ID, web.CallOrder{})); taken.Agent != "anna" {
		t.Errorf("%+v", taken)
	}
	must[[]web.ListedNumber](t, "own numbers")(anna.OwnNumbers(ctx))
	asked := must[web.MayCall](t, "may call")
	const number = "+358405556667"
	if m := asked(anna.MayCallNumber(ctx, number, "support", noon)); m.Verdict != "allowed" {
		t.Errorf("%+v", m)
	}
	blocked := client.Numbers{Kind: "blocked"}
	listed := must[web.ListedNumber](t, "a number")
	listed(sara.PutNumber(ctx, blocked, "+3584055566*", "test"))
	if m := asked(anna.MayCallNumber(ctx, number, "support", noon)); m.Verdict != "blocked" || m.Findings[0].Rule != "block_list" {
		t.Errorf("%+v", m)
	}
	own := client.Numbers{Kind: "personal", Agent: "anna"}
	i := must[web.Import](t, "numbers")(sara.ImportNumbers(ctx, own, strings.NewReader("number\n"+number+"\n"), client.ImportOptions{}))
	if i = must[web.Import](t, "numbers")(sara.WaitImport(ctx, i.ID, nil)); i.Report.Made != 1 {
		t.Errorf("%+v", i.Report)
	}
	if all := collect(t, sara.Numbers(ctx, own, "+35840555")); len(all) != 1 || all[0].Number != number {
		t.Errorf("%+v", all)
	}
	var table bytes.Buffer
	if err := sara.Export(ctx, client.Export{What: "numbers", Numbers: own}, &table); err != nil || !strings.Contains(table.String(), number) {
		t.Errorf("%v %s", err, &table)
	}
	if err := sara.DeleteNumber(ctx, blocked, "+3584055566*"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(david.SetPIN(ctx, "premium", "4711"), david.SetPIN(ctx, "premium", "")); err != nil {
		t.Error(err)
	}
	must[[]web.PINClass](t, "pins")(david.PINs(ctx))
	n, err := sip.ParseNumber(number)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Missed("support", n, time.Now())
	if m := asked(anna.MayCall(ctx, c.ID, noon)); m.Number != number || m.By("do_not_call") {
		t.Errorf("%+v", m)
	}
	planned := must[web.ScheduledCall](t, "a scheduled call")
	soon := time.Now().Add(24 * time.Hour)
	for next := asked(anna.MayCall(ctx, c.ID, soon)); next.Verdict == "blocked"; next = asked(anna.MayCall(ctx, c.ID, soon)) {
		soon = *next.Next
	}
	p := planned(anna.ScheduleCall(ctx, c.ID, web.ScheduleBody{At: soon, Mode: "remind"}))
	if all := must[[]web.ScheduledCall](t, "calls")(anna.CaseSchedule(ctx, c.ID)); len(all) != 1 || all[0].ID != p.ID {
		t.Errorf("%+v", all)
	}
	if all := must[[]web.ScheduledCall](t, "calls")(anna.Schedule(ctx, "", time.Time{}, time.Time{})); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	must[string](t, "a calendar")(anna.MakeCalendar(ctx))
	if err := errors.Join(anna.CancelCall(ctx, p.ID), anna.DropCalendar(ctx)); err != nil {
		t.Error(err)
	}
	w.Happened(n, "support")
	if items := collect(t, anna.CustomerJourney(ctx, number)); len(items) == 0 || !slices.ContainsFunc(items, func(i web.JourneyItem) bool { return i.Kind == "call" }) {
		t.Errorf("%+v", items)
	}
	if j := must[web.CallJourney](t, "a journey")(anna.CallJourney(ctx, "happened")); j.Number != number {
		t.Errorf("%+v", j)
	}
	listed(anna.DoNotCall(ctx, c.ID, "angry"))
	if m := asked(anna.MayCall(ctx, c.ID, noon)); !m.By("do_not_call") {
		t.Errorf("%+v", m)
	}
}
