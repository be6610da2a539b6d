package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory"
	"ringback/sip"
)

// Board is how a contact centre is at one moment, as far as somebody supervises it.
type Board struct {
	At       time.Time      `json:"at" doc:"When."`
	Services []BoardService `json:"services" nullable:"false" doc:"The services of the lists, in the order of the directory."`
	Waiting  []Waiting      `json:"waiting" nullable:"false" doc:"Callers who are on the line and with nobody, longest first; at most 1000."`
	Agents   []BoardAgent   `json:"agents" nullable:"false" doc:"Who works on the lists, in the order of the directory."`
	Lists    []List         `json:"lists" nullable:"false" doc:"The lists with their counters: what is due and overdue."`
}

// BoardService is how many callers a service has on the line.
type BoardService struct {
	ID           string     `json:"id" doc:"As the directory names it."`
	Name         string     `json:"name" doc:"For people."`
	List         string     `json:"list" doc:"Its callback list."`
	Waiting      int        `json:"waiting" doc:"Callers who are with nobody."`
	Ringing      int        `json:"ringing" doc:"Of these, those for whom a phone rings."`
	Talking      int        `json:"talking" doc:"Callers with an agent."`
	Voicemail    int        `json:"voicemail" doc:"Callers in voicemail."`
	WaitingSince *time.Time `json:"waiting_since,omitempty" doc:"Since when the one waits who has waited longest; absent when nobody does."`
	Idle         int        `json:"idle" doc:"Agents of its list who take part in it and do nothing just now, those left out whose phone is known not to be registered."`
}

// Waiting is a caller who is on the line and with nobody.
type Waiting struct {
	Call    string    `json:"call" doc:"The call's id."`
	Service string    `json:"service" doc:"The service he called."`
	List    string    `json:"list" doc:"Its callback list."`
	Caller  string    `json:"caller" doc:"E.164, anonymous, an agent or an extension; empty when unknown."`
	Contact *Named    `json:"contact,omitempty" doc:"The contact that has his number."`
	State   string    `json:"state" enum:"waiting,ringing" doc:"Whether a phone rings for him."`
	Since   time.Time `json:"since" doc:"When he began to wait: with his call, or when the agent left whom he was with."`
	Started time.Time `json:"started" doc:"When he called."`
	Rang    []string  `json:"rang" nullable:"false" doc:"Agents whose phones alerted."`
}

// BoardAgent is what an agent does.
type BoardAgent struct {
	ID         string     `json:"id" doc:"As the directory names him."`
	Name       string     `json:"name" doc:"For people."`
	State      string     `json:"state" enum:"idle,ringing,dialling,talking" doc:"What his phones do."`
	Since      *time.Time `json:"since,omitempty" doc:"Since when; absent when idle."`
	Registered *bool      `json:"registered,omitempty" doc:"Whether a phone of his is registered; absent where no registration is ever seen."`
	Active     []string   `json:"active" nullable:"false" doc:"Those of the lists that he takes part in now."`
	Call       string     `json:"call,omitempty" doc:"The call's id; absent for one that you may not see."`
	Service    string     `json:"service,omitempty" doc:"The service that was called."`
	Direction  string     `json:"direction,omitempty" enum:"unknown,inbound,outbound,internal" doc:"Of the call, as the contact centre sees it."`
}

func (s *Server) registerBoard(api huma.API) {
	handle(s, api, operation(http.MethodGet, "/v1/board", "get-board", "live", "How it is just now",
		"Of the lists that you supervise: who waits and since when, what agents do, and how many cases are due and overdue. "+
			"It is as it was at most 0.2 s ago.", http.StatusForbidden), s.board)
}

type boardInput struct {
	Lists []string `query:"lists" maxItems:"1000" doc:"Only of these lists, separated by commas."`
}

type boardOutput struct{ Body Board }

// maxWaiting is how many waiting callers a board shows.
const maxWaiting = 1000

func (s *Server) board(ctx context.Context, in *boardInput) (*boardOutput, error) {
	d := s.o.Lists()
	lists := s.listsFor(ctx, in.Lists)
	counted, err := s.shownLists(ctx, lists)
	if err != nil {
		return nil, err
	}
	var now sip.Board
	if s.o.Board != nil {
		now = s.o.Board()
	}
	shown := Board{At: time.Now().UTC(), Services: []BoardService{}, Waiting: []Waiting{}, Agents: []BoardAgent{}, Lists: counted}
	if counted == nil {
		shown.Lists = []List{}
	}
	for _, line := range now.Lines {
		if len(shown.Waiting) < maxWaiting && slices.Contains(lists, line.Call.List) {
			shown.Waiting = append(shown.Waiting, s.waiting(&line))
		}
	}
	if shown.Agents, err = s.boardAgents(ctx, d, lists, now.Desks); err != nil {
		return nil, err
	}
	services := d.Plan().Services
	for i := range services {
		if slices.Contains(lists, services[i].List) {
			shown.Services = append(shown.Services, boardService(d, &services[i], now.Services[services[i].ID], shown.Agents))
		}
	}
	return &boardOutput{shown}, nil
}

func (s *Server) waiting(line *sip.Line) Waiting {
	c := s.shower.callOf(line.Call, false)
	return Waiting{
		Call: c.ID, Service: c.Service, List: c.List, Caller: c.Caller, Contact: c.Contact,
		State: line.Stage.String(), Since: line.Since, Started: c.Started, Rang: c.Rang,
	}
}

// boardAgents are the members of some lists and what they do.
func (s *Server) boardAgents(ctx context.Context, d *directory.Directory, lists []string, desks map[string]sip.Desk) ([]BoardAgent, error) {
	members := map[string][]string{} // lists, by agent
	for _, id := range lists {
		if l, ok := d.List(id); ok {
			for _, agent := range l.Members {
				members[agent] = append(members[agent], id)
			}
		}
	}
	var order []string
	for _, agent := range d.People() {
		if members[agent] != nil {
			order = append(order, agent)
		}
	}
	var registered map[string]bool
	known := false
	if s.o.Registered != nil {
		registered, known = s.o.Registered(order)
	}
	seen := sightOf(callerOf(ctx), d)
	all := []BoardAgent{}
	for _, id := range order {
		a, _ := d.Agent(id)
		shown := BoardAgent{ID: id, Name: cmp.Or(a.Name, id), State: sip.StageNone.String()}
		active, err := s.activeOf(id, members[id])
		if err != nil {
			return nil, err
		}
		shown.Active = active
		if known {
			has := registered[id]
			shown.Registered = &has
		}
		if desk, ok := desks[id]; ok {
			shown.State, shown.Since = desk.Stage.String(), &desk.Since
			if about := aboutCall(desk.Call); seen.sees(&about) {
				shown.Call, shown.Service, shown.Direction = desk.Call.ID, desk.Call.Service, desk.Call.Direction.String()
			}
		}
		all = append(all, shown)
	}
	return all, nil
}

// activeOf are those of some lists that an agent takes part in.
func (s *Server) activeOf(agent string, lists []string) ([]string, error) {
	if s.o.People == nil {
		return lists, nil
	}
	active, err := s.o.People.Active(agent)
	if err != nil {
		return nil, err
	}
	some := []string{}
	for _, list := range lists {
		if slices.Contains(active, list) {
			some = append(some, list)
		}
	}
	return some, nil
}

func boardService(d *directory.Directory, x *sip.Service, load sip.Load, agents []BoardAgent) BoardService {
	shown := BoardService{
		ID: x.ID, Name: x.ID, List: x.List,
		Waiting: load.Waiting, Ringing: load.Ringing, Talking: load.Talking, Voicemail: load.Voicemail, WaitingSince: timeOf(load.Since),
	}
	if named, ok := d.Service(x.ID); ok {
		shown.Name = cmp.Or(named.Name, x.ID)
	}
	for i := range agents {
		a := &agents[i]
		if a.State == sip.StageNone.String() && (a.Registered == nil || *a.Registered) && slices.Contains(a.Active, x.List) {
			shown.Idle++
		}
	}
	return shown
}
