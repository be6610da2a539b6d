package daemon_test

import (
	"strings"
	"testing"

	"ringback/daemon"
	"ringback/web"
)

// TestCheckSaysWhatIsSeenOfAPBX asks a daemon before anything came, and after a call went through the mirror.
func TestCheckSaysWhatIsSeenOfAPBX(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, "../configs/examples/asterisk-lab.yaml")
	x := run(t, c)
	remote, err := daemon.Connect(t.Context(), c.Admin.Socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remote.Close() })
	check := func() map[string]web.PBXCheck {
		t.Helper()
		all, err := remote.CheckPBX(t.Context(), "asterisk")
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]web.PBXCheck{}
		for _, x := range all {
			by[x.Name] = x
			if x.OK == (x.Mend != "") || !strings.HasSuffix(x.Says, ".") {
				t.Errorf("%+v", x)
			}
		}
		return by
	}
	if got := check()["mirror"]; got.OK || !strings.Contains(got.Mend, "HEP") {
		t.Errorf("nothing came: %+v", got)
	}
	mirror(t, x.dial(), "", captured(t, "asterisk/b1_cancel_while_ringing"))
	x.await("a verdict", func() bool { n, _ := x.counted(); return n > 0 })
	got := check()
	for _, name := range []string{"mirror", "direction_in", "direction_out", "clock", "lost"} {
		if !got[name].OK {
			t.Errorf("%s: %+v", name, got[name])
		}
	}
	feeds, err := remote.Feeds(t.Context())
	if err != nil || len(feeds) != 1 || feeds[0].Kind != "hep" || feeds[0].Events == 0 || feeds[0].LastEvent == nil {
		t.Errorf("%+v, %v", feeds, err)
	}
}
