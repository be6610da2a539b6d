package dialogevent_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/sip/dialogevent"
)

const example = `<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="partial" entity="sip:+35893100100@198.51.100.20">
 <dialog id="as7d900as8" call-id="a84b4c76e66710" local-tag="1928301774" remote-tag="456887766" direction="initiator">
  <state event="rejected" code="486">terminated</state>
  <local><identity display="Anna">sip:101@198.51.100.20</identity><target uri="sip:101@10.20.0.101"/></local>
  <remote><identity>sip:+358401234501@operator.example</identity></remote>
 </dialog>
 <dialog id="zxcnm3" direction="receiver"><state> Trying </state></dialog>
</dialog-info>`

func TestADocumentIsRead(t *testing.T) {
	got, err := dialogevent.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	want := &dialogevent.Document{
		Entity: "sip:+35893100100@198.51.100.20", Version: 7,
		Dialogs: []dialogevent.Dialog{
			{
				ID: "as7d900as8", CallID: "a84b4c76e66710", LocalTag: "1928301774", RemoteTag: "456887766", Direction: dialogevent.Initiator,
				State: dialogevent.Terminated, Event: "rejected", Code: 486,
				Local:  dialogevent.Party{Identity: "sip:101@198.51.100.20", Display: "Anna", Target: "sip:101@10.20.0.101"},
				Remote: dialogevent.Party{Identity: "sip:+358401234501@operator.example"},
			},
			{ID: "zxcnm3", State: dialogevent.Trying},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "x", "<a/>", "<dialog-info/>", `<dialog-info version="1"/>`, `<dialog-info version="-1" state="full"/>`,
		`<dialog-info version="99999999999" state="full"/>`, `<dialog-info version="1" state="most"/>`, `<dialog-info version="1" state="full">`,
		`<!DOCTYPE x [<!ENTITY a "b">]><dialog-info version="1" state="full" entity="&a;"/>`,
		`<dialog-info version="1" state="full">` + strings.Repeat("<dialog/>", 3000) + `</dialog-info>`,
		`<dialog-info version="1" state="full">` + strings.Repeat(" ", 300<<10) + `</dialog-info>`,
	} {
		if _, err := dialogevent.Parse([]byte(text)); !errors.Is(err, dialogevent.ErrDocument) {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

// recorded are the bodies of all NOTIFYs of the laboratory.
func recorded(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("../testdata/captures/*/*/notify.jsonl.gz")
	if err != nil || len(files) < 5 {
		tb.Fatalf("%d recordings, %v", len(files), err)
	}
	var all [][]byte
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			tb.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var n struct{ SIP string }
			if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
				tb.Fatal(err)
			}
			if _, body, _ := strings.Cut(n.SIP, "\r\n\r\n"); body != "" {
				all = append(all, []byte(body))
			}
		}
		_ = f.Close()
	}
	return all
}

func TestWhatPBXsSendIsRead(t *testing.T) {
	for _, body := range recorded(t) {
		d, err := dialogevent.Parse(body)
		if err != nil {
			t.Errorf("%v:\n%s", err, body)
			continue
		}
		for _, x := range d.Dialogs {
			if x.State == dialogevent.Unknown || x.ID == "" {
				t.Errorf("%+v of\n%s", x, body)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range recorded(f) {
		f.Add(body)
	}
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := dialogevent.Parse(b)
		if err != nil {
			if !errors.Is(err, dialogevent.ErrDocument) {
				t.Fatal(err)
			}
			return
		}
		var table dialogevent.Table
		first, _ := table.Apply(d)
		for _, x := range first {
			if len(x.ID) > 512 || len(x.Targets) > 64 {
				t.Fatalf("unbounded: %+v", x)
			}
		}
		d.Full = true
		for range 2 { // what is told again is no news
			again, _ := table.Apply(d)
			for _, x := range again {
				if x.CallID != "" && !bytes.Contains(b, []byte(x.CallID)) && !strings.Contains(string(b), "&") {
					t.Fatalf("made up: %+v", x)
				}
			}
		}
	})
}
