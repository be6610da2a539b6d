package web

import (
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// exampleBodies are bodies of requests, by operation, for readers of the description. Tests hold them
// against their schemas.
var exampleBodies = map[string]string{ //nolint:gosec // what looks like secrets opens nothing
	"log-in":            `{"name":"anna","password":"correct horse battery staple"}`,
	"accept-invitation": `{"code":"4XJ7QK2M5N8P","password":"correct horse battery staple"}`,
	"change-password":   `{"old":"correct horse battery staple","new":"staple battery horse correct"}`,
	"set-preferences": `{"inactive":["campaign"],"show_all":false,"sort":"assigned_to_me","field":"topic","theme":"device",` +
		`"notify":{"muted":["campaign"],"hints":true,"reminders":true,"quiet_from":"22:00","quiet_to":"07:00","zone":"Europe/Helsinki"}}`,
	"push-subscribe":      `{"endpoint":"https://push.example.net/send/4711","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`,
	"create-case":         `{"list":"support","number":"+358401234567","name":"Matti Meikäläinen","topic":"invoice","note":"asks for a copy","due":"2026-07-01T12:00:00Z"}`,
	"edit-case":           `{"topic":"invoice 4711","note":"wants it by e-mail"}`,
	"next-case":           `{"lists":["support"],"order":"due"}`,
	"batch-cases":         `{"cases":["1NG0JV8-YSYHCC","1NG0JV9-0793ZK"],"act":"close","reason":"unsuccessful","note":"campaign is over"}`,
	"undo-act":            `{}`,
	"assign-case":         `{"to":"bertil"}`,
	"unassign-case":       `{}`,
	"accept-case":         `{}`,
	"comment-case":        `{"text":"at home after five"}`,
	"attempt-case":        `{}`,
	"handle-case":         `{"status":"no_answer","note":"rang out","also":["1NG0JV9-0793ZK"]}`,
	"call-later":          `{"until":"2026-07-01T15:30:00Z","note":"asked for it"}`,
	"await-case":          `{"question":"which invoice?"}`,
	"close-case":          `{"reason":"successful","resolution":"solved","note":"spoke to him"}`,
	"reopen-case":         `{}`,
	"keep-open-case":      `{"keep":true}`,
	"undo-case":           `{}`,
	"dismiss-hint":        `{"case":"1NG0JV8-YSYHCC"}`,
	"call-case":           `{"device":"101"}`,
	"accept-offer":        `{"device":"101"}`,
	"decline-offer":       `{"agent":"anna"}`,
	"set-active":          `{"active":false}`,
	"edit-list":           `{"members":["anna","bertil"],"due_after":"90m","resolution_required":true,"resolutions":[{"id":"solved","name":"Solved"}]}`,
	"create-contact":      `{"name":"Matti Meikäläinen","company":"Example Oy","numbers":["+358401234567"]}`,
	"replace-contact":     `{"name":"Matti Meikäläinen","numbers":["+358401234567","+358931009999"]}`,
	"schedule-call":       `{"at":"2026-07-01T15:30:00Z","zone":"Europe/Helsinki","mode":"remind","device":"101","note":"asked for it"}`,
	"put-number":          `{"number":"+358600*","note":"premium rate"}`,
	"do-not-call":         `{"note":"asked us in writing"}`,
	"set-heard":           `{"heard":true}`,
	"set-pin":             `{"pin":"471100"}`,
	"create-token":        `{"name":"crm","scopes":["cases:read","cases:write"],"lists":["support"]}`,
	"check-directory":     `{"country":"FI","agents":[{"id":"anna","name":"Anna Agent","extensions":["101"]}]}`,
	"replace-directory":   `{"country":"FI","agents":[{"id":"anna","name":"Anna Agent","extensions":["101"]}]}`,
	"put-directory-entry": `{"name":"Anna Agent","extensions":["101"],"roles":["agent","supervisor"]}`,
	"erase-person":        `{"number":"+358401234567","dry_run":true}`,
	"resend-dead-letters": `{"ids":["evt_2KJ4M"]}`,
}

// exampleValues are values of schemas.
var exampleValues = map[string]string{
	"Case": `{"id":"1NG0JV8-YSYHCC","list":"support","number":"+358401234567","caller":"+358401234567","state":"open","service":"hotline","verdict":"missed",` +
		`"reason":"abandoned_waiting","confidence":"seen","missed_count":2,"wait":41.5,"call_ids":["3b9aca08@pbx.example"],"opened":"2026-07-01T08:00:02Z",` +
		`"missed":"2026-07-01T08:00:00Z","due":"2026-07-01T09:00:02Z","expires":"2026-07-04T00:00:00Z","proof":[],"assignee":"anna",` +
		`"claim_until":"2026-07-01T08:20:00Z","attempts":0,"channel_in":"call","voicemail":"none","version":3}`,
	"Problem": `{"title":"Conflict","status":409,"detail":"Somebody else has the case.","code":"taken","by":"bertil"}`,
	"List": `{"id":"support","name":"Support","kind":"callback","right":"work","active":true,"vocabulary":"standard","members":["anna","bertil"],"services":["hotline"],"open_now":true,` +
		`"open":12,"overdue":3,"due_soon":4,"expiring":1,"unassigned":7,"mine":2}`,
	"Contact": `{"id":"c7Q2M9","name":"Matti Meikäläinen","numbers":["+358401234567"],"called":"Matti Meikäläinen","created":"2026-07-01T08:00:00Z",` +
		`"updated":"2026-07-01T08:00:00Z","version":1}`,
	"Import": `{"id":"9f86d081884c7d65","kind":"cases","list":"campaign","state":"running","by":"person sara","created":"2026-07-01T08:00:00Z",` +
		`"progress":{"checking":true,"done":1048576,"total":4194304,"rows":20500,"bad":0}}`,
	"Statistics": `{"list":"support","opened":120,"open":9,"agent_reached":88,"caller_served":14,"expired":2,"never_reached":7,"otherwise":0,"attempts":131,` +
		`"tried":104,"contacted":102,"first_attempt_p50":640,"first_attempt_p90":2900,"contact_p50":700,"contact_p90":4100}`,
}

// illustrate puts the examples into the description.
func illustrate(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil || op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			if text, ok := exampleBodies[op.OperationID]; ok {
				op.RequestBody.Content["application/json"].Example = exampleOf(text)
			}
		}
	}
	schemas := doc.Components.Schemas.Map()
	for name, text := range exampleValues {
		if schemas[name] != nil {
			schemas[name].Examples = []any{exampleOf(text)}
		}
	}
}

func exampleOf(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(fmt.Sprintf("web: an example is no JSON: %v", err)) // a mistake in the code, seen by every test
	}
	return v
}
