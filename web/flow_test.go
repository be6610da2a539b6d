package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/cases"
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

func manage(t *testing.T, w *web.World, david *client.Client) {
	t.Helper()
	ctx := t.Context()
	if people := must[[]web.Person](t, "people")(david.People(ctx)); len(people) != 7 {
		t.Errorf("%d people", len(people))
	}
	entries(t, david)
	pushes(t, david)
	invitation := must[web.Invitation](t, "invitation")(david.Invite(ctx, "zoe"))
	zoe, err := client.New(w.URL(), client.Options{HTTP: w.HTTP()})
	if err != nil {
		t.Fatal(err)
	}
	must[web.Me](t, "invitation")(zoe.AcceptInvitation(ctx, invitation.Code, w.Password()))
	if err := zoe.ChangePassword(ctx, w.Password(), "another "+w.Password()); err != nil {
		t.Error(err)
	}
	must[web.Me](t, "log in")(zoe.LogIn(ctx, "zoe", "another "+w.Password()))
	for range 2 {
		must[web.Me](t, "log in")(zoe.LogIn(ctx, "zoe", "another "+w.Password()))
	}
	sessions := must[[]web.OpenSession](t, "sessions")(zoe.Sessions(ctx))
	if len(sessions) != 3 || !sessions[0].Current {
		t.Fatalf("%+v", sessions)
	}
	if err := zoe.EndSession(ctx, sessions[2].ID); err != nil {
		t.Error(err)
	}
	if err := zoe.LogOut(ctx); err != nil {
		t.Error(err)
	}
	must[web.Me](t, "log in")(zoe.LogIn(ctx, "zoe", "another "+w.Password()))
	if err := zoe.LogOutEverywhere(ctx); err != nil {
		t.Error(err)
	}
	if _, err := zoe.Me(ctx); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("after logging out: %v", err)
	}
	for _, do := range []func(context.Context, string) error{david.Disable, david.Enable, david.Unlock, david.LogOutPerson} {
		if err := do(ctx, "zoe"); err != nil {
			t.Error(err)
		}
	}
	must[web.Person](t, "person")(david.Person(ctx, "zoe"))
	made := must[web.NewToken](t, "token")(david.CreateToken(ctx, web.TokenDraft{Name: "crm", Scopes: []string{"cases:read"}, Lists: []string{"billing"}}))
	crm, err := client.New(w.URL(), client.Options{HTTP: w.HTTP(), Token: made.Secret})
	if err != nil {
		t.Fatal(err)
	}
	if rows := collect(t, crm.Cases(ctx, client.Filter{})); len(rows) != 1 || rows[0].List != "billing" {
		t.Errorf("%+v", rows)
	}
	must[[]web.Token](t, "tokens")(david.Tokens(ctx))
	if err := david.RevokeToken(ctx, "crm"); err != nil {
		t.Error(err)
	}
	if _, err := crm.Me(ctx); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("a token that was revoked: %v", err)
	}
	must[[]web.Hook](t, "webhooks")(david.Webhooks(ctx))
	erased := must[web.Erasure](t, "erasure")(david.Erase(ctx, matti.String(), false))
	if len(erased.Cases) != 2 {
		t.Errorf("%+v", erased)
	}
	if entries := collect(t, david.Audit(ctx, client.Trail{By: "person david"})); len(entries) < 5 {
		t.Errorf("%+v", entries)
	}
}

func TestTwoAgentsRaceForACaseAndOneIsToldWhoWon(t *testing.T) {
	w := web.Whole(t)
	anna, sara := dial(t, w, "anna"), dial(t, w, "sara")
	for n := range 100 {
		id := w.Missed("support", matti+sip.Number(n), time.Now()).ID
		results := make([]error, 2)
		var group sync.WaitGroup
		for i, c := range []*client.Client{anna, sara} {
			group.Go(func() { _, results[i] = c.Assign(t.Context(), id, "") })
		}
		group.Wait()
		won := slices.Index(results, nil)
		shown := must[web.CaseWithHistory](t, "case")(anna.Case(t.Context(), id))
		// Sara supervises the list, so she may take it from anna; anna may not take it from her.
		if won < 0 || shown.Assignee != "sara" && shown.Assignee != "anna" {
			t.Fatalf("%v, assigned to %s", results, shown.Assignee)
		}
		if problem, lost := errors.AsType[*client.Error](results[0]); lost && (problem.By != "sara" || shown.Assignee != "sara") {
			t.Errorf("anna is told that %s has it, and %s has", problem.By, shown.Assignee)
		}
	}
}

func TestEachAgentWhoAsksAtOnceGetsAnotherCase(t *testing.T) {
	w := web.Whole(t)
	agents, each := []string{"anna", "sara", "cecilia", "david"}, 25
	for n := range len(agents) * each {
		w.Missed("support", matti+sip.Number(n), time.Now())
	}
	var mu sync.Mutex
	given := map[string]int{}
	var group sync.WaitGroup
	for _, agent := range agents {
		c, err := client.New(w.URL(), client.Options{HTTP: w.HTTP(), Token: w.Secret(), Agent: agent})
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for {
				next, err := c.Next(t.Context(), []string{"support"})
				if errors.Is(err, client.ErrNone) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				given[next.ID]++
				mu.Unlock()
				if _, err := c.Close(t.Context(), next.ID, "successful", "", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for id, n := range given {
		if n != 1 {
			t.Errorf("%s was given out %d times", id, n)
		}
	}
	if len(given) != len(agents)*each {
		t.Errorf("%d cases were given out", len(given))
	}
}

func TestAFollowerIsToldOfWhatHeMaySeeOnly(t *testing.T) {
	w := web.Whole(t)
	anna, bertil := dial(t, w, "anna"), dial(t, w, "bertil")
	ctx, leave := context.WithCancel(t.Context())
	type seen struct{ who, list string }
	got := make(chan seen, 100)
	var ready, group sync.WaitGroup
	for who, c := range map[string]*client.Client{"anna": anna, "bertil": bertil} {
		ready.Add(1)
		group.Go(func() {
			for ev, err := range c.Events(ctx, client.EventOptions{Kinds: []string{"case"}, Opened: ready.Done}) {
				if err != nil {
					t.Error(err)
					return
				}
				got <- seen{who, ev.Case.List}
			}
		})
	}
	ready.Wait()
	for range 5 {
		for _, list := range []string{"support", "billing", "campaign"} {
			w.Publish(cases.Change{Event: cases.Opened, Case: cases.Case{ID: "x", List: list, State: cases.Open}, At: time.Now()})
		}
	}
	counts := map[seen]int{}
	for range 20 {
		counts[<-got]++
	}
	leave()
	group.Wait()
	want := map[seen]int{{"anna", "support"}: 5, {"anna", "campaign"}: 5, {"bertil", "billing"}: 5, {"bertil", "campaign"}: 5}
	for k, n := range want {
		if counts[k] != n {
			t.Errorf("%v: %d", k, counts[k])
		}
	}
}

func entries(t *testing.T, david *client.Client) {
	t.Helper()
	ctx := t.Context()
	text, etag, err := david.Directory(ctx)
	if err != nil || etag == "" {
		t.Fatal(err)
	}
	if check := must[web.DirectoryCheck](t, "check directory")(david.CheckDirectory(ctx, text)); !check.Right || len(check.Changes) != 0 {
		t.Errorf("%+v", check)
	}
	if edit, next, err := david.SetDirectory(ctx, text, etag); err != nil || len(edit.Changes) != 0 || next != etag {
		t.Errorf("%+v, %s, %v", edit, next, err)
	}
	if edit := must[web.DirectoryEdit](t, "put entry")(david.SetEntry(ctx, "agents", "olga", []byte(`{"extensions":["177"]}`))); len(edit.Changes) != 1 {
		t.Errorf("%+v", edit)
	}
	_, etag, err = david.Entry(ctx, "agents", "olga")
	if err != nil {
		t.Fatal(err)
	}
	must[web.DirectoryEdit](t, "remove entry")(david.RemoveEntry(ctx, "agents", "olga", client.IfMatch(etag)))
}

func pushes(t *testing.T, david *client.Client) {
	t.Helper()
	ctx := t.Context()
	wanted := web.NewPushSubscription{Endpoint: "https://push.example.net/send/4711"}
	wanted.Keys.P256dh, wanted.Keys.Auth = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg"
	made := must[web.PushSubscription](t, "subscribe")(david.PushSubscribe(ctx, wanted))
	key, all, err := david.PushSubscriptions(ctx)
	if err != nil || key == "" || len(all) != 1 || all[0].ID != made.ID || all[0].Host != "push.example.net" {
		t.Errorf("%s, %+v, %v", key, all, err)
	}
	if err := david.PushTest(ctx, made.ID); err != nil {
		t.Error(err)
	}
	if err := david.PushUnsubscribe(ctx, made.ID); err != nil {
		t.Error(err)
	}
	if err := david.PushTest(ctx, made.ID); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
	wanted.Endpoint = "https://10.0.0.1/"
	if _, err := david.PushSubscribe(ctx, wanted); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
	p, err := david.Preferences(ctx)
	if err != nil || p.Notify == nil || !p.Notify.Hints || !p.Notify.Reminders {
		t.Fatalf("%+v, %v", p.Notify, err)
	}
	p.Notify.Hints, p.Notify.QuietFrom, p.Notify.QuietTo, p.Notify.Zone = false, "22:00", "07:00", "Europe/Helsinki"
	if p = must[web.Preferences](t, "preferences")(david.SetPreferences(ctx, p)); p.Notify.Hints || p.Notify.QuietFrom != "22:00" {
		t.Errorf("%+v", p.Notify)
	}
	p.Notify = nil
	if p = must[web.Preferences](t, "preferences")(david.SetPreferences(ctx, p)); p.Notify.Hints || p.Notify.QuietFrom != "22:00" {
		t.Errorf("what is not said is changed: %+v", p.Notify)
	}
	p.Notify.Zone = "Mars"
	if _, err := david.SetPreferences(ctx, p); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
}
