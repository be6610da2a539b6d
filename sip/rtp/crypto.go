package rtp

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/pion/srtp/v3"
)

// crypto is a line of a security description (RFC 4568 §9.1) that we can follow.
type crypto struct {
	tag   int
	suite suite
	key   masterKey
}

// suite is a crypto-suite by its name (RFC 4568 §6.2).
type suite string

const (
	suite80 suite = "AES_CM_128_HMAC_SHA1_80"
	suite32 suite = "AES_CM_128_HMAC_SHA1_32"
)

// masterKey is a master key of 16 bytes and its salt of 14.
type masterKey [30]byte

func newKey() (k masterKey) {
	_, _ = rand.Read(k[:]) // never fails
	return k
}

// parseCrypto reads 1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20 (RFC 4568 §9.2). Not ok are suites that we have not, several
// keys or an MKI, and session parameters that must be understood (§6.3).
func parseCrypto(value string) (crypto, bool) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return crypto{}, false
	}
	tag, err := strconv.ParseUint(f[0], 10, 31)
	if err != nil {
		return crypto{}, false
	}
	c := crypto{tag: int(tag), suite: suite(strings.ToUpper(f[1]))}
	if c.suite != suite80 && c.suite != suite32 {
		return crypto{}, false
	}
	for _, parameter := range f[3:] {
		if !strings.HasPrefix(parameter, "-") {
			return crypto{}, false
		}
	}
	inline, ok := strings.CutPrefix(f[2], "inline:")
	key, rest, _ := strings.Cut(inline, "|")
	if !ok || strings.Contains(rest, ":") || strings.Contains(f[2], ";") {
		return crypto{}, false
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(key, "="))
	if err != nil || len(raw) != len(c.key) {
		return crypto{}, false
	}
	copy(c.key[:], raw)
	return c, true
}

// String returns the value of the attribute.
func (c crypto) String() string {
	return strconv.Itoa(c.tag) + " " + string(c.suite) + " inline:" + base64.StdEncoding.EncodeToString(c.key[:])
}

// context returns fresh SRTP state of the key.
func (c crypto) context() (*srtp.Context, error) {
	profile := srtp.ProtectionProfileAes128CmHmacSha1_80
	if c.suite == suite32 {
		profile = srtp.ProtectionProfileAes128CmHmacSha1_32
	}
	return srtp.CreateContext(c.key[:16], c.key[16:], profile, srtp.SRTPReplayProtection(128), srtp.SRTCPReplayProtection(64))
}
