package daemon

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cti"
	"ringback/cti/dialogs"
	"ringback/cti/hook"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/dialogevent"
	"ringback/store"
)

// lives is a watch that is told of calls and may be restarted in between, as the daemon is.
type lives struct {
	t     *testing.T
	dir   *directory.Directory
	out   bytes.Buffer
	calls []string // those that ended
	flow  *flow
	watch *watch
	tell  *teller
	site  *cti.Site
}

func newLives(t *testing.T, name, pbx string) *lives {
	t.Helper()
	x := &lives{t: t}
	var err error
	if x.dir, err = loadDirectory(name); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	current := func() *directory.Directory { return x.dir }
	kept, err := cases.New(st, current, cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := newPrinter(&x.out, true)
	x.flow = &flow{cases: kept, assist: assist.New(assist.Options{Directory: current}), tell: func(e told) {
		p.told(e)
		if c := e.ev.Call; e.ev.Kind == sip.CallEnded {
			x.calls = append(x.calls, strings.Join([]string{"call", c.Direction.String(), c.CallerID, c.Verdict.String(), c.Result.String()}, " "))
		}
	}}
	if x.site, err = cti.NewSite(x.dir.Plan(), pbx, nil); err != nil {
		t.Fatal(err)
	}
	x.begin()
	return x
}

// begin makes a watch that knows nothing.
func (x *lives) begin() {
	x.t.Helper()
	w, err := newWatch(x.dir.Plan(), sip.Options{}, func(ev *sip.Event, arrival time.Time) { x.flow.apply(&caused{ev: ev, arrival: arrival}) })
	if err != nil {
		x.t.Fatal(err)
	}
	w.tracker.Changes(func([]byte, []byte) {})
	x.watch, x.tell = w, &teller{w: w}
}

// restart stops the watch and begins another with what was written behind, and returns the calls that it resumes.
func (x *lives) restart() []sip.ToldCall {
	x.t.Helper()
	x.watch.hearAll()
	before := x.watch.tracker
	x.begin()
	// Asking a second time yields what changed since begin, which is all of it.
	before.Changes(func(id, record []byte) {
		if record != nil {
			if err := x.watch.tracker.Restore(string(id), bytes.Clone(record)); err != nil {
				x.t.Fatal(err)
			}
		}
	})
	return x.watch.toldCalls(x.site.PBX)
}

// story are the calls and cases that came of it.
func (x *lives) story() []string {
	return append(slices.Clone(x.calls), casesOf(slices.Collect(strings.Lines(x.out.String())))...)
}

// TestARestartWhileDialogEventsAreHeardChangesNoVerdict plays every recording of dialog events with a restart before
// each of them. The PBX tells a new subscriber how things are.
func TestARestartWhileDialogEventsAreHeardChangesNoVerdict(t *testing.T) {
	files, err := filepath.Glob("../sip/testdata/captures/*/*/notify.jsonl.gz")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d recordings, %v", len(files), err)
	}
	for _, file := range files {
		pbx := filepath.Base(filepath.Dir(filepath.Dir(file)))
		t.Run(pbx+"/"+filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			n, want := playDialogs(t, file, pbx, -1)
			for cut := range n {
				if _, got := playDialogs(t, file, pbx, cut); !slices.Equal(got, want) {
					t.Errorf("restarted before event %d:\n%s\nundisturbed:\n%s", cut, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

func playDialogs(t *testing.T, file, pbx string, cut int) (events int, story []string) {
	t.Helper()
	_, all, err := openRecordings([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	defer all.close()
	x := newLives(t, "../configs/examples/"+pbx+"-lab.yaml", pbx)
	tables := map[string]*dialogevent.Table{}
	latest := map[string]*dialogevent.Document{}
	m := dialogs.New(dialogs.Options{Site: x.site, Sink: x.tell})
	apply := func(at time.Time, uri string, d *dialogevent.Document) {
		x.tell.begin(at)
		if tables[uri] == nil {
			tables[uri] = &dialogevent.Table{}
		}
		changes, _ := tables[uri].Apply(d)
		m.Apply(at, uri, changes)
	}
	for r := all[0]; r.next != nil; events++ {
		if events == cut {
			was := x.restart()
			clear(tables)
			m = dialogs.New(dialogs.Options{Site: x.site, Sink: x.tell})
			m.Resume(r.at, was)
			for uri, d := range latest {
				apply(r.at, uri, d)
			}
		}
		var n recordedNotify
		if err := json.Unmarshal(r.next, &n); err != nil {
			t.Fatal(err)
		}
		if _, body, _ := strings.Cut(n.SIP, "\r\n\r\n"); strings.HasPrefix(n.SIP, "NOTIFY ") && n.URI != "?" && body != "" {
			d, err := dialogevent.Parse([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if n.URI == "" {
				n.URI = d.Entity
			}
			latest[n.URI] = d
			apply(r.at, n.URI, d)
		}
		x.watch.tick(r.at)
		if err := r.advance(); err != nil {
			t.Fatal(err)
		}
	}
	x.watch.finish()
	return events, x.story()
}

// TestARestartWhileHooksTellChangesNoVerdict plays calls told over HTTP with a restart before each event.
func TestARestartWhileHooksTellChangesNoVerdict(t *testing.T) {
	const number = "+358401234567"
	began := hook.Event{Kind: hook.Started, Call: "1", Directed: true, From: number, To: "+35893100100", Agents: []string{"101", "102"}, Cause: -1}
	with := func(e hook.Event, change func(e *hook.Event)) hook.Event { change(&e); return e }
	ringing := hook.Event{Kind: hook.Ringing, Call: "1", Agents: []string{"101"}, Cause: -1}
	answered := hook.Event{Kind: hook.Answered, Call: "1", Agents: []string{"102"}, Cause: -1}
	ended := hook.Event{Kind: hook.Ended, Call: "1", Cause: -1}
	for name, c := range map[string]struct {
		events []hook.Event
		want   string
	}{
		"answered":              {[]hook.Event{began, answered, ended}, "call inbound " + number + " served "},
		"given up":              {[]hook.Event{began, ringing, ended}, "call inbound " + number + " missed "},
		"in voicemail":          {[]hook.Event{began, with(answered, func(e *hook.Event) { e.Agents = []string{"voicemail"} }), ended}, "call inbound " + number + " missed "},
		"busy":                  {[]hook.Event{began, with(ended, func(e *hook.Event) { e.ByCallee, e.Status = true, 486 })}, "call inbound " + number + " missed "},
		"held":                  {[]hook.Event{began, answered, {Kind: hook.Held, Call: "1"}, {Kind: hook.Retrieved, Call: "1"}, ended}, "call inbound " + number + " served "},
		"with its SIP Call-ID":  {[]hook.Event{with(began, func(e *hook.Event) { e.CallID = "abc@pbx" }), answered, ended}, "call inbound " + number + " served "},
		"of one who withholds":  {[]hook.Event{with(began, func(e *hook.Event) { e.From, e.Withheld = "", true }), ended}, "call inbound anonymous missed "},
		"an agent's, answered":  {[]hook.Event{with(began, func(e *hook.Event) { e.Outgoing, e.From, e.To, e.Agents = true, "101", number, nil }), answered, ended}, "call outbound 101 none answered"},
		"an agent's, not taken": {[]hook.Event{with(began, func(e *hook.Event) { e.Outgoing, e.From, e.To, e.Agents = true, "101", number, nil }), ended}, "call outbound 101 none no_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			var undisturbed []string
			for cut := -1; cut < len(c.events); cut++ {
				x := newLives(t, "../configs/examples/asterisk-lab.yaml", "asterisk")
				m := hook.New(x.site, x.tell)
				now := time.Unix(1_800_000_000, 0)
				for i, e := range c.events {
					if i == cut {
						was := x.restart()
						m = hook.New(x.site, x.tell)
						m.Resume(now, was)
					}
					now = now.Add(10 * time.Second)
					x.tell.begin(now)
					e.At = now
					m.Apply(&e, now)
					x.watch.tick(now.Add(time.Second))
				}
				x.watch.finish()
				got := x.story()
				if cut < 0 {
					undisturbed = got
				}
				if !slices.Equal(got, undisturbed) || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
					t.Errorf("restarted before event %d:\n%s\nundisturbed:\n%s\nwant %q", cut, strings.Join(got, "\n"), strings.Join(undisturbed, "\n"), c.want)
				}
			}
		})
	}
}
