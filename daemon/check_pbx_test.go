package daemon_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/configs"
	"ringback/daemon"
	"ringback/sip/hep"
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

// TestCheckNamesTheOneThingThatIsWrong has a running daemon hear a PBX with something wrong, and asks it what.
func TestCheckNamesTheOneThingThatIsWrong(t *testing.T) {
	call := func(t *testing.T, x *centre, change func(p *hep.Packet) bool) {
		t.Helper()
		to := x.dial()
		for _, p := range captured(t, "asterisk/b1_cancel_while_ringing") {
			if p.Time = time.Now(); change == nil || change(&p) {
				if _, err := to.Write(hep.Append(nil, p)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	pbx := []netip.Addr{netip.MustParseAddr("10.20.0.10"), netip.MustParseAddr("198.51.100.10")}
	refusing := func(t *testing.T) string {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for _, c := range []struct {
		title string
		ari   func(t *testing.T) string // its address; nil: none
		see   func(t *testing.T, x *centre)
		wrong string // the check's name, empty: nothing is wrong
		says  string
		mend  string
	}{
		{title: "all is well", see: func(t *testing.T, x *centre) { t.Helper(); call(t, x, nil) }},
		{title: "no mirror", see: func(*testing.T, *centre) {}, wrong: "mirror", says: "Nothing has come by any mirror.", mend: "hep.udp"},
		{
			title: "what the PBX sends alone", wrong: "direction_in", says: "No call to the PBX was seen.", mend: "what the PBX receives",
			see: func(t *testing.T, x *centre) {
				t.Helper()
				call(t, x, func(p *hep.Packet) bool { return slices.Contains(pbx, p.Src.Addr()) })
			},
		},
		{
			title: "what the PBX receives alone", wrong: "direction_out", says: "No call from the PBX was seen.", mend: "what the PBX sends",
			see: func(t *testing.T, x *centre) {
				t.Helper()
				call(t, x, func(p *hep.Packet) bool { return slices.Contains(pbx, p.Dst.Addr()) })
			},
		},
		{
			title: "a clock that is fast", wrong: "clock", says: "s ahead of ours.", mend: "NTP",
			see: func(t *testing.T, x *centre) {
				t.Helper()
				call(t, x, func(p *hep.Packet) bool { p.Time = p.Time.Add(30 * time.Second); return true })
			},
		},
		{
			title: "a clock that is slow", wrong: "clock", says: "s behind ours.", mend: "NTP",
			see: func(t *testing.T, x *centre) {
				t.Helper()
				call(t, x, func(p *hep.Packet) bool { p.Time = p.Time.Add(-30 * time.Second); return true })
			},
		},
		{title: "an ARI that is linked", ari: func(t *testing.T) string { t.Helper(); return playing(t, "asterisk/b1_cancel_while_ringing") }, see: func(*testing.T, *centre) {}},
		{title: "an ARI that refuses us", ari: refusing, wrong: "ari", says: "asterisk/ari is refused.", mend: "ari.conf", see: func(*testing.T, *centre) {}},
		{
			title: "an ARI that is not there", wrong: "ari", says: "asterisk/ari is connecting.", mend: "127.0.0.1:1", see: func(*testing.T, *centre) {},
			ari: func(*testing.T) string { return "http://127.0.0.1:1" },
		},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			conf := settings(t)
			know(t, conf, "../configs/examples/asterisk-lab.yaml")
			if c.ari != nil {
				file := filepath.Join(conf.DataDir, "ari.password")
				put(t, file, "hush\n")
				conf.Asterisks = []configs.Asterisk{{PBX: "asterisk", ARIURL: c.ari(t) + "/ari", ARIUser: "ringback", ARIPasswordFile: file}}
			}
			x := run(t, conf)
			remote, err := daemon.Connect(t.Context(), conf.Admin.Socket)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = remote.Close() })
			c.see(t, x)
			var wrong []web.PBXCheck
			var all []web.PBXCheck
			ok := func() bool {
				if all, err = remote.CheckPBX(t.Context(), "asterisk"); err != nil {
					t.Fatal(err)
				}
				wrong = slices.DeleteFunc(slices.Clone(all), func(c web.PBXCheck) bool { return c.OK })
				if c.wrong == "" {
					return len(wrong) == 0
				}
				return len(wrong) == 1 && wrong[0].Name == c.wrong && strings.Contains(wrong[0].Says, c.says) && strings.Contains(wrong[0].Mend, c.mend)
			}
			for end := time.After(20 * time.Second); !ok(); {
				select {
				case <-end:
					t.Fatalf("want %q %q %q:\n%+v", c.wrong, c.says, c.mend, all)
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
}
