package webhook_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ringback/web/webhook"
)

// TestTheExamplesOfTheManualVerify runs what docs/webhooks.md shows receivers.
func TestTheExamplesOfTheManualVerify(t *testing.T) {
	manual, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ language, program, file, call string }{
		{"python", "python3", "verify.py", "\nprint(str(verify('%s', {'webhook-id': 'evt_1', 'webhook-timestamp': '%d', 'webhook-signature': '%s'}, b'%s')).lower())\n"},
		{"js", "node", "verify.mjs", "\nconsole.log(verify('%s', {'webhook-id': 'evt_1', 'webhook-timestamp': '%d', 'webhook-signature': '%s'}, Buffer.from('%s')))\n"},
	} {
		t.Run(c.program, func(t *testing.T) {
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Skipf("install %s", c.program)
			}
			example := regexp.MustCompile("(?s)```" + c.language + "\n(.*?)```").FindSubmatch(manual)
			if example == nil {
				t.Fatal("the manual has no such example")
			}
			const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
			secret, err := webhook.ParseSecret(key)
			if err != nil {
				t.Fatal(err)
			}
			now, body := time.Now(), `{"type":"case.closed"}`
			good := webhook.Sign([][]byte{older, secret}, "evt_1", now, []byte(body))
			for _, try := range []struct {
				signature, body string
				at              time.Time
				want            string
			}{
				{good, body, now, "true"},
				{good, body + " ", now, "false"},
				{webhook.Sign([][]byte{older}, "evt_1", now, []byte(body)), body, now, "false"},
				{webhook.Sign([][]byte{secret}, "evt_1", now.Add(-time.Hour), []byte(body)), body, now.Add(-time.Hour), "false"},
			} {
				file := filepath.Join(t.TempDir(), c.file)
				text := string(example[1]) + fmt.Sprintf(c.call, key, try.at.Unix(), try.signature, try.body)
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := exec.CommandContext(t.Context(), program, file).CombinedOutput()
				if err != nil || strings.TrimSpace(string(out)) != try.want {
					t.Errorf("%v\n%s, want %s", err, out, try.want)
				}
			}
		})
	}
}
