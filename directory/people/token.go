package people

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ringback/directory/audit"
	"ringback/store"
)

// Token is a token of the API as others see it. The secret is not in it.
type Token struct {
	Name     string
	Scopes   []Scope
	Lists    []string // that it is kept to; none: all
	Created  time.Time
	By       audit.Who // who made it
	Expires  time.Time // zero for never
	LastUsed time.Time // zero for never; at most a minute too early
}

// token is a Token as it is stored.
type token struct {
	Format   int       `json:"format"`
	Sum      []byte    `json:"sum"`
	Scopes   []Scope   `json:"scopes"`
	Lists    []string  `json:"lists,omitempty"`
	Created  time.Time `json:"created"`
	By       string    `json:"by"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"`
}

func (t *token) show(name string) Token {
	return Token{name, t.Scopes, t.Lists, t.Created, audit.ParseWho(t.By), t.Expires, t.LastUsed}
}

// secretPrefix lets people, and programs that search for secrets in the wrong places, know a token.
const secretPrefix = "rb_"

var tokenName = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9._+@-]{0,63}$`)

// NewToken is a token to make.
type NewToken struct {
	Name    string
	Scopes  []Scope
	Lists   []string  // none: all
	Expires time.Time // zero: never
}

// CreateToken makes a token and returns its secret, which is shown once and kept nowhere. The error is
// ErrName, ErrScope, ErrExpiry, ErrTaken, or ErrUnknown for a list that is not in the directory.
func (p *People) CreateToken(ctx context.Context, a Act, n NewToken) (secret string, t Token, err error) {
	if !tokenName.MatchString(n.Name) {
		return "", Token{}, ErrName
	}
	if !n.Expires.IsZero() && !n.Expires.After(a.At) {
		return "", Token{}, ErrExpiry
	}
	if len(n.Scopes) == 0 {
		return "", Token{}, fmt.Errorf("%w: a token needs at least one", ErrScope)
	}
	if n.Scopes, err = ParseScopes(texts(n.Scopes)); err != nil {
		return "", Token{}, err
	}
	for _, id := range n.Lists {
		if _, ok := p.o.Directory().List(id); !ok {
			return "", Token{}, fmt.Errorf("%w: there is no list %q", ErrUnknown, id)
		}
	}
	n.Lists = slices.Compact(slices.Sorted(slices.Values(n.Lists)))
	secret = secretPrefix + newSecret()
	sum := digest(secret)
	rec := token{
		Format: recordFormat, Sum: sum[:], Scopes: n.Scopes, Lists: n.Lists,
		Created: a.At.UTC(), By: a.By.String(), Expires: n.Expires.UTC(),
	}
	if n.Expires.IsZero() {
		rec.Expires = time.Time{}
	}
	if _, err := p.do(ctx, kindToken, a.At, making{a, n.Name, rec}); err != nil {
		return "", Token{}, err
	}
	return secret, rec.show(n.Name), nil
}

func texts(scopes []Scope) []string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return words
}

// RevokeToken makes a token open nothing any more, now; ErrUnknown when there is none of the name.
func (p *People) RevokeToken(ctx context.Context, a Act, name string) error {
	_, err := p.do(ctx, kindRevoke, a.At, revoking{a, name})
	return err
}

// Tokens are all tokens, by name.
func (p *People) Tokens() ([]Token, error) {
	var all []Token
	err := p.st.View(func(s *store.Snapshot) error {
		for key, value := range s.Scan(store.Prefix(keySpace, "token")) {
			var name string
			if err := store.SplitKey(key, nil, nil, &name); err != nil {
				return err
			}
			var t token
			if err := decode(value, &t); err != nil {
				return err
			}
			all = append(all, t.show(name))
		}
		return nil
	})
	return all, err
}

// Token is whom a token's secret lets in; ErrUnknown for one that is none, was revoked or has run out.
func (p *People) Token(secret string, now time.Time) (Principal, error) {
	if !strings.HasPrefix(secret, secretPrefix) {
		return Principal{}, ErrUnknown
	}
	sum := digest(secret)
	t, err := p.token(sum, now)
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(t.LastUsed) >= touchEvery {
		p.st.Submit(store.Command{ID: kindUsed, Kind: kindUsed, At: now.UTC(), Data: sum}, func(any, error) {}) // told by the store itself
	}
	return Principal{Kind: audit.Token, ID: t.Name, Scopes: t.Scopes, Lists: t.Lists, key: sum}, nil
}

func (p *People) token(sum [32]byte, now time.Time) (Token, error) {
	var out Token
	err := p.st.View(func(s *store.Snapshot) error {
		name, t, err := bearer(s, sum)
		if err == nil && !t.Expires.IsZero() && !now.Before(t.Expires) {
			return ErrUnknown
		}
		out = t.show(name)
		return err
	})
	return out, err
}

// bearer is the token of a sum.
func bearer(r store.Reader, sum [32]byte) (name string, t token, err error) {
	value, ok := r.Get(bearerKey(sum))
	if !ok {
		return "", t, ErrUnknown
	}
	name = string(value)
	ok, err = read(r, tokenKey(name), &t)
	if err == nil && (!ok || string(t.Sum) != string(sum[:])) {
		err = ErrUnknown
	}
	return name, t, err
}

const (
	kindToken  = "people.token"
	kindRevoke = "people.revoke"
	kindUsed   = "people.used"
)

type making struct {
	Act
	Name  string
	Token token
}

func applyToken(tx *store.Tx, c store.Command) (any, error) {
	m, ok := c.Data.(making)
	if !ok {
		return nil, wrongData(c)
	}
	if _, taken := tx.Get(tokenKey(m.Name)); taken {
		return nil, ErrTaken
	}
	if err := write(tx, tokenKey(m.Name), &m.Token); err != nil {
		return nil, err
	}
	tx.Set(bearerKey([32]byte(m.Token.Sum)), []byte(m.Name))
	e := m.Entry("token.create", audit.On("token", m.Name), "")
	e.Detail = "scopes " + strings.Join(texts(m.Token.Scopes), " ")
	if len(m.Token.Lists) > 0 {
		e.Detail += "; lists " + strings.Join(m.Token.Lists, " ")
	}
	if !m.Token.Expires.IsZero() {
		e.Detail += "; until " + m.Token.Expires.Format(time.RFC3339)
	}
	return nil, audit.Write(tx, e)
}

type revoking struct {
	Act
	Name string
}

func applyRevoke(tx *store.Tx, c store.Command) (any, error) {
	r, ok := c.Data.(revoking)
	if !ok {
		return nil, wrongData(c)
	}
	var t token
	if ok, err := read(tx, tokenKey(r.Name), &t); err != nil {
		return nil, err
	} else if !ok {
		return nil, ErrUnknown
	}
	tx.Delete(tokenKey(r.Name))
	tx.Delete(bearerKey([32]byte(t.Sum)))
	return nil, audit.Write(tx, r.Entry("token.revoke", audit.On("token", r.Name), ""))
}

// applyUsed notes that a token was used.
func applyUsed(tx *store.Tx, c store.Command) (any, error) {
	sum, ok := c.Data.([32]byte)
	if !ok {
		return nil, wrongData(c)
	}
	name, t, err := bearer(tx, sum)
	if err != nil || c.At.Sub(t.LastUsed) < touchEvery {
		return nil, nil //nolint:nilerr // revoked in the meantime
	}
	t.LastUsed = c.At
	return nil, write(tx, tokenKey(name), &t)
}
