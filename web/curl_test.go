package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ringback/web"
)

// TestTheExamplesOfTheManualWork runs what docs/api.md shows, as it stands there, one after the other in one
// shell against a server.
func TestTheExamplesOfTheManualWork(t *testing.T) {
	for _, program := range []string{"bash", "curl", "openssl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends bash curl openssl coreutils", program)
		}
	}
	manual, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Builder{}
	script.WriteString("set -eu -o pipefail\n")
	blocks := 0
	for rest := string(manual); ; {
		_, after, ok := strings.Cut(rest, "\n```sh\n")
		if !ok {
			break
		}
		block, following, _ := strings.Cut(after, "\n```\n")
		script.WriteString("echo '--- " + strings.ReplaceAll(strings.SplitN(block, "\n", 2)[0], "'", "") + "'\n" + block + "\n")
		rest = "\n" + following
		blocks++
	}
	if blocks < 10 {
		t.Fatalf("%d examples", blocks)
	}
	w := web.Whole(t)
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	c.Dir = dir
	c.Env = append(os.Environ(), "RINGBACK="+w.URL(), "TOKEN="+w.Secret(), "TOKENS_FILE="+filepath.Join(dir, "tokens"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v after\n%s", err, out)
	}
	for _, want := range []string{`"handling":"no_answer"`, `"resolution":"solved"`, `"name":"Matti Meikäläinen"`, `"state":"done"`, `"due_after":"1h30m"`, `: hello`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}
