package daemon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/daemon"
	"ringback/sip/hep"
	"ringback/web"
)

// TestCheckSaysThatDatagramsWereLost floods a small buffer until the kernel has none to spare.
func TestCheckSaysThatDatagramsWereLost(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, "../configs/examples/asterisk-lab.yaml")
	c.HEP.ReceiveBuffer = 4096
	x := run(t, c)
	remote, err := daemon.Connect(t.Context(), c.Admin.Socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remote.Close() })
	packets := captured(t, "asterisk/b1_cancel_while_ringing")
	to := x.dial()
	x.await("a loss", func() bool {
		for i := range 2000 {
			p := packets[i%len(packets)]
			p.Time = time.Now()
			if _, err := to.Write(hep.Append(nil, p)); err != nil {
				t.Fatal(err)
			}
		}
		all, err := remote.CheckPBX(t.Context(), "asterisk")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(c web.PBXCheck) bool { return c.Name == "lost" })
		return i >= 0 && !all[i].OK && !strings.HasPrefix(all[i].Says, "0 ") && strings.Contains(all[i].Mend, "rmem_max")
	})
}
