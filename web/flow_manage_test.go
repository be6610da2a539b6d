package web_test

import (
	"context"
	"errors"
	"testing"

	"ringback/web"
	"ringback/web/client"
)

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
