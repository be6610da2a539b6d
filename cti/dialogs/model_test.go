package dialogs_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/cti"
	"ringback/cti/dialogs"
	"ringback/sip"
	"ringback/sip/dialogevent"
)

// told is what a model told, in short.
type told struct{ all []string }

func (x *told) Message(m cti.Told) {
	text := string(m.Text)
	start, rest, _ := strings.Cut(text, "\r\n")
	if strings.HasPrefix(start, "ACK") || strings.Contains(rest, "CSeq: 1 CANCEL") && strings.HasPrefix(start, "SIP/2.0") || strings.Contains(rest, " BYE\r\n") && strings.HasPrefix(start, "SIP/2.0") {
		return
	}
	x.all = append(x.all, strings.TrimSuffix(start, " SIP/2.0"))
}
func (x *told) Link(time.Time, string, string) {}
func (x *told) Fact(f sip.Fact)                { x.all = append(x.all, fmt.Sprintf("fact %d", f.Kind)) }

func site(tb testing.TB) *cti.Site {
	tb.Helper()
	at := func(s string) []sip.Host {
		return []sip.Host{{Net: netip.PrefixFrom(netip.MustParseAddr(s), 32)}}
	}
	s, err := cti.NewSite(&sip.Plan{
		PBXs:     []sip.PBX{{ID: "pbx", Country: "FI", Addresses: at("10.20.0.20")}},
		Trunks:   []sip.Trunk{{ID: "carrier", Addresses: at("198.51.100.60")}},
		Services: []sip.Service{{ID: "hotline", Numbers: []sip.Number{35893100100}}},
		Agents:   []sip.Agent{{ID: "101", Extensions: []string{"101"}, Addresses: at("10.20.0.101")}, {ID: "102", Extensions: []string{"102"}}},
	}, "pbx", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

const (
	service = "sip:+35893100100@pbx"
	first   = "sip:101@10.20.0.101"
	second  = "sip:102@10.20.0.102"
)

// in is a dialog of a call to the service.
func in(state dialogevent.State, targets ...string) dialogevent.Change {
	return dialogevent.Change{Targets: targets, Dialog: dialogevent.Dialog{
		ID: "1", CallID: "c1", Direction: dialogevent.Recipient, State: state,
		Remote: dialogevent.Party{Identity: "sip:+358401234567@carrier", Target: "sip:198.51.100.60"},
	}}
}

// ending gives a dialog what brought it to its end.
func ending(c dialogevent.Change, event string, code int) dialogevent.Change {
	c.State, c.Event, c.Code = dialogevent.Terminated, event, code
	return c
}

type step struct {
	uri string
	dialogevent.Change
}

func TestWhatDialogsMean(t *testing.T) {
	out := func(state dialogevent.State) dialogevent.Change {
		return dialogevent.Change{Dialog: dialogevent.Dialog{
			ID: "2", CallID: "c2", Direction: dialogevent.Initiator, State: state, Remote: dialogevent.Party{Identity: "sip:0401234567@pbx"},
		}}
	}
	phone := func(state dialogevent.State, number string) dialogevent.Change {
		c := dialogevent.Change{Dialog: dialogevent.Dialog{ID: "101", State: state}}
		if number != "" {
			c.Direction, c.Remote.Identity = dialogevent.Recipient, "sip:"+number+"@pbx"
		}
		return c
	}
	queue := func(state dialogevent.State) dialogevent.Change {
		return dialogevent.Change{Dialog: dialogevent.Dialog{ID: "hotline", State: state}}
	}
	const doubt = "fact 4"
	const invite, one, two = "INVITE sip:+35893100100@10.20.0.20", "INVITE sip:101@10.20.0.101", "INVITE sip:102@10.20.0.102"
	for name, c := range map[string]struct {
		steps []step
		want  []string
	}{
		"answered by the one phone that rang": {
			[]step{{service, in(dialogevent.Early, first)}, {service, in(dialogevent.Confirmed)}, {service, in(dialogevent.Terminated)}},
			[]string{invite, one, "SIP/2.0 180 Ringing", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 200 OK", "BYE sip:+35893100100@10.20.0.20", "BYE sip:101@10.20.0.101"},
		},
		"answered by one of two, and nobody knows which": {
			[]step{{service, in(dialogevent.Early, first, second)}, {service, in(dialogevent.Confirmed)}},
			[]string{invite, one, two, "INVITE sip:unknown@192.0.2.2", doubt, "CANCEL sip:101@10.20.0.101", "CANCEL sip:102@10.20.0.102"},
		},
		"nobody answered, and nobody says why": {
			[]step{{service, in(dialogevent.Early, first)}, {service, in(dialogevent.Terminated)}},
			[]string{invite, one, doubt, "CANCEL sip:+35893100100@10.20.0.20", "CANCEL sip:101@10.20.0.101"},
		},
		"refused": {
			[]step{{service, in(dialogevent.Early, first)}, {service, ending(in(0), "rejected", 486)}},
			[]string{invite, one, "SIP/2.0 486 Told", "SIP/2.0 486 Told"},
		},
		"an agent calls out": {
			[]step{{"sip:101@pbx", out(dialogevent.Early)}, {"sip:101@pbx", out(dialogevent.Confirmed)}},
			[]string{"INVITE sip:0401234567@10.20.0.20", "INVITE sip:0401234567@198.51.100.60", "SIP/2.0 200 OK", "SIP/2.0 200 OK"},
		},
		"a call that began unseen": {[]step{{service, in(dialogevent.Terminated)}}, nil},
		"a phone of an Asterisk rings for a queue, and nobody answers": {
			[]step{
				{"sip:hotline@pbx", queue(dialogevent.Early)},
				{"sip:101@pbx", phone(dialogevent.Early, "+358401234567")},
				{"sip:101@pbx", phone(dialogevent.Terminated, "")},
				{"sip:hotline@pbx", queue(dialogevent.Terminated)},
			},
			[]string{invite, "SIP/2.0 200 OK", doubt, "INVITE sip:101@10.20.0.101", "CANCEL sip:101@10.20.0.101", "BYE sip:+35893100100@10.20.0.20"},
		},
		"a phone of an Asterisk that no queue rings": {[]step{{"sip:101@pbx", phone(dialogevent.Early, "+358401234567")}}, nil},
		"an Asterisk's phone in use":                 {[]step{{"sip:101@pbx", phone(dialogevent.Confirmed, "")}, {"sip:101@pbx", phone(dialogevent.Terminated, "")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var x told
			m := dialogs.New(dialogs.Options{Site: site(t), Sink: &x})
			now := time.Unix(1_800_000_000, 0)
			for _, s := range c.steps {
				now = now.Add(time.Second)
				m.Apply(now, s.uri, []dialogevent.Change{s.Change})
			}
			rest := x.all
			for _, want := range c.want { // in this order, others between
				i := 0
				for i < len(rest) && rest[i] != want {
					i++
				}
				if i == len(rest) {
					t.Fatalf("%q is missing in\n%s", want, strings.Join(x.all, "\n"))
				}
				rest = rest[i+1:]
			}
			if c.want == nil && len(x.all) > 0 {
				t.Errorf("told %q", x.all)
			}
		})
	}
}

func TestAnAsteriskCallThatRingsNoMoreEndsAfterAWhile(t *testing.T) {
	var x told
	m := dialogs.New(dialogs.Options{Site: site(t), Sink: &x, Service: "hotline"})
	now := time.Unix(1_800_000_000, 0)
	ringing := dialogevent.Change{Dialog: dialogevent.Dialog{
		ID: "101", State: dialogevent.Early, Direction: dialogevent.Recipient, Remote: dialogevent.Party{Identity: "sip:+358401234567@pbx"},
	}}
	quiet := dialogevent.Change{Dialog: dialogevent.Dialog{ID: "101", State: dialogevent.Terminated}}
	for range 2 { // the queue pauses between its tries
		m.Apply(now, "sip:101@pbx", []dialogevent.Change{ringing})
		m.Apply(now.Add(5*time.Second), "sip:101@pbx", []dialogevent.Change{quiet})
		now = now.Add(10 * time.Second)
	}
	if n := strings.Count(strings.Join(x.all, "\n"), "INVITE sip:+35893100100"); n != 1 {
		t.Fatalf("%d calls", n)
	}
	m.Tick(now.Add(time.Minute))
	if got := x.all[len(x.all)-2]; !strings.HasPrefix(got, "CANCEL sip:+35893100100") {
		t.Errorf("the call goes on: %q", x.all)
	}
	if n := m.Stats().Calls; n != 0 {
		t.Errorf("%d calls are left", n)
	}
}
