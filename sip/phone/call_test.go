package phone

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// answerAll is a handler that takes every call and waits for its end.
func answerAll(calls chan<- *Call) func(*Call) {
	return func(c *Call) {
		_ = c.Ring(context.Background())
		time.Sleep(time.Second)
		if err := c.Answer(context.Background(), newMedia("callee")); err != nil {
			calls <- c
			return
		}
		calls <- c
		<-c.Done()
	}
}

func TestCallIsMadeAnsweredAndHungUp(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who+" hangs up", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				calls := make(chan *Call, 1)
				pbx := newEndpoint(t, n, EndpointOptions{Incoming: answerAll(calls)})
				e := newEndpoint(t, n, EndpointOptions{Options: Options{DisplayName: "Support"}, Accounts: trunkTo(pbx)})
				m := newMedia("caller")
				var progress []int
				out, err := e.Dial(t.Context(), DialOptions{To: "+358401234567", Media: m, Progress: func(code int) { progress = append(progress, code) }})
				if err != nil {
					t.Fatal(err)
				}
				in := <-calls
				if got := in.Invitation; got.To != "+358401234567" || got.Caller.User != "ringback" || got.Caller.Name != "Support" || got.CallID != out.ID() {
					t.Errorf("the callee was told %+v", got)
				}
				if !slices.Equal(progress, []int{180}) {
					t.Errorf("progress %v, want 180", progress)
				}
				if _, answers := m.heard(); !slices.Equal(answers, []string{"callee"}) {
					t.Errorf("the caller's media were told %v", answers)
				}
				a, b := out, in
				if who == "callee" {
					a, b = in, out
				}
				if err := a.Hangup(t.Context(), Reason{"Q.850", 16, "bye"}); err != nil {
					t.Fatal(err)
				}
				<-b.Done()
				if end := b.End(); end.By != Peer || end.Cause != HungUp || len(end.Reasons) != 1 || end.Reasons[0] != (Reason{"Q.850", 16, "bye"}) {
					t.Errorf("the other saw %+v", end)
				}
				if end := a.End(); end.By != We || end.Cause != HungUp {
					t.Errorf("who hung up saw %+v", end)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if e.Live() != 0 || pbx.Live() != 0 {
					t.Errorf("live calls: %d and %d, want none", e.Live(), pbx.Live())
				}
			})
		})
	}
}

func TestRefusalIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		pbx := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) {
			_ = c.Ring(t.Context())
			time.Sleep(time.Second)
			_ = c.Reject(Response{StatusCode: 486, RetryAfter: 30 * time.Second, Header: []Header{{"Reason", "Q.850;cause=17"}}})
		}})
		e := newEndpoint(t, n, EndpointOptions{Accounts: trunkTo(pbx)})
		_, err := e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller")})
		r, ok := errors.AsType[*Refused](err)
		if !ok || r.StatusCode != 486 || !r.Rang || r.RetryAfter != 30*time.Second || len(r.Reasons) != 1 || r.Reasons[0].Cause != 17 {
			t.Errorf("got %v %+v", err, r)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  time.Duration
		ring time.Duration
		want error
		end  Cause
	}{
		{"the caller gives up", 7 * time.Second, 0, ErrCanceled, Canceled},
		{"it rings too long", time.Hour, 20 * time.Second, ErrRingTimeout, Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				ended := make(chan End, 1)
				pbx := newEndpoint(t, n, EndpointOptions{Incoming: func(c *Call) {
					_ = c.Ring(t.Context())
					<-c.Done()
					ended <- c.End()
				}})
				e := newEndpoint(t, n, EndpointOptions{Accounts: trunkTo(pbx)})
				ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
				defer cancel()
				if _, err := e.Dial(ctx, DialOptions{To: "101", Media: newMedia("caller"), RingTimeout: tt.ring}); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if end := <-ended; end.Cause != tt.end || end.By != Peer || end.StatusCode != 487 {
					t.Errorf("the callee saw %+v", end)
				}
			})
		})
	}
}

func TestNoResponseAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		e := newEndpoint(t, n, EndpointOptions{Accounts: []Account{{URI: "sip:ringback@127.0.0.9:5060", KeepAlive: -1}}})
		begun := time.Now()
		if _, err := e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller")}); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v, want a timeout", err)
		}
		if d := time.Since(begun); d != 32*time.Second { // Timer B, RFC 3261 §17.1.1.2
			t.Errorf("given up after %v", d)
		}
	})
}

func TestCloseEndsEverythingInBoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		calls := make(chan *Call, 1)
		pbx := newEndpoint(t, n, EndpointOptions{Incoming: answerAll(calls)})
		e := newEndpoint(t, n, EndpointOptions{Accounts: trunkTo(pbx), Incoming: func(c *Call) { <-c.Done() }})
		if _, err := e.Dial(t.Context(), DialOptions{To: "101", Media: newMedia("caller")}); err != nil {
			t.Fatal(err)
		}
		answered := <-calls
		begun := time.Now()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("closing took %v", d)
		}
		<-answered.Done()
		if _, err := e.Dial(t.Context(), DialOptions{To: "101"}); !errors.Is(err, ErrClosed) {
			t.Errorf("dialling afterwards: %v", err)
		}
	})
}

func TestCloseWaitsForNobodyWhoIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		free := make(chan struct{})
		pbx := newEndpoint(t, n, EndpointOptions{Incoming: func(*Call) { <-free }}) // heeds nothing
		e := newEndpoint(t, n, EndpointOptions{Accounts: []Account{
			{Name: "silent", URI: "sip:ringback@127.0.0.9:5060", Register: true},
			{Name: "pbx", URI: "sip:ringback@" + pbx.Addrs()[0].String(), KeepAlive: -1},
		}})
		errs := make(chan error, 2)
		for _, account := range []string{"silent", "pbx"} {
			go func() {
				_, err := e.Dial(t.Context(), DialOptions{To: "101", Account: account, Media: newMedia("caller")})
				errs <- err
			}()
		}
		time.Sleep(time.Second)
		for _, e := range []*Endpoint{e, pbx} {
			begun := time.Now()
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			if d := time.Since(begun); d > 5*time.Second {
				t.Errorf("closing took %v", d)
			}
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, ErrCanceled) {
				t.Errorf("dialling said %v", err)
			}
		}
		close(free)
	})
}
