package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/sip/phone"
)

// script is a Sender that answers one message after the other as written: a status, or an error.
type script struct {
	answers []any
	at      []time.Time // of the messages
	to      []string
	status  phone.Result
}

func (s *script) Message(_ context.Context, m phone.Message) (phone.Result, error) {
	s.at, s.to = append(s.at, time.Now()), append(s.to, m.To)
	a := s.answers[min(len(s.at), len(s.answers))-1]
	if err, ok := a.(error); ok {
		return phone.Result{}, err
	}
	m.OnSent()
	res := s.status
	res.StatusCode = a.(int)
	return res, nil
}
func (*script) Proxy() string    { return "pbx" }
func (*script) From() string     { return "" }
func (*script) Sent([]byte) bool { return false }

// waysOf delivers one hint by ways that answer so, calls meanwhile with it, and returns what was told of it.
func waysOf(t *testing.T, ways []*script, meanwhile func(d *Delivery, h Hint)) []string {
	t.Helper()
	dir := newDirectory(t, centre)
	var told []string
	d := NewDelivery(DeliveryOptions{
		Directory: func() *directory.Directory { return dir },
		Ways: func(string) (all []Way) {
			for i, s := range ways {
				all = append(all, Way{fmt.Sprint("way", i), s})
			}
			return all
		},
		Outcome: func(o Outcome) {
			s := fmt.Sprintf("%s %s %d", o.Way, o.State, o.StatusCode)
			if o.Final {
				s += " final"
			}
			told = append(told, s)
		},
	})
	h := hintFor(Raised, "anna", "c1", "")
	d.Deliver(h)
	synctest.Wait()
	if meanwhile != nil {
		meanwhile(d, h)
	}
	time.Sleep(5 * time.Minute)
	d.Close()
	return told
}

func TestAWayThatFailsLeavesTheHintToTheNext(t *testing.T) {
	for name, c := range map[string]struct {
		ways [][]any
		want []string
	}{
		"the best one does":               {[][]any{{200}, {200}}, []string{"way0 sent 0", "way0 delivered 200 final"}},
		"the best one refuses":            {[][]any{{415}, {200}}, []string{"way0 sent 0", "way0 refused 415", "way1 delivered 200 final"}},
		"the best one is silent":          {[][]any{{phone.ErrTimeout}, {200}}, []string{"way1 sent 0", "way1 delivered 200 final"}},
		"the best one is closed":          {[][]any{{ErrNoWay}, {202}}, []string{"way0 expired 0", "way1 sent 0", "way1 unknown 202", "way1 unknown 202 final"}},
		"all refuse":                      {[][]any{{486}, {ErrNoWay}}, []string{"way0 sent 0", "way0 refused 486", "way0 refused 486 final"}},
		"all are closed":                  {[][]any{{ErrNoWay}, {ErrNoWay}}, []string{"way0 expired 0", "way1 expired 0 final"}},
		"the second does when asked anew": {[][]any{{486}, {503, 503, 200}}, []string{"way0 sent 0", "way0 refused 486", "way1 delivered 200 final"}},
		"there is no other":               {[][]any{{486}}, []string{"way0 sent 0", "way0 refused 486 final"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ways []*script
				for _, answers := range c.ways {
					ways = append(ways, &script{answers: answers})
				}
				if told := waysOf(t, ways, nil); !slices.Equal(told, c.want) {
					t.Errorf("told %q, want %q", told, c.want)
				}
			})
		})
	}
}

func TestAWayThatOpensWithTheAnswerIsTakenThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &script{answers: []any{415}}, &script{answers: []any{ErrNotYet, ErrNotYet, 200}}
		var answered time.Time
		told := waysOf(t, []*script{first, second}, func(d *Delivery, h Hint) {
			time.Sleep(100 * time.Millisecond)
			second.answers = []any{ErrNotYet, 200}
			answered = time.Now()
			h.Event = Confirmed
			d.Deliver(h)
		})
		if want := []string{"way0 sent 0", "way0 refused 415", "way1 delivered 200 final"}; !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		if len(second.at) != 2 || !second.at[1].Equal(answered) {
			t.Errorf("tried at %v, answered at %v", second.at, answered)
		}
	})
}

func TestAPhoneThatRefusesBehindThePBXIsToldAnotherWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		show := func(d *Delivery, start, rest string) {
			text := start + "\r\nVia: SIP/2.0/UDP 10.20.0.10;branch=z9hG4bK1\r\nFrom: <sip:pbx@10.20.0.10>;tag=1\r\nTo: <sip:101@10.20.0.101>\r\n" +
				"Call-ID: copy@pbx\r\nCSeq: 1 MESSAGE\r\n" + rest
			var m sip.Message
			if _, err := sip.NewScanner(nil).Scan([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			d.Mirrored(&m)
		}
		told := waysOf(t, []*script{{answers: []any{202}}, {answers: []any{202}}}, func(d *Delivery, h Hint) {
			body := Text(d.o.Directory(), &h)
			show(d, "MESSAGE sip:101@10.20.0.101 SIP/2.0", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
			show(d, "SIP/2.0 415 Unsupported Media Type", "Content-Length: 0\r\n\r\n")
		})
		want := []string{"way0 sent 0", "way0 unknown 202", "way0 refused 415", "way1 unknown 202", "way1 unknown 202 final"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestPeerThatAsksForTimeGetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []any{503, 200}, status: phone.Result{RetryAfter: 18 * time.Second}}
		told := waysOf(t, []*script{s}, nil)
		if len(s.at) != 2 || s.at[1].Sub(s.at[0]) < 18*time.Second || !strings.HasSuffix(strings.Join(told, " "), "delivered 200 final") {
			t.Errorf("%q at %v", told, s.at)
		}
	})
}

func TestAllWaysGoToTheAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{answers: []any{errors.New("the network is down")}}, &script{answers: []any{200}}
		waysOf(t, []*script{a, b}, nil)
		if !slices.Equal(a.to, []string{"sip:101@10.20.0.10"}) || !slices.Equal(b.to, a.to) {
			t.Errorf("to %q and %q", a.to, b.to)
		}
	})
}
