package simulate_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/daemon/simulate"
	"ringback/sip"
)

var (
	pbxAddr = netip.MustParseAddrPort("192.0.2.10:5060")
	carrier = netip.MustParseAddrPort("198.51.100.20:5060")
)

// watch is a tracker that sees a PBX's mirror.
type watch struct {
	t       *testing.T
	scanner *sip.Scanner
	tracker *sip.Tracker
	ended   map[string]*sip.Call // by the Call-ID of any leg
	dialled int
	at      int64
}

func newWatch(t *testing.T, services []*simulate.Service, agents []*simulate.Agent) *watch {
	t.Helper()
	host := func(a netip.AddrPort) []sip.Host {
		return []sip.Host{{Net: netip.PrefixFrom(a.Addr(), 32)}}
	}
	plan := &sip.Plan{
		PBXs:   []sip.PBX{{ID: "pbx", Country: "GB", Addresses: host(pbxAddr)}},
		Trunks: []sip.Trunk{{ID: "carrier", PBX: "pbx", Addresses: host(carrier), Trusted: true}},
	}
	for _, s := range services {
		n, err := sip.ParseNumber(s.Number)
		if err != nil {
			t.Fatal(err)
		}
		plan.Services = append(plan.Services, sip.Service{ID: s.ID, List: s.List, Numbers: []sip.Number{n}})
	}
	for _, a := range agents {
		plan.Agents = append(plan.Agents, sip.Agent{ID: a.ID, Extensions: []string{a.User}})
	}
	tracker, err := sip.NewTracker(plan, sip.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &watch{t: t, scanner: sip.NewScanner(nil), tracker: tracker, ended: make(map[string]*sip.Call)}
}

// see takes one mirrored message.
func (w *watch) see(p sip.Packet) {
	var m sip.Message
	n, err := w.scanner.Skim(p.Payload, &m)
	if err != nil || n != len(p.Payload) {
		w.t.Errorf("read %d of %d bytes, %v:\n%s", n, len(p.Payload), err, p.Payload)
		return
	}
	m.Time, m.Src, m.Dst, m.Transport = p.Time.UnixNano(), p.Src, p.Dst, p.Transport
	w.tracker.Expire(m.Time, w.note)
	w.tracker.Handle(&m, w.note)
	w.at = m.Time
}

func (w *watch) note(e *sip.Event) {
	switch e.Kind {
	case sip.CallEnded:
		for _, id := range e.Call.CallIDs {
			w.ended[id] = e.Clone().Call
		}
	case sip.AgentDialled:
		w.dialled++
	default:
	}
}

// stage is two services and five agents.
func stage() ([]*simulate.Service, []*simulate.Agent) {
	sales := &simulate.Service{ID: "sales", Name: "Sales", Number: "+442079460100", List: "sales"}
	support := &simulate.Service{ID: "support", Name: "Support", Number: "+442079460200", List: "support"}
	var agents []*simulate.Agent
	for i, services := range [][]*simulate.Service{{sales}, {sales}, {sales, support}, {support}, {support}} {
		user := fmt.Sprint(101 + i)
		agents = append(agents, &simulate.Agent{
			ID: user, Services: services,
			Extension: &simulate.Extension{User: user, Name: "Agent " + user, Contact: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.5"), uint16(5060+i))},
		})
	}
	return []*simulate.Service{sales, support}, agents
}

func customerNumber(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }

func typed(number string) string { return "0" + strings.TrimPrefix(number, "+44") }

// TestTheWatcherComesToTheVerdictsThatWerePlayed plays half an hour and compares.
func TestTheWatcherComesToTheVerdictsThatWerePlayed(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				services, agents := stage()
				w := newWatch(t, services, agents)
				var told []simulate.Happening
				kinds := make(map[simulate.Kind]int)
				owed := make(map[string][]string)
				centre := simulate.NewCentre(simulate.CentreOptions{
					PBX:      simulate.NewPBX(simulate.Options{Addr: pbxAddr, Carrier: carrier, CaptureID: 1, Seed: seed, Mirror: w.see}),
					Services: services, Agents: agents, Seed: seed, Pace: 2 * time.Second,
					Number: customerNumber, Typed: typed,
					Owed: func(list string) []string { return owed[list] },
					Tell: func(h simulate.Happening) {
						told = append(told, h)
						kinds[h.Kind]++
						switch {
						case h.Verdict == sip.Missed && !h.Short && h.Customer != "", h.Verdict == sip.Dropped:
							owed[h.Service.List] = append(owed[h.Service.List], h.Customer)
						case h.Kind == simulate.Dialled:
							owed[h.Service.List] = slices.DeleteFunc(owed[h.Service.List], func(n string) bool { return n == h.Customer })
						}
					},
				})
				centre.Play(t.Context(), 30*time.Minute)
				w.tracker.Finish(w.note)

				for k := simulate.Rang; k <= simulate.NotReached; k++ {
					if kinds[k] == 0 {
						t.Errorf("half an hour went by without happening %d", k)
					}
				}
				if w.dialled != kinds[simulate.Dialled] {
					t.Errorf("the watcher saw %d agents dial, %d did", w.dialled, kinds[simulate.Dialled])
				}
				checkVerdicts(t, w, told)
			})
		})
	}
}

// checkVerdicts compares what was played with what the watcher made of it.
func checkVerdicts(t *testing.T, w *watch, told []simulate.Happening) {
	t.Helper()
	wrong := 0
	for _, h := range told {
		if h.Verdict == sip.VerdictNone {
			continue
		}
		call := w.ended[h.CallID]
		switch {
		case call == nil:
			t.Errorf("call %d has no end", h.Call)
		case call.Verdict != h.Verdict || call.Reason != h.Reason || call.Short != h.Short:
			t.Errorf("call %d of %q: played %v %v short=%v, seen %v %v short=%v", h.Call, h.Customer,
				h.Verdict, h.Reason, h.Short, call.Verdict, call.Reason, call.Short)
		case call.Service != h.Service.ID:
			t.Errorf("call %d was to %s, seen to %s", h.Call, h.Service.ID, call.Service)
		case h.Agent != nil && call.Agent != h.Agent.ID:
			t.Errorf("call %d was with %s, seen with %s", h.Call, h.Agent.ID, call.Agent)
		case h.Customer == "" != call.Withheld:
			t.Errorf("call %d from %q is withheld=%v", h.Call, h.Customer, call.Withheld)
		default:
			continue
		}
		if wrong++; wrong > 5 {
			t.Fatal("and so on")
		}
	}
}

func TestASeedGivesTheSamePlayAgain(t *testing.T) {
	play := func(seed uint64) string {
		var all strings.Builder
		synctest.Test(t, func(t *testing.T) {
			services, agents := stage()
			centre := simulate.NewCentre(simulate.CentreOptions{
				PBX: simulate.NewPBX(simulate.Options{
					Addr: pbxAddr, Carrier: carrier, Seed: seed,
					Mirror: func(p sip.Packet) { fmt.Fprintf(&all, "%s %s>%s\n%s\n", p.Time, p.Src, p.Dst, p.Payload) },
				}),
				Services: services, Agents: agents, Seed: seed, Pace: time.Second, Number: customerNumber, Typed: typed,
				Owed: func(string) []string { return nil },
			})
			centre.Play(t.Context(), time.Minute)
		})
		return all.String()
	}
	one := play(7)
	if one != play(7) {
		t.Error("seed 7 gave two plays")
	}
	if one == play(8) {
		t.Error("seeds 7 and 8 gave one play")
	}
}

func TestWhenEverybodyGoesHomeEveryCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services, agents := stage()
		w := newWatch(t, services, agents)
		live := make(map[int]bool)
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		centre := simulate.NewCentre(simulate.CentreOptions{
			PBX:      simulate.NewPBX(simulate.Options{Addr: pbxAddr, Carrier: carrier, Mirror: w.see}),
			Services: services, Agents: agents, Pace: 300 * time.Millisecond, Number: customerNumber, Typed: typed,
			Owed: func(string) []string { return nil },
			Tell: func(h simulate.Happening) {
				live[h.Call] = slices.Contains([]simulate.Kind{simulate.Rang, simulate.Alerted, simulate.PickedUp, simulate.Dialled, simulate.Reached}, h.Kind)
			},
		})
		centre.Play(ctx, time.Hour)
		for call, on := range live {
			if on {
				t.Errorf("call %d goes on", call)
			}
		}
		if n := len(w.tracker.Live(100)); n != 0 {
			w.tracker.Expire(w.at+int64(3*time.Second), w.note)
			if n := len(w.tracker.Live(100)); n != 0 {
				t.Errorf("the watcher still sees %d calls", n)
			}
		}
	})
}

func TestAPhoneShowsAMessageOnceAndAnswersEveryTime(t *testing.T) {
	shown := make(chan simulate.Shown, 10)
	phone, err := simulate.NewPhone(netip.MustParseAddr("127.0.0.1"), func(s simulate.Shown) { shown <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(phone.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(method, branch, body string) string {
		t.Helper()
		request := fmt.Sprintf("%s sip:101@%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=%s;rport\r\nMax-Forwards: 70\r\n"+
			"From: <sip:ringback@example.com>;tag=1\r\nTo: <sip:101@example.com>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"+
			"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", method, phone.Addr(), branch, branch, method, len(body), body)
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2048)
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	for range 2 {
		answer := ask("MESSAGE", "z9hG4bK1", "2 missed calls")
		if !strings.HasPrefix(answer, "SIP/2.0 200 OK\r\n") || !strings.Contains(answer, "branch=z9hG4bK1;rport\r\n") || !strings.Contains(answer, "tag=simulated\r\n") {
			t.Errorf("answered:\n%s", answer)
		}
	}
	if answer := ask("INVITE", "z9hG4bK2", ""); !strings.HasPrefix(answer, "SIP/2.0 405 ") {
		t.Errorf("an INVITE was answered:\n%s", answer)
	}
	if _, err := conn.Write([]byte("no SIP")); err != nil {
		t.Fatal(err)
	}
	ask("MESSAGE", "z9hG4bK3", "again")
	for _, want := range []string{"2 missed calls", "again"} {
		if s := <-shown; s.Text != want || s.From != "sip:ringback@example.com" {
			t.Errorf("shows %q from %q, want %q", s.Text, s.From, want)
		}
	}
	if len(shown) > 0 {
		t.Errorf("shows %q besides", (<-shown).Text)
	}
}
