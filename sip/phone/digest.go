package phone

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// credentials answer one challenge.
type credentials struct {
	header, value string
	realm         string
}

// login is by whom challenges are answered.
type login struct {
	user string
	file string // holds the password; empty: challenges are not answered
}

func (l login) password() (string, error) {
	b, err := os.ReadFile(l.file)
	if err != nil {
		return "", fmt.Errorf("phone: reading the password: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func (p *Phone) login() login { return login{p.o.Username, p.o.PasswordFile} }

// answerChallenge adds to answers what a 401 or 407 asks for, in the place of an earlier answer to the
// same realm. It says no when that answer was already refused.
func (l login) answerChallenge(answers *[]credentials, req *sip.Request, res *sip.Response) (again bool, err error) {
	challengeName, answerName := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		challengeName, answerName = "Proxy-Authenticate", "Proxy-Authorization"
	}
	chal, err := pickChallenge(res.GetHeaders(challengeName))
	if err != nil {
		return false, err
	}
	password, err := l.password()
	if err != nil {
		return false, err
	}
	cred, err := digest.Digest(chal, digest.Options{
		Method:   string(req.Method),
		URI:      req.Recipient.String(), // RFC 3261 §22.4, item 1
		GetBody:  func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body())), nil },
		Username: l.user,
		Password: password,
	})
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrChallenge, err)
	}
	answered := func(c credentials) bool { return c.header == answerName && c.realm == chal.Realm }
	if slices.ContainsFunc(*answers, answered) && !chal.Stale {
		return false, nil // the password is wrong
	}
	*answers = append(slices.DeleteFunc(*answers, answered), credentials{answerName, cred.String(), chal.Realm})
	return true, nil
}

// pickChallenge is the topmost challenge we can answer (RFC 8760 §2.4).
func pickChallenge(headers []sip.Header) (*digest.Challenge, error) {
	var last error
	for _, h := range headers {
		chal, err := digest.ParseChallenge(strings.TrimSpace(h.Value()))
		if err != nil {
			last = err
			continue
		}
		for i, q := range chal.QOP {
			chal.QOP[i] = strings.TrimSpace(strings.ToLower(q))
		}
		chal.Algorithm = strings.ToUpper(chal.Algorithm)
		if digest.CanDigest(chal) {
			return chal, nil
		}
		last = fmt.Errorf("algorithm %q with qop %q", chal.Algorithm, chal.QOP)
	}
	if last == nil {
		return nil, fmt.Errorf("%w: no challenge in the response", ErrChallenge)
	}
	return nil, fmt.Errorf("%w: %w", ErrChallenge, last)
}
