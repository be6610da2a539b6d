package bench

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon"
	"ringback/directory"
	"ringback/sip"
	"ringback/sip/hep"
)

// watch runs a feed and the watch behind it: every message is scanned and tracked, every call judged,
// and the events are counted.
func watch(ctx context.Context, network string, ready func(net.Addr), ended <-chan struct{}, r *report) error {
	f, err := directory.Parse("bench", []byte(Directory()))
	if err != nil {
		return err
	}
	dir, err := directory.New(f)
	if err != nil {
		return err
	}
	var calls atomic.Int64
	w, err := daemon.NewWatching(dir, sip.Options{}, func(ev *sip.Event) {
		if ev.Kind == sip.CallEnded && ev.Call.Direction == sip.Inbound {
			calls.Add(1)
		}
	})
	if err != nil {
		return err
	}
	s, err := hep.Listen(ctx, hep.Options{Network: network, Addr: "127.0.0.1:0", Handler: w.Handle, ReadBuffer: socketBuffer})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	ready(s.Addr())
	<-ended
	settle(&calls)
	err = errors.Join(s.Close(), <-done)
	r.Received, r.Calls = int(w.Messages()), int(calls.Load())
	return err
}

// receive runs a whole daemon on a store in a folder of its own, which is removed afterwards: all of
// the watch, and every case on the disk before anybody is told, live calls written behind, metrics and
// event stream fed.
func receive(ctx context.Context, network string, ready func(net.Addr), ended <-chan struct{}, r *report) (err error) {
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := configs.Default()
	c.DataDir, c.Hints.Enabled = dir, false
	c.Web.Listen, c.Admin.Listen, c.Admin.Socket = "", "", ""
	c.HEP.UDP, c.HEP.TCP, c.HEP.ReceiveBuffer = nil, nil, socketBuffer
	local := []configs.Address{"127.0.0.1:0"}
	if network == "tcp" {
		c.HEP.TCP = local
	} else {
		c.HEP.UDP = local
	}
	if err := putDirectory(ctx, c); err != nil {
		return err
	}
	var calls, opened atomic.Int64
	d, err := daemon.New(ctx, daemon.Options{Config: c, Observe: func(ev *sip.Event, changes []cases.Change, _ []assist.Hint) {
		if ev.Kind == sip.CallEnded && ev.Call.Direction == sip.Inbound {
			calls.Add(1)
		}
		opened.Add(int64(countOpened(changes)))
	}})
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.Run(run) }()
	ready(d.Feeds()["hep_"+network])
	<-ended
	settle(&calls)
	r.Received = int(d.Signalling().Messages)
	stop()
	err = <-done
	r.Calls, r.Opened = int(calls.Load()), int(opened.Load())
	return err
}

func countOpened(changes []cases.Change) int {
	n := 0
	for i := range changes {
		if changes[i].Event == cases.Opened {
			n++
		}
	}
	return n
}

// putDirectory stores the load's directory before the daemon starts.
func putDirectory(ctx context.Context, c *configs.Config) error {
	f, err := directory.Parse("bench", []byte(Directory()))
	if err != nil {
		return err
	}
	k, err := daemon.OpenKeeper(ctx, c)
	if err != nil {
		return err
	}
	_, version, err := k.Directory(ctx)
	if err == nil {
		_, err = k.SetDirectory(ctx, directory.Format(f), version)
	}
	return errors.Join(err, k.Close())
}

// settle waits until no verdict falls any more: those of the last calls that ended have fallen.
func settle(calls *atomic.Int64) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for range 20 {
		before := calls.Load()
		<-t.C
		<-t.C
		<-t.C
		if calls.Load() == before {
			return
		}
	}
}
