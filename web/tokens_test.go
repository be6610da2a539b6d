package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secret = "0123456789abcdef0123456789abcdef"

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tokensFile writes a tokens file and returns its path.
func tokensFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTokensAreReadWithTheirNames(t *testing.T) {
	tokens, err := OpenTokens(tokensFile(t, "# wallboard\n\n wallboard : "+secret+" \r\ncrm:sha256:"+digestOf("another-long-token")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for presented, want := range map[string]string{
		secret:                         "wallboard",
		"another-long-token":           "crm",
		secret + "x":                   "",
		strings.ToUpper(secret):        "",
		"":                             "",
		digestOf(secret):               "",
		digestOf("another-long-token"): "",
	} {
		c, ok := tokens.caller(presented)
		if ok != (want != "") || ok && c.ID != want {
			t.Errorf("caller(%q) = %v, %v; want %q", presented, c, ok, want)
		}
	}
}

func TestATokensFileThatIsNotAsItShouldBeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want error
		line string
	}{
		"empty":                  {"", ErrNoTokens, ""},
		"only comments":          {"# a\n#b:" + secret + "\n", ErrNoTokens, ""},
		"no colon":               {"# c\n" + secret, ErrTokenForm, "line 2"},
		"no name":                {":" + secret, ErrTokenForm, "line 1"},
		"no token":               {"wallboard:", ErrTokenForm, "line 1"},
		"short":                  {"wallboard:hunter2", ErrTokenWeak, "line 1"},
		"endless":                {"wallboard:" + strings.Repeat("a", 2000), ErrTokenWeak, "line 1"},
		"blank inside":           {"wallboard:0123456789abcdef abcdef", ErrTokenScope, "line 1"},
		"no such scope":          {"wallboard:" + secret + " cases:read,cases:eat", ErrTokenScope, "line 1"},
		"an empty list":          {"wallboard:" + secret + " lists=support,", ErrTokenForm, "line 1"},
		"colon inside":           {"wallboard:0123456789:abcdef", ErrTokenCharacters, "line 1"},
		"not ASCII":              {"wallboard:0123456789abcdé", ErrTokenCharacters, "line 1"},
		"padding inside":         {"wallboard:01234567=89abcdef", ErrTokenCharacters, "line 1"},
		"name twice":             {"a:" + secret + "\na:" + secret + "1", ErrTokenDuplicate, "line 2"},
		"token twice":            {"a:" + secret + "\n\nb:" + secret, ErrTokenDuplicate, "line 3"},
		"token and its digest":   {"a:" + secret + "\nb:sha256:" + digestOf(secret), ErrTokenDuplicate, "line 2"},
		"digest of wrong length": {"a:sha256:" + digestOf(secret)[2:], ErrTokenForm, "line 1"},
		"digest not hex":         {"a:sha256:" + strings.Repeat("x", 64), ErrTokenForm, "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenTokens(tokensFile(t, tc.text))
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.line) {
				t.Fatalf("error %v, want %v at %q", err, tc.want, tc.line)
			}
			if strings.Contains(err.Error(), "0123456789") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}

func TestATokensFileOthersCanReadOrChangeIsRefused(t *testing.T) {
	path := tokensFile(t, "a:"+secret)
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o644: false, 0o604: false, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenTokens(path); errors.Is(err, ErrTokensReadable) == ok {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

func TestOnlyARegularFileHoldsTokens(t *testing.T) {
	if _, err := OpenTokens(t.TempDir()); !errors.Is(err, ErrTokensFile) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenTokens(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenTokens(tokensFile(t, strings.Repeat("#", maxTokensFile+1))); !errors.Is(err, ErrTokensFile) {
		t.Errorf("a huge file: %v", err)
	}
}

func TestAReloadThatFailsLeavesTheTokens(t *testing.T) {
	path := tokensFile(t, "a:"+secret)
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Reload(); !errors.Is(err, ErrTokenForm) {
		t.Fatalf("reload: %v", err)
	}
	if _, ok := tokens.caller(secret); !ok {
		t.Error("the token is gone after a reload that failed")
	}
	if err := os.WriteFile(path, []byte("b:"+secret+"2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, ok := tokens.caller(secret); ok {
		t.Error("the token is still there after a reload without it")
	}
}
