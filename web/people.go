package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory/people"
)

// Person is somebody who may log in, as those see him who manage people.
type Person struct {
	ID           string     `json:"id" doc:"As the directory names him."`
	Name         string     `json:"name" doc:"For people."`
	Roles        []string   `json:"roles" nullable:"false" enum:"agent,supervisor,approver,admin" doc:"As the directory says."`
	State        string     `json:"state" enum:"not_invited,invited,active,disabled" doc:"Whether he can log in."`
	PasswordAt   *time.Time `json:"password_at,omitempty" doc:"When he last gave himself a password."`
	LastLogin    *time.Time `json:"last_login,omitempty" doc:"When he last logged in."`
	InvitedUntil *time.Time `json:"invited_until,omitempty" doc:"Until when his invitation can be used."`
	LockedUntil  *time.Time `json:"locked_until,omitempty" doc:"Until when no login is taken, as too many failed."`
	Sessions     int        `json:"sessions" doc:"How many he has open."`
}

// Invitation lets a person give himself a password, once.
type Invitation struct {
	ID    string    `json:"id" doc:"The person."`
	Code  string    `json:"code" doc:"For POST /v1/session/invitation. It is shown this once."`
	Until time.Time `json:"until" doc:"Until when it can be used."`
}

// Token is a token of the API, without its secret.
type Token struct {
	Name     string     `json:"name" doc:"What logs and the audit trail call it."`
	Scopes   []string   `json:"scopes" nullable:"false" doc:"What it may do."`
	Lists    []string   `json:"lists" nullable:"false" doc:"The lists it is kept to; none: all."`
	Created  time.Time  `json:"created" doc:"When it was made."`
	By       string     `json:"by" doc:"Who made it."`
	Expires  *time.Time `json:"expires,omitempty" doc:"When it runs out."`
	LastUsed *time.Time `json:"last_used,omitempty" doc:"At most a minute too early."`
}

// NewToken is a token just made.
type NewToken struct {
	Token
	Secret string `json:"secret,omitempty" doc:"The token itself. It is shown this once: absent when the request is answered again."`
}

// TokenDraft is a token to be made.
type TokenDraft struct {
	Name    string     `json:"name" minLength:"1" maxLength:"64" doc:"What logs and the audit trail call it."`
	Scopes  []string   `json:"scopes" nullable:"false" minItems:"1" maxItems:"50" doc:"What it may do; * is all."`
	Lists   []string   `json:"lists,omitempty" maxItems:"1000" nullable:"false" doc:"The lists it is kept to; absent: all."`
	Expires *time.Time `json:"expires,omitempty" doc:"When it runs out; absent: never."`
}

func (s *Server) registerPeople(api huma.API) {
	if s.o.People == nil {
		return
	}
	op := func(method, path, id, summary, description string, errs ...int) huma.Operation {
		return operation(method, path, id, "people", summary, description, append(errs, http.StatusForbidden)...)
	}
	nothing := func(op huma.Operation) huma.Operation {
		op.DefaultStatus = http.StatusNoContent
		return op
	}
	handle(s, api, op(http.MethodGet, "/v1/people", "list-people", "Who may log in",
		"Everybody in the directory, with whether he can log in."), s.people)
	handle(s, api, op(http.MethodGet, "/v1/people/{id}", "get-person", "One person", "", http.StatusNotFound), s.person)
	invite := op(http.MethodPost, "/v1/people/{id}/invitation", "invite-person", "Invite a person",
		"Makes a code by which he gives himself a password, his first or a new one. An earlier invitation no longer works.", http.StatusNotFound)
	invite.DefaultStatus = http.StatusCreated
	handle(s, api, invite, s.invite)
	change := func(verb, id, summary, description string, do func(context.Context, people.Act, string) error) {
		handle(s, api, nothing(op(http.MethodPost, "/v1/people/{id}/"+verb, id, summary, description, http.StatusNotFound)),
			func(ctx context.Context, in *PersonID) (*struct{}, error) {
				if _, err := s.o.People.Account(in.ID, time.Now()); err != nil {
					return nil, err
				}
				return nil, do(ctx, actOf(callerOf(ctx)), in.ID)
			})
	}
	change("disable", "disable-person", "Shut a person out", "His sessions end now, and neither password nor invitation opens anything.",
		func(ctx context.Context, a people.Act, id string) error { return s.o.People.Disable(ctx, a, id, "") })
	change("enable", "enable-person", "Let a person in again", "With the password he had.", s.o.People.Enable)
	change("unlock", "unlock-person", "Forgive failed logins", "Lets him try again at once after too many failed logins.", s.o.People.Unlock)
	change("log-out", "log-out-person", "End all sessions of a person", "He has to log in again.", s.o.People.LogoutEverywhere)

	handle(s, api, op(http.MethodGet, "/v1/tokens", "list-tokens", "Tokens", "Those made here; those of the tokens file are not among them."), s.tokens)
	create := op(http.MethodPost, "/v1/tokens", "create-token", "Make a token", "The answer shows its secret, this once.", http.StatusConflict, http.StatusNotFound)
	create.DefaultStatus = http.StatusCreated
	handle(s, api, withBody(create), s.createToken)
	handle(s, api, nothing(op(http.MethodDelete, "/v1/tokens/{name}", "revoke-token", "Revoke a token", "It opens nothing any more, from now on.", http.StatusNotFound)),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"64" doc:"The token's name."`
		},
		) (*struct{}, error) {
			return nil, s.o.People.RevokeToken(ctx, actOf(callerOf(ctx)), in.Name)
		})
}

// PersonID is what a request about one person has in its path. Huma reads embedded structs only when they
// are exported.
type PersonID struct {
	ID string `path:"id" maxLength:"64" doc:"As the directory names him."`
}

type peopleOutput struct {
	Body struct {
		People []Person `json:"people" nullable:"false" doc:"In the order of the directory."`
	}
}

func (s *Server) people(context.Context, *struct{}) (*peopleOutput, error) {
	all, err := s.o.People.Accounts(time.Now())
	if err != nil {
		return nil, err
	}
	out := &peopleOutput{}
	out.Body.People = []Person{}
	for i := range all {
		out.Body.People = append(out.Body.People, s.personOf(&all[i]))
	}
	return out, nil
}

type personOutput struct {
	Body Person
}

func (s *Server) person(_ context.Context, in *PersonID) (*personOutput, error) {
	a, err := s.o.People.Account(in.ID, time.Now())
	if err != nil {
		return nil, err
	}
	return &personOutput{s.personOf(&a)}, nil
}

func (s *Server) personOf(a *people.Account) Person {
	d := s.o.Lists()
	shown := Person{
		ID: a.ID, Name: a.ID, Roles: []string{}, State: string(a.State), PasswordAt: timeOf(a.PasswordAt), LastLogin: timeOf(a.LastLogin),
		InvitedUntil: timeOf(a.InvitedUntil), LockedUntil: timeOf(a.LockedUntil), Sessions: a.Sessions,
	}
	if agent, ok := d.Agent(a.ID); ok {
		shown.Name = agent.Name
	}
	for _, r := range d.Roles(a.ID) {
		shown.Roles = append(shown.Roles, r.String())
	}
	return shown
}

type invitationOutput struct {
	Body Invitation
}

func (s *Server) invite(ctx context.Context, in *PersonID) (*invitationOutput, error) {
	i, err := s.o.People.Invite(ctx, actOf(callerOf(ctx)), in.ID)
	if err != nil {
		return nil, err
	}
	return &invitationOutput{Invitation{i.ID, i.Secret, i.Until}}, nil
}

type tokensOutput struct {
	Body struct {
		Tokens []Token `json:"tokens" nullable:"false" doc:"By name."`
	}
}

func (s *Server) tokens(context.Context, *struct{}) (*tokensOutput, error) {
	all, err := s.o.People.Tokens()
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.Tokens = []Token{}
	for i := range all {
		out.Body.Tokens = append(out.Body.Tokens, tokenOf(&all[i]))
	}
	return out, nil
}

func tokenOf(t *people.Token) Token {
	shown := Token{
		Name: t.Name, Scopes: []string{}, Lists: someOf(t.Lists), Created: t.Created, By: t.By.String(), Expires: timeOf(t.Expires), LastUsed: timeOf(t.LastUsed),
	}
	for _, scope := range t.Scopes {
		shown.Scopes = append(shown.Scopes, string(scope))
	}
	return shown
}

type newTokenOutput struct {
	Location string `header:"Location" doc:"The token's address."`
	Body     NewToken
}

// createToken makes a token with no more than its maker may do himself.
func (s *Server) createToken(ctx context.Context, in *struct {
	KeyHead
	Body TokenDraft
},
) (*newTokenOutput, error) {
	scopes, err := people.ParseScopes(in.Body.Scopes)
	if err != nil {
		return nil, err
	}
	c, d := callerOf(ctx), s.o.Lists()
	for _, scope := range scopes {
		if !c.May(d, scope) {
			return nil, problem(http.StatusForbidden, "scope", "You cannot give what you have not: "+string(scope)+".")
		}
	}
	if !c.All(d) && len(in.Body.Lists) == 0 {
		return nil, problem(http.StatusForbidden, "lists", "You cannot give what you have not: name the lists.")
	}
	for _, list := range in.Body.Lists {
		if _, known := d.List(list); !known || !c.All(d) && s.right(ctx, list) == 0 {
			return nil, invalid("body.lists", "there is no such list")
		}
	}
	secret := ""
	name, err := s.once(ctx, in.KeyHead, &in.Body, func(string) (string, error) {
		made, t, err := s.o.People.CreateToken(ctx, actOf(c), people.NewToken{
			Name: in.Body.Name, Scopes: scopes, Lists: in.Body.Lists, Expires: timeIn(in.Body.Expires),
		})
		secret = made
		return t.Name, err
	})
	if err != nil {
		return nil, err
	}
	all, err := s.o.People.Tokens()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == name {
			return &newTokenOutput{"/v1/tokens/" + name, NewToken{tokenOf(&all[i]), secret}}, nil
		}
	}
	return nil, people.ErrUnknown // revoked meanwhile
}
