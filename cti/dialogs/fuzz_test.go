package dialogs_test

import (
	"testing"
	"time"

	"ringback/cti"
	"ringback/cti/dialogs"
	"ringback/sip"
	"ringback/sip/dialogevent"
)

// scanned is a sink that reads what it is told as a tracker would.
type scanned struct {
	t *testing.T
	s *sip.Scanner
	m sip.Message
}

func (x *scanned) Message(m cti.Told) {
	if _, err := x.s.Scan(m.Text, &x.m); err != nil {
		x.t.Fatalf("%v:\n%s", err, m.Text)
	}
}
func (x *scanned) Link(time.Time, string, string) {}
func (x *scanned) Fact(sip.Fact)                  {}

// FuzzModel hands documents of any kind to a model, of some URIs, and sees that it keeps within its bounds.
func FuzzModel(f *testing.F) {
	f.Add([]byte(`<dialog-info version="1" state="full" entity="sip:+35893100100@pbx"><dialog id="1" call-id="c" direction="recipient"><state>early</state>`+
		`<remote><identity>sip:+358401234567@x</identity></remote><local><target uri="sip:101@10.20.0.101"/></local></dialog></dialog-info>`), uint8(0))
	f.Add([]byte(`<dialog-info version="1" state="full" entity="sip:101@pbx"><dialog id="101" direction="recipient"><state>early</state>`+
		`<remote><identity>sip:+358401234567@x</identity></remote></dialog></dialog-info>`), uint8(1))
	s := site(f)
	uris := []string{service, "sip:101@pbx", "sip:hotline@pbx", ""}
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		d, err := dialogevent.Parse(b)
		if err != nil {
			return
		}
		const few = 4
		m := dialogs.New(dialogs.Options{Site: s, Sink: &scanned{t: t, s: sip.NewScanner(nil)}, Service: "hotline", MaxCalls: few})
		var table dialogevent.Table
		now := time.Unix(1_800_000_000, 0)
		for i := range d.Dialogs {
			now = now.Add(time.Second)
			d.Version++
			changes, _ := table.Apply(&dialogevent.Document{Version: d.Version, Full: i == 0, Dialogs: d.Dialogs[i : i+1]})
			m.Apply(now, uris[int(which)%len(uris)], changes)
			if n := m.Stats().Calls; n > few {
				t.Fatalf("%d calls", n)
			}
		}
		m.Tick(now.Add(time.Hour))
	})
}
