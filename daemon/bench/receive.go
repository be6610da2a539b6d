package bench

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"ringback/assist"
	"ringback/cases"
	"ringback/configs"
	"ringback/daemon"
	"ringback/directory"
	"ringback/sip"
)

// receive runs a whole daemon on a store in a folder of its own, which is removed afterwards. Without
// cases, its list collects a reason that the load has not (session_expired), so that everything runs but writing cases.
func receive(ctx context.Context, withCases bool, network string, ready func(net.Addr), ended <-chan struct{}, r *report) (err error) {
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
	if err := putDirectory(ctx, c, withCases); err != nil {
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
func putDirectory(ctx context.Context, c *configs.Config, withCases bool) error {
	text := Directory()
	if !withCases {
		text = strings.TrimRight(text, "\n") + "\n    collect: [session_expired]\n"
	}
	f, err := directory.Parse("bench", []byte(text))
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
