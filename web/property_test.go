package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/people"
	"ringback/sip"
)

// dealer makes requests from the description: mostly such as it allows, some not.
type dealer struct {
	*contract

	w      *world
	routes []route
	pools  map[string][]string // what exists, by the name of a parameter or member
	fine   map[string]int      // requests answered 2xx, by operation
}

// skipped are what a client may not ask for at random here: what shuts those out who ask, or the address
// they come from, and what does not end.
var skipped = map[string]bool{"log-in": true, "accept-invitation": true, "change-password": true, "log-out": true, "stream-events": true}

func TestNoRequestBreaksTheServerOrLearnsWhatItMayNot(t *testing.T) {
	w := whole(t)
	d := &dealer{contract: readContract(t, w.f), w: w, fine: map[string]int{}}
	for _, r := range d.contract.routes() {
		if !skipped[r.OperationID] {
			d.routes = append(d.routes, r)
		}
	}
	d.furnish()
	callers := w.callers()
	rapid.Check(t, func(rt *rapid.T) {
		for range 20 {
			d.try(rt, &callers[rapid.IntRange(0, len(callers)-1).Draw(rt, "caller")], &d.routes[rapid.IntRange(0, len(d.routes)-1).Draw(rt, "route")])
		}
	})
	t.Log("answered 2xx:", d.fine)
}

// asker is who makes requests, and what he may see.
type asker struct {
	name   string
	header func() []string
	right  func(list string) directory.Right
}

// callers are people of all kinds, and tokens with all scopes on all lists and on one.
func (w *world) callers() []asker {
	var all []asker
	for _, id := range []string{"anna", "bertil", "sara", "eva", "david"} {
		all = append(all, asker{id, func() []string { return w.as(id) }, func(list string) directory.Right { return w.directory().Right(id, list) }})
	}
	for _, list := range []string{"support", "billing"} {
		header := w.with("only-"+list, []string{list}, people.Scopes()...)
		all = append(all, asker{"token on " + list, func() []string { return header }, func(l string) directory.Right {
			if l == list {
				return directory.Supervise
			}
			return directory.NoRight
		}})
	}
	return all
}

// furnish puts cases on every list, with marks of the list in everything that is shown of them.
func (d *dealer) furnish() {
	d.pools = map[string][]string{
		"list": {"support", "billing", "campaign", "nowhere"}, "lists": {"support", "billing", "campaign", "nowhere"},
		"number": {matti.String(), teppo.String(), "+358501111111", ""}, "numbers": {matti.String(), teppo.String(), "+358501111111"},
		"agent": {"anna", "bertil", "zoe", "", ""}, "to": {"anna", "bertil", "sara", ""}, "personal": {"anna", "bertil", "", ""}, "from": {"anna", "", ""},
		"assignee": {"me", "anna"}, "closed_by": {"me", "anna"}, "status": {"busy", "no_answer", "closed_successfully", "call_later", "none"},
		"resolution": {"solved", "", ""}, "by": {"person anna", "token", "list"}, "q": {"mark", "50", "note", "x y"}, "zone": {"Europe/Helsinki", "", "Mars"},
		"column": {"Phone:number", "Name:name"}, "scopes": {"cases:read", "*", "events:read"}, "Idempotency-Key": {"k1", "k2", "", ""},
		"If-Match": {`"1"`, `"2"`, "*", "", ""}, "If-None-Match": {`"1"`, "*", ""}, "members": {"anna", "bertil", "sara"}, "readers": {"eva", "*"},
		"due_after": {"1h", "90s", "soon"}, "collect": {"busy", "timeout", "hunger"}, "person": {"zoe", "none"}, "name": {"x", "none", "mark"}, "contact": {"none"}, "hook": {"none"},
		"import": {"none"}, "act": {"none"},
	}
	for n, list := range []string{"support", "billing", "campaign"} {
		for i := range 8 {
			done, err := d.w.centre.cases.Create(d.w.t.Context(), cases.Act{Agent: "mark-" + list, At: time.Now(), Note: "mark-" + list}, cases.Draft{
				List: list, Number: sip.Number(358_500_000_000 + n*100 + i), Name: "mark-" + list, Topic: "mark-" + list, Note: "mark-" + list, ExternalID: fmt.Sprint("mark-", list, i),
				Fields: map[string]string{"mark-" + list: "mark-" + list},
			})
			if err != nil {
				d.w.t.Fatal(err)
			}
			d.pools["case"] = append(d.pools["case"], done.Case.ID)
			d.pools["number"] = append(d.pools["number"], done.Case.Number.String())
		}
	}
	d.pools["case"] = append(d.pools["case"], "none")
	d.pools["cases"], d.pools["also"], d.pools["except"] = d.pools["case"], d.pools["case"], d.pools["case"]
}

// try makes one request and looks at the answer.
func (d *dealer) try(rt *rapid.T, who *asker, r *route) {
	path, header, body := d.request(rt, r)
	before := d.hidden(who)
	answer, b := d.w.f.do(r.method, path, body, append(who.header(), header...)...)
	if answer.StatusCode == http.StatusUnauthorized { // shut out by somebody else's request
		d.w.forget()
		answer, b = d.w.f.do(r.method, path, body, append(who.header(), header...)...)
	}
	said := fmt.Sprintf("%s: %s %s %s %.300s: %d %.600s", who.name, r.method, path, header, body, answer.StatusCode, b)
	if answer.StatusCode >= http.StatusInternalServerError {
		rt.Fatal(said)
	}
	if answer.StatusCode < http.StatusMultipleChoices {
		d.fine[r.OperationID]++
	}
	faults := d.faults(r.method, r.path, answer, b)
	if len(faults) > 0 {
		rt.Fatal(faults, said)
	}
	for _, list := range before {
		for _, sign := range []string{"mark-" + list, `"list":"` + list + `"`} {
			if strings.Contains(string(b), sign) && !strings.Contains(path+body, list) && slices.Contains(d.hidden(who), list) {
				rt.Fatalf("%s is told of %s: %s", who.name, list, said)
			}
		}
	}
}

// hidden are the lists that somebody must not know of.
func (d *dealer) hidden(who *asker) []string {
	return slices.DeleteFunc([]string{"support", "billing", "campaign"}, func(list string) bool { return who.right(list) >= directory.See })
}

// request makes a request of a route.
func (d *dealer) request(rt *rapid.T, r *route) (path string, header []string, body string) {
	path = r.path
	query := url.Values{}
	for _, p := range r.Parameters {
		if !p.Required && rapid.IntRange(0, 2).Draw(rt, p.Name+" there") > 0 {
			continue
		}
		v := d.value(rt, &p.Schema, d.named(r, &p), 0)
		text := fmt.Sprint(v)
		if items, ok := v.([]any); ok {
			texts := make([]string, len(items))
			for i := range items {
				texts[i] = fmt.Sprint(items[i])
			}
			text = strings.Join(texts, ",")
		}
		switch p.In {
		case "path":
			if text = strings.Trim(text, "./"); text == "" {
				text = "none"
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case "query":
			query.Set(p.Name, text)
		case "header":
			if text = strings.Map(printable, text); text != "" {
				header = append(header, p.Name, text)
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if r.RequestBody == nil {
		return path, header, ""
	}
	if media, ok := r.RequestBody.Content["application/json"]; ok {
		return path, header, string(encode(d.value(rt, &media.Schema, "", 0)))
	}
	return path, header, rapid.SampledFrom([]string{"Phone,Name\n+358501111111,x\n", "Phone\nx\n", "", "\x00\x01", "BEGIN:VCARD\nEND:VCARD\n", "PK\x03\x04"}).Draw(rt, "file")
}

// printable drops what no header may have.
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// named is the pool that a parameter's values come from.
func (d *dealer) named(r *route, p *parameter) string {
	if p.In != "path" {
		return p.Name
	}
	switch rest := strings.TrimPrefix(r.path, "/v1/"); {
	case strings.HasPrefix(rest, "cases/"):
		return "case"
	case strings.HasPrefix(rest, "people/"):
		return "person"
	case strings.HasPrefix(rest, "contacts/"):
		return "contact"
	case strings.HasPrefix(rest, "webhooks/"):
		return "hook"
	case strings.HasPrefix(rest, "imports/"):
		return "import"
	}
	return p.Name
}

// hostile are values that nobody should send.
var hostile = []any{
	"", strings.Repeat("x", 5000), "\x00", "💥", "' OR 1=1 --", "../../etc/passwd", "%s%n", -1, 1e300, 0, true, nil,
	[]any{},
	map[string]any{},
	"9999-12-31T23:59:59Z",
	"0001-01-01T00:00:00Z", "<script>", "\u202e",
	[]any{nil},
	99999999999999,
}

// value makes a value of a schema; now and then one that is none.
func (d *dealer) value(rt *rapid.T, s *schema, name string, depth int) any {
	if s.Ref != "" {
		named := d.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		s = &named
	}
	if rapid.IntRange(0, 39).Draw(rt, "hostile") == 0 {
		return hostile[rapid.IntRange(0, len(hostile)-1).Draw(rt, "which")]
	}
	if pool := d.pools[name]; len(pool) > 0 && s.is("string") && len(s.Enum) == 0 && s.Format == "" {
		return rapid.SampledFrom(pool).Draw(rt, name)
	}
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(rt, name)
	case s.is("object"):
		return d.object(rt, s, depth)
	case s.is("array"):
		items := []any{}
		for range rapid.IntRange(0, 3).Draw(rt, "items") {
			items = append(items, d.value(rt, s.Items, name, depth+1))
		}
		return items
	case s.is("boolean"):
		return rapid.Bool().Draw(rt, name)
	case s.is("integer"):
		low, high := -5, 1000
		if s.Minimum != nil {
			low = int(*s.Minimum)
		}
		if s.Maximum != nil {
			high = int(*s.Maximum)
		}
		return rapid.IntRange(low, high).Draw(rt, name)
	case s.Format == "date-time":
		return time.Now().Add(time.Duration(rapid.IntRange(-1000, 1000).Draw(rt, "hours")) * time.Hour).UTC().Format(time.RFC3339)
	case s.is("number"):
		return rapid.Float64Range(-1e6, 1e6).Draw(rt, name)
	}
	most := 12
	if s.MaxLength != nil {
		most = min(most, *s.MaxLength)
	}
	return rapid.StringN(0, most, most).Draw(rt, name)
}

func (d *dealer) object(rt *rapid.T, s *schema, depth int) any {
	made := map[string]any{}
	if of := s.values(); of != nil {
		for range rapid.IntRange(0, 2).Draw(rt, "entries") {
			made[rapid.StringN(0, 8, 8).Draw(rt, "key")] = d.value(rt, of, "", depth+1)
		}
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(s.Required, name) && rapid.IntRange(0, 2).Draw(rt, name+" there") > 0 || depth > 4 {
			continue
		}
		member := s.Properties[name]
		made[name] = d.value(rt, &member, name, depth+1)
	}
	return made
}

// forget lets people log in anew.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.cookies)
}

// faults are how an answer differs from what the description promises.
func (c *contract) faults(method, path string, answer *http.Response, body []byte) []string {
	p, ok := c.Paths[path][strings.ToLower(method)]
	if !ok {
		return []string{"not in the document"}
	}
	status := fmt.Sprint(answer.StatusCode)
	response, ok := p.Responses[status]
	if !ok {
		return []string{"the document does not know the status " + status}
	}
	contentType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	media, ok := response.Content[contentType]
	if !ok {
		if len(response.Content) > 0 || len(body) > 0 {
			return []string{"the document does not know the type " + contentType}
		}
		return nil
	}
	if media.Schema.Format == "binary" || media.Schema.Type == "string" {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	return c.check(media.Schema, value, "")
}
