package web_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/web"
	"ringback/web/client"
)

func TestAFollowerLosesNothingWhenConnectionsBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := web.OpenDesk(t)
		c, err := client.New("http://ringback", client.Options{HTTP: d.HTTP(), Token: d.Secret()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		got := make(chan string, 1000)
		opened := make(chan struct{}, 100)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ev, err := range c.Events(ctx, client.EventOptions{Opened: func() { opened <- struct{}{} }}) {
				if err != nil {
					t.Error(err)
					return
				}
				if ev.Reset != nil {
					got <- "reset " + ev.Reset.Reason
					continue
				}
				got <- ev.Call.Call
			}
		}()
		<-opened
		var want []string
		for n := range 20 {
			for i := range 10 {
				want = append(want, fmt.Sprint("call-", n, "-", i))
			}
			d.Publish(want[len(want)-10:]...)
			if n%3 == 0 {
				d.Cut() // in the middle, or before anything was read
			}
			time.Sleep(time.Minute)
		}
		var had []string
		for range want {
			had = append(had, <-got)
		}
		if !slices.Equal(want, had) {
			t.Errorf("got %v", had)
		}

		// What is no longer kept cannot be caught up with, and that is said.
		d.Forget(5)
		d.Cut()
		d.Publish("a", "b", "c", "d", "e", "f", "g", "h")
		time.Sleep(time.Minute)
		if m := <-got; m != "reset too_old" {
			t.Errorf("got %s", m)
		}
		d.Publish("after")
		if m := <-got; m != "after" {
			t.Errorf("got %s", m)
		}
		leave()
		<-done
	})
}

func TestAFollowerWhoMayNotIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := web.OpenDesk(t)
		c, err := client.New("http://ringback", client.Options{HTTP: d.HTTP(), Token: d.Secret() + "wrong"})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range c.Events(t.Context(), client.EventOptions{}) {
			if !errors.Is(err, client.ErrUnauthorized) {
				t.Errorf("got %v", err)
			}
		}
	})
}
