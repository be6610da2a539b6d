// Package pushtest is the other side of web push, for tests: a browser that reads messages, and a check of
// who sent them. It is written from the standards and shares no code with the sender.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Browser is what subscribes.
type Browser struct {
	key  *ecdh.PrivateKey
	auth [16]byte
}

// NewBrowser makes a browser with keys of its own.
func NewBrowser() (*Browser, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("pushtest: %w", err)
	}
	b := &Browser{key: key}
	_, err = rand.Read(b.auth[:])
	return b, err
}

// Keys are what a browser gives to whom it lets send: base64url.
func (b *Browser) Keys() (p256dh, auth string) {
	return base64.RawURLEncoding.EncodeToString(b.key.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(b.auth[:])
}

// ErrMessage is the error of a body that is no message for the browser.
var ErrMessage = errors.New("pushtest: not a message for this browser")

// header is salt, record size and length of the key id (RFC 8188 §2.1), and keySize that of a key of P-256.
const (
	header  = 21
	keySize = 65
)

// Open decrypts a message.
func (b *Browser) Open(body []byte) ([]byte, error) {
	if len(body) < header+keySize || int(body[20]) != keySize {
		return nil, ErrMessage
	}
	salt, sender := body[:16], body[header:header+keySize]
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	shared, err := b.key.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	info := slices.Concat([]byte("WebPush: info\x00"), b.key.PublicKey().Bytes(), sender) // RFC 8291 §3.3
	ikm, err := hkdf.Key(sha256.New, shared, b.auth[:], string(info), 32)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	plain, err := open(ikm, salt, body[header+keySize:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	message, ended := strings.CutSuffix(strings.TrimRight(string(plain), "\x00"), "\x02") // RFC 8188 §2
	if !ended {
		return nil, fmt.Errorf("%w: its padding has no end", ErrMessage)
	}
	return []byte(message), nil
}

// open decrypts the one record of a message (RFC 8188 §2.2, §2.3).
func open(ikm, salt, record []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, nonce, record, nil)
}

// Claims are what a sender says of himself (RFC 8292 §2).
type Claims struct {
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Expires  int64  `json:"exp"` // Unix time in seconds
}

// ErrProof is the error of an Authorization header that proves nothing.
var ErrProof = errors.New("pushtest: not a proof of who sends")

// Verify checks the Authorization header of a message against the public key that the browser subscribed
// to, and gives what it claims (RFC 8292 §3).
func Verify(authorization, public string, now time.Time) (Claims, error) {
	rest, ok := strings.CutPrefix(authorization, "vapid t=")
	token, key, ok2 := strings.Cut(rest, ", k=")
	parts := strings.Split(token, ".")
	if !ok || !ok2 || key != public || len(parts) != 3 {
		return Claims{}, ErrProof
	}
	var raw [3][]byte
	for i, part := range []string{key, parts[1], parts[2]} {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return Claims{}, fmt.Errorf("%w: %w", ErrProof, err)
		}
		raw[i] = b
	}
	verify, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw[0])
	if err != nil || len(raw[2]) != 64 {
		return Claims{}, ErrProof
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(verify, sum[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return Claims{}, fmt.Errorf("%w: the signature is of another key", ErrProof)
	}
	var c Claims
	if err := json.Unmarshal(raw[1], &c); err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if left := time.Unix(c.Expires, 0).Sub(now); left <= 0 || left > 24*time.Hour {
		return c, fmt.Errorf("%w: it is good for %s", ErrProof, left)
	}
	return c, nil
}
