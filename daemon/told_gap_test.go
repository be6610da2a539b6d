package daemon

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/cti"
	"ringback/cti/asterisk"
	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// TestLosingARIAtAnyEventLosesNoCase plays every recording of the laboratory's Asterisk with the connection
// lost before each of its events, for a moment and for a while.
func TestLosingARIAtAnyEventLosesNoCase(t *testing.T) {
	loseInEach(t, "ari", func() recordedPBX { return newFakePBX() }, func(line []byte) bool {
		return bytes.Contains(line, []byte(`"channel": {`)) || bytes.Contains(line, []byte(`"Dial"`))
	})
}

// loseInEach plays what is wanted of every recording of a kind.
func loseInEach(t *testing.T, kind string, pbx func() recordedPBX, wanted func(line []byte) bool) {
	t.Helper()
	files, err := filepath.Glob("../sip/testdata/captures/asterisk/*/" + kind + ".jsonl.gz")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d recordings, %v", len(files), err)
	}
	dir, err := loadDirectory("../configs/examples/asterisk-lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			loseAtEach(t, dir, linesOf(t, file, wanted), pbx)
		})
	}
}

// recordedPBX is an Asterisk whose recorded events are played: it knows what it would answer when asked for its
// channels.
type recordedPBX interface {
	see(t *testing.T, line []byte) (arrival time.Time)
	tell(m *asterisk.Model, line []byte, arrival time.Time) error
	tellsCallIDs() bool
	channels() []asterisk.Channel
	rooms() []asterisk.Bridge
}

// loseAtEach plays events with the connection lost before each of them: with nothing lost the cases are those of
// the undisturbed run, else these or the call says that it is not sure.
func loseAtEach(t *testing.T, dir *directory.Directory, events [][]byte, pbx func() recordedPBX) {
	t.Helper()
	whole := playLosing(t, dir, pbx(), events, -1, 0)
	for at := range events {
		if short := playLosing(t, dir, pbx(), events, at, 0); !slices.Equal(casesOf(short), casesOf(whole)) {
			t.Errorf("disconnected before event %d, nothing lost:\n%s\nundisturbed:\n%s", at, strings.Join(short, ""), strings.Join(whole, ""))
		}
		for _, lost := range []int{1, 3, 10} {
			long := playLosing(t, dir, pbx(), events, at, lost)
			if !slices.Equal(casesOf(long), casesOf(whole)) && !strings.Contains(strings.Join(long, ""), "inferred") && strings.Contains(strings.Join(long, ""), `"call"`) {
				t.Errorf("%d events lost from %d on: surely wrong:\n%s\nundisturbed:\n%s", lost, at, strings.Join(long, ""), strings.Join(whole, ""))
			}
		}
	}
}

// linesOf are the events of a recording that are wanted.
func linesOf(t *testing.T, name string, wanted func(line []byte) bool) [][]byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return slices.DeleteFunc(all, func(line []byte) bool { return !wanted(line) })
}

// casesOf are the lines of cases, without their ids and times, which follow from when things were seen.
func casesOf(lines []string) []string {
	var out []string
	for _, l := range lines {
		var c struct{ Type, Event, List, Number, Reason string }
		if json.Unmarshal([]byte(l), &c) == nil && c.Type == "case" {
			out = append(out, c.Event+" "+c.List+" "+c.Number)
		}
	}
	return out
}

// playLosing plays events; before one of them the connection is lost together with so many that follow.
func playLosing(t *testing.T, dir *directory.Directory, pbx recordedPBX, events [][]byte, cut, lost int) []string {
	t.Helper()
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	current := func() *directory.Directory { return dir }
	kept, err := cases.New(st, current, cases.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := newPrinter(&out, true)
	f := &flow{cases: kept, assist: assist.New(assist.Options{Directory: current}), tell: p.told}
	w, err := newWatch(dir.Plan(), sip.Options{}, func(ev *sip.Event, arrival time.Time) { f.apply(&caused{ev: ev, arrival: arrival}) })
	if err != nil {
		t.Fatal(err)
	}
	site, err := cti.NewSite(dir.Plan(), "asterisk", nil)
	if err != nil {
		t.Fatal(err)
	}
	tell := &teller{w: w}
	m := asterisk.New(asterisk.Options{Site: site, Sink: tell, CallIDs: pbx.tellsCallIDs()})
	var at time.Time
	for i, line := range events {
		channels, rooms := pbx.channels(), pbx.rooms() // before the event, which is still to come
		at = pbx.see(t, line)
		tell.begin(at)
		if cut < 0 || i < cut || i >= cut+lost {
			if i == cut+lost && cut >= 0 {
				m.Resync(at, channels, rooms)
			}
			if err := pbx.tell(m, line, at); err != nil {
				t.Fatal(err)
			}
		}
		w.tick(at)
	}
	if cut >= 0 && cut+lost >= len(events) {
		m.Resync(at, pbx.channels(), pbx.rooms())
	}
	w.finish()
	return slices.Collect(strings.Lines(out.String()))
}

// fakePBX is what ARI tells of an Asterisk.
type fakePBX struct {
	order   []string
	known   map[string]asterisk.Channel
	bridges map[string][]string
}

func newFakePBX() *fakePBX {
	return &fakePBX{known: map[string]asterisk.Channel{}, bridges: map[string][]string{}}
}

func (f *fakePBX) see(t *testing.T, line []byte) time.Time {
	t.Helper()
	var e struct {
		Type                  string
		Recv                  float64
		Channel, Caller, Peer *shownChannel
		Bridge                struct{ ID string }
	}
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*shownChannel{e.Caller, e.Peer, e.Channel} {
		if c == nil {
			continue
		}
		if _, ok := f.known[c.ID]; !ok {
			f.order = append(f.order, c.ID)
		}
		f.known[c.ID] = c.channel(t)
	}
	id := ""
	if e.Channel != nil {
		id = e.Channel.ID
	}
	switch e.Type {
	case "ChannelDestroyed":
		delete(f.known, id)
		f.order = slices.DeleteFunc(f.order, func(o string) bool { return o == id })
	case "ChannelEnteredBridge":
		f.bridges[e.Bridge.ID] = append(f.bridges[e.Bridge.ID], id)
	case "ChannelLeftBridge":
		f.bridges[e.Bridge.ID] = slices.DeleteFunc(f.bridges[e.Bridge.ID], func(o string) bool { return o == id })
	}
	return time.Unix(0, int64(e.Recv*1e6)*1e3)
}

// shownChannel is a channel as GET /channels of ARI shows it.
type shownChannel struct {
	ID, Name, State   string
	CallID            string `json:"protocol_id"`
	Caller, Connected struct{ Number string }
	Dialplan          struct {
		Exten string
		App   string `json:"app_name"`
	}
	Created string `json:"creationtime"`
}

func (c *shownChannel) channel(t *testing.T) asterisk.Channel {
	t.Helper()
	created, err := time.Parse("2006-01-02T15:04:05.000-0700", c.Created)
	if err != nil {
		t.Fatal(err)
	}
	return asterisk.Channel{
		ID: c.ID, Name: c.Name, State: asterisk.ParseState(c.State), CallID: c.CallID, Caller: c.Caller.Number, Line: c.Connected.Number,
		Exten: c.Dialplan.Exten, App: c.Dialplan.App, Created: created,
	}
}

func (f *fakePBX) tell(m *asterisk.Model, line []byte, arrival time.Time) error {
	_, err := m.ARI(line, arrival)
	return err
}

func (f *fakePBX) tellsCallIDs() bool { return true }

func (f *fakePBX) channels() []asterisk.Channel {
	var all []asterisk.Channel
	for _, id := range f.order {
		all = append(all, f.known[id])
	}
	return all
}

func (f *fakePBX) rooms() []asterisk.Bridge { return roomsOf(f.bridges) }

// roomsOf are bridges with the ids of the channels in them, in order.
func roomsOf(bridges map[string][]string) []asterisk.Bridge {
	var all []asterisk.Bridge
	for id, channels := range bridges {
		all = append(all, asterisk.Bridge{ID: id, Channels: slices.Clone(channels)})
	}
	slices.SortFunc(all, func(a, b asterisk.Bridge) int { return strings.Compare(a.ID, b.ID) })
	return all
}
