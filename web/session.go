package web

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory"
	"ringback/directory/people"
)

// cookieName is that of the session's cookie. The prefix makes browsers take it over TLS or from this
// machine only, for this host alone, and let no other host set it (RFC 6265bis §4.1.3.2).
const cookieName = "__Host-ringback"

// Me is who is logged in, or whose token it is.
type Me struct {
	Kind    string     `json:"kind" enum:"person,token" doc:"Whether a person or a program."`
	ID      string     `json:"id" doc:"The person in the directory, or the token's name."`
	Name    string     `json:"name" doc:"For people."`
	Roles   []string   `json:"roles" nullable:"false" enum:"agent,supervisor,approver,admin" doc:"Of a person."`
	Scopes  []string   `json:"scopes" nullable:"false" doc:"What he may do at all."`
	Lists   []MyList   `json:"lists" nullable:"false" doc:"The lists he may see."`
	Devices []string   `json:"devices,omitempty" nullable:"false" doc:"Of a person: his extensions and AORs, which calls can be scheduled with."`
	Calls   bool       `json:"calls,omitempty" doc:"Of a person: whether customers can be called by a device of his just now, with POST /v1/cases/{id}/call."`
	Expires *time.Time `json:"expires,omitempty" doc:"When the session ends at the latest; in the answer to logging in."`
}

// MyList is a list and what somebody may do on it.
type MyList struct {
	ID         string `json:"id" doc:"As the directory names it."`
	Name       string `json:"name" doc:"For people."`
	Right      string `json:"right" enum:"see,work,supervise" doc:"See: read it. Work: work on its cases. Supervise: change members, settings and what others hold."`
	Vocabulary string `json:"vocabulary" enum:"standard,enreach" doc:"The words in which screens show its reasons. Enreach: abandoned ones are called dropped, all the rest missed."`
	Active     bool   `json:"active" doc:"Whether he takes part in it now: only a person who works on it and did not leave it for the time being."`
}

// Preferences are what a person chose for himself.
type Preferences struct {
	Inactive []string `json:"inactive" nullable:"false" maxItems:"1000" doc:"Lists he works on and takes no part in for the time being."`
	ShowAll  bool     `json:"show_all" doc:"All cases, rather than unassigned ones and his own."`
	Sort     string   `json:"sort" enum:"priority,assigned_to_me" doc:"The most urgent first, or his own above them."`
	Field    string   `json:"field" enum:"none,channel_in,name,note,topic" doc:"The extra field of a row."`
	Theme    string   `json:"theme" enum:"device,light,dark" doc:"Colours of the app."`
	Notify   *Notify  `json:"notify,omitempty" doc:"What he is told of by web push; absent in a request: as it is."`
	Calls    *Calls   `json:"calls,omitempty" doc:"How he is called himself, to call customers back; absent in a request: as it is."`
}

// Calls are how a person wants to be called himself.
type Calls struct {
	Paused   bool   `json:"paused,omitempty" doc:"He is offered no callbacks for the time being."`
	Device   string `json:"device,omitempty" maxLength:"128" doc:"Which of his devices rings, as call-options names it; absent: the first."`
	Language string `json:"language,omitempty" maxLength:"16" pattern:"^[a-z]{2,8}$" doc:"In which he is told on the telephone whom he will be connected with; absent: that of the list."`
}

func (s *Server) registerSessions(api huma.API) {
	if s.o.People == nil {
		return
	}
	in := operation(http.MethodPost, "/v1/session", "log-in", "session", "Log in",
		"Opens a session, whose cookie is in the answer. After several failed tries it answers 429 and takes none for a while.",
		http.StatusForbidden, http.StatusTooManyRequests)
	handle(s, api, withBody(in), s.logIn)
	invited := operation(http.MethodPost, "/v1/session/invitation", "accept-invitation", "session", "Give yourself a password",
		"Takes an invitation, sets the password and logs in. The code is what the invitation's link ends in.",
		http.StatusForbidden, http.StatusGone, http.StatusTooManyRequests)
	handle(s, api, withBody(invited), s.acceptInvitation)
	out := operation(http.MethodDelete, "/v1/session", "log-out", "session", "Log out", "Ends the session.", http.StatusForbidden)
	handle(s, api, out, s.logOut)
	password := operation(http.MethodPut, "/v1/session/password", "change-password", "session", "Change your password",
		"Ends all sessions, this one too.", http.StatusForbidden, http.StatusTooManyRequests)
	password.DefaultStatus = http.StatusNoContent
	handle(s, api, withBody(password), s.changePassword)
	handle(s, api, operation(http.MethodGet, "/v1/session/preferences", "get-preferences", "session", "What you chose",
		"What the app keeps for you on all your devices.", http.StatusForbidden), s.preferences)
	handle(s, api, withBody(operation(http.MethodPut, "/v1/session/preferences", "set-preferences", "session", "Choose",
		"Replaces what you chose. Lists that are not yours are left out.",
		http.StatusForbidden, http.StatusPreconditionFailed)), s.setPreferences)
	s.registerOwnSessions(api)
}

func (s *Server) registerMe(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/session", "get-session", "session", "Who you are",
		"Who is logged in, or whose token it is, and what he may do."),
		func(ctx context.Context, _ *struct{}) (*meOutput, error) {
			return &meOutput{Body: s.me(&callerOf(ctx).Principal)}, nil
		})
}

type meOutput struct {
	Body Me
}

type logInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"The session."`
	Body      Me
}

func (s *Server) logIn(ctx context.Context, in *struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64" doc:"Your id in the directory."`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
},
) (*logInOutput, error) {
	from := originOf(ctx)
	if wait, ok := s.logins.take(network(from.address), time.Now()); !ok {
		return nil, tryLater(wait, "Too many tries to log in from your address.")
	}
	session, err := s.o.People.Login(ctx, people.Login{
		Name: in.Body.Name, Password: in.Body.Password, Peer: from.addr(), Device: from.device, At: time.Now(),
	})
	if err != nil {
		return nil, err
	}
	return s.loggedIn(&session), nil
}

// loggedIn answers with a session's cookie and whose it is.
func (s *Server) loggedIn(session *people.Session) *logInOutput {
	out := &logInOutput{SetCookie: cookie(session.Secret, int(time.Until(session.Until).Seconds())), Body: s.me(&session.Principal)}
	out.Body.Expires = timeOf(session.Until)
	return out
}

// cookie is the session's cookie: read by no script, sent by no form of another site.
// It lives for a number of seconds.
func cookie(value string, seconds int) http.Cookie {
	return http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

func (s *Server) acceptInvitation(ctx context.Context, in *struct {
	Body struct {
		Code     string `json:"code" minLength:"1" maxLength:"128" doc:"What the link ends in."`
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"The new password."`
	}
},
) (*logInOutput, error) {
	from := originOf(ctx)
	if wait, ok := s.logins.take(network(from.address), time.Now()); !ok {
		return nil, tryLater(wait, "Too many tries from your address.")
	}
	id, err := s.o.People.Accept(ctx, in.Body.Code, in.Body.Password, from.addr(), time.Now())
	if err != nil {
		return nil, err
	}
	session, err := s.o.People.Login(ctx, people.Login{Name: id, Password: in.Body.Password, Peer: from.addr(), Device: from.device, At: time.Now()})
	if err != nil {
		return nil, err
	}
	return s.loggedIn(&session), nil
}

type logOutOutput struct {
	Status    int
	SetCookie http.Cookie `header:"Set-Cookie" doc:"Takes the session's away."`
}

func (s *Server) logOut(ctx context.Context, _ *struct{}) (*logOutOutput, error) {
	c := callerOf(ctx)
	if err := s.o.People.Logout(ctx, &c.Principal, actOf(c)); err != nil {
		return nil, err
	}
	return &logOutOutput{http.StatusNoContent, cookie("", -1)}, nil
}

func (s *Server) changePassword(ctx context.Context, in *struct {
	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"1024" doc:"The password you have."`
		New string `json:"new" minLength:"1" maxLength:"1024" doc:"The one you want."`
	}
},
) (*struct{}, error) {
	c, from := callerOf(ctx), originOf(ctx)
	login := people.Login{Name: c.ID, Password: in.Body.Old, Peer: from.addr(), Device: from.device, At: time.Now()}
	return nil, s.o.People.ChangePassword(ctx, login, in.Body.New)
}

type preferencesOutput struct {
	ETag string `header:"ETag" doc:"Their version, for If-Match."`
	Body Preferences
}

func (s *Server) preferences(ctx context.Context, _ *struct{}) (*preferencesOutput, error) {
	prefer, err := s.o.People.Preferences(callerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	shown := preferencesOf(&prefer)
	return &preferencesOutput{entityTag(versionOfValue(shown)), shown}, nil
}

func (s *Server) setPreferences(ctx context.Context, in *struct {
	MatchHead
	Body Preferences
},
) (*preferencesOutput, error) {
	c := callerOf(ctx)
	before, err := s.preferences(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := in.mustMatch(before.ETag); err != nil {
		return nil, err
	}
	b := &in.Body
	kept, err := s.o.People.Preferences(c.ID)
	if err != nil {
		return nil, err
	}
	if b.Notify != nil {
		kept.Notify = b.Notify.stored()
	}
	if b.Calls != nil {
		kept.Calls = people.Calls(*b.Calls)
	}
	err = s.o.People.SetPreferences(ctx, actOf(c), c.ID, people.Preferences{
		Notify: kept.Notify, Calls: kept.Calls,
		Inactive: b.Inactive, ShowAll: b.ShowAll, Sort: unless(b.Sort, "priority"), Field: unless(b.Field, "none"), Theme: unless(b.Theme, "device"),
	})
	if err != nil {
		return nil, err
	}
	return s.preferences(ctx, nil)
}

func preferencesOf(p *people.Preferences) Preferences {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	return Preferences{
		Inactive: someOf(p.Inactive), ShowAll: p.ShowAll,
		Sort: or(p.Sort, "priority"), Field: or(p.Field, "none"), Theme: or(p.Theme, "device"), Notify: notifyOf(&p.Notify), Calls: new(Calls(p.Calls)),
	}
}

// unless is a value, or nothing when it is the one that nothing stands for.
func unless(value, nothing string) string {
	if value == nothing {
		return ""
	}
	return value
}

// me is who a principal is and what he may do.
func (s *Server) me(p *people.Principal) Me {
	d := s.o.Lists()
	shown := Me{Kind: string(p.Kind), ID: p.ID, Name: p.ID, Roles: []string{}, Scopes: []string{}, Lists: []MyList{}}
	if a, ok := d.Agent(p.Agent()); ok {
		shown.Name, shown.Devices = a.Name, devicesOf(a)
		shown.Calls = s.o.Dialler != nil && s.o.Dialler.Offer(a.ID).Code == ""
	}
	for _, r := range d.Roles(p.Agent()) {
		shown.Roles = append(shown.Roles, r.String())
	}
	for _, scope := range people.Scopes() {
		if p.May(d, scope) {
			shown.Scopes = append(shown.Scopes, string(scope))
		}
	}
	active := s.active(p)
	for _, id := range p.ListsFor(d, directory.See) {
		l, _ := d.List(id)
		shown.Lists = append(shown.Lists, MyList{ID: l.ID, Name: l.Name, Right: rightWords[p.Right(d, id)], Vocabulary: vocabularyOf(l), Active: active[id]})
	}
	return shown
}

// active are the lists that a person takes part in.
func (s *Server) active(p *people.Principal) map[string]bool {
	lists := map[string]bool{}
	if s.o.People == nil || p.Agent() == "" {
		return lists
	}
	ids, err := s.o.People.Active(p.Agent())
	if err != nil {
		s.o.Logger.Error("what a person prefers cannot be read", "err", err)
	}
	for _, id := range ids {
		lists[id] = true
	}
	return lists
}

// actOf is a caller as he does something now.
func actOf(c *caller) people.Act {
	return people.Act{By: c.Who(), Peer: c.address, At: time.Now()}
}

// origin is where a request comes from, whoever makes it.
type origin struct {
	address string
	device  string // what the client calls itself
}

type originKey struct{}

func originOf(ctx context.Context) origin {
	o, _ := ctx.Value(originKey{}).(origin)
	return o
}

// addr is the address for logins; the zero Addr for a Unix socket's peer.
func (o origin) addr() netip.Addr {
	a, err := netip.ParseAddr(o.address)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}
