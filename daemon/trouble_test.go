package daemon_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ringback/configs"
	"ringback/daemon"
	"ringback/sip/hep"
)

// TestAFullDiskHoldsVerdictsUntilThereIsRoom fills the disk up to the reserve while calls are missed.
func TestAFullDiskHoldsVerdictsUntilThereIsRoom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs fallocate(2), as Linux has it")
	}
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	free := func() int64 {
		var fs unix.Statfs_t
		if err := unix.Statfs(c.DataDir, &fs); err != nil {
			t.Fatal(err)
		}
		return int64(fs.Bavail) * fs.Bsize
	}
	all := free() // others use this disk too, so the steps are large
	reserve := all - all/8
	c.Store.DiskReserve = configs.Size(reserve)
	x := run(t, c)
	feed := x.dial()
	mirror(t, feed, "", captured(t, "kamailio/k3_cancel"))
	x.awaitCases(1)

	f, err := os.Create(filepath.Join(t.TempDir(), "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x.await("not ready", func() bool {
		if size := all - reserve + all/8; free() >= reserve {
			if err := unix.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
				t.Fatal(err)
			}
		}
		status, _ := x.get("/readyz")
		return status == http.StatusServiceUnavailable
	})
	if _, body := x.get("/readyz"); !strings.Contains(body, "kept in reserve") {
		t.Errorf("readiness says: %s", body)
	}
	mirror(t, feed, "", captured(t, "kamailio/k4_all_busy_486"))
	x.await("a verdict on a full disk", func() bool { verdicts, _ := x.counted(); return verdicts >= 2 })
	if _, opened := x.counted(); opened != 1 {
		t.Errorf("%d cases are told of, and one is written", opened)
	}

	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	x.awaitCases(2)
	x.await("ready", func() bool { status, _ := x.get("/readyz"); return status == http.StatusOK })
	for _, o := range x.opened {
		if status, body := x.get("/v1/cases/" + o.ID); status != http.StatusOK {
			t.Errorf("case %s: %d %s", o.ID, status, body)
		}
	}
	errs := strings.Count(x.log.String(), "level=ERROR") - strings.Count(x.log.String(), `level=ERROR msg="request answered"`)
	if errs != 1 {
		t.Errorf("%d errors are logged, want one line that says it", errs)
	}
}

// TestRubbishDoesNoHarm sends what no PBX sends, much of it, and a call among it.
func TestRubbishDoesNoHarm(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Tracker.MaxCalls = 1000
	know(t, c, kamailio)
	x := run(t, c)
	feed := x.dial()
	random := rand.New(rand.NewPCG(1, 2))
	good := captured(t, "kamailio/k3_cancel")
	for !bytes.HasPrefix(good[0].Payload, []byte("INVITE ")) {
		good = good[1:]
	}
	for i := range 20_000 {
		b := make([]byte, random.IntN(1400))
		for j := range b {
			b[j] = byte(random.Uint32())
		}
		switch i % 5 {
		case 0: // HEP2, as old agents send it
			b = append([]byte{2, 16, 2, 17}, b...)
		case 1: // HEP3 of a length that is none
			b = append([]byte("HEP3"), b...)
		case 2: // HEP3 with rubbish for SIP
			p := good[0]
			p.Payload, p.Time = b, time.Now()
			b = hep.Append(nil, p)
		case 3: // a call that never goes on
			p := good[0]
			p.Payload, p.Time = bytes.Replace(p.Payload, []byte("Call-ID: "), fmt.Appendf(nil, "Call-ID: %d-", i), 1), time.Now()
			b = hep.Append(nil, p)
		}
		_, _ = feed.Write(b)
	}
	x.await("rubbish counted by reason", func() bool {
		_, m := x.get("/metrics")
		return strings.Contains(m, `ringback_feed_discarded_total{feed="hep_udp",reason="`) && strings.Contains(m, "\nringback_sip_scan_errors_total{")
	})
	if s := x.Signalling(); s.LiveCalls > 1000 {
		t.Errorf("%d live calls, 1000 are allowed", s.LiveCalls)
	}
	mirror(t, x.dial(), "", captured(t, "kamailio/k4_all_busy_486"))
	x.await("the case of a good call", func() bool {
		_, body := x.get("/v1/cases?list=callbacks&number=%2B358409876504")
		return strings.Contains(body, `"id"`)
	})
}

// TestOnlyListedSendersWithAKeyAreHeard changes the keys and the allowed networks of a running daemon.
func TestOnlyListedSendersWithAKeyAreHeard(t *testing.T) {
	t.Parallel()
	c := settings(t)
	keys := filepath.Join(t.TempDir(), "keys")
	put(t, keys, "old-key\n")
	c.HEP.AuthKeysFile = keys
	know(t, c, kamailio)
	x := run(t, c)
	feed := x.dial()
	heard := func(key string) bool {
		before := x.Signalling().Messages
		total := packetsOf(x)
		mirror(t, feed, key, captured(t, "kamailio/k3_cancel")[:1])
		x.await("the packet", func() bool { return packetsOf(x) != total })
		return x.Signalling().Messages > before
	}
	if heard("") || heard("wrong") || !heard("old-key") {
		t.Error("keys are not looked at")
	}
	put(t, keys, "old-key\nnew-key\n")
	if err := x.Reload(t.Context()); err != nil || !heard("old-key") || !heard("new-key") {
		t.Errorf("a second key: %v", err)
	}
	put(t, keys, "new-key\n")
	if err := x.Reload(t.Context()); err != nil || heard("old-key") || !heard("new-key") {
		t.Errorf("the old key is still taken: %v", err)
	}
	next := *c
	next.HEP.Allow = nil
	next.HEP.Allow = append(next.HEP.Allow, c.HEP.Allow[2])
	x.config = &next
	if err := x.Reload(t.Context()); err != nil || heard("new-key") {
		t.Errorf("a network no longer allowed is heard: %v", err)
	}
	// A mistake changes nothing.
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	x.config = c
	if err := x.Reload(t.Context()); err == nil || heard("new-key") {
		t.Errorf("keys that cannot be read: %v", err)
	}
}

// packetsOf is the line of the metrics that counts a feed's packets.
func packetsOf(x *centre) string {
	_, m := x.get("/metrics")
	_, rest, _ := strings.Cut(m, `ringback_feed_packets_total{feed="hep_udp"} `)
	n, _, _ := strings.Cut(rest, "\n")
	return n
}

func TestAStoreThatIsInUseIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	c := settings(t)
	run(t, c)
	second := *c
	second.Admin.Socket = ""
	_, err := daemon.New(t.Context(), daemon.Options{Config: &second})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("refused with %v", err)
	}
}
