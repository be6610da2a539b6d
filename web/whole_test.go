package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cases/intake"
	"ringback/cases/journey"
	"ringback/cases/maycall"
	"ringback/cases/schedule"
	"ringback/cases/search"
	"ringback/cases/voicemail"
	"ringback/daemon/outbox"
	"ringback/directory"
	"ringback/directory/audit"
	"ringback/directory/calling"
	"ringback/directory/contacts"
	"ringback/directory/people"
	"ringback/sip"
	"ringback/store"
	"ringback/web/push"
	"ringback/web/webhook"
)

// wholeYAML has somebody of every role, in every relation to a list.
const wholeYAML = `
country: FI
time_zone: Europe/Helsinki
calling: {in_quiet_hours: "off"}
pbxs:
  - {id: asterisk, addresses: 10.20.0.10}
services:
  - {id: hotline, name: Hotline, list: support, numbers: "+35893100100"}
  - {id: invoices, name: Invoices, list: billing, numbers: "+35893100200"}
agents:
  - {id: anna, name: Anna Agent, extensions: "101"}
  - {id: bertil, name: Bertil Billing, extensions: "102"}
  - {id: sara, name: Sara Supervisor, extensions: "103", roles: [agent, supervisor]}
  - {id: cecilia, name: Cecilia Chief, roles: supervisor}
  - {id: eva, name: Eva Approver, roles: approver}
  - {id: david, name: David Admin, roles: admin}
  - {id: zoe, name: Zoe Nowhere, extensions: "109"}
lists:
  - {id: support, name: Support, members: [anna, sara], supervisors: [sara, cecilia], readers: [eva], resolutions: [{id: solved, name: Solved}]}
  - {id: billing, name: Billing, members: [bertil]}
  - {id: campaign, name: Campaign, kind: call, members: [anna, bertil], supervisors: sara, vocabulary: enreach}
`

// password is everybody's in tests.
const password = "correct horse battery staple"

// world is a server with everything it can serve, and people who have logged in.
type world struct {
	t        *testing.T
	f        *front
	centre   *centre
	people   *people.People
	contacts *contacts.Contacts
	calling  *calling.Lists
	schedule *schedule.Schedule
	journeys *journey.Journeys
	said     *voicemail.Voicemail
	trail    *audit.Trail
	dir      atomic.Pointer[directory.Directory]
	receipts *keptReceipts

	mu      sync.Mutex
	cookies map[string]string
}

func (w *world) directory() *directory.Directory { return w.dir.Load() }

// whole serves everything.
func whole(t *testing.T) *world {
	t.Helper()
	return wholeWith(t, func(*Options) {})
}

func wholeWith(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, cookies: map[string]string{}, receipts: &keptReceipts{kept: map[string]Receipt{}}}
	file, err := directory.Parse("whole.yaml", []byte(wholeYAML))
	if err != nil {
		t.Fatal(err)
	}
	d, err := directory.New(file)
	if err != nil {
		t.Fatal(err)
	}
	w.dir.Store(d)
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error("closing the store:", err)
		}
	})
	w.trail = audit.New(st)
	w.people = people.New(st, people.Options{Directory: w.directory})
	w.contacts = contacts.New(st)
	w.calling = calling.New(st)
	w.schedule = schedule.New(st)
	w.journeys = journey.New(st)
	w.said = w.voicemail(st)
	out := outbox.New(st, outbox.Options{})
	hooks := webhook.New(webhook.Options{Outbox: out})
	t.Cleanup(func() {
		if err := hooks.Close(); err != nil {
			t.Error("closing the webhooks:", err)
		}
	})
	memory := intake.NewMemory(st)
	c, err := cases.New(st, w.directory, cases.Options{DoNotCall: calling.OnDoNotCall})
	if err != nil {
		t.Fatal(err)
	}
	w.centre = &centre{t: t, directory: d, cases: c}
	if err := w.said.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.said.Close() })
	o := Options{
		Version: "test", Cases: c, Lists: w.directory, People: w.people, Trail: w.trail, Contacts: w.contacts, Receipts: w.receipts,
		Calling: w.calling, MayCall: &maycall.Checker{Directory: w.directory, Lists: w.calling, Cases: c},
		Schedule: w.schedule, Journeys: w.journeys, Dialler: answering{}, Voicemail: w.said, CalendarNumbers: false,
		Edit: w.edit, Recent: func(string, time.Time) []sip.Number { return []sip.Number{matti} },
		LiveCalls: func() []*sip.Call { return w.calls() }, LiveHints: w.hints,
		DismissHint: w.dismiss,
		Blind:       func(context.Context) ([]Blind, error) { return []Blind{{From: time.Now(), Reason: "x"}}, nil },
		Erase:       w.erase, Hooks: hooks, Push: w.push(), Intake: &intake.Cases{Cases: c, Directory: w.directory, Memory: memory}, Search: w.index(st, c),
		Limits: Limits{Caller: Rate{1e6, 1e6}, Stranger: Rate{1e6, 1e6}, LogIn: Rate{1e6, 1e6}},
	}
	change(&o)
	w.f = api(t, o)
	return w
}

// index makes the cases searchable, a moment after they change.
func (w *world) index(st *store.Store, c *cases.Cases) func(context.Context, search.Query) (search.Page, error) {
	end := func() (at uint64, err error) {
		err = st.View(func(r *store.Snapshot) error {
			at = uint64(store.EndOfLog(r, cases.Log))
			return nil
		})
		return at, err
	}
	x, err := search.Open(search.Options{
		Cases: c, Directory: w.directory, Settle: time.Millisecond, End: end,
		Changes: func(from uint64) (ch search.Changes, err error) {
			ch.Next = from
			err = st.View(func(r *store.Snapshot) error {
				for p, entry := range store.ReadLog(r, cases.Log, store.Position(from)) {
					l, err := cases.DecodeLogged(entry)
					if err != nil {
						return err
					}
					ch.Cases, ch.Erased, ch.Next = append(ch.Cases, l.Case), ch.Erased || l.Event == cases.Erased, uint64(p+1)
				}
				return nil
			})
			return ch, err
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- x.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		<-ran
		if err := x.Close(); err != nil {
			w.t.Error("closing the index:", err)
		}
	})
	return func(ctx context.Context, q search.Query) (search.Page, error) {
		x.Changed()
		return x.Search(ctx, q)
	}
}

// calls are one on each list and one of nobody's.
func (w *world) calls() []*sip.Call {
	at := time.Now().Add(-time.Minute)
	return []*sip.Call{
		{ID: "call-support", Direction: sip.Inbound, List: "support", Service: "hotline", Caller: matti, CallerID: matti.String(), Started: at},
		{ID: "call-billing", Direction: sip.Inbound, List: "billing", Service: "invoices", Caller: teppo, CallerID: teppo.String(), Agent: "bertil", Started: at},
		{ID: "call-out", Direction: sip.Outbound, Callee: teppo, CalleeID: teppo.String(), DialledBy: "anna", Started: at},
	}
}

// hints are one for anna about support, and one for bertil about billing.
// dismiss says whether an agent has the hint; nothing remembers that he dismissed it.
func (w *world) dismiss(agent, call, about string, _ time.Time) bool {
	return slices.ContainsFunc(w.hints(agent), func(h assist.Hint) bool { return h.CallID == call && (about == "" || h.Cases[0].ID == about) })
}

func (w *world) hints(agent string) []assist.Hint {
	var all []assist.Hint
	for who, list := range map[string]string{"anna": "support", "bertil": "billing"} {
		if agent == "" || agent == who {
			all = append(all, assist.Hint{
				Key: assist.Key{Agent: who, CallID: "call-" + list}, Event: assist.Raised, At: time.Now(), Number: matti,
				Cases: []cases.Case{{ID: "hinted-" + list, List: list}},
			})
		}
	}
	return all
}

// edit is what the daemon does, without keeping versions.
func (w *world) edit(_ context.Context, _ people.Act, change func(*directory.File) error) error {
	f, err := directory.Parse("copy", directory.Format(w.directory().File()))
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	d, err := directory.New(f)
	if err != nil {
		return err
	}
	w.dir.Store(d)
	return nil
}

func (w *world) erase(ctx context.Context, by people.Act, n sip.Number, o EraseOptions) (Erased, error) {
	erased := Erased{Numbers: []sip.Number{n}}
	if o.DryRun {
		return erased, nil
	}
	changes, err := w.centre.cases.Erase(ctx, cases.Act{Agent: by.By.ID, At: by.At}, n)
	for i := range changes {
		erased.Cases = append(erased.Cases, changes[i].Case.ID)
	}
	return erased, err
}

// keptReceipts keep receipts over restarts of the server, as the daemon does.
type keptReceipts struct {
	mu   sync.Mutex
	kept map[string]Receipt
}

func (k *keptReceipts) Receipt(key string) (Receipt, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.kept[key]
	return r, ok, nil
}

func (k *keptReceipts) Keep(_ context.Context, key string, r Receipt) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[key] = r
	return nil
}

// as are the headers of a request that a person makes, who logs in at first.
func (w *world) as(id string) []string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cookies[id] == "" {
		by := people.Act{By: audit.Who{Kind: audit.System}, At: time.Now()}
		invitation, err := w.people.Invite(w.t.Context(), by, id)
		if err != nil {
			w.t.Fatal(err)
		}
		answer, body := w.f.do(http.MethodPost, "/v1/session/invitation", string(encode(map[string]string{"code": invitation.Secret, "password": password})),
			"Authorization", "", "Content-Type", "application/json")
		if answer.StatusCode != http.StatusOK || len(answer.Cookies()) != 1 {
			w.t.Fatalf("logging %s in: %s %s", id, answer.Status, body)
		}
		w.cookies[id] = answer.Cookies()[0].Value
	}
	return []string{"Authorization", "", "Cookie", cookieName + "=" + w.cookies[id], "Content-Type", "application/json"}
}

// with are the headers of a request with a token of these scopes on these lists.
func (w *world) with(name string, lists []string, scopes ...people.Scope) []string {
	w.t.Helper()
	secret, _, err := w.people.CreateToken(w.t.Context(), people.Act{By: audit.Who{Kind: audit.System}, At: time.Now()},
		people.NewToken{Name: name, Scopes: scopes, Lists: lists})
	if err != nil {
		w.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + secret, "Content-Type", "application/json"}
}

// ask sends a request and reads its answer into v, which may be nil, whatever the status.
func (w *world) ask(who []string, method, path, body string, v any) int {
	w.t.Helper()
	answer, b := w.f.do(method, path, body, who...)
	if v != nil && len(b) > 0 {
		if err := json.Unmarshal(b, v); err != nil {
			w.t.Fatalf("%s %s: %s: %v in %s", method, path, answer.Status, err, b)
		}
	}
	return answer.StatusCode
}

// get reads what has to be there.
func (w *world) get(who []string, path string, v any) {
	w.t.Helper()
	if status := w.ask(who, http.MethodGet, path, "", v); status != http.StatusOK {
		w.t.Fatalf("%s: %d", path, status)
	}
}

// push keeps subscriptions in memory; a message to "gone" finds nobody.
func (w *world) push() *Push {
	kept := map[string]push.Subscription{}
	var mu sync.Mutex
	return &Push{
		Key: "the key",
		Of: func(person string) (all []push.Subscription, _ error) {
			mu.Lock()
			defer mu.Unlock()
			for _, s := range kept {
				if s.Person == person {
					all = append(all, s)
				}
			}
			return all, nil
		},
		Subscribe: func(_ context.Context, s push.Subscription) (push.Subscription, error) {
			mu.Lock()
			defer mu.Unlock()
			s, err := push.Subscribe(s, nil)
			if err == nil {
				kept[s.ID] = s
			}
			return s, err
		},
		Unsubscribe: func(_ context.Context, person, id string) error {
			mu.Lock()
			defer mu.Unlock()
			if kept[id].Person == person {
				delete(kept, id)
			}
			return nil
		},
		Try: func(_ context.Context, person, id string) error {
			mu.Lock()
			defer mu.Unlock()
			if s, ok := kept[id]; !ok || s.Person != person {
				return ErrNoSubscription
			}
			return nil
		},
	}
}
