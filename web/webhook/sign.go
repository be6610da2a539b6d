package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks 1.0.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// secretPrefix tells a signing secret from other secrets.
const secretPrefix = "whsec_"

// The size of a secret in bytes, as Standard Webhooks 1.0 wants it.
const (
	minSecret = 24
	maxSecret = 64
)

// ErrSecret is the error of a text that is no signing secret.
var ErrSecret = errors.New("webhook: not a signing secret")

// ParseSecret reads a signing secret: whsec_ and 24 to 64 bytes in base64.
func ParseSecret(text string) ([]byte, error) {
	const how = "make one with: echo whsec_$(openssl rand -base64 32)"
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with %s; %s", ErrSecret, secretPrefix, how)
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: behind %s is no base64; %s", ErrSecret, secretPrefix, how)
	}
	if len(secret) < minSecret || len(secret) > maxSecret {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d to %d; %s", ErrSecret, len(secret), minSecret, maxSecret, how)
	}
	return secret, nil
}

// Sign is the signature header of a message sent at a time: one signature for each secret, with a space
// between them.
func Sign(secrets [][]byte, id string, at time.Time, body []byte) string {
	var b strings.Builder
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("v1,")
		b.WriteString(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return b.String()
}
