package assist

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/cases"
	"ringback/sip"
)

// keep collects what Changes yields.
func keep(a *Assist, s float64, disk map[string]string) {
	a.Changes(at(s), func(agent string, record []byte) {
		if record == nil {
			delete(disk, agent)
			return
		}
		disk[agent] = string(record)
	})
}

func restored(t *testing.T, disk map[string]string) *Assist {
	t.Helper()
	a := newAssist(t, Options{})
	for agent, record := range disk {
		if err := a.Restore(agent, []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestRecentCallsOutliveTheProcess(t *testing.T) {
	a := newAssist(t, Options{})
	disk := map[string]string{}
	a.Handle(event(0, sip.AgentDialled, "out1", "anna", matti), nil)
	keep(a, 1, disk)
	for i, call := range []string{"out2", "in3"} {
		a.Handle(event(float64(10*i+10), sip.AgentAnswered, call, "anna", teppo+sip.Number(i)), nil)
	}
	a.Handle(event(25, sip.CallEnded, "out1", "", 0), nil)
	a.Handle(event(26, sip.AgentAnswered, "in4", "bertil", matti), nil)
	keep(a, 30, disk)
	before := maps.Clone(disk)
	keep(a, 31, disk)
	if diff := cmp.Diff(before, disk); diff != "" {
		t.Errorf("nothing changed, and yet (-before +after):\n%s", diff)
	}
	b := restored(t, disk)
	for _, agent := range []string{"anna", "bertil", "cecilia"} {
		if diff := cmp.Diff(a.Recent(agent, at(40)), b.Recent(agent, at(40))); diff != "" {
			t.Errorf("%s (-before +after):\n%s", agent, diff)
		}
	}
	// The next process keeps them too, without a call that changes them.
	again := map[string]string{}
	keep(b, 50, again)
	if diff := cmp.Diff(disk, again); diff != "" {
		t.Errorf("kept anew (-before +after):\n%s", diff)
	}
	// They leave the disk when they are too long ago.
	keep(b, 3600+40, again)
	if len(again) != 0 || len(b.Recent("anna", at(41))) != 0 {
		t.Errorf("an hour later there is still %q", again)
	}
}

func TestAnErasedNumberIsNobodysRecentCall(t *testing.T) {
	a := newAssist(t, Options{})
	a.Handle(event(0, sip.AgentDialled, "out1", "anna", matti), nil)
	a.Handle(event(1, sip.AgentDialled, "out2", "anna", teppo), nil)
	a.Handle(event(2, sip.AgentDialled, "out3", "bertil", matti), nil)
	disk := map[string]string{}
	keep(a, 3, disk)
	a.Erase(matti)
	keep(a, 4, disk)
	b := restored(t, disk)
	if got := b.Recent("anna", at(5)); len(got) != 1 || got[0].Number != teppo {
		t.Errorf("anna's are %+v", got)
	}
	if got := b.Recent("bertil", at(5)); len(got) != 0 {
		t.Errorf("bertil's are %+v", got)
	}
}

// resumed is an Assist in a new process, with the calls that are on the line and the cases there are.
func resumed(t *testing.T, disk map[string]string, s float64, live []string, known ...cases.Case) (a *Assist, told string) {
	t.Helper()
	a = restored(t, disk)
	told = story(a.Resume(
		func(id string) bool { return slices.Contains(live, id) },
		func(id string) (cases.Case, bool) {
			i := slices.IndexFunc(known, func(c cases.Case) bool { return c.ID == id })
			if i < 0 {
				return cases.Case{}, false
			}
			return known[i], true
		}, at(s)))
	return a, told
}

func TestHintsOutliveTheProcess(t *testing.T) {
	c1, c2 := open("support-1", "support", matti), open("claims-1", "claims", matti)
	begin := func() (*Assist, map[string]string) {
		a := newAssist(t, Options{})
		a.Handle(event(0, sip.AgentRinging, "in1", "anna", matti), []cases.Case{c1, c2})
		a.Handle(event(1, sip.AgentRinging, "in1", "bertil", matti), []cases.Case{c1})
		return a, map[string]string{}
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got\n%swant\n%s", what, got, want)
		}
	}

	a, disk := begin()
	a.Dismiss(Key{Agent: "anna", CallID: "in1", Group: "claims"}, at(2))
	keep(a, 3, disk)
	b, told := resumed(t, disk, 4, []string{"in1"}, c1, c2)
	check("told once more", told, "")
	check("before Anna", story(b.Live("anna")), "0 raised anna matti support-1\n")
	check("before Bertil", story(b.Live("bertil")), "1 raised bertil matti support-1\n")
	check("Anna answers", story(b.Handle(event(5, sip.AgentAnswered, "in1", "anna", matti), []cases.Case{c1, c2})), "5 confirmed anna matti support-1\n")
	check("Bertil's phone stops", story(b.Handle(event(5, sip.AgentLeft, "in1", "bertil", matti), nil)), "5 withdrawn bertil matti support-1\n")

	// Once more, in the middle of the call, of which Bertil is no part any more.
	again := map[string]string{}
	keep(b, 6, again)
	b, told = resumed(t, again, 7, []string{"in1"}, c1, c2)
	check("told a third time", told, "")
	check("before all", story(b.Live("")), "5 confirmed anna matti support-1\n")
	check("Anna answers, told again", story(b.Handle(event(8, sip.AgentAnswered, "in1", "anna", matti), []cases.Case{c1, c2})), "")
	check("the end", story(b.Handle(event(9, sip.CallEnded, "in1", "", 0), nil)), "9 withdrawn anna matti support-1\n")
	keep(b, 10, again)
	if _, told = resumed(t, again, 11, []string{"in1"}, c1, c2); told != "" {
		t.Errorf("told after the end: %s", told)
	}

	// The call ended while nobody watched.
	a, disk = begin()
	keep(a, 3, disk)
	b, told = resumed(t, disk, 4, nil, c1, c2)
	check("withdrawn", told, "4 withdrawn anna matti support-1\n4 withdrawn anna matti claims-1\n4 withdrawn bertil matti support-1\n")
	if s := b.Stats(); s.Calls != 0 || s.Parts != 0 || len(b.Live("")) != 0 {
		t.Errorf("there is still %+v", s)
	}

	// A case went away.
	b, told = resumed(t, disk, 4, []string{"in1"}, c1)
	check("not told", told, "")
	check("before Anna", story(b.Live("anna")), "0 raised anna matti support-1\n")
}

func TestADamagedRecordIsRefused(t *testing.T) {
	good := someKept.append(nil)
	for i := range good {
		if _, err := readKept(good[:i]); !errors.Is(err, ErrSnapshot) {
			t.Errorf("cut at %d of %d: %v", i, len(good), err)
		}
	}
	a := newAssist(t, Options{})
	if err := a.Restore("anna", []byte{9, 1, 2}); !errors.Is(err, ErrSnapshot) {
		t.Errorf("of a newer version: %v", err)
	}
}

func TestARecordOfAnOlderVersionIsRead(t *testing.T) {
	w := recordWriter{[]byte{recentVersion}}
	w.string("out1")
	w.uint(uint64(matti))
	w.uint(uint64(sip.Outbound))
	w.time(start)
	k, err := readKept(w.b)
	want := []RecentCall{{CallID: "out1", Number: matti, Direction: sip.Outbound, At: start}}
	if diff := cmp.Diff(want, k.recent); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

var someKept = kept{
	recent: []RecentCall{{CallID: "out1", Number: matti, Direction: sip.Outbound, At: start}, {Number: teppo, At: at(60)}},
	parts: []keptPart{{
		call: "in1", since: start, number: matti, direction: sip.Inbound, pbx: "asterisk", device: "sip:101@10.20.0.101", up: true,
		told: []keptHint{{event: Confirmed, at: at(1), cases: []string{"support-1", "billing-1"}}, {group: "claims", dismissed: true, at: at(2)}},
	}},
}

func FuzzRestore(f *testing.F) {
	f.Add(someKept.append(nil))
	f.Add([]byte{recentVersion, 0, 1, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := readKept(b)
		if err != nil {
			return
		}
		again, err := readKept(k.append(nil))
		if diff := cmp.Diff(k, again, cmp.AllowUnexported(kept{}, keptPart{}, keptHint{})); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
		_ = newAssist(t, Options{}).Restore("anna", b)
	})
}
