package assist

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

// kept collects what Changes yields.
func kept(a *Assist, s float64, disk map[string]string) {
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
	kept(a, 1, disk)
	for i, call := range []string{"out2", "in3"} {
		a.Handle(event(float64(10*i+10), sip.AgentAnswered, call, "anna", teppo+sip.Number(i)), nil)
	}
	a.Handle(event(25, sip.CallEnded, "out1", "", 0), nil)
	a.Handle(event(26, sip.AgentAnswered, "in4", "bertil", matti), nil)
	kept(a, 30, disk)
	before := maps.Clone(disk)
	kept(a, 31, disk)
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
	kept(b, 50, again)
	if diff := cmp.Diff(disk, again); diff != "" {
		t.Errorf("kept anew (-before +after):\n%s", diff)
	}
	// They leave the disk when they are too long ago.
	kept(b, 3600+40, again)
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
	kept(a, 3, disk)
	a.Erase(matti)
	kept(a, 4, disk)
	b := restored(t, disk)
	if got := b.Recent("anna", at(5)); len(got) != 1 || got[0].Number != teppo {
		t.Errorf("anna's are %+v", got)
	}
	if got := b.Recent("bertil", at(5)); len(got) != 0 {
		t.Errorf("bertil's are %+v", got)
	}
}

func TestADamagedRecordOfRecentCallsIsRefused(t *testing.T) {
	good := appendRecent(nil, []RecentCall{{CallID: "out1", Number: matti, Direction: sip.Outbound, At: start}})
	for i := range good {
		if _, err := readRecent(good[:i]); err != nil && !errors.Is(err, ErrSnapshot) || err == nil && i != 1 {
			t.Errorf("cut at %d of %d: %v", i, len(good), err)
		}
	}
	a := newAssist(t, Options{})
	if err := a.Restore("anna", []byte{9, 1, 2}); !errors.Is(err, ErrSnapshot) {
		t.Errorf("of a newer version: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add(appendRecent(nil, []RecentCall{{CallID: "out1", Number: matti, Direction: sip.Outbound, At: start}, {Number: teppo, At: at(60)}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		calls, err := readRecent(b)
		if err != nil {
			return
		}
		again, err := readRecent(appendRecent(nil, calls))
		if diff := cmp.Diff(calls, again); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
	})
}
